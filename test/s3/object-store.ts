import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { S3Peer } from './s3-peer.ts';
import { freePort } from '../free-port.ts';

/**
 * Ceph's object store on this machine, in memory: a monitor, one store and the gateway that speaks S3. Everything lies in a folder of its
 * own and listens on loopback; the kernel ends the processes when this one ends, however it does.
 */
export class ObjectStore implements AsyncDisposable {
  readonly peer: S3Peer;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cadangan-ceph-'));
  readonly #children: ChildProcess[] = [];
  /** Fails when one ends that was to stay. */
  readonly #broken = Promise.withResolvers<never>();
  readonly #ports: { readonly monitor: number; readonly gateway: number };

  private constructor(ports: { readonly monitor: number; readonly gateway: number }) {
    this.#ports = ports;
    this.peer = new S3Peer(`http://127.0.0.1:${ports.gateway}`, { accessKeyId: 'AKIDOFTESTS', secretAccessKey: 'a/secret+of/the=tests' });
    this.#broken.promise.catch(() => undefined);
  }

  /** For the tests of one file: it starts when the first of them asks for it, which takes some ten seconds, and ends after the last. */
  static ofFile(): () => Promise<ObjectStore> {
    let started: Promise<ObjectStore> | undefined;
    after(async () => (await started?.catch(() => undefined))?.[Symbol.asyncDispose]());
    return () => (started ??= ObjectStore.start());
  }

  /** Between being found and being used a port may be taken by somebody else: then it is tried with others. */
  static async start(tries = 3): Promise<ObjectStore> {
    const store = new ObjectStore({ monitor: await freePort(), gateway: await freePort() });
    try {
      await Promise.race([store.#setUp(), store.#broken.promise]);
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      if (tries === 1) throw error;
      return ObjectStore.start(tries - 1);
    }
  }

  async #setUp(): Promise<void> {
    const [clusterId, storeId] = [randomUUID(), randomUUID()];
    const [map, settings] = [join(this.#folder, 'monmap'), join(this.#folder, 'ceph.conf')];
    for (const name of ['mon', 'osd']) mkdirSync(join(this.#folder, name));
    writeFileSync(settings, configuration(clusterId, this.#folder, this.#ports.monitor, this.#ports.gateway));
    await this.#run('monmaptool', ['--create', '--fsid', clusterId, '--addv', 'a', `v1:127.0.0.1:${this.#ports.monitor}`, map]);
    await this.#run('ceph-mon', ['-c', settings, '--mkfs', '-i', 'a', '--monmap', map]);
    this.#serve('ceph-mon', ['-c', settings, '-i', 'a', '-f']);
    await this.#run('ceph', ['-c', settings, 'osd', 'new', storeId]);
    await this.#run('ceph-osd', ['-c', settings, '-i', '0', '--mkfs', '--osd-uuid', storeId]);
    this.#serve('ceph-osd', ['-c', settings, '-i', '0', '-f']);
    await said(this.#serve('radosgw', ['-c', settings, '-n', 'client.rgw', '-f']), 'starting handler: beast');
    const { accessKeyId, secretAccessKey } = this.peer.keys;
    await this.admin('user', 'create', ...tests, '--display-name', 'tests', '--access-key', accessKeyId, '--secret-key', secretAccessKey);
  }

  /** What whoever runs the store does: users, quotas. */
  async admin(...args: readonly string[]): Promise<void> {
    await this.#run('radosgw-admin', ['-c', join(this.#folder, 'ceph.conf'), '-n', 'client.rgw', ...args]);
  }

  /** Name and key of the same user for OpenStack's Swift, which the gateway speaks, too. Asked again, they are the same. */
  async swiftLogin(): Promise<{ readonly user: string; readonly key: string }> {
    const login = { user: 'tests:swift', key: 'secret of the tests' };
    await this.admin('subuser', 'create', ...tests, '--subuser', login.user, '--access', 'full');
    await this.admin('key', 'create', '--subuser', login.user, '--key-type', 'swift', '--secret-key', login.key);
    return login;
  }

  #serve(program: string, args: readonly string[]): ChildProcess {
    const child = this.#spawn(program, args);
    const heard = hear(child);
    child.on('close', () => this.#broken.reject(new Error(`${program} ended: ${heard()}`)));
    return child;
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const child = this.#spawn(program, args);
    const heard = hear(child);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${heard()}`);
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const tests = ['--uid', 'tests'];

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

/** @returns the last that it has said so far, to either side */
function hear(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)));
  return () => text;
}

/** Until the program says that. */
function said(child: ChildProcess, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const heard = hear(child);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', () => heard().includes(wanted) && resolve());
  });
}
