import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { ObjectStore } from '../s3/object-store.ts';
import { Sshd } from '../sshd/sshd.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { startCadangan, startRestic, type Ran } from './programs.ts';
import { RcloneServer } from './rclone-server.ts';
import { Stage } from './stage.ts';

const stage = new Stage();
const password = 'on the road';
const objectStore = ObjectStore.ofFile();

/** A place on a server that takes a copy, and a way around us to what lies there. */
interface Road {
  readonly location: string;
  /** The entry of the configuration; undefined where the environment says it all. */
  readonly settings?: object;
  readonly environment?: Readonly<Record<string, string>>;
  readonly resticOptions?: readonly string[];
  readonly resticEnvironment?: Readonly<Record<string, string>>;
  /** Paths of the packs that lie there. */
  readonly packs: () => Promise<readonly string[]>;
  /** Turns a byte of a file there. */
  readonly rot: (path: string) => Promise<void>;
}

/** A place whose files lie in a folder of this machine. */
function servedFrom(folder: string): Pick<Road, 'packs' | 'rot'> {
  return {
    packs: async () => {
      try {
        const entries = readdirSync(join(folder, 'data'), { recursive: true, withFileTypes: true });
        return entries.flatMap((entry) =>
          /^[0-9a-f]{64}$/.test(entry.name) && entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
        );
      } catch {
        return []; // not yet
      }
    },
    rot: async (path) => {
      const bytes = turned(readFileSync(path));
      chmodSync(path, 0o600);
      writeFileSync(path, bytes);
    },
  };
}

function turned(bytes: Buffer): Buffer<ArrayBuffer> {
  const copy = Buffer.from(bytes);
  const at = Math.floor(copy.length / 2);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

/** A server with a set and a copy of its repository, and an admin at its command line. */
class Server {
  readonly folder = stage.folder('server');
  readonly source = join(this.folder, 'source');
  readonly original = join(this.folder, 'original');
  readonly road: Road;
  readonly #random = new SeededRandom(16);
  #state = 'state';

  constructor(road: Road) {
    this.road = road;
    mkdirSync(this.source);
    writeFileSync(join(this.folder, 'password'), password, { mode: 0o600 });
    this.configure();
  }

  configure(more: object = {}): void {
    const { location, settings } = this.road;
    const repository = { location: this.original, passwordFile: join(this.folder, 'password') };
    const copy = { name: 'office', repository: this.original, to: location, sampleReadPercent: 100, ...more };
    writeFileSync(
      join(this.folder, 'config.jsonc'),
      JSON.stringify({
        version: 1,
        sets: [{ name: 'data', sources: [this.source], repository }],
        ...(settings && { storages: [{ location, ...settings }] }),
        offsiteCopies: [copy],
      }),
    );
  }

  /** As after the machine was lost: the same files, and nothing remembered. */
  beginAnew(): void {
    this.#state = 'state of another machine';
  }

  start(...args: string[]): ReturnType<typeof startCadangan> {
    const { folder, road } = this;
    return startCadangan(args, {
      env: {
        RESTIC_PASSWORD: password,
        HOME: folder,
        CADANGAN_CONFIG: join(folder, 'config.jsonc'),
        CADANGAN_STATE: join(folder, this.#state),
        ...road.environment,
      },
    });
  }

  async run(...args: string[]): Promise<Ran> {
    const ran = await this.start(...args).ended;
    assert.equal(ran.code, 0, `cadangan ${args.join(' ')}: ${ran.stdout.toString()}${ran.stderr}`);
    return ran;
  }

  async restic(at: string, ...args: string[]): Promise<string> {
    const { road, folder } = this;
    const env = { RESTIC_PASSWORD: password, HOME: folder, ...road.environment, ...road.resticEnvironment };
    const { code, stdout, stderr } = await startRestic(['-r', at, ...(road.resticOptions ?? []), ...args], { env }).ended;
    assert.equal(code, 0, `restic ${args.join(' ')}: ${stdout.toString()}${stderr}`);
    return stdout.toString();
  }

  async backup(files: number): Promise<void> {
    for (let at = 0; at < files; at++) writeFileSync(join(this.source, `file ${at}`), this.#random.bytes(this.#random.below(900_000)));
    await this.run('backup', 'data');
  }

  async status(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = await this.start('offsite', 'status', '--json').ended;
    return JSON.parse(stdout.toString()) as Readonly<Record<string, unknown>>;
  }

  /** What the original has, the copy has, and stock restic reads every byte of it over the same road. */
  async assertWhole(): Promise<void> {
    for (const kind of ['packs', 'index', 'snapshots', 'keys']) {
      const [original, copy] = [await this.restic(this.original, 'list', kind), await this.restic(this.road.location, 'list', kind)];
      assert.deepEqual(copy.split('\n').sort(), original.split('\n').sort(), kind);
    }
    await this.restic(this.road.location, 'check', '--read-data');
  }

  async assertRestores(): Promise<void> {
    const target = stage.fresh('restored');
    await this.run('-r', this.road.location, 'restore', 'latest', '--target', target);
    assert.deepEqual(describeDifferences(compareTrees(this.source, join(target, this.source), { mtimeToleranceNs: 1000n })), []);
    rmSync(target, { recursive: true });
  }
}

/** From the first copying to the day on which the server is lost, by the command line. */
async function liveOn(road: Road): Promise<void> {
  const server = new Server(road);
  await server.run('-r', server.original, 'init');
  await server.backup(30);

  // Killed while packs are on their way, and gone on with.
  server.configure({ limits: { upload: '12 Mbit/s', workers: 2 } });
  const first = server.start('offsite', 'sync');
  while ((await road.packs()).length < 2) {
    assert.equal(first.process.exitCode, null, 'it was over before two packs were there');
    await delay(20);
  }
  first.process.kill('SIGKILL');
  await first.ended;
  server.configure();
  await server.run('offsite', 'sync');
  await server.run('offsite', 'sync'); // with the records of the first
  await server.assertWhole();
  assert.equal((await server.status())['state'], 'in-sync');

  // What a prune removes goes there, too.
  const before = await road.packs();
  await server.backup(12);
  await server.run('-r', server.original, 'forget', '--keep-last', '1', '--prune', '--instant-delete', '--max-unused', '0');
  await server.run('offsite', 'sync');
  await server.assertWhole();
  await server.assertRestores();
  const left = new Set(await road.packs());
  assert.ok(before.some((pack) => !left.has(pack)));

  // Damage there is found by reading, and healed.
  const packs = [...(await road.packs())].sort();
  await road.rot(packs[0] ?? '');
  const sample = await server.start('offsite', 'sample', '--percent', '100').ended;
  assert.match(`${sample.stdout.toString()}${sample.stderr}`, /1 error/);
  await server.run('offsite', 'sync');
  await server.assertWhole();
  assert.equal((await server.status())['state'], 'in-sync');

  // The server is gone: another one brings the records back, and the data.
  const kept = (await server.status())['records_kept'];
  assert.ok(typeof kept === 'object' && kept !== null && 'form' in kept && kept.form === 'snapshot');
  server.beginAnew();
  const brought = await server.run('records', 'bring-back', road.location);
  // Records go along once in some hours, and all of this took a minute: what the second backup knew of is lost, and said to be.
  assert.match(
    brought.stdout.toString(),
    /records 6 to 8 are lost: snapshot [0-9a-f]{8} of \S+ knows them, and they had not been taken along/,
  );
  const verified = await server.start('records', 'verify').ended;
  assert.equal(verified.code, 1);
  assert.match(verified.stdout.toString(), /DIFFERS: the records have not the head that is kept there, No\. 8 \(snapshot [0-9a-f]{8}\)/);
  await server.assertRestores();
  const { code, stdout } = await server.start('offsite', 'status', '--json').ended;
  assert.notEqual(code, 0, 'nothing is known of the copy yet');
  assert.match(stdout.toString(), /never-looked/);
  await server.run('offsite', 'sync');
}

test('a copy over SFTP', needs('sshd'), async () => {
  await using sshd = await Sshd.start();
  const knownHostsFile = await sshd.writeKnownHosts();
  const folder = stage.fresh('sftp');
  const ssh = `ssh -F none -p ${sshd.port} -i ${sshd.keyFile} -o UserKnownHostsFile=${knownHostsFile} ${sshd.user}@127.0.0.1 -s sftp`;
  await liveOn({
    location: `sftp://${sshd.user}@127.0.0.1:${sshd.port}/${folder}`,
    settings: { identityFile: sshd.keyFile, knownHostsFile },
    resticOptions: ['-o', `sftp.command=${ssh}`],
    ...servedFrom(folder),
  });
});

test('a copy over REST', needs('rclone'), async () => {
  const folder = stage.folder('rest');
  await using server = await RcloneServer.open(['restic', folder]);
  await liveOn({ location: `rest:${server.url.href}one/`, ...servedFrom(join(folder, 'one')) });
});

test('a copy over rclone', needs('rclone'), async () => {
  const [folder, configFile] = [stage.folder('remote'), stage.fresh('rclone.conf')];
  writeFileSync(configFile, `[cloud]\ntype = alias\nremote = ${folder}\n`);
  await liveOn({
    location: 'rclone:cloud:one',
    settings: { configFile },
    resticEnvironment: { RCLONE_CONFIG: configFile },
    ...servedFrom(join(folder, 'one')),
  });
});

test('a copy over S3', needs('radosgw'), async () => {
  const { peer } = await objectStore();
  const bucket = peer.freshName();
  await peer.must('PUT', `/${bucket}`);
  await liveOn({
    location: `s3:${peer.endpoint}/${bucket}/one`,
    environment: peer.environment,
    packs: async () => (await peer.keysIn(bucket)).filter((key) => key.startsWith('one/data/')),
    rot: async (key) => {
      const { bytes } = await peer.must('GET', `/${bucket}/${key}`);
      await peer.must('PUT', `/${bucket}/${key}`, { body: turned(Buffer.from(bytes)) });
    },
  });
});

/** The copy takes all that comes, and gives nothing away: it is in sync, and says how much more it has. */
async function holdsOn(road: Road): Promise<Readonly<Record<string, unknown>>> {
  const server = new Server(road);
  await server.run('-r', server.original, 'init');
  await server.backup(8);
  await server.run('offsite', 'sync');
  await server.backup(8);
  await server.run('-r', server.original, 'forget', '--keep-last', '1', '--prune', '--instant-delete');
  await server.run('offsite', 'sync');
  const { stdout, stderr } = await server.run('offsite', 'sync');
  assert.match(`${stdout.toString()}${stderr}`, /held that the repository has no more/);
  await server.restic(road.location, 'check', '--read-data');
  await server.assertRestores();
  const status = await server.status();
  assert.equal(status['state'], 'in-sync');
  const { held } = status;
  assert.ok(typeof held === 'object' && held !== null && 'files' in held && Number(held.files) > 0);
  return held as Readonly<Record<string, unknown>>;
}

test('a copy behind an append-only server is in sync, and says how many files it holds', needs('rclone'), async () => {
  const folder = stage.folder('append-only');
  await using server = await RcloneServer.open(['restic', '--append-only', folder]);
  const held = await holdsOn({ location: `rest:${server.url.href}one/`, ...servedFrom(join(folder, 'one')) });
  assert.equal(held['until'], undefined);
});

test('a copy in a bucket that locks its objects is in sync, and says until when it holds them', needs('radosgw'), async () => {
  const { peer } = await objectStore();
  const held = await holdsOn({
    location: `s3:${peer.endpoint}/${await peer.makeLockingBucket(1)}/one`,
    environment: peer.environment,
    packs: async () => [],
    rot: async () => undefined,
  });
  assert.ok(Date.parse(String(held['until'])) > Date.now());
});
