import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { makeStage, password, type CliOptions, type Stage } from './run-cli.ts';

interface House {
  readonly stage: Stage;
  readonly options: CliOptions;
}

/** A company with one set, its instruction, and one backup made. */
async function makeHouse(t: TestContext): Promise<House> {
  const stage = await makeStage(t);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), 'a');
  writeFileSync(stage.path('password'), password, { mode: 0o600 });
  const set = {
    name: 'accounting',
    sources: [stage.path('data')],
    repository: { location: stage.repository, passwordCommand: ['cat', stage.path('password')] },
    before: ['true', '--password=geheim-7', '--token', 'geheim-8'],
  };
  const instruction = {
    documentNumber: 'IK-IT-003',
    clauses: ['ISO 45001:2018 4.4.6'],
    formNumber: 'FR-IT-007',
    drillIntervalDays: 30,
    approvedBy: { name: 'H. Agus', position: 'Direktur' },
  };
  writeFileSync(
    stage.path('config.jsonc'),
    JSON.stringify({ version: 1, organisation: 'PT Contoh', timeZone: 'Asia/Jakarta', instruction, sets: [set] }),
  );
  const options = {
    environment: {
      RESTIC_REPOSITORY: '',
      RESTIC_PASSWORD: '',
      CADANGAN_CONFIG: stage.path('config.jsonc'),
      CADANGAN_STATE: stage.path('state'),
    },
  };
  assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  return { stage, options };
}

async function records({ stage, options }: House): Promise<Record<string, unknown>[]> {
  return (await stage.json(['records', 'list'], options)).messages;
}

async function nonconformities({ stage, options }: House): Promise<Record<string, unknown>[]> {
  return (await stage.json(['records', 'nonconformities'], options)).messages;
}

function recordFile(stage: Stage): { readonly file: string; readonly text: string } {
  const file = stage.path('state', 'records', readdirSync(stage.path('state', 'records')).find((name) => name.endsWith('.jsonl')) ?? '');
  return { file, text: readFileSync(file, 'utf8') };
}

test('every command that works on a repository leaves a record, also one that failed, and no secret is in it', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  const environment = { ...options.environment, RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password };
  assert.equal((await stage.run(['restore', 'latest', '-t', stage.path('out')], { environment })).code, 0);
  assert.equal((await stage.run(['check'], { environment })).code, 0);
  assert.equal((await stage.run(['backup', stage.path('nowhere')], { environment })).code, 1);
  assert.equal((await stage.run(['check'], { environment: { ...environment, RESTIC_PASSWORD: 'geheim-9' } })).code, 12);
  assert.equal((await stage.run(['backup', stage.path('data'), '--dry-run'], { environment })).code, 0);
  writeFileSync(stage.path('new-password'), 'geheim-10');
  assert.equal((await stage.run(['key', 'add', '--new-password-file', stage.path('new-password')], { environment })).code, 0);
  const all = await records(house);
  assert.deepEqual(
    all.map(({ number, kind, result }) => [number, kind, result ?? '']),
    [
      [1, 'history-start', ''],
      [2, 'configuration-change', ''],
      [3, 'internal-backup', 'success'],
      [4, 'internal-restore', 'success'],
      [5, 'check', 'success'],
      [6, 'internal-backup', 'failed'],
      [7, 'check', 'failed'],
      [8, 'key-change', ''],
    ],
  );
  // The key itself, and the configuration as it was when it was last right, stand in files of their own.
  const isElsewhere = /\.pem$|^last-good-configuration\.json$/;
  const text = readdirSync(stage.path('state'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !isElsewhere.test(entry.name))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'))
    .join('\n');
  for (const secret of [password, 'geheim', 'PRIVATE KEY']) assert.ok(!text.includes(secret), secret);
  for (const id of ['repositoryId', 'snapshotId', 'treeId']) assert.match(String(all[2]?.[id]), /^[0-9a-f]{64}$/, id);
  const shown = await stage.run(['records', 'show', '6'], options);
  assert.match(shown.stdout, /Nothing to back up/);
  assert.equal((await stage.run(['records', 'show', '99'], options)).code, 1);
  assert.equal((await records({ stage, options })).length, 8, 'looking leaves nothing');
});

test('a change of the configuration is recorded once, with the old and the new value', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  const config = readFileSync(stage.path('config.jsonc'), 'utf8');
  writeFileSync(
    stage.path('config.jsonc'),
    config.replace('"name":"accounting"', '"name":"accounting","excludes":["*.tmp"]').replace('PT Contoh', 'PT Baru'),
  );
  for (let run = 0; run < 2; run++) assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  const changes = (await records(house)).filter(({ kind }) => kind === 'configuration-change').map(({ change }) => change);
  assert.deepEqual(changes.slice(1), [
    { what: 'organisation', before: '"PT Contoh"', after: '"PT Baru"' },
    { what: 'sets.accounting.excludes', before: '[]', after: '["*.tmp"]' },
  ]);
});

test('verify compares with every repository that opens without a question: it finds an edited line, and a cut end by the tag of a snapshot', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0); // its snapshot dates record 3
  const clean = await stage.json(['records', 'verify'], options);
  assert.deepEqual(
    [
      clean.code,
      clean.messages[0]?.['intact'],
      clean.messages[0]?.['anchors_compared'],
      clean.messages[0]?.['compared'],
      clean.messages[0]?.['not_compared'],
    ],
    [0, true, 3, [stage.repository], []],
  );
  const { file, text } = recordFile(stage);
  writeFileSync(file, text.replace('"result":"success"', '"result":"stopped"'));
  const edited = await stage.run(['records', 'verify'], options);
  assert.equal(edited.code, 1);
  assert.match(edited.stderr, /^\d{4}-\d\d\.jsonl, line 3: record 3 was changed/);
  assert.deepEqual(
    (await nonconformities(house)).map(({ rule }) => rule),
    ['chain-broken'],
  );
  assert.equal((await stage.run(['records', 'verify'], options)).code, 1);
  assert.equal((await nonconformities(house)).length, 1, 'the same fault is told once');

  const cutShort = (): void => {
    const [first = '', second = ''] = text.split('\n');
    const hashOf = (line: string): string => /"hash":"([0-9a-f]{64})"\}$/.exec(line)?.[1] ?? '';
    writeFileSync(file, `${first}\n${second}\n`);
    writeFileSync(
      stage.path('state', 'records', 'head.json'),
      JSON.stringify({ chain: hashOf(first).slice(0, 16), number: 2, hash: hashOf(second) }),
    );
  };
  cutShort();
  writeFileSync(stage.path('empty.jsonc'), '{ "version": 1 }');
  const alone = { environment: { ...options.environment, CADANGAN_CONFIG: stage.path('empty.jsonc') } };
  assert.equal((await stage.run(['records', 'verify'], alone)).code, 0, 'the chain itself does not know');
  const named = { environment: { ...alone.environment, RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password } };
  for (const witnessed of [named, options]) {
    const cut = await stage.run(['records', 'verify'], witnessed);
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /line 3: records 3 to 3 are missing: snapshot [0-9a-f]{8} of \d{4}-\d\d-\d\d knows them/);
    cutShort();
  }
  assert.equal((await stage.run(['records', 'verify', '--head', `3:${'0'.repeat(64)}`], alone)).code, 1);
});

test('a repository that cannot be compared is named with its reason, and keeps nobody from the rest', async (t) => {
  const { stage, options } = await makeHouse(t);
  renameSync(stage.repository, stage.path('away'));
  const away = await stage.json(['records', 'verify'], options);
  assert.deepEqual(
    [away.code, away.messages[0]?.['intact'], away.messages[0]?.['compared'], away.messages[0]?.['not_compared']],
    [0, true, [], [{ location: stage.repository, code: 'repository.missing' }]],
  );
  assert.match((await stage.run(['records', 'verify'], options)).stdout, /not compared with .*repository.*: .*\n/);
});

test('backups that were removed or rolled back open one nonconformity, and closing it accounts for them', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  for (let run = 0; run < 2; run++) assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  const snapshots = stage.path('repository', 'snapshots');
  const names = readdirSync(snapshots);
  const kept = String((await records(house)).find(({ kind }) => kind === 'internal-backup')?.['snapshotId']);
  for (const name of names) if (name !== kept) rmSync(`${snapshots}/${name}`);
  for (let look = 0; look < 2; look++) {
    const lost = await stage.json(['records', 'verify'], options);
    const told = lost.messages[0]?.['lost_snapshots'] as { kind: string; snapshotId: string }[];
    assert.deepEqual([lost.code, lost.messages[0]?.['intact'], told.map(({ kind }) => kind)], [1, true, ['gone', 'gone']]);
    assert.deepEqual(told.map(({ snapshotId }) => snapshotId).sort(), names.filter((name) => name !== kept).sort());
  }
  const [open, ...others] = await nonconformities(house);
  assert.ok(open && Array.isArray(open['records']));
  assert.deepEqual([open['rule'], open['records'].length, others], ['backup-removed', 2, []]);
  const closing = [
    'records',
    'close',
    String(open['id']),
    '--cause',
    'disk replaced',
    '--correction',
    'new backup made',
    '--name',
    'Budi',
    '--position',
    'IT Officer',
  ];
  assert.equal((await stage.run(closing, options)).code, 0);
  assert.equal((await stage.json(['records', 'verify'], options)).code, 0);
  assert.equal((await nonconformities(house)).length, 1, 'it is not opened again');
});

test('report and pack write what they say, in the language that is asked for; a tampered pack is refused', async (t) => {
  const { stage, options } = await makeHouse(t);
  const report = await stage.run(['records', 'report', '--format', 'html', '--form-language', 'id', '-o', 'laporan.html'], options);
  assert.equal(report.code, 0, report.stderr);
  assert.match(report.stderr, /OHSAS 18001/);
  const html = readFileSync(stage.path('laporan.html'), 'utf8');
  for (const text of ['PT Contoh', 'FR-IT-007', 'IK-IT-003', 'Disahkan oleh', 'H. Agus', 'accounting', 'Berhasil'])
    assert.ok(html.includes(text), text);
  assert.equal((await stage.run(['records', 'report', '--month', '2026-13'], options)).code, 1);
  assert.equal((await stage.run(['records', 'report', '-o', 'nowhere/x.pdf'], options)).code, 1);
  const pack = await stage.run(['records', 'pack', '-o', 'audit.zip'], options);
  assert.equal(pack.code, 0, pack.stderr);
  const modeOf = (name: string): number => statSync(stage.path(name)).mode & 0o777;
  if (process.platform !== 'win32')
    assert.deepEqual(
      [modeOf('audit.zip'), modeOf('laporan.html')],
      [0o600, 0o666 & ~process.umask()],
      'all the records; a form for others',
    );
  const verified = await stage.json(['records', 'verify', 'audit.zip'], options);
  assert.deepEqual([verified.code, verified.messages[0]?.['intact']], [0, true]);
  const bytes = readFileSync(stage.path('audit.zip'));
  for (const secret of ['geheim', password]) assert.ok(!bytes.includes(secret), secret);
  bytes.writeUInt8(bytes.readUInt8(100) ^ 0xff, 100);
  writeFileSync(stage.path('bad.zip'), bytes);
  assert.equal((await stage.run(['records', 'verify', 'bad.zip'], options)).code, 1);
  assert.ok(!readdirSync(stage.folder).some((name) => name.includes('.part') || name.includes('-tmp-')));
});

test('approving and closing are records of their own, by a named person', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  assert.equal((await stage.run(['records', 'approve', '--month', '2026-11'], options)).code, 1, 'somebody has to sign');
  assert.equal(
    (
      await stage.run(
        ['records', 'approve', '--act', 'checked', '--month', '2026-11', '--name', 'Budi Santoso', '--position', 'IT Officer'],
        options,
      )
    ).code,
    0,
  );
  const approval = (await records(house)).at(-1);
  assert.equal(approval?.['kind'], 'approval');
  assert.match(JSON.stringify(approval?.['approval']), /"name":"Budi Santoso",.*"throughNumber":3/);
  const none = await stage.json(['records', 'nonconformities'], options);
  assert.deepEqual([none.code, none.messages], [0, []]);
  assert.equal(
    (await stage.run(['records', 'close', 'NC-0001', '--cause', 'x', '--correction', 'y', '--name', 'z', '--position', 'p'], options)).code,
    1,
  );
});

test('a backup whose record cannot be written says so, does the work all the same, and is no success', async (t) => {
  const { stage, options } = await makeHouse(t);
  rmSync(stage.path('state', 'records'), { recursive: true });
  writeFileSync(stage.path('state', 'records'), 'no folder');
  const { code, stderr } = await stage.run(['backup', 'accounting'], options);
  assert.equal(code, 3);
  assert.match(stderr, /this was not recorded: .*state.records/);
});
