import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { snapshotPathOf, systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory } from '../../src/records/index.ts';
import { readZip } from '../../src/records/zip-reader.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { literally, makeStage, password, type CliOptions, type Stage } from './run-cli.ts';

interface House {
  readonly stage: Stage;
  readonly options: CliOptions;
}

/** A company with one set, its instruction, and one backup made. */
async function makeHouse(t: TestContext, { daysAgo = 0, persons }: HouseOptions = {}): Promise<House> {
  const stage = await makeStage(t);
  if (daysAgo > 0) await beginHistory(stage.path('state'), daysAgo);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), 'a');
  writeSecretFile(stage.path('password'), password);
  const set = {
    name: 'accounting',
    sources: [stage.path('data')],
    repository: { location: stage.repository, passwordCommand: printing(stage.path('password')) },
    before: [process.execPath, '-e', '0', '--', '--password=geheim-7', '--token', 'geheim-8'],
  };
  const instruction = {
    documentNumber: 'IK-IT-003',
    clauses: ['ISO 45001:2018 4.4.6'],
    formNumber: 'FR-IT-007',
    drillIntervalDays: 30,
    approvedBy: { name: 'H. Agus', position: 'Direktur' },
    ...(persons && { persons }),
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

/** A command that prints a file, as `cat` does. */
function printing(file: string): readonly string[] {
  return [process.execPath, '-e', `process.stdout.write(require('node:fs').readFileSync(process.argv[1]))`, file];
}

interface HouseOptions {
  /** How long there is a history before the first backup. */
  readonly daysAgo?: number;
  readonly persons?: readonly { readonly name: string; readonly position: string }[];
}

async function beginHistory(stateFolder: string, daysAgo: number): Promise<void> {
  const clock = { ...systemClock, nowNs: () => systemClock.nowNs() - BigInt(daysAgo) * 86_400_000_000_000n };
  const history = new RecordHistory(stateFolder, { clock, random: systemRandom, software: 'test' });
  await history.append({ kind: 'check', host: 'srv-01', operator: { user: '', via: 'schedule' }, software: 'test', result: 'success' });
}

/** A day of the calendar in Jakarta. */
function dayBefore(days: number): string {
  return new Date(Date.now() + (7 - 24 * days) * 3_600_000).toISOString().slice(0, 10);
}

async function records({ stage, options }: House): Promise<Record<string, unknown>[]> {
  return (await stage.json(['records', 'list'], options)).messages;
}

async function nonconformities({ stage, options }: House): Promise<Record<string, unknown>[]> {
  return (await stage.json(['records', 'nonconformities'], options)).messages;
}

function readState(stage: Stage): readonly string[] {
  return readdirSync(stage.path('state', 'records'), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => `${name}: ${readFileSync(stage.path('state', 'records', name), 'utf8')}`);
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

test('a configuration that cannot be read is not an empty one: nothing is recorded of it, and each command says so', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  const before = await records(house);
  rmSync(stage.path('config.jsonc'));
  mkdirSync(stage.path('config.jsonc')); // EISDIR: also root cannot read it
  const drill = await stage.run(['drill'], options);
  assert.equal(drill.code, 0, 'what is in force is known from before');
  rmSync(stage.path('state', 'last-good-configuration.json'));
  for (const args of [['drill'], ['backup', 'accounting'], ['offsite', 'status'], ['drive', 'status'], ['schedule', 'status']]) {
    const refused = await stage.run(args, options);
    assert.match(refused.stderr, /configuration file cannot be read \(EISDIR\)/, args.join(' '));
    assert.equal(refused.code, 1, args.join(' '));
  }
  assert.deepEqual(
    (await records(house)).slice(before.length).map(({ kind }) => kind),
    ['drill'],
  );
});

test('a restore, and a file that is dumped, say what left the backup, of which date, to which place, and on whose request', async (t) => {
  const { stage, options } = await makeHouse(t);
  const environment = { ...options.environment, RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password };
  const request = 'Budi, Finance: the ledger was overwritten';
  const folder = stage.path('data');
  const inSnapshot = snapshotPathOf(folder); // what left the backup is named as the backup has it
  const run = async (...args: readonly string[]): Promise<number | null> => (await stage.run(args, { environment })).code;
  assert.equal(await run('restore', `latest:${folder}`, '-t', 'out', '--request', request), 0);
  assert.equal(await run('restore', 'latest', '-t', 'some', '-i', '*.txt', '-e', 'b*', '--iexclude', '*.TMP'), 0);
  assert.equal(await run('restore', 'latest', '-t', 'all', '--dry-run'), 0);
  const dumped = await stage.run(['dump', 'latest', `${folder}/a.txt`, '--request', request], { environment });
  assert.deepEqual([dumped.code, dumped.stdout], [0, 'a']);
  assert.equal(await run('dump', 'latest', `${folder}/none`), 1);
  assert.equal(await run('dump', 'ffffffff', `${folder}/a.txt`), 1);
  const all = await records({ stage, options });
  const backup = all.find(({ kind }) => kind === 'internal-backup');
  const made = all.filter(({ kind }) => kind === 'internal-restore') as {
    job: string;
    result: string;
    request?: string;
    snapshotId?: string;
    destination: { host: string; paths?: string[] };
    evidence: Record<string, unknown>;
    operator: { user: string };
  }[];
  assert.deepEqual(
    made.map(({ job, result, request: why, destination, evidence: { folder: of, chosen, excluded, to, snapshot } }) => [
      job,
      result,
      why,
      destination.paths,
      of,
      chosen,
      excluded,
      to ?? snapshot,
    ]),
    [
      ['restore', 'success', request, [stage.path('out')], inSnapshot, [], undefined, undefined],
      ['restore', 'success', undefined, [stage.path('some')], undefined, ['*.txt'], ['b*', '*.TMP'], undefined],
      ['dump', 'success', request, undefined, undefined, [`${inSnapshot}/a.txt`], undefined, 'standard-output'],
      ['dump', 'failed', undefined, undefined, undefined, [`${inSnapshot}/none`], undefined, 'standard-output'],
      ['dump', 'failed', undefined, undefined, undefined, [`${inSnapshot}/a.txt`], undefined, 'standard-output'],
    ],
  );
  assert.ok(made.slice(0, 3).every(({ snapshotId }) => snapshotId === backup?.['snapshotId']));
  for (const { evidence, operator } of made.slice(0, 3))
    assert.deepEqual(
      [evidence['snapshotPaths'], operator.user !== '', String(evidence['snapshotTime']).length > 20],
      [[folder], true, true],
    );
  const form = stage.path('form.html');
  assert.equal((await stage.run(['records', 'report', '--format', 'html', '-o', form], options)).code, 0);
  const html = readFileSync(form, 'utf8').replaceAll(/<[^>]*>/g, ' ');
  for (const text of [folder, stage.path('out'), request, 'standard output', '*.txt, without b*, *.TMP'])
    assert.ok(html.includes(text), text);
  const shown = (await stage.run(['records', 'show', String(all.find(({ kind }) => kind === 'internal-restore')?.['number'])], options))
    .stdout;
  assert.match(shown, new RegExp(`Restored +${literally(inSnapshot)}\n`));
  assert.match(shown, /As of +\d+ \w+ \d{4}, /);
  assert.match(shown, /On request of +Budi, Finance/);
});

test('a change of the configuration is printed whole, however long the list is: in the list, the record and the form', async (t) => {
  const { stage, options } = await makeHouse(t);
  const excludes = Array.from({ length: 900 }, (_, at) => `/srv/data/${'x'.repeat(130)}/${at}/tmp-${at}`);
  const config = readFileSync(stage.path('config.jsonc'), 'utf8');
  writeFileSync(
    stage.path('config.jsonc'),
    config.replace('"name":"accounting"', `"name":"accounting","excludes":${JSON.stringify(excludes)}`),
  );
  assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  const changes = (await records({ stage, options })).flatMap(({ change }): { what: string; after: string }[] =>
    change === undefined ? [] : [change as { what: string; after: string }],
  );
  const told = changes.filter(({ what }) => what.startsWith('sets.accounting.excludes'));
  assert.deepEqual(
    told.map(({ what }) => what),
    ['sets.accounting.excludes (1/3)', 'sets.accounting.excludes (2/3)', 'sets.accounting.excludes (3/3)'],
  );
  assert.deepEqual(JSON.parse(told.map(({ after }) => after).join('')), excludes);
  const form = stage.path('form.html');
  assert.equal((await stage.run(['records', 'report', '--format', 'html', '-o', form], options)).code, 0);
  const list = (await stage.run(['records', 'list', '--kind', 'configuration-change'], options)).stdout.replaceAll(/\n */g, '');
  const shown = (await stage.run(['records', 'show', '4'], options)).stdout;
  for (const at of [7, 357, 899]) assert.ok(list.includes(`/${at}/tmp-${at}`), 'the list');
  assert.ok(shown.includes('After  ') && shown.includes('/1/tmp-1"'), 'the record');
  const html = readFileSync(form, 'utf8').replaceAll(/<[^>]*>|\s/g, '');
  for (const at of [7, 357, 899]) assert.ok(html.includes(`/${at}/tmp-${at}`), 'the form');
  assert.ok((await stage.run(['records', 'verify'], options)).code === 0);
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
  const state = readState(stage);
  assert.equal((await stage.run(['records', 'verify'], options)).code, 1);
  assert.deepEqual(readState(stage), state, 'who looks at a broken chain leaves it as it was found');
  assert.deepEqual(await nonconformities(house), []);

  const cutShort = (): void => {
    const [first = '', second = ''] = text.split('\n');
    const hashOf = (line: string): string => /"hash":"([0-9a-f]{64})"\}$/.exec(line)?.[1] ?? '';
    writeFileSync(file, `${first}\n${second}\n`);
    // Somebody who has the key, too.
    const key = createPrivateKey(readFileSync(stage.path('state', 'installation-key.pem')));
    const [chain, hash] = [hashOf(first).slice(0, 16), hashOf(second)];
    const signature = sign(null, Buffer.from(`cadangan head:${chain}:2:${hash}`), key).toString('base64');
    const { key: id } = JSON.parse(first) as { key: string };
    writeFileSync(stage.path('state', 'records', 'head.json'), JSON.stringify({ chain, number: 2, hash, key: id, signature }));
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
  assert.match((await stage.run(['records', 'verify'], options)).stdout, /repository.*, looked at .*: NOT COMPARED\. .*\n/);
});

test('the form and the pack say which places agree, which do not, and which were not compared', async (t) => {
  const { stage, options } = await makeHouse(t);
  const form = async (): Promise<string> => {
    const made = await stage.run(['records', 'report', '--format', 'html', '-o', stage.path('form.html')], options);
    assert.equal(made.code, 0, made.stderr);
    return readFileSync(stage.path('form.html'), 'utf8');
  };
  const repository = stage.repository;
  assert.match(
    await form(),
    new RegExp(`Intact: \\d+ records read[^<]*; up to No\\. \\d+ heads[^]*${literally(repository)}, looked at [^<]*: agrees; heads`),
  );
  const pack = await stage.run(['records', 'pack', '-o', stage.path('pack.zip')], options);
  assert.equal(pack.code, 0, pack.stderr);
  const said = JSON.parse(String((await readZip(stage.path('pack.zip'))).get('verification.json'))) as {
    readonly state: string;
    readonly witnesses: readonly { readonly location: string; readonly result: string }[];
  };
  assert.deepEqual([said.state, said.witnesses.map(({ location, result }) => [location, result])], ['intact', [[repository, 'agrees']]]);

  renameSync(repository, stage.path('away'));
  assert.match(await form(), new RegExp(`Sound in itself: [^]*NOT COMPARED[^]*${literally(repository)}, looked at [^<]*: NOT COMPARED\\.`));
  renameSync(stage.path('away'), repository);

  rmSync(stage.path('state'), { recursive: true });
  assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  assert.match(await form(), /NOT INTACT, \d+ faults; the first: [^<]*the whole history was replaced or begun anew/);
});

test('a snapshot whose record was cut off, head and all, is named', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  const { file, text } = recordFile(stage);
  const head = readFileSync(stage.path('state', 'records', 'head.json'));
  assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  writeFileSync(file, text); // an earlier head, put back with its chain
  writeFileSync(stage.path('state', 'records', 'head.json'), head);
  const verified = await stage.run(['records', 'verify'], options);
  assert.match(verified.stdout, /note: no record knows snapshot [0-9a-f]{8} of \S+, which Cadangan made in /);
});

test('no records at all are not called intact', async (t) => {
  const stage = await makeStage(t);
  const { code, stdout, stderr } = await stage.run(['records', 'verify'], { environment: { CADANGAN_STATE: stage.path('none') } });
  assert.equal(code, 1);
  assert.match(`${stdout}${stderr}`, /There are no records: nothing was proven/);
  assert.doesNotMatch(`${stdout}${stderr}`, /[Ii]ntact/);
});

test('a list of no records says that there is no history, and where it was looked for; one that cannot be read is no empty one', async (t) => {
  const stage = await makeStage(t);
  const environment = { CADANGAN_STATE: stage.path('none') };
  const none = await stage.run(['records', 'list'], { environment });
  assert.deepEqual([none.code, none.stderr.includes(`No history lies in "${stage.path('none', 'records')}"`)], [0, true], none.stderr);
  const json = await stage.run(['records', 'list', '--json', '--lang', 'id'], { environment });
  assert.deepEqual([json.code, json.stdout], [0, '']);
  assert.match(json.stderr, /Tidak ada riwayat/);
  mkdirSync(stage.path('none'));
  writeFileSync(stage.path('none', 'records'), 'no folder');
  const unreadable = await stage.run(['records', 'list'], { environment });
  assert.notEqual(unreadable.code, 0);
  assert.match(unreadable.stderr, /Cannot use ".*records"/);
});

test('backups that were removed or rolled back open one nonconformity, and closing it accounts for them', async (t) => {
  const house = await makeHouse(t);
  const { stage, options } = house;
  for (let run = 0; run < 2; run++) assert.equal((await stage.run(['backup', 'accounting'], options)).code, 0);
  const snapshots = stage.path('repository', 'snapshots');
  const names = readdirSync(snapshots);
  const kept = String((await records(house)).find(({ kind }) => kind === 'internal-backup')?.['snapshotId']);
  for (const name of names) if (name !== kept) unlinkSync(`${snapshots}/${name}`);
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

test('approving and rejecting are records of their own, by a named person, of a period that has ended', async (t) => {
  const house = await makeHouse(t, { daysAgo: 20 });
  const { stage, options } = house;
  const days = ['--from', dayBefore(10), '--to', dayBefore(5)];
  const by = ['--name', 'Budi Santoso', '--position', 'IT Officer'];
  assert.equal((await stage.run(['records', 'approve', ...days], options)).code, 1, 'somebody has to sign');
  const approved = await stage.run(['records', 'approve', '--act', 'checked', ...days, ...by], options);
  assert.equal(approved.code, 0, approved.stderr);
  assert.match(approved.stdout, /^record 5: Checked by Budi Santoso for .*, through record 4\n$/);
  const approval = (await records(house)).at(-1);
  assert.equal(approval?.['kind'], 'approval');
  assert.match(JSON.stringify(approval?.['approval']), /"name":"Budi Santoso",.*"throughNumber":4/);
  const running = await stage.run(['records', 'approve', '--day', dayBefore(0), ...by], options);
  assert.deepEqual([running.code, /the period has not ended yet/.test(running.stderr)], [1, true]);
  const same = await stage.run(['records', 'approve', ...days, ...by], options);
  assert.deepEqual([same.code, /another part/.test(same.stderr)], [1, true]);
  const rejected = await stage.run(['records', 'reject', ...days, '--name', 'H. Agus', '--remarks', 'A night is missing'], options);
  assert.deepEqual([rejected.code, rejected.stderr], [0, '']);
  assert.deepEqual(
    [(await records(house)).at(-1)?.['kind'], (await records(house)).at(-1)?.['remarks']],
    ['rejection', 'A night is missing'],
  );
});

test('a nonconformity is entered, assigned, closed after it was shown, checked and withdrawn, by persons of the list', async (t) => {
  const house = await makeHouse(t, { persons: [{ name: 'Budi Santoso', position: 'IT Officer' }] });
  const { stage, options } = house;
  const none = await stage.json(['records', 'nonconformities'], options);
  assert.deepEqual([none.code, none.messages], [0, []]);
  const by = ['--name', 'budi santoso'];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await stage.run(['records', ...args, ...by], options);
    return { code, said: stdout + stderr };
  };
  assert.match((await run('open', '--text', 'No signature', '--record', '3')).said, /NC-0001 is opened/);
  assert.equal((await stage.run(['records', 'close', 'NC-0001', '--cause', 'x', '--correction', 'y', '--name', 'z'], options)).code, 1);
  assert.equal((await run('assign', 'NC-0001', '--owner', 'H. Agus', '--due', dayBefore(3))).code, 0);
  const closing = ['close', 'NC-0001', '--cause', 'forgotten', '--correction', 'signed'];
  const shown = await run(...closing, '--dry-run');
  for (const text of [
    'No signature',
    'Cause: forgotten',
    'Correction: signed',
    'Closed by: Budi Santoso, IT Officer',
    'nothing was written',
  ])
    assert.ok(shown.said.includes(text), text);
  const [open] = await nonconformities(house);
  assert.deepEqual([open?.['open'], open?.['due'], open?.['owner']], [true, dayBefore(3), { name: 'H. Agus', position: 'Direktur' }]);
  assert.match((await run(...closing)).said, /NC-0001 is closed[^]*Cause: forgotten/);
  assert.equal((await run('follow-up', 'NC-0001', '--helped', 'no', '--remarks', 'again')).code, 0);
  assert.equal((await nonconformities(house))[0]?.['open'], true);
  assert.equal((await run('withdraw', 'NC-0001', '--remarks', 'it was signed')).code, 0);
  const list = await stage.run(['records', 'nonconformities'], options);
  assert.match(list.stdout, /NC-0001 .*No signature .*Withdrawn .*: Budi Santoso, IT Officer: it was signed/);
});

test('a backup whose record cannot be written says so, does the work all the same, and is no success', async (t) => {
  const { stage, options } = await makeHouse(t);
  rmSync(stage.path('state', 'records'), { recursive: true });
  writeFileSync(stage.path('state', 'records'), 'no folder');
  const { code, stderr } = await stage.run(['backup', 'accounting'], options);
  assert.equal(code, 3);
  assert.match(stderr, /this was not recorded: .*state.records/);
});
