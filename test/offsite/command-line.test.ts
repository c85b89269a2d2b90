import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { wholeText } from '../../src/cli/offsite-text.ts';
import { CredentialFile } from '../../src/google/index.ts';
import { exposureOf, formatDate, system } from '../../src/platform/index.ts';
import { parseTimestamp } from '../../src/repository/index.ts';
import {
  clientFileOf,
  consentInBrowser,
  otherAccount,
  sampleAccount,
  sampleClient,
  startDriveEmulator,
  type DriveEmulator,
} from '../drive-emulator/index.ts';
import { makeStage, type CliRun, type Message, type Stage } from '../cli/run-cli.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { readZip } from './read-zip.ts';

/** A server with a backup set, a repository and an off-site copy of it, and an emulator. */
class Server {
  readonly stage: Stage;
  readonly drive: DriveEmulator;
  readonly environment: Readonly<Record<string, string>>;

  constructor(stage: Stage, drive: DriveEmulator) {
    this.stage = stage;
    this.drive = drive;
    this.environment = {
      CADANGAN_CONFIG: stage.path('cadangan.jsonc'),
      CADANGAN_STATE: stage.path('state'),
      CADANGAN_GOOGLE_ENDPOINT: drive.url,
    };
  }

  run(args: readonly string[], options: Parameters<Stage['run']>[1] = {}): Promise<CliRun> {
    return this.stage.run(args, { ...options, environment: { ...this.environment, ...options.environment } });
  }

  async json(args: readonly string[]): Promise<{
    readonly code: number | null;
    readonly last: Message;
    readonly messages: readonly Message[];
    readonly errors: readonly Message[];
  }> {
    const { code, messages, errors } = await this.stage.json(args, { environment: this.environment });
    return { code, messages, errors, last: messages.at(-1) ?? {} };
  }

  /** As if somebody had signed in. */
  async signIn(account = sampleAccount): Promise<void> {
    const { signIn } = signedInStore(this.drive, account);
    assert.ok(signIn);
    await new CredentialFile(join(this.stage.path('state'), 'google-sign-in.json')).save(signIn);
  }

  /** Kind and result of each record but the first, which begins the history. */
  async recorded(): Promise<unknown[][]> {
    const { messages } = await this.json(['records', 'list']);
    return messages.filter(({ kind }) => kind !== 'history-start').map(({ kind, result }) => [kind, result]);
  }

  async backup(name: string): Promise<void> {
    mkdirSync(this.stage.path('data'), { recursive: true });
    writeFileSync(this.stage.path('data', name), `${name}\n`.repeat(2000));
    const { code, stderr } = await this.run(['backup', 'data', '--tag', 'office']);
    assert.equal(code, 0, stderr);
  }
}

async function makeServer(t: TestContext, more: object = {}): Promise<Server> {
  const drive = await startDriveEmulator();
  t.after(() => drive.close());
  const stage = await makeStage(t);
  writeFileSync(stage.path('client.json'), JSON.stringify(clientFileOf(sampleClient)));
  writeFileSync(
    stage.path('cadangan.jsonc'),
    JSON.stringify({
      version: 1,
      sets: [],
      googleDrive: { account: sampleAccount, clientFile: stage.path('client.json') },
      offsiteCopies: [{ name: 'office', repository: stage.repository, to: 'gdrive:Backup/office', ...more }],
    }),
  );
  return new Server(stage, drive);
}

test('what is recorded lies beside the copy in clear with the forms, after a restore and a check too, and comes back on another machine', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  await server.backup('a.txt');
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  const { drive, stage } = server;
  const [monthFile = ''] = readdirSync(join(stage.path('state'), 'records')).filter((name) => name.endsWith('.jsonl'));
  const month = monthFile.slice(0, 7);
  const person = drive.person(sampleAccount);
  const alive = (): string[] =>
    [...new Set(person.files().map(({ id }) => person.pathOf(id)))].filter((path) => person.find(path).length > 0);
  const kept = (): string[] =>
    alive()
      .flatMap((path) => /^Backup\/office\/records-[0-9a-f]{16}\/(.*)$/.exec(path)?.[1] ?? [])
      .sort();
  const local = (): string => readFileSync(join(stage.path('state'), 'records', `${month}.jsonl`), 'utf8');
  const remote = async (): Promise<string> => {
    const [file, ...more] = person.find(alive().find((path) => path.endsWith(`/${month}.jsonl`)) ?? '');
    assert.ok(file && more.length === 0, 'the month lies there once');
    return (await person.content(file.id)).toString();
  };
  assert.equal(await remote(), local());
  for (const name of ['README.txt', 'head.json', `${month}.jsonl`, `forms/${month}.pdf`, `forms/${month}.csv`])
    assert.ok(kept().includes(name), name);
  const restored = await server.run(['restore', 'latest', '--target', stage.path('out')]);
  assert.deepEqual([restored.code, await remote()], [0, local()], restored.stderr);
  const checked = await server.run(['check']);
  assert.deepEqual([checked.code, await remote()], [0, local()], checked.stderr);
  const listed = kept();

  const next = { ...server.environment, CADANGAN_STATE: stage.path('state-of-another') };
  mkdirSync(next.CADANGAN_STATE);
  renameSync(join(stage.path('state'), 'google-sign-in.json'), join(next.CADANGAN_STATE, 'google-sign-in.json'));
  const back = await server.run(['records', 'bring-back', 'gdrive:Backup/office', '--reason', 'fire'], { environment: next });
  assert.equal(back.code, 0, back.stderr);
  assert.match(back.stdout, /\nIntact: \d+ records read, [^\n]*\nbrought back; record \d+ says so/);
  const there = readFileSync(join(next.CADANGAN_STATE, 'records', `${month}.jsonl`), 'utf8');
  assert.ok(there.startsWith(local()) && there.slice(local().length).includes('"kind":"brought-back"'));
  assert.deepEqual(kept(), listed, 'and what lies there is as it was');
});

test('drive sign-in leads to the page of consent, keeps the sign-in for this user only, and refuses any other account by name', async (t) => {
  const server = await makeServer(t);
  const signIn = (account: string): Promise<CliRun> =>
    server.run(['drive', 'sign-in', '--json'], {
      onOutput: (text) => {
        const line = text.split('\n').find((each) => each.includes('"consent"'));
        if (line !== undefined) void consentInBrowser((JSON.parse(line) as { url: string }).url, { account });
      },
    });
  const wrong = await signIn(otherAccount);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, new RegExp(`${otherAccount}.*${sampleAccount}|${sampleAccount}.*${otherAccount}`));
  assert.deepEqual(
    readdirSync(server.stage.path('state')),
    ['installation-key.pem', 'last-good-configuration.json', 'records'],
    'no sign-in is kept',
  );
  const right = await signIn(sampleAccount);
  assert.equal(right.code, 0, right.stderr);
  const file = server.stage.path('state', 'google-sign-in.json');
  assert.equal(await exposureOf(file), undefined);
  if (system.hasModes) assert.equal(statSync(file).mode & 0o777, 0o600);
  const status = await server.json(['drive', 'status']);
  assert.deepEqual([status.code, status.last['account'], status.last['limit_bytes']], [0, sampleAccount, 2e12]);
  assert.equal((await server.run(['drive', 'sign-out'])).code, 0);
  const after = await server.run(['drive', 'status']);
  assert.deepEqual([after.code, /sign/i.test(after.stderr)], [1, true]);
  assert.equal((await server.run(['drive', 'sign-out'])).code, 0, 'nobody is signed in any more, which is no event');
  const records = (await server.json(['records', 'list'])).messages.slice(1);
  assert.deepEqual(
    records.map(({ kind, result, destination, reason }) => [
      kind,
      result,
      (destination as { account: string }).account,
      (reason as { code: string } | undefined)?.code,
    ]),
    [
      ['sign-in', 'failed', otherAccount, 'drive.wrong-account'],
      ['sign-in', 'success', sampleAccount, undefined],
      ['sign-out', 'success', sampleAccount, undefined],
    ],
  );
  const found = await server.json(['records', 'nonconformities']);
  assert.deepEqual(
    found.messages.map(({ rule }) => rule),
    ['wrong-account'],
  );
});

test('offsite sync copies, status tells, and a second run has nothing to do', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  await server.backup('a');
  const dry = await server.json(['offsite', 'sync', 'office', '--dry-run']);
  assert.deepEqual([dry.code, dry.last['dry_run'], dry.last['uploaded_files']], [0, true, 0]);
  assert.ok(Number(dry.last['lag_files']) >= 5);
  const first = await server.json(['offsite', 'sync']);
  assert.deepEqual([first.code, first.last['lag_files'], first.last['uploaded_files']], [0, 0, first.last['total_files']]);
  assert.equal((first.last['snapshots'] as string[]).length, 1);
  const second = await server.json(['offsite', 'sync', 'office']);
  assert.deepEqual([second.code, second.last['uploaded_files']], [0, 0]);
  const status = await server.json(['offsite', 'status']);
  assert.deepEqual([status.last['state'], status.last['behind'], status.last['last_sync_outcome']], ['in-sync', undefined, 'whole']);
  const text = await server.run(['offsite', 'status']);
  assert.match(text.stdout, /^office: in sync as of \d{1,2} \w+ \d{4}, \d\d:\d\d\n/, 'nobody watches it');
  assert.match(text.stdout, /repository looked at: .*: unchanged since the copy was whole\n/);
  assert.deepEqual(
    [status.last['as_of'], status.last['repository_state'], status.last['trouble']],
    [status.last['last_whole_at'], 'same', undefined],
  );
  const file = server.stage.path('cadangan.jsonc');
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), timeZone: 'Pacific/Kiritimati' }));
  const at = formatDate(parseTimestamp(String(status.last['last_sync_at'])).ns, { timeZone: 'Pacific/Kiritimati' });
  assert.ok((await server.run(['offsite', 'status'])).stdout.includes(at), `${at}, as the clocks of the configuration show it`);
  const scrub = await server.json(['offsite', 'scrub']);
  assert.deepEqual([scrub.code, scrub.last['findings']], [0, []]);
  assert.equal((await server.run(['offsite', 'sync', 'home'])).code, 1);
  assert.deepEqual(
    await server.recorded(),
    [
      ['internal-backup', 'success'],
      ['external-backup', 'success'],
      ['scrub', 'success'],
    ],
    'neither a dry run nor a sync that found nothing to do',
  );
  const record = (await server.json(['records', 'list', '--kind', 'external-backup'])).last;
  assert.deepEqual([record['set'], record['trigger'], record['evidence']], ['office', 'manual', { snapshots: first.last['snapshots'] }]);
});

test('the head of the records beside the copy shows that the whole history was begun anew', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  await server.backup('a');
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  const clean = await server.json(['records', 'verify']);
  assert.deepEqual([clean.code, clean.last['intact'], clean.last['anchors_compared']], [0, true, 2]);
  assert.deepEqual(clean.last['compared'], [server.stage.repository, 'gdrive:Backup/office']);
  await rm(server.stage.path('state', 'records'), { recursive: true });
  await server.backup('b');
  const replaced = await server.run(['records', 'verify'], { environment: { RESTIC_REPOSITORY: '', RESTIC_PASSWORD: '' } });
  assert.equal(replaced.code, 1);
  assert.match(replaced.stderr, /other records than those that Google Drive, beside the copy office knows/);
  assert.match(replaced.stdout, new RegExp(`${server.stage.repository}, looked at .*: NOT COMPARED`));
  await server.backup('c');
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  assert.equal((await server.run(['records', 'verify'])).code, 1, 'the next head does not hide it');
});

test('what somebody did to the copy is named by scrub and healed; a sample finds silent rot', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  await server.backup('a');
  await server.backup('b');
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  const person = server.drive.person(sampleAccount);
  const packs = person.files().filter(({ id }) => /\/data\/..\/[0-9a-f]{64}$/.test(person.pathOf(id)));
  const [snapshot] = person.find('Backup/office/snapshots').flatMap(({ id }) => person.files().filter((file) => file.parent === id));
  assert.ok(packs.length >= 3 && packs[0] && packs[1] && packs[2] && snapshot);
  person.trash(packs[0].id);
  await person.replaceContent(packs[1].id, Buffer.from('other bytes'));
  await person.remove(snapshot.id);
  await person.double(packs[2].id);
  const [office] = person.find('Backup/office');
  await person.plant({ name: 'notes.txt', parent: office?.id ?? '', client: sampleClient.id });
  const scrub = await server.json(['offsite', 'scrub']);
  const kinds = (scrub.last['findings'] as { kind: string }[]).map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, ['damaged', 'doubled', 'foreign', 'missing', 'trashed']);
  assert.deepEqual([scrub.code, scrub.last['lag_files'], scrub.last['uploaded_files']], [3, 0, 3]);
  assert.deepEqual((await server.json(['offsite', 'scrub'])).last['findings'], [{ kind: 'foreign', path: 'notes.txt' }]);
  await person.rot(packs[2].id);
  const sample = await server.json(['offsite', 'sample', '--percent', '100']);
  assert.deepEqual([sample.code, sample.last['damaged_files']], [3, 1]);
  const again = await server.json(['offsite', 'sample', '--percent', '100']);
  assert.deepEqual([again.code, again.last['damaged_files']], [0, 0]);
});

test('a folder on Drive that never was, or lies in the trash, holds no repository: exit code 10, before a password is asked for', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  const environment = { RESTIC_REPOSITORY: 'gdrive:Direct/r' };
  const refused = async (): Promise<void> => {
    const { code, stderr } = await server.run(['snapshots'], { environment: { ...environment, RESTIC_PASSWORD: '' } });
    assert.deepEqual([code, /There is no repository at/.test(stderr)], [10, true], stderr);
  };
  await refused();
  assert.equal((await server.run(['init'], { environment })).code, 0);
  const person = server.drive.person(sampleAccount);
  person.trash(person.find('Direct/r')[0]?.id ?? '');
  await refused();
});

test('a repository is made, backed up to, listed, restored and checked on Google Drive itself', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  const environment = { RESTIC_REPOSITORY: 'gdrive:Direct/r' };
  const run = (args: readonly string[]): Promise<CliRun> => server.run(args, { environment });
  mkdirSync(server.stage.path('data'));
  writeFileSync(server.stage.path('data', 'x'), 'content');
  for (const args of [
    ['init'],
    ['backup', 'data'],
    ['snapshots'],
    ['ls', 'latest'],
    ['check', '--read-data'],
    ['restore', 'latest', '--target', server.stage.path('out')],
  ]) {
    const { code, stderr } = await run(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  }
  assert.equal(readFileSync(server.stage.path('out', 'data', 'x'), 'utf8'), 'content');
  const records = (await server.json(['records', 'list'])).messages.slice(1);
  assert.deepEqual(
    records.map(({ kind, result, source, destination }) => [
      kind,
      result,
      ({ ...(source as object), ...(destination as object) } as { account?: string }).account,
    ]),
    [
      ['repository-created', 'success', sampleAccount],
      ['internal-backup', 'success', sampleAccount],
      ['check', 'success', sampleAccount],
      ['external-restore', 'success', sampleAccount],
    ],
  );
});

test('a readable copy opens without Cadangan, on Drive and on disk, and is remembered', async (t) => {
  const server = await makeServer(t, { readableCopies: { set: 'office', keep: 1 } });
  await server.signIn();
  await server.backup('a');
  const first = await server.json(['offsite', 'readable', 'office']);
  assert.deepEqual([first.code, first.last['place'], first.last['files']], [0, 'gdrive:Backup/office-readable', 1]);
  const person = server.drive.person(sampleAccount);
  const [file] = person.find(`Backup/office-readable/${String(first.last['name'])}`);
  assert.ok(file);
  const entries = readZip(await person.content(file.id));
  assert.ok(entries.some(({ name, content }) => name === 'data/a' && content.toString() === 'a\n'.repeat(2000)));
  assert.match(String(first.last['name']), /^office \d{4}-\d{2}-\d{2} \d{2}\.\d{2}\.zip$/);
  await server.backup('b');
  const second = await server.json([
    'offsite',
    'readable',
    'office',
    '--to',
    server.stage.path('readable'),
    '--format',
    'tar',
    '--folder',
    '/data',
  ]);
  assert.equal(second.code, 0);
  assert.match(readdirSync(server.stage.path('readable')).join(), /^office .* data\.tar$/);
  const third = await server.json(['offsite', 'readable', 'office']);
  assert.equal(third.code, 0);
  const status = await server.json(['offsite', 'status']);
  assert.deepEqual(
    (status.last['readable'] as { name: string }[]).map(({ name }) => name),
    [third.last['name']],
  );
});

test('copies with one folder are refused with line, column and both names, and the others go on', async (t) => {
  const server = await makeServer(t);
  await server.signIn();
  await server.backup('a');
  const file = server.stage.path('cadangan.jsonc');
  const copy = (name: string, to: string): string =>
    `{ "name": "${name}", "repository": ${JSON.stringify(server.stage.repository)}, "to": "${to}" }`;
  const { offsiteCopies: _copies, ...general } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(
    file,
    `${JSON.stringify(general).slice(0, -1)}, "offsiteCopies": [\n${copy('office', 'gdrive:Backup/office')},\n${copy('again', 'gdrive:Backup//office/')},\n${copy('far', 'gdrive:Far')}] }`,
  );
  const named = await server.run(['offsite', 'sync', 'again']);
  assert.equal(named.code, 1);
  assert.match(named.stderr, /line 3, column \d+.*"gdrive:Backup\/\/office\/" is also the folder of the off-site copy "office" \(line 2\)/);
  const all = await server.run(['offsite', 'sync']);
  assert.equal(all.code, 1);
  assert.match(all.stderr, /off-site copy "again" \(line 3\)[^]*off-site copy "office" \(line 2\)/);
  assert.match(all.stdout, /^far: /m);
  const person = server.drive.person(sampleAccount);
  assert.deepEqual([person.find('Far/config').length, person.find('Backup')], [1, []]);
});

test('pause and resume change the configuration and nothing else in it', async (t) => {
  const server = await makeServer(t);
  const before = readFileSync(server.stage.path('cadangan.jsonc'), 'utf8');
  assert.equal((await server.run(['offsite', 'pause', 'office'])).code, 0);
  assert.equal((await server.json(['offsite', 'status'])).last['state'], 'paused');
  assert.equal((await server.run(['offsite', 'resume', 'office'])).code, 0);
  assert.deepEqual(JSON.parse(readFileSync(server.stage.path('cadangan.jsonc'), 'utf8')), JSON.parse(before));
});

test('without a sign-in, with another account, or a repository that is away, a sync says so, copies nothing, and the copy stays', async (t) => {
  const server = await makeServer(t);
  await server.backup('a');
  const signedOut = await server.json(['offsite', 'sync']);
  assert.deepEqual([signedOut.code, (await server.json(['offsite', 'status'])).last['last_error']], [1, 'drive.signed-out']);
  // A nonconformity is written down after the answer; that is nobody's run. Who asked again has a record of that, too.
  assert.doesNotMatch((await server.run(['offsite', 'sync'])).stderr, /Others have runs/);
  await server.signIn(otherAccount);
  assert.equal((await server.json(['offsite', 'sync'])).code, 1);
  assert.equal((await server.json(['offsite', 'status'])).last['last_error'], 'drive.wrong-account');
  await server.signIn();
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  const person = server.drive.person(sampleAccount);
  // That it failed is recorded, and goes along.
  const copied = (): number => person.files().filter(({ id }) => !person.pathOf(id).includes('/records-')).length;
  const files = copied();
  await rm(server.stage.repository, { recursive: true });
  mkdirSync(server.stage.repository);
  const away = await server.run(['offsite', 'sync']);
  assert.equal(away.code, 1);
  assert.equal(copied(), files);
  const status = (await server.json(['offsite', 'status'])).last;
  assert.deepEqual([status['last_sync_outcome'], (status['snapshots'] as string[]).length], ['failed', 1]);
  const failures = (await server.json(['records', 'list', '--kind', 'external-backup'])).messages.map(({ result, reason }) => [
    result,
    (reason as { code: string } | undefined)?.code,
  ]);
  assert.deepEqual(failures, [
    ['failed', 'drive.signed-out'],
    ['failed', 'drive.signed-out'],
    ['failed', 'drive.wrong-account'],
    ['success', undefined],
    ['failed', 'offsite.source-doubtful'],
  ]);
});

/** What `offsite status` says to a program, which may look at the exit code alone. */
async function stateOf(server: Server): Promise<Message> {
  const { code, last } = await server.json(['offsite', 'status']);
  assert.equal(code, last['state'] === 'in-sync' ? 0 : 3, String(last['state']));
  return last;
}

/** As people read it, too. */
async function statusOf(server: Server): Promise<{ readonly json: Message; readonly text: string }> {
  const { code, stdout: text, stderr } = await server.run(['offsite', 'status']);
  const json = await stateOf(server);
  assert.equal(code, json['state'] === 'in-sync' ? 0 : 3, stderr);
  return { json, text };
}

async function syncedServer(t: TestContext): Promise<Server> {
  const server = await makeServer(t);
  await server.signIn();
  await server.backup('a');
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  assert.equal((await stateOf(server))['state'], 'in-sync');
  return server;
}

const date = '\\d{1,2} \\w+ \\d{4}, \\d\\d:\\d\\d';
const whole = `whole as of ${date}`;

test('status: after a sync that failed the copy is not in sync; it says when and why, and of when it was whole', async (t) => {
  const server = await syncedServer(t);
  const wholeAt = (await stateOf(server))['last_whole_at'];
  server.drive.faults.order({ fault: 'refuse', reason: 'insufficientFilePermissions', status: 403, times: null });
  assert.equal((await server.run(['offsite', 'sync'])).code, 1);
  const { json, text } = await statusOf(server);
  assert.deepEqual(
    [json['state'], json['last_sync_outcome'], json['trouble'], json['trouble_code'], json['last_whole_at']],
    ['stopped-by-trouble', 'failed', 'denied', 'drive.denied', wholeAt],
  );
  assert.match(text, new RegExp(`^office: stands still since ${date}: .*; ${whole}\\n`));
  assert.match(text, /last try: \d{1,2} \w+ \d{4}, \d\d:\d\d \(.* ago\), failed: Google Drive does not permit this/);
  server.drive.faults.clear();
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  assert.equal((await stateOf(server))['state'], 'in-sync');
});

test('a sync does not call verified what Google Drive has no checksum for', () => {
  assert.equal(
    wholeText({ sourceFiles: 6, sourceBytes: 100, unconfirmedFiles: 0 }),
    'the copy is whole: 6 files, 100 B, every one verified',
  );
  assert.equal(
    wholeText({ sourceFiles: 6, sourceBytes: 100, unconfirmedFiles: 1 }),
    'the copy is whole: 6 files, 100 B; of 1 file only the size is known',
  );
});

test('status: what cannot even begin, for want of the client file, is a failed try, too', async (t) => {
  const server = await syncedServer(t);
  const file = server.stage.path('client.json');
  renameSync(file, `${file}-away`);
  assert.equal((await server.run(['offsite', 'sync'])).code, 1);
  renameSync(`${file}-away`, file);
  const json = await stateOf(server);
  assert.deepEqual([json['state'], json['last_sync_outcome'], json['last_error']], ['stopped-by-trouble', 'failed', 'drive.not-set-up']);
});

test('status: without a sign-in, with one that others can read, of another account or of another client the copy is not in sync, and what helps is said', async (t) => {
  const server = await syncedServer(t);
  const file = server.stage.path('state', 'google-sign-in.json');
  const kept = readFileSync(file);
  assert.equal((await server.run(['drive', 'sign-out'])).code, 0);
  const signedOut = await statusOf(server);
  assert.deepEqual(
    [signedOut.json['state'], signedOut.json['trouble'], signedOut.json['trouble_code'], signedOut.json['last_sync_outcome']],
    ['stopped-by-trouble', 'signed-out', 'drive.signed-out', 'whole'],
  );
  assert.match(signedOut.text, new RegExp(`^office: stands still since ${date}: .*; ${whole}\\n`));
  assert.match(signedOut.text, /trouble: Not signed in to Google Drive.*nobody has signed in.*cadangan drive sign-in/);
  writeSecretFile(file, kept);
  if (system.hasModes) {
    chmodSync(file, 0o644);
    assert.match((await statusOf(server)).text, /^office: stands still.*\n(?:.*\n)*.*chmod 600/);
    chmodSync(file, 0o600);
  }
  assert.equal((await stateOf(server))['state'], 'in-sync');
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(kept.toString()) as object), clientId: 'another' }));
  assert.equal((await stateOf(server))['trouble_code'], 'drive.signed-out');
  await server.signIn(otherAccount);
  const other = await statusOf(server);
  assert.deepEqual([other.json['state'], other.json['trouble_code']], ['stopped-by-trouble', 'drive.wrong-account']);
  assert.ok(other.text.includes(otherAccount) && other.text.includes(sampleAccount));
});

test('status: once Google has refused a sign-in that was withdrawn, the copy is not in sync', async (t) => {
  const server = await syncedServer(t);
  server.drive.person(sampleAccount).withdrawConsent();
  assert.equal((await server.run(['offsite', 'sync'])).code, 1);
  const { json, text } = await statusOf(server);
  assert.deepEqual([json['state'], json['trouble'], json['last_error']], ['stopped-by-trouble', 'signed-out', 'drive.signed-out']);
  assert.match(text, /last try: .*failed: Not signed in to Google Drive.*cadangan drive sign-in/);
});

test('status: a backup that nobody copied leaves the copy behind, whoever made it; a repository that is away leaves it unknown', async (t) => {
  const server = await syncedServer(t);
  await server.backup('b');
  const { json, text } = await statusOf(server);
  assert.deepEqual(
    [json['state'], json['repository_state'], (json['snapshots_not_copied'] as string[]).length, json['behind']],
    ['behind', 'changed', 1, undefined],
  );
  assert.match(text, new RegExp(`^office: behind since ${date}; ${whole}\\n`));
  assert.match(text, /repository looked at: .*: 1 snapshot not copied yet\n/);
  renameSync(server.stage.repository, `${server.stage.repository}-away`);
  const away = await statusOf(server);
  assert.deepEqual(
    [
      away.json['state'],
      away.json['unknown_because'],
      away.json['repository_state'],
      away.json['repository_error'],
      away.json['snapshots_not_copied'],
    ],
    ['unknown', 'original-unreadable', 'unreadable', 'storage.no-repository', undefined],
  );
  assert.match(away.text, new RegExp(`^office: not known since ${date}: the repository cannot be looked at; ${whole}\\n`));
  mkdirSync(server.stage.repository);
  assert.equal((await stateOf(server))['repository_state'], 'unreadable', 'a mount point without its disk is no empty repository');
  await rm(server.stage.repository, { recursive: true });
  renameSync(`${server.stage.repository}-away`, server.stage.repository);
  assert.equal((await server.run(['offsite', 'sync'])).code, 0);
  assert.equal((await stateOf(server))['state'], 'in-sync');
});

test('status: a copy whose memory is gone, damaged, of another place or unreadable is unknown', async (t) => {
  const server = await syncedServer(t);
  const file = server.stage.path('state', 'offsite-office.json');
  const kept = readFileSync(file, 'utf8');
  for (const text of ['{', kept.replace('gdrive:Backup/office', 'gdrive:Elsewhere')]) {
    writeFileSync(file, text);
    const { json, text: told } = await statusOf(server);
    assert.deepEqual([json['state'], json['unknown_because'], json['last_whole_at']], ['unknown', 'never-looked', undefined]);
    assert.match(told, /^office: not looked at yet\n(?:.*\n)*  last whole: not known\n/);
  }
  await rm(file);
  mkdirSync(file);
  const { json, text } = await statusOf(server);
  assert.deepEqual([json['state'], json['unknown_because']], ['unknown', 'memory-unreadable']);
  assert.match(text, /^office: not known: what is remembered of it cannot be read\n(?:.*\n)*  trouble: .*offsite-office\.json/);
});

test('status: a paused copy says of when it was whole, and what came since', async (t) => {
  const server = await syncedServer(t);
  assert.equal((await server.run(['offsite', 'pause'])).code, 0);
  await server.backup('b');
  const { json, text } = await statusOf(server);
  assert.deepEqual([json['state'], json['as_of'], json['repository_state']], ['paused', json['last_whole_at'], 'changed']);
  assert.match(text, new RegExp(`^office: paused; ${whole}\\n`));
  assert.match(text, /1 snapshot not copied yet/);
});

test('sync: where the folder on Drive is in the trash it says so, copies nothing, and begins anew only when it is told to', async (t) => {
  const server = await syncedServer(t);
  const person = server.drive.person(sampleAccount);
  person.trash(person.find('Backup/office')[0]?.id ?? '');
  const { code, stdout, stderr } = await server.run(['offsite', 'sync']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /gdrive:Backup\/office".*lies in the trash of Google Drive, with \d+ files.*--begin-anew/s);
  assert.match((await server.run(['offsite', 'sync', '--lang', 'id'])).stderr, /ada di sampah Google Drive.*--begin-anew/s);
  const { json, text } = await statusOf(server);
  assert.deepEqual([json['state'], json['trouble'], json['trouble_code']], ['stopped-by-trouble', 'folder-away', 'offsite.folder-trashed']);
  assert.match(text, new RegExp(`^office: stands still since ${date}: its folder is not where it was`));
  const anew = await server.run(['offsite', 'sync', '--begin-anew']);
  assert.equal(anew.code, 0, anew.stderr);
  assert.equal((await stateOf(server))['state'], 'in-sync');
});
