import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { system } from '../../src/platform/index.ts';
import { isAnchorTag } from '../../src/records/index.ts';
import { commandThatPrints, makeStage, password, runCli, makeFolder, type CliRun, type Message, type Stage } from './run-cli.ts';

/** Wine 8 makes no symbolic links, and Windows lets few people do it. */
const hasLinks = !system.isWindows;

function makeSource(stage: Stage): void {
  mkdirSync(stage.path('source', 'sub'), { recursive: true });
  writeFileSync(stage.path('source', 'a.txt'), 'hello\n');
  writeFileSync(stage.path('source', 'sub', 'b.bin'), Buffer.alloc(100_000, 7));
  if (hasLinks) symlinkSync('a.txt', stage.path('source', 'link'));
}

/** Also a file that is read-only, as those of a repository, which `rmSync` may keep on Windows. */
function removeIfThere(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

/** Backs up `source` and gives the snapshot's id. */
async function backUp(stage: Stage, ...more: string[]): Promise<string> {
  const { code, messages } = await stage.json(['backup', 'source', ...more]);
  assert.equal(code, 0);
  const id = messages.at(-1)?.['snapshot_id'];
  assert.match(String(id), /^[0-9a-f]{64}$/);
  return String(id);
}

test('init makes a repository from a password file, and says so in JSON', async (t) => {
  const folder = makeFolder(t);
  writeFileSync(`${folder}/password`, 'secret\n');
  const { code, stdout } = await runCli(['init', '-r', `${folder}/new`, '-p', `${folder}/password`, '--json']);
  assert.equal(code, 0);
  const message = JSON.parse(stdout) as Message;
  assert.deepEqual(Object.keys(message), ['message_type', 'id', 'repository']);
  assert.equal(message['message_type'], 'initialized');
  assert.ok(existsSync(`${folder}/new/config`));
  const listed = await runCli(['-r', `${folder}/new`, '--password-command', commandThatPrints('secret'), 'snapshots', '--json']);
  assert.deepEqual([listed.code, listed.stdout], [0, '[]\n']);
});

test('backup, snapshots, ls, find, diff, dump and restore speak the JSON of restic', async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  const first = await backUp(stage, '--tag', 'daily,files', '--host', 'srv-01', '--time', '2026-11-01 21:00:00');
  appendFileSync(stage.path('source', 'a.txt'), 'more\n');
  writeFileSync(stage.path('source', 'new.txt'), 'new\n');
  rmSync(stage.path('source', 'link'), { force: true });
  const { messages: run } = await stage.json(['backup', 'source', '--host', 'srv-01']);
  const summary = run.at(-1) ?? {};
  assert.deepEqual(
    ['message_type', 'files_new', 'files_changed', 'files_unmodified', 'total_files_processed', 'total_bytes_processed'].map(
      (key) => summary[key],
    ),
    ['summary', 1, 1, 1, 3, 100_015],
  );
  assert.equal(typeof summary['total_duration'], 'number');
  assert.ok(run.slice(0, -1).every((message) => message['message_type'] === 'status'));

  const {
    messages: [list],
  } = await stage.json(['snapshots']);
  assert.ok(Array.isArray(list) && list.length === 2);
  const [old] = list as Message[];
  // the history of an earlier test may go on
  const tags = (old?.['tags'] as readonly string[] | undefined)?.filter((tag) => !isAnchorTag(tag));
  assert.deepEqual(
    [old?.['id'], old?.['short_id'], old?.['hostname'], tags, old?.['time']],
    [first, first.slice(0, 8), 'srv-01', ['daily', 'files'], '2026-11-01T21:00:00Z'],
  );
  const {
    messages: [tagged],
  } = await stage.json(['snapshots', '--tag', 'daily']);
  assert.equal((tagged as unknown as Message[]).length, 1);
  const {
    messages: [groups],
  } = await stage.json(['snapshots', '--group-by', 'host']);
  assert.deepEqual((groups as unknown as Message[])[0]?.['group_key'], { hostname: 'srv-01', paths: null, tags: null });

  const [folder, file] = system.hasModes ? ['drwxr-xr-x', '-rw-r--r--'] : ['drwxrwxrwx', '-rw-rw-rw-']; // as restic has them on Windows
  const { messages: listing } = await stage.json(['ls', first]);
  assert.equal(listing[0]?.['struct_type'], 'snapshot');
  assert.deepEqual(
    listing.slice(1).map(({ path, type, size, permissions }) => [path, type, size, permissions]),
    [
      ['/source', 'dir', undefined, folder],
      ['/source/a.txt', 'file', 6, file],
      ...(hasLinks ? [['/source/link', 'symlink', undefined, 'Lrwxrwxrwx']] : []),
      ['/source/sub', 'dir', undefined, folder],
      ['/source/sub/b.bin', 'file', 100_000, file],
    ],
  );

  const {
    messages: [found],
  } = await stage.json(['find', 'a.txt']);
  assert.deepEqual(
    (found as unknown as Message[]).map(({ hits }) => hits),
    [1, 1],
  );
  const { messages: changes } = await stage.json(['diff', first, 'latest']);
  assert.deepEqual(
    changes.slice(0, -1).map(({ modifier, path }) => [modifier, path].join(' ')),
    ['M /source/a.txt', ...(hasLinks ? ['- /source/link'] : []), '+ /source/new.txt'],
  );
  assert.deepEqual([changes.at(-1)?.['message_type'], changes.at(-1)?.['changed_files']], ['statistics', 1]);

  assert.equal((await stage.run(['dump', first, '/source/a.txt'])).stdout, 'hello\n');
  const restored = await stage.json(['restore', `${first}:/source`, '--target', 'out']);
  assert.equal(restored.code, 0);
  assert.deepEqual(
    ['message_type', 'total_files', 'files_restored', 'total_bytes', 'bytes_restored'].map((key) => restored.messages.at(-1)?.[key]),
    ['summary', 2, 2, 100_006, 100_006],
  );
  assert.equal(readFileSync(stage.path('out', 'a.txt'), 'utf8'), 'hello\n');
});

test('check tells a sound repository from a damaged one, and names what is affected', async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  await backUp(stage);
  const sound = await stage.json(['check', '--read-data']);
  assert.deepEqual(
    [sound.code, sound.messages],
    [0, [{ message_type: 'summary', num_errors: 0, broken_packs: [], suggest_repair_index: false, suggest_prune: false }]],
  );

  for (const name of (await stage.run(['find', '--show-pack-id', '--blob', ...'0123456789abcdef'])).stdout.matchAll(
    /pack ([0-9a-f]{64})/g,
  )) {
    removeIfThere(stage.path('repository', 'data', String(name[1]).slice(0, 2), String(name[1])));
  }
  const damaged = await stage.run(['check']);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /pack-missing/);
  assert.match(damaged.stderr, /snapshot [0-9a-f]{8} of .*: \/source\/a\.txt/);
  assert.doesNotMatch(damaged.stdout, /no errors/);
  const asJson = await stage.json(['check']);
  assert.deepEqual([asJson.code, asJson.messages.at(-1)?.['message_type'], asJson.errors[0]?.['message_type']], [1, 'summary', 'error']);
});

test('a restore that loses content fails and names the file; the others are restored', async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  await backUp(stage);
  writeFileSync(stage.path('source', 'later.txt'), 'in a pack of its own\n');
  await backUp(stage);
  const { stdout } = await stage.run(['find', '--show-pack-id', '--blob', ...'0123456789abcdef']);
  const pack = /in \/source\/later\.txt \(pack ([0-9a-f]{64})/.exec(stdout)?.[1] ?? '';
  unlinkSync(stage.path('repository', 'data', pack.slice(0, 2), pack));
  const { code, stderr } = await stage.run(['restore', 'latest', '-t', 'out']);
  assert.equal(code, 1);
  assert.match(stderr, /\/source\/later\.txt: is damaged in the repository and was not written/);
  assert.equal(readFileSync(stage.path('out', 'source', 'a.txt'), 'utf8'), 'hello\n');
  assert.ok(!existsSync(stage.path('out', 'source', 'later.txt')));
});

test('a dry run of backup and of restore writes nothing', async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  assert.match((await stage.run(['backup', 'source', '--dry-run'])).stdout, /Would add to the repository/);
  assert.equal((await stage.run(['snapshots', '--json'])).stdout, '[]\n');
  await backUp(stage);
  const { code, stdout } = await stage.run(['restore', 'latest', '--target', 'out', '-n']);
  assert.equal(code, 0);
  assert.match(stdout, /restored {2}\/source\/a\.txt/);
  assert.ok(!existsSync(stage.path('out')));
});

test('excludes and --files-from choose what is backed up', async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  writeFileSync(stage.path('list'), `# comment\n${stage.path('source')}/*.txt\n`);
  writeFileSync(stage.path('raw'), `${stage.path('source', 'sub')}\0`);
  writeFileSync(stage.path('excludes'), '*.bin\n');
  assert.equal((await stage.run(['backup', '--files-from', 'list', '--files-from-raw', 'raw', '--exclude-file', 'excludes'])).code, 0);
  const { messages } = await stage.json(['ls', 'latest']);
  const names = messages.slice(1).map(({ name }) => name);
  assert.ok(names.includes('a.txt') && names.includes('sub') && !names.includes('b.bin') && !names.includes('link'));
});

test('passwords are listed, added, changed and removed, but never the last one', async (t) => {
  const stage = await makeStage(t);
  assert.equal((await stage.run(['key', 'add', '--user', 'second', '--host', 'srv'], { input: 'two\n' })).code, 0);
  const {
    messages: [keys],
  } = await stage.json(['key', 'list'], { environment: { RESTIC_PASSWORD: 'two' } });
  const own = (keys as unknown as Message[]).find((key) => key['current'] === true);
  assert.deepEqual(Object.keys(own ?? {}), ['current', 'id', 'userName', 'hostName', 'created']);
  assert.equal(own?.['userName'], 'second');
  const refused = await stage.run(['key', 'remove', String(own?.['id'])], { environment: { RESTIC_PASSWORD: 'two' } });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the one that opened the repository/);
  writeFileSync(stage.path('three'), 'three\n');
  assert.equal((await stage.run(['key', 'passwd', '--new-password-file', 'three'], { environment: { RESTIC_PASSWORD: 'two' } })).code, 0);
  assert.equal((await stage.run(['snapshots'], { environment: { RESTIC_PASSWORD: 'two' } })).code, 12);
  assert.equal((await stage.run(['snapshots'], { environment: { RESTIC_PASSWORD: 'three' } })).code, 0);
  assert.equal((await stage.run(['snapshots'], { environment: { RESTIC_PASSWORD: password } })).code, 0);
});

test("the output of people's commands is aligned, and standard output holds the result only", async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  const first = await backUp(stage, '--host', '資料庫', '--time', '2026-11-01 21:00:00');
  const { stdout, stderr } = await stage.run(['snapshots', '--compact']);
  assert.equal(stderr, '');
  assert.equal(
    stdout,
    [
      'ID        Time                 Host    Tags',
      '-------------------------------------------',
      `${first.slice(0, 8)}  2026-11-01 21:00:00  資料庫`,
      '-------------------------------------------',
      '1 snapshot',
      '',
    ].join('\n'),
  );
});

test('patterns of a restore that choose nothing of the snapshot are named, also where others choose something', async (t) => {
  const stage = await makeStage(t);
  makeSource(stage);
  await backUp(stage);
  let out = 0;
  const restore = (...patterns: string[]): Promise<CliRun> => stage.run(['restore', 'latest', '--target', `out-${out++}`, ...patterns]);
  const cases: readonly [readonly string[], number, string | undefined][] = [
    [['--include', 'a.txt'], 0, undefined],
    [['--include', 'a.txt', '--include', 'sub'], 0, undefined],
    [['--include', 'a.tx'], 1, 'a.tx'],
    [['--include', 'a.txt', '--include', 'sab'], 3, 'sab'],
    [['--include', 'a.tx', '--iinclude', 'SUB'], 3, 'a.tx'],
    [['--include', 'a.txt', '--include', 'sub', '--exclude', 'sub'], 3, 'sub'],
    [['--include', 'a.txt', '--include', '!b.bin'], 0, undefined],
    [['--include', '!b.bin'], 1, '!b.bin'],
    [['--exclude', 'source'], 1, 'source'],
    [['--exclude', 'nowhere'], 0, undefined],
  ];
  for (const [patterns, code, named] of cases) {
    const run = await restore(...patterns);
    assert.equal(run.code, code, `${patterns.join(' ')}: ${run.stderr}`);
    assert.equal(run.stderr.includes('nothing of the snapshot was chosen'), named !== undefined, run.stderr);
    if (named !== undefined) assert.ok(run.stderr.includes(`"${named}"`), run.stderr);
  }
});
