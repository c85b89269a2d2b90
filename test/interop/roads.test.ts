import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { ObjectStore } from '../s3/object-store.ts';
import { Sshd } from '../sshd/sshd.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { startCadangan, startRestic } from './programs.ts';
import { RcloneServer } from './rclone-server.ts';
import { Stage } from './stage.ts';

const stage = new Stage();
const password = 'on the road';
const objectStore = ObjectStore.ofFile();

/** A place on a server, and what each of both programs has to be told of it. */
interface Road {
  readonly location: string;
  /** The entry of the configuration; undefined where the environment says it all. */
  readonly settings?: object;
  readonly environment?: Readonly<Record<string, string>>;
  readonly resticOptions?: readonly string[];
  /** A restic that takes a password for a server in the location alone. */
  readonly resticLocation?: string;
  readonly resticEnvironment?: Readonly<Record<string, string>>;
}

/** By the command line, as an admin types it. Both programs work in one repository in turns, and each finds what the other has made. */
async function takeTurns(t: TestContext, road: Road): Promise<void> {
  const folder = stage.folder('road');
  const source = join(folder, 'source');
  const configFile = join(folder, 'config.jsonc');
  writeFileSync(
    configFile,
    JSON.stringify({ version: 1, ...(road.settings && { storages: [{ location: road.location, ...road.settings }] }) }),
  );
  const shared = { RESTIC_PASSWORD: password, HOME: folder, ...road.environment };
  const ours = async (...args: string[]): Promise<string> => {
    const env = { ...shared, CADANGAN_CONFIG: configFile, CADANGAN_STATE: join(folder, 'state') };
    const { code, stdout, stderr } = await startCadangan(['-r', road.location, ...args], { env }).ended;
    assert.equal(code, 0, `cadangan ${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  };
  const restic = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await startRestic(
      ['-r', road.resticLocation ?? road.location, ...(road.resticOptions ?? []), ...args],
      {
        env: { ...shared, ...road.resticEnvironment },
      },
    ).ended;
    assert.equal(code, 0, `restic ${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  };
  const random = new SeededRandom(16);
  const write = (count: number): void => {
    for (let at = 0; at < count; at++) writeFileSync(join(source, `file ${at}`), random.bytes(random.below(700_000)));
  };
  const assertRestores = async (by: typeof ours): Promise<void> => {
    const target = stage.fresh('restored');
    await by('restore', 'latest', '--target', target);
    assert.deepEqual(describeDifferences(compareTrees(source, join(target, source), { mtimeToleranceNs: 1000n })), []);
    rmSync(target, { recursive: true });
  };

  await ours('init');
  mkdirSync(source);
  write(12);
  await ours('backup', source);
  await assertRestores(restic);
  write(6);
  await restic('backup', source);
  await assertRestores(ours);
  write(3);
  await ours('backup', source);
  await ours('forget', '--keep-last', '1', '--prune', '--instant-delete');
  await restic('check', '--read-data');
  await ours('check', '--read-data');
  await assertRestores(restic);
  await assertRestores(ours);
  const listed = JSON.parse(await restic('snapshots', '--json')) as readonly unknown[];
  assert.equal(listed.length, 1);
  assert.deepEqual((await restic('list', 'locks')).trim(), '');
  t.diagnostic(road.location.replace(/:\d{4,5}\//, ':PORT/'));
}

test('over SFTP, with a key and known hosts that the configuration names', needs('sshd'), async (t) => {
  await using sshd = await Sshd.start();
  const knownHostsFile = await sshd.writeKnownHosts();
  const ssh = `ssh -F none -p ${sshd.port} -i ${sshd.keyFile} -o UserKnownHostsFile=${knownHostsFile} ${sshd.user}@127.0.0.1 -s sftp`;
  await takeTurns(t, {
    location: `sftp://${sshd.user}@127.0.0.1:${sshd.port}/${stage.fresh('sftp')}`,
    settings: { identityFile: sshd.keyFile, knownHostsFile },
    resticOptions: ['-o', `sftp.command=${ssh}`],
  });
});

test('over REST, with a name and password', needs('rclone'), async (t) => {
  await using server = await RcloneServer.open(['restic', '--user', 'server-1', stage.folder('rest')], { RCLONE_PASS: 'of the server' });
  const passwordFile = stage.fresh('rest-password');
  writeFileSync(passwordFile, 'of the server', { mode: 0o600 });
  await takeTurns(t, {
    location: `rest:${server.url.href}one/`,
    settings: { user: 'server-1', passwordFile },
    resticLocation: `rest:${server.url.href.replace('//', '//server-1:of%20the%20server@')}one/`,
  });
});

test('over rclone, which reaches the storage with its own settings', needs('rclone'), async (t) => {
  const configFile = stage.fresh('rclone.conf');
  writeFileSync(configFile, `[cloud]\ntype = alias\nremote = ${stage.folder('remote')}\n`);
  await takeTurns(t, { location: 'rclone:cloud:one', settings: { configFile }, resticEnvironment: { RCLONE_CONFIG: configFile } });
});

test('over S3, with keys in the environment', needs('radosgw'), async (t) => {
  const { peer } = await objectStore();
  await takeTurns(t, {
    location: `s3:${peer.endpoint}/roads/one`,
    environment: peer.environment,
  });
});
