// A reader of a set gets its files with commands: the service reads, and his own process writes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { protocol } from '../../../src/service/index.ts';
import { recordsIn } from '../../records/some-records.ts';
import type { CliRun } from '../../cli/run-cli.ts';
import { until } from '../engine-stage.ts';
import { asRoot, group, GroupStage, member, withSets } from './group-stage.ts';

/** Where a link leads need not be text. */
const oddTarget = Buffer.from([0x61, 0xff, 0xe9]);

const large = Buffer.from(Array.from({ length: 9_000_001 }, (_, at) => (at * 7 + (at >> 9)) & 0xff));

class ReaderStage extends GroupStage {
  /** A folder of the member's own. */
  readonly home = this.path('home');

  static async with(t: TestContext): Promise<ReaderStage> {
    const stage = new ReaderStage(t);
    await withSets(stage, { readers: [member.name] });
    stage.write('deep/er/secret.txt', 'for root only');
    stage.write('large', large);
    chmodSync(join(stage.source, 'deep/er/secret.txt'), 0o600);
    chmodSync(join(stage.source, 'deep'), 0o700);
    utimesSync(join(stage.source, 'deep/er/secret.txt'), 1_700_000_000, 1_700_000_000);
    symlinkSync(oddTarget, join(stage.source, 'link'));
    mkdirSync(stage.home);
    chownSync(stage.home, member.uid, group);
    await stage.serve();
    const administrator = stage.administrator();
    for (const set of ['data', 'wages']) assert.equal((await administrator.request(protocol.startBackup, { set })).outcome, 'success');
    return stage;
  }

  async cli(...args: readonly string[]): Promise<CliRun> {
    const script = fileURLToPath(new URL('member-cli.ts', import.meta.url));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, String(member.uid), String(group), ...args], {
      cwd: '/',
      env: { PATH: process.env['PATH'], HOME: this.home, LANG: 'C.UTF-8', TZ: 'UTC', ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.atEnd(() => child.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { stdout, stderr, code };
  }
}

test('a reader lists the snapshots of a set, looks into one, and brings files of it into a folder of his own', asRoot, async (t) => {
  const stage = await ReaderStage.with(t);
  const { source, home } = stage;
  const snapshots = await stage.cli('snapshots', '--set', 'data', '--json');
  assert.equal(snapshots.code, 0, snapshots.stderr);
  const [only, ...others] = JSON.parse(snapshots.stdout) as { readonly id: string; readonly tags: readonly string[] }[];
  assert.deepEqual([only?.tags.includes('data'), others.length], [true, 0], 'that of the other set is not shown');

  const listed = await stage.cli('ls', `latest:${source}`, '--set', 'data');
  assert.equal(listed.code, 0, listed.stderr);
  assert.deepEqual(listed.stdout.trim().split('\n').slice(1), ['/deep', '/deep/er', '/deep/er/secret.txt', '/a.txt', '/large', '/link']);
  const folder = await stage.cli('ls', '--set', 'data', only?.id.slice(0, 8) ?? '', join(source, 'deep'), '--long');
  assert.match(folder.stdout, /^drwx------ root .* \/.*\/deep$[^]*^drwx.* \/.*\/deep\/er$/m);

  const dumped = await stage.cli('dump', '--set', 'data', 'latest', join(source, 'deep/er/secret.txt'), '--request', 'the auditor');
  assert.deepEqual([dumped.code, dumped.stdout], [0, 'for root only'], dumped.stderr);

  const target = join(home, 'out');
  const restored = await stage.cli('restore', `latest:${source}`, '--set', 'data', '--target', target);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /restored 3 files, 2 folders, 1 link: 8\.583 MiB/);
  assert.equal(readFileSync(join(target, 'large')).equals(large), true, 'piece by piece');
  const secret = statSync(join(target, 'deep/er/secret.txt'));
  assert.deepEqual([secret.uid, secret.mode & 0o777, secret.mtimeMs], [member.uid, 0o600, 1_700_000_000_000]);
  assert.equal(statSync(join(target, 'deep')).mode & 0o777, 0o700);
  assert.deepEqual(readlinkSync(join(target, 'link'), 'buffer'), oddTarget);

  // Nothing that exists is replaced, and no link is followed.
  writeFileSync(join(target, 'a.txt'), 'changed since');
  chownSync(join(target, 'a.txt'), member.uid, group);
  const elsewhere = join(home, 'elsewhere');
  mkdirSync(elsewhere);
  chownSync(elsewhere, member.uid, group);
  const second = join(home, 'second');
  mkdirSync(second);
  chownSync(second, member.uid, group);
  symlinkSync(elsewhere, join(second, 'deep'));
  const again = await stage.cli('restore', `latest:${source}`, '--set', 'data', '--target', target);
  assert.deepEqual([again.code, readFileSync(join(target, 'a.txt'), 'utf8')], [3, 'changed since'], again.stderr);
  assert.equal((await stage.cli('restore', `latest:${source}`, '--set', 'data', '--target', second)).code, 3);
  assert.equal(lstatSync(join(second, 'deep')).isSymbolicLink(), true);
  assert.equal(existsSync(join(elsewhere, 'er')), false);

  // What left the backup stands in the service's history, with who took it.
  const taken = (await recordsIn(stage.state)).filter(({ kind }) => kind === 'internal-restore');
  assert.deepEqual(
    taken.map(({ set, job, result, request, operator, destination, evidence, counts, snapshotId, exceptionCount }) => [
      [set, operator.user, snapshotId],
      [job, result, request, exceptionCount],
      [destination?.paths, evidence?.['folder'], evidence?.['chosen'], counts?.['filesRestored']],
    ]),
    [
      [
        ['data', member.name, only?.id],
        ['dump', 'success', 'the auditor', 0],
        [undefined, undefined, [join(source, 'deep/er/secret.txt')], 1],
      ],
      [
        ['data', member.name, only?.id],
        ['restore', 'success', undefined, 0],
        [[target], source, [], 3],
      ],
      [
        ['data', member.name, only?.id],
        ['restore', 'success-with-exceptions', undefined, 4],
        [[target], source, [], 0],
      ],
      [
        ['data', member.name, only?.id],
        ['restore', 'success-with-exceptions', undefined, 1],
        [[second], source, [], 2],
      ],
    ],
  );
});

test('who is not named by the set is refused, and where the service may write his own rights count', asRoot, async (t) => {
  const stage = await ReaderStage.with(t);
  const { source } = stage;
  const administrator = stage.administrator();
  const { repository: location } = stage;
  const all = await administrator.request(protocol.listSnapshots, { location });
  const wages = all.find(({ tags }) => tags.includes('wages'))?.id ?? '';
  const ofWages = await stage.cli('ls', wages, '--set', 'data');
  assert.match(ofWages.stderr, /No snapshot|no snapshot|not found/i);
  assert.equal(ofWages.code, 1);
  const unknown = await stage.cli('snapshots', '--set', 'nothing');
  assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
  const own = stage.path('of-root');
  mkdirSync(own, { mode: 0o755 });
  const denied = await stage.cli('restore', `latest:${source}`, '--set', 'data', '--target', own);
  assert.equal(denied.code, 3);
  assert.match(denied.stderr, /a\.txt/);
  for (const words of [
    ['restore', 'latest', '--target', stage.home, '--delete'],
    ['dump', 'latest', '/x', '--host', 'h'],
    ['ls', 'latest', '-r', location],
  ]) {
    const refused = await stage.cli(...words, '--set', 'data');
    assert.match(refused.stderr, /it cannot be combined with --set/, words.join(' '));
  }

  stage.configure({ name: 'data', repository: { location, passwordFile: stage.path('password') } });
  await until(async () => (await administrator.request(protocol.listSets, undefined)).length === 1, 'the service has taken it');
  const refused = await stage.cli('dump', '--set', 'data', 'latest', join(source, 'a.txt'));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /be named in "readers" of the set/);
  const refusals = (await recordsIn(stage.state)).filter(({ kind }) => kind === 'refusal');
  assert.deepEqual(
    refusals.map(({ operator, reason }) => [operator.user, reason?.facts['procedure']]),
    [[member.name, 'snapshots/list']],
  );
});
