import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import * as z from 'zod';
import { exitCode } from '../../src/cli/exit-code.ts';
import { compileExcludeRules } from '../../src/backup/index.ts';
import { backupJob } from '../../src/jobs/index.ts';
import { passwordFromText } from '../../src/platform/index.ts';
import {
  formatTimestamp,
  listSnapshots,
  recordsSnapshotTag,
  Repository,
  saveSnapshot,
  type SnapshotId,
} from '../../src/repository/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { needs } from '../needs.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { makeStage, password, type Stage } from './run-cli.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const day = 86_400;

/** A stage whose repository has a backup of each of some evenings, the last one first in the list that is given back. */
async function withEvenings(t: TestContext, count: number, fields: { readonly tags?: readonly string[]; readonly host?: string } = {}) {
  const stage = await makeStage(t);
  mkdirSync(stage.path('source'));
  writeFileSync(stage.path('source', 'a.txt'), 'a'.repeat(3_000));
  // No record knows of it: here nobody misses it.
  const access = { location: stage.repository, password: () => Promise.resolve(passwordFromText(password)), signal: t.signal };
  const source = {
    sources: [stage.path('source')],
    workingFolder: stage.folder,
    rules: await compileExcludeRules({}, { environment: {} }),
  };
  assert.equal((await backupJob(access, { ...source, programVersion: 'test' })).outcome, 'success');
  const repository = await openOf(stage);
  const [made] = await listSnapshots(repository, neverAborted);
  assert(made);
  // As restic 0.14 writes one.
  const { summary: _summary, programVersion: _version, ...plain } = made.snapshot;
  const ids: SnapshotId[] = [];
  for (let evening = 0; evening < count; evening++) {
    const time = formatTimestamp(BigInt(Date.UTC(2026, 2, 31, 21) / 1000 - evening * day) * 1_000_000_000n, 0);
    const { host = 'srv-01', tags = [] } = fields;
    ids.push(await saveSnapshot(repository, { ...plain, time, hostname: host, tags }, neverAborted));
  }
  await repository.storage.remove({ kind: 'snapshots', name: made.id }, neverAborted);
  return { stage, ids };
}

function openOf(stage: Stage): Promise<Repository> {
  return Repository.open({ storage: new FolderStorage(stage.repository) }, passwordFromText(password), neverAborted);
}

async function idsIn(stage: Stage): Promise<readonly string[]> {
  return (await listSnapshots(await openOf(stage), neverAborted)).map(({ id }) => id).toReversed();
}

/** Stock restic on the same repository. */
function restic(stage: Stage, ...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const env = { PATH: process.env['PATH'], RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password, TZ: 'UTC', HOME: stage.folder };
  const { status, stdout, stderr } = spawnSync('restic', ['--no-cache', ...args], { env, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const snapshotJson = z.object({ id: z.string(), short_id: z.string(), time: z.string() });
const groupsJson = z.array(
  z.object({
    tags: z.null(),
    host: z.string(),
    paths: z.array(z.string()),
    keep: z.array(snapshotJson).nullable(),
    remove: z.array(snapshotJson).nullable(),
    reasons: z
      .array(z.object({ snapshot: snapshotJson, matches: z.array(z.string()), counters: z.record(z.string(), z.number()) }))
      .nullable(),
  }),
);

describe('forget by rules', () => {
  test('removes what no rule keeps, shows both before, and leaves a record with the reasons', needs('restic'), async (t) => {
    const { stage, ids } = await withEvenings(t, 5);
    const { code, stdout, stderr } = await stage.run(['forget', '--keep-last', '2']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Applying Policy: keep 2 latest snapshots\nkeep 2 snapshots:\n/);
    assert.match(stdout, /srv-01 +last snapshot +\/.*\/source/);
    assert.match(stdout, /\nremove 3 snapshots:\n[^]*\nremoved 3 snapshots\n$/);
    assert.deepEqual(await idsIn(stage), ids.slice(0, 2));
    assert.equal(restic(stage, 'check').status, 0);

    const { messages } = await stage.json(['records', 'list', '--kind', 'retention']);
    const text = JSON.stringify(messages);
    for (const id of ids.slice(2)) assert.ok(text.includes(id) && text.includes(`${id.slice(0, 16)} 2026-03-`), text);
    assert.ok(text.includes('keep 2 latest snapshots'));
  });

  test('snapshots of the records are no backups, and stay however they are grouped, unless their tag is asked for', async (t) => {
    const { stage, ids } = await withEvenings(t, 3);
    const repository = await openOf(stage);
    const [newest] = await listSnapshots(repository, neverAborted);
    assert(newest);
    for (const hour of [22, 23]) {
      const time = formatTimestamp(BigInt(Date.UTC(2026, 2, 31, hour) / 1000) * 1_000_000_000n, 0);
      await saveSnapshot(repository, { ...newest.snapshot, time, tags: [recordsSnapshotTag] }, neverAborted);
    }
    const records = (await idsIn(stage)).filter((id) => !ids.some((each) => each === id));
    for (const group of ['', 'host']) assert.equal((await stage.run(['forget', '--keep-last', '1', '--group-by', group])).code, 0);
    assert.deepEqual(await idsIn(stage), [...records, ids[0]]);
    assert.equal((await stage.run(['forget', '--keep-last', '1', '--group-by', '', '--tag', recordsSnapshotTag])).code, 0);
    assert.deepEqual(await idsIn(stage), [records[0], ids[0]]);
  });

  test('--json says what restic says of the same repository, name by name', needs('restic'), async (t) => {
    const { stage } = await withEvenings(t, 9, { tags: ['night'] });
    const rules = ['--keep-daily', '3', '--keep-within-daily', '4d', '--keep-tag', 'none,night', '--keep-last', '1'];
    const ours = await stage.run(['forget', '--dry-run', '--json', ...rules]);
    const theirs = restic(stage, 'forget', '--dry-run', '--json', ...rules);
    assert.deepEqual([ours.code, theirs.status], [0, 0]);
    // restic 0.14 gives no ids to the snapshots of its reasons; later ones do.
    const plain = (text: string): unknown =>
      JSON.parse(text, (name, value: unknown) =>
        name === 'snapshot' && typeof value === 'object' ? { ...value, id: '', short_id: '' } : value,
      );
    assert.deepEqual(plain(ours.stdout), plain(theirs.output));
  });

  test('--json has the groups in the shape of restic', async (t) => {
    const { stage, ids } = await withEvenings(t, 3);
    const { code, stdout } = await stage.run(['forget', '--keep-last', '1', '--keep-yearly', '5', '--json']);
    assert.equal(code, 0);
    const [group, ...more] = groupsJson.parse(JSON.parse(stdout));
    assert(group);
    assert.equal(more.length, 0);
    assert.deepEqual(
      [group.host, group.keep?.map(({ id }) => id), group.remove?.map(({ id }) => id)],
      ['srv-01', [ids[0], ids[2]], [ids[1]]],
    );
    assert.deepEqual(
      group.reasons?.map(({ matches, counters }) => [matches, counters]),
      [
        [['last snapshot', 'yearly snapshot'], { yearly: 4 }],
        [['oldest yearly snapshot'], { yearly: 3 }],
      ],
    );
  });

  test('a dry run says the same and removes nothing, also beside a backup', async (t) => {
    const { stage, ids } = await withEvenings(t, 3);
    const repository = await openOf(stage);
    await using _lock = await repository.lock({ signal: neverAborted, exclusive: false });
    const { code, stdout } = await stage.run(['forget', '--keep-last', '1', '-n']);
    assert.equal(code, 0);
    assert.match(stdout, /would remove 2 snapshots\n$/);
    assert.deepEqual(await idsIn(stage), ids);
    assert.equal((await stage.run(['forget', '--keep-last', '1'])).code, 11, 'without it others must be away');
    assert.match((await stage.run(['forget', '--keep-last', '1', '--no-lock'])).stderr, /goes with --dry-run only/);
    assert.deepEqual(await idsIn(stage), ids);
  });

  test('filters and groups choose; nothing that fits is no failure', async (t) => {
    const { stage, ids } = await withEvenings(t, 3);
    assert.match((await stage.run(['forget', '--keep-last', '1', '--host', 'other'])).stdout, /no snapshot fits\n$/);
    assert.match((await stage.run(['forget', '--keep-last', '3', '--group-by', ''])).stdout, /nothing to remove\n$/);
    assert.deepEqual(await idsIn(stage), ids);
  });

  test('without any rule nothing is removed', async (t) => {
    const { stage, ids } = await withEvenings(t, 2);
    for (const args of [[], ['--keep-last', '0'], ['--keep-within', '0d']]) {
      const { code, stderr } = await stage.run(['forget', ...args]);
      assert.equal(code, 1);
      assert.match(stderr, /no rule was given/);
    }
    assert.deepEqual(await idsIn(stage), ids);
  });
});

describe('forget by name', () => {
  test('a name that is no snapshot is told, and the others go, as in restic', async (t) => {
    const { stage } = await withEvenings(t, 4);
    const now = await idsIn(stage);
    const unknown = 'ab'.repeat(32);
    const { code, stderr } = await stage.run(['forget', now[3] ?? '', unknown, 'abcdef12', (now[2] ?? '').slice(0, 10)]);
    assert.equal(code, exitCode.exceptions);
    assert.match(stderr, new RegExp(`snapshots/${unknown}: could not be removed \\(snapshot\\.not-found\\)`));
    assert.match(stderr, /snapshots\/abcdef12: could not be removed/);
    assert.deepEqual(await idsIn(stage), now.slice(0, 2));
    assert.equal((await stage.run(['forget', unknown])).code, 1);
  });

  test('removes the named ones, and refuses all when one is protected', async (t) => {
    const { stage, ids } = await withEvenings(t, 4);
    assert.equal((await stage.run(['tag', '--add', 'keep', ids[3] ?? ''])).code, 0);
    const now = await idsIn(stage);
    const refused = await stage.run(['forget', now[2] ?? '', now[3] ?? '', '--release']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is protected\. Nothing was removed\./);
    assert.deepEqual(await idsIn(stage), now);
    assert.equal((await stage.run(['forget', now[1] ?? '', (now[2] ?? '').slice(0, 10)])).code, 0);
    assert.deepEqual(await idsIn(stage), [now[0], now[3]]);
  });

  test('what killed runs have left goes with a removal, and with a backup what is older than any write lasts', async (t) => {
    const { stage, ids } = await withEvenings(t, 2);
    const leave = (end: string, daysAgo: number): string => {
      const path = join(stage.repository, 'index', `${'ab'.repeat(32)}-tmp-${end}`);
      writeFileSync(path, 'half');
      const when = Date.now() / 1000 - daysAgo * day;
      utimesSync(path, when, when);
      return path;
    };
    const [old, fresh] = [leave('01', 2), leave('02', 1)];
    assert.equal((await stage.run(['backup', 'source'])).code, 0);
    assert.deepEqual([existsSync(old), existsSync(fresh)], [false, true]);
    assert.equal((await stage.run(['forget', ids[1] ?? ''])).code, 0);
    assert.equal(existsSync(fresh), false);
  });

  test('the last one of a place goes only with --release', async (t) => {
    const { stage, ids } = await withEvenings(t, 1);
    const held = await stage.run(['forget', 'latest']);
    assert.equal(held.code, 1);
    assert.match(held.stderr, /No snapshot was removed: none of "srv-01: .*[/\\]source" would be left\.\n.*--release/);
    assert.deepEqual(await idsIn(stage), ids);
    const released = await stage.run(['forget', 'latest', '--release']);
    assert.equal(released.code, 0);
    assert.match(released.stderr, /none of "srv-01/);
    assert.deepEqual(await idsIn(stage), []);
    const { messages } = await stage.json(['records', 'list', '--kind', 'retention']);
    assert.ok(JSON.stringify(messages).includes('"released":["empties:'));
  });
});

describe('protected snapshots', () => {
  test('stay whatever the rule says: a kept one, one on hold, one whose hold nobody can read; not one whose hold is over', async (t) => {
    const { stage, ids } = await withEvenings(t, 6);
    const tags = ['keep', 'hold:2099-12-31', 'hold:until further notice', 'hold:2001-01-01'];
    for (const [at, tag] of tags.entries()) assert.equal((await stage.run(['tag', '--add', tag, ids[at + 1] ?? ''])).code, 0);
    const before = await idsIn(stage);
    const { stdout } = await stage.run(['forget', '--keep-last', '1']);
    assert.match(stdout, / protected +(?:\/|[A-Z]:\\)/);
    assert.match(stdout, / on hold until 2099-12-31 +(?:\/|[A-Z]:\\)/);
    assert.deepEqual(await idsIn(stage), before.slice(0, 4));
  });

  test('do not make a rule one that keeps something', async (t) => {
    const { stage } = await withEvenings(t, 3, { tags: ['keep'] });
    await stage.run(['tag', '--remove', 'keep', 'latest']);
    const before = await idsIn(stage);
    const { code, stderr } = await stage.run(['forget', '--keep-tag', 'mistyped']);
    assert.equal(code, 1);
    assert.match(stderr, /the rule keeps none of "srv-01: /);
    assert.deepEqual(await idsIn(stage), before);
  });
});

describe('forget --prune', () => {
  /** As `withEvenings`, and a newest backup that no longer has what the others have. */
  async function withData(t: TestContext) {
    const made = await withEvenings(t, 3);
    const { stage } = made;
    const data = (await (await openOf(stage)).storage.list('data', neverAborted)).map(({ name }) => name);
    writeFileSync(stage.path('source', 'a.txt'), 'b'.repeat(3_000));
    assert.equal((await stage.run(['backup', '--host', 'srv-01', stage.path('source')])).code, 0);
    const left = async () => new Set((await (await openOf(stage)).storage.list('data', neverAborted)).map(({ name }) => name));
    return { ...made, data, left };
  }

  test('asks for the password once, and removes the data that only the removed ones needed', needs('restic'), async (t) => {
    const { stage, data, left } = await withData(t);
    const asked = stage.path('asked');
    const command = `sh -c "echo asked >> '${asked}'; echo ${password}"`;
    const environment = { RESTIC_PASSWORD: '', RESTIC_PASSWORD_COMMAND: command };
    const args = ['forget', '--keep-last', '1', '--group-by', 'host', '--prune', '--instant-delete', '--max-unused', '0'];
    const { code, stdout, stderr } = await stage.run(args, { environment });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /\n3 snapshots have been removed, running prune\n[^]*to delete: +\d+ blobs[^]*removed \d+ packs?, /);
    assert.equal(readFileSync(asked, 'utf8'), 'asked\n');
    const now = await left();
    assert.ok(data.every((name) => !now.has(name)));
    assert.equal((await idsIn(stage)).length, 1);
    assert.equal(restic(stage, 'check', '--read-data').status, 0);
    const { messages } = await stage.json(['records', 'list', '--kind', 'retention']);
    assert.ok(JSON.stringify(messages).includes('packsRemoved'), 'the prune has a record of its own');
  });

  test('a dry run shows what would go, as if the snapshots were gone', async (t) => {
    const { stage, left } = await withData(t);
    const before = await left();
    const args = ['forget', '--keep-last', '1', '--group-by', 'host', '--prune', '--instant-delete', '--dry-run'];
    const { code, messages } = await stage.json(args);
    assert.equal(code, 0);
    const summary = z.object({ message_type: z.literal('summary'), packfiles: z.object({ removed: z.number() }) }).parse(messages.at(-1));
    assert.ok(summary.packfiles.removed > 0);
    assert.deepEqual(await left(), before);
    assert.equal((await idsIn(stage)).length, 4);
    const { stdout } = await stage.run(args);
    assert.match(stdout, /\n3 snapshots would be removed, running prune dry run\n/);
  });

  test('prunes nothing where nothing goes, and where the removal is held back', async (t) => {
    const { stage, left } = await withData(t);
    const before = await left();
    const none = await stage.run(['forget', '--keep-last', '9', '--prune', '--instant-delete']);
    assert.deepEqual([none.code, /to delete/.test(none.stdout)], [0, false]);
    const held = await stage.run(['forget', '--keep-tag', 'mistyped', '--prune', '--instant-delete']);
    assert.deepEqual([held.code, /to delete/.test(held.stdout)], [1, false]);
    assert.deepEqual(await left(), before);
  });
});

describe('tag', () => {
  test('gives a new snapshot that knows its original, as restic does, and keeps the order', needs('restic'), async (t) => {
    const { stage, ids } = await withEvenings(t, 2, { tags: ['data', 'records:18ad2526c8feb98e:76:' + 'a'.repeat(64)] });
    const added = await stage.json(['tag', '--add', 'b,c', '--remove', 'none', ids[0] ?? '']);
    assert.equal(added.code, 0);
    const [changed, summary] = added.messages;
    assert.deepEqual([changed?.['message_type'], changed?.['old_snapshot_id']], ['changed', ids[0]]);
    assert.deepEqual(summary, { message_type: 'summary', changed_snapshots: 1 });
    await stage.run(['tag', '--set', 'x', String(changed?.['new_snapshot_id'])]);
    const [newest] = (await listSnapshots(await openOf(stage), neverAborted)).toReversed();
    assert.equal(newest?.snapshot.original, ids[0]);
    assert.deepEqual(
      newest?.snapshot.tags,
      ['x', `records:18ad2526c8feb98e:76:${'a'.repeat(64)}`],
      "what dates the records is not a person's tag",
    );
    assert.match((await stage.run(['tag', '--remove', 'nobody'])).stdout, /^no snapshots were modified\n$/);
    assert.equal(restic(stage, 'snapshots', '--tag', 'x').status, 0);
    assert.match(restic(stage, 'snapshots', '--tag', 'x').output, /1 snapshots/);
    const { messages } = await stage.json(['records', 'list', '--kind', 'tags-changed']);
    assert.ok(JSON.stringify(messages).includes('+b +c -none'));
  });

  test('wants something to do, and only one way', async (t) => {
    const { stage } = await withEvenings(t, 1);
    for (const args of [[], ['--set', 'a', '--add', 'b']]) assert.equal((await stage.run(['tag', ...args])).code, 1);
  });
});

describe('forget --set', () => {
  async function withRule(t: TestContext, retention: object) {
    const made = await withEvenings(t, 5, { tags: ['data'], host: hostname() });
    const { stage } = made;
    writeSecretFile(stage.path('password'), password);
    const sets = [
      {
        name: 'data',
        sources: [stage.path('source')],
        repository: { location: stage.repository, passwordFile: stage.path('password') },
        retention,
      },
    ];
    writeFileSync(stage.path('cadangan.jsonc'), JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets }));
    const environment = {
      CADANGAN_CONFIG: stage.path('cadangan.jsonc'),
      CADANGAN_STATE: stage.path('state'),
      RESTIC_REPOSITORY: '',
      RESTIC_PASSWORD: '',
    };
    return { ...made, run: (...args: readonly string[]) => stage.run(args, { environment }) };
  }

  test('carries out the rule of the configuration on the snapshots of that set on this machine', async (t) => {
    const { stage, ids, run } = await withRule(t, { keepDaily: 2 });
    const repository = await openOf(stage);
    const [own] = await listSnapshots(repository, neverAborted);
    assert(own);
    const foreign = [
      await saveSnapshot(repository, { ...own.snapshot, hostname: 'other' }, neverAborted),
      await saveSnapshot(repository, { ...own.snapshot, tags: ['other', 'data'] }, neverAborted),
    ];
    const { code, stdout, stderr } = await run('forget', '--set', 'data');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /keep 2 daily snapshots/);
    assert.deepEqual(new Set(await idsIn(stage)), new Set([...ids.slice(0, 2), ...foreign]));
  });

  test('refuses a set without a rule, an unknown one, and rules beside it', async (t) => {
    const { run } = await withRule(t, { keepDaily: 2 });
    assert.match((await run('forget', '--set', 'nobody')).stderr, /nobody/);
    assert.match((await run('forget', '--set', 'data', '--keep-last', '1')).stderr, /cannot be combined with --set/);
  });
});
