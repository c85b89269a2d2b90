import assert from 'node:assert/strict';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { jsonLines } from './programs.ts';
import { once, Stage } from './stage.ts';
import type { Program, TestRepository } from './test-repository.ts';

const stage = new Stage();
const both: readonly Program[] = ['restic', 'cadangan'];
const large = new SeededRandom(9).bytes(9 * 1024 * 1024);

interface Viewed {
  readonly repository: TestRepository;
  /** Two snapshots of one folder, older first. */
  readonly ids: readonly [string, string];
}

const byMaker: Readonly<Record<Program, () => Promise<Viewed>>> = {
  restic: once(async () => twoSnapshots('restic', await stage.resticRepository())),
  cadangan: once(async () => twoSnapshots('cadangan', await stage.ourRepository())),
};

async function twoSnapshots(maker: Program, repository: TestRepository): Promise<Viewed> {
  const source = stage.folder('source');
  mkdirSync(join(source, 'folder', 'sub folder'), { recursive: true });
  writeFileSync(join(source, 'large'), large);
  for (const name of [
    'a.txt',
    'b.txt',
    'folder/c.TXT',
    'folder/sub folder/\u6587\u4ef6',
    'folder/new\nline',
    'folder/quo"te\\',
    'gone',
    'becomes-folder',
  ])
    writeFileSync(join(source, name), `first ${name}`);
  writeFileSync(Buffer.concat([Buffer.from(`${source}/bytes-`), Buffer.from([0xe9])]), 'not UTF-8');
  symlinkSync('a.txt', join(source, 'link'));
  linkSync(join(source, 'a.txt'), join(source, 'folder', 'hard-link'));
  const older = await repository.backup(
    maker,
    ['.', '--host', 'srv-01', '--tag', 'daily,harian', '--tag', 'extra', '--time', '2024-02-29 23:59:58'],
    { cwd: source },
  );

  writeFileSync(join(source, 'b.txt'), 'second, and longer');
  rmSync(join(source, 'gone'));
  rmSync(join(source, 'becomes-folder'));
  mkdirSync(join(source, 'becomes-folder'));
  writeFileSync(join(source, 'becomes-folder', 'inside'), 'new');
  const newer = await repository.backup(maker, ['.', '--host', 'srv-01', '--exclude', '*.TXT'], { cwd: source });
  return { repository, ids: [older.snapshot_id, newer.snapshot_id] };
}

/** What both programs print for one question, after `read` took out what they need not share. */
async function answers(
  maker: Program,
  args: (viewed: Viewed) => readonly string[],
  read: (output: string) => unknown,
): Promise<[restic: unknown, cadangan: unknown]> {
  const viewed = await byMaker[maker]();
  const [restic, cadangan] = await Promise.all(both.map((program) => viewed.repository.run(program, args(viewed))));
  return [read(restic ?? ''), read(cadangan ?? '')];
}

for (const maker of both) {
  test(`both list the same snapshots that ${maker} made`, needs('restic'), async () => {
    const [theirs, ours] = await answers(
      maker,
      () => ['snapshots', '--json'],
      (output) => parseArray(output).map((snapshot) => without(snapshot, 'program_version', 'summary', 'uid', 'gid')),
    );
    assert.deepEqual(ours, theirs);
    assert.equal((theirs as unknown[]).length, 2);
  });

  for (const filter of [
    ['--tag', 'daily,other', '--tag', 'daily,extra'],
    ['--tag', ''],
    ['--host', 'srv-02'],
    ['--latest', '1'],
  ]) {
    test(`both choose the same snapshots that ${maker} made by ${filter.join(' ')}`, needs('restic'), async () => {
      const [theirs, ours] = await answers(
        maker,
        () => ['snapshots', '--json', ...filter],
        (output) => parseArray(output).map(({ id }) => id),
      );
      assert.deepEqual(ours, theirs);
    });
  }

  test(`both list the same entries of a snapshot that ${maker} made`, needs('restic'), async () => {
    const [theirs, ours] = await answers(maker, ({ ids }) => ['ls', '--json', ids[0]], entries);
    assert.deepEqual(ours, theirs);
    assert.equal((theirs as unknown[]).length, 14);
  });

  test(`both list the same entries of one folder of a snapshot that ${maker} made`, needs('restic'), async () => {
    const [theirs, ours] = await answers(maker, ({ ids }) => ['ls', '--json', ids[0], '/folder'], entries);
    assert.deepEqual(ours, theirs);
  });

  for (const pattern of [['--ignore-case', '*.txt'], ['/folder/*'], ['nothing such'], ['a.txt', 'gone', 'new*']]) {
    test(`both find the same in what ${maker} made by ${pattern.join(' ')}`, needs('restic'), async () => {
      const [theirs, ours] = await answers(maker, () => ['find', '--json', ...pattern], matches);
      assert.deepEqual(ours, theirs);
    });
  }

  test(`both see the same differences between two snapshots that ${maker} made`, needs('restic'), async () => {
    const [theirs, ours] = await answers(
      maker,
      ({ ids }) => ['diff', '--json', ...ids],
      (output) => jsonLines(output).map((line) => without(line, 'source_snapshot', 'target_snapshot')),
    );
    assert.deepEqual(ours, theirs);
  });

  test(`both give the same bytes of files that ${maker} stored`, needs('restic'), async () => {
    const {
      repository,
      ids: [older, newer],
    } = await byMaker[maker]();
    const wanted: readonly [string, string, Buffer][] = [
      [older, '/large', Buffer.from(large)],
      [older, '/folder/sub folder/\u6587\u4ef6', Buffer.from('first folder/sub folder/\u6587\u4ef6')],
      [older, '/b.txt', Buffer.from('first b.txt')],
      [newer, '/b.txt', Buffer.from('second, and longer')],
      ['latest', '/becomes-folder/inside', Buffer.from('new')],
    ];
    for (const [id, path, content] of wanted) {
      const dumps = await Promise.all(both.map((program) => repository.runForBytes(program, ['dump', id, path])));
      assert.deepEqual(
        dumps.map((dump) => dump.equals(content)),
        [true, true],
        path,
      );
    }
  });

  test(`both find nothing else under a wrong path in what ${maker} made`, needs('restic'), async () => {
    const { repository, ids } = await byMaker[maker]();
    const dumps = await Promise.all(both.map((program) => repository.attempt(program, ['dump', ids[1], '/gone'])));
    assert.deepEqual(
      dumps.map(({ code }) => code),
      [2, 1],
      'restic 0.14 has its own idea of the exit code',
    );
    for (const { stdout, stderr } of dumps) assert.match(`${stdout.length} ${stderr}`, /^0 .*not (found )?in (the )?snapshot/s);
  });
}

function parseArray(output: string): Record<string, unknown>[] {
  return JSON.parse(output);
}

function without(object: Readonly<Record<string, unknown>>, ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Nodes; ours also have what later versions of restic added. */
function entries(output: string): unknown[] {
  const nodes = jsonLines(output).filter((line) => line['struct_type'] === 'node');
  return nodes.map((node) => without(node, 'message_type', 'inode')).toSorted(byPath);
}

/** restic names snapshots in any order, and leaves out the name, which is the path's end. */
function matches(output: string): unknown[] {
  const ofSnapshots = parseArray(output).toSorted((a, b) => (String(a['snapshot']) < String(b['snapshot']) ? -1 : 1));
  return ofSnapshots.map(({ snapshot, hits, matches: found }) => ({
    snapshot,
    hits,
    nodes: (found as Record<string, unknown>[]).map((node) => without(node, 'name', 'inode')).toSorted(byPath),
  }));
}

function byPath(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  return String(a['path']) < String(b['path']) ? -1 : 1;
}
