import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { S3Peer } from './s3-peer.ts';

/**
 * Ceph's object store on this machine, in memory: a monitor, one store and the gateway that speaks S3. Everything lies in a folder of its
 * own and listens on loopback; the kernel ends the processes when this one ends, however it does.
 */
export class ObjectStore {
  readonly peer: S3Peer;
  readonly #folder: string;
  readonly #children: ChildProcess[];

  private constructor(peer: S3Peer, folder: string, children: ChildProcess[]) {
    this.peer = peer;
    this.#folder = folder;
    this.#children = children;
  }

  /** For the tests of one file: it starts when the first of them asks for it, which takes some ten seconds, and ends after the last. */
  static ofFile(): () => Promise<ObjectStore> {
    let store: ObjectStore | undefined;
    let started: Promise<ObjectStore> | undefined;
    after(() => (store === undefined ? undefined : store.#end()));
    return () => (started ??= ObjectStore.#start((made) => (store = made)));
  }

  /** @param onMade is told before anything runs */
  static async #start(onMade: (store: ObjectStore) => void): Promise<ObjectStore> {
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-ceph-'));
    const children: ChildProcess[] = [];
    const keys = { accessKeyId: 'AKIDOFTESTS', secretAccessKey: 'a/secret+of/the=tests' };
    const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
    const store = new ObjectStore(new S3Peer(`http://127.0.0.1:${gatewayPort}`, keys), folder, children);
    onMade(store);
    const options = ['-c', join(folder, 'ceph.conf')];
    const [clusterId, storeId] = [randomUUID(), randomUUID()];
    const map = join(folder, 'monmap');
    for (const name of ['mon', 'osd']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'ceph.conf'), configuration(clusterId, folder, monitorPort, gatewayPort));
    await run('monmaptool', ['--create', '--fsid', clusterId, '--addv', 'a', `v1:127.0.0.1:${monitorPort}`, map]);
    await run('ceph-mon', [...options, '--mkfs', '-i', 'a', '--monmap', map]);
    children.push(serve('ceph-mon', [...options, '-i', 'a', '-f']));
    await run('ceph', [...options, 'osd', 'new', storeId]);
    await run('ceph-osd', [...options, '-i', '0', '--mkfs', '--osd-uuid', storeId]);
    children.push(serve('ceph-osd', [...options, '-i', '0', '-f']));
    const gateway = serve('radosgw', [...options, '-n', 'client.rgw', '-f']);
    children.push(gateway);
    await said(gateway, 'starting handler: beast');
    const user = ['--uid', 'tests', '--display-name', 'tests', '--access-key', keys.accessKeyId, '--secret-key', keys.secretAccessKey];
    await run('radosgw-admin', [...options, '-n', 'client.rgw', 'user', 'create', ...user]);
    return store;
  }

  async #end(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Without keys, copies and free space on a disk, none of which there is; both ends of a connection have to agree that it is not secret. */
function configuration(clusterId: string, folder: string, monitorPort: number, gatewayPort: number): string {
  return `
[global]
fsid = ${clusterId}
mon host = v1:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc secure
ms bind msgr2 = false
client mount timeout = 60
mon allow pool size one = true
mon data avail crit = 0
mon data avail warn = 0
mon cluster log file = ${folder}/cluster.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 8589934592
run dir = ${folder}
log file =
log to stderr = true
admin socket = ${folder}/$name.$pid.asok

[mon.a]
mon data = ${folder}/mon
mon addr = v1:127.0.0.1:${monitorPort}

[osd.0]
osd data = ${folder}/osd

[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
`;
}

/** Nobody else takes it as long as nobody looks for one: two of ours differ, since the system gives them in turn. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a port was asked for');
  return address.port;
}

function serve(program: string, args: readonly string[]): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  return child;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${Buffer.concat(chunks).toString().slice(-2000)}`);
}

/** Until the program says that. @throws when it ends before */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    // It logs to the one or the other.
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        heard = (heard + chunk.toString()).slice(-4000);
        if (heard.includes(text)) resolve();
      });
    child.on('error', reject);
    child.on('close', () => reject(new Error(`it ended before: ${heard}`)));
  });
}
