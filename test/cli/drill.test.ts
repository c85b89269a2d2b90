import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CredentialFile } from '../../src/google/index.ts';
import { clientFileOf, sampleAccount, sampleClient, startDriveEmulator } from '../drive-emulator/index.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { makeStage, password, type CliRun, type Message, type Stage } from './run-cli.ts';

/** Two sets in one repository, with the password in a file, and a folder for scratch folders. */
class Server {
  readonly stage: Stage;
  readonly environment: Record<string, string>;

  constructor(stage: Stage) {
    this.stage = stage;
    this.environment = {
      RESTIC_REPOSITORY: '',
      RESTIC_PASSWORD: '',
      CADANGAN_CONFIG: stage.path('config.jsonc'),
      CADANGAN_STATE: stage.path('state'),
    };
    writeSecretFile(stage.path('password'), password);
    for (const name of ['accounting', 'warehouse']) {
      mkdirSync(stage.path(name, 'reports'), { recursive: true });
      for (const file of ['a', 'b', 'c']) writeFileSync(stage.path(name, 'reports', `${file}.txt`), `${name} ${file}\n`.repeat(500));
    }
    this.configure();
  }

  configure(more: object = {}): void {
    const sets = ['accounting', 'warehouse'].map((name) => ({
      name,
      sources: [this.stage.path(name)],
      repository: { location: this.stage.repository, passwordFile: this.stage.path('password') },
    }));
    writeFileSync(
      this.stage.path('config.jsonc'),
      JSON.stringify({
        version: 1,
        timeZone: 'UTC',
        sets,
        drill: { files: 4, scratchFolder: this.stage.path('scratch') },
        instruction: { rtoMinutes: 60, drillIntervalDays: 30 },
        ...more,
      }),
    );
  }

  run(...args: readonly string[]): Promise<CliRun> {
    return this.stage.run(args, { environment: this.environment });
  }

  async json(
    ...args: readonly string[]
  ): Promise<{ readonly code: number | null; readonly last: Message; readonly errors: readonly Message[] }> {
    const { code, messages, errors } = await this.stage.json(args, { environment: this.environment });
    return { code, last: messages.at(-1) ?? {}, errors };
  }

  /** The newest record. */
  get record(): Message {
    const folder = this.stage.path('state', 'records');
    const file =
      readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .at(-1) ?? '';
    return JSON.parse(readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').at(-1) ?? '') as Message;
  }

  get left(): readonly string[] {
    return readdirSync(this.stage.path('scratch'));
  }
}

async function makeServer(t: TestContext): Promise<Server> {
  return new Server(await makeStage(t));
}

test('drill restores a sample of every set as configured, says what it did, and leaves evidence and a record', async (t) => {
  const server = await makeServer(t);
  for (const name of ['accounting', 'warehouse']) assert.equal((await server.run('backup', name)).code, 0);
  const { code, last } = await server.json('drill');
  assert.deepEqual([code, last['outcome'], last['files_verified'], last['files_same_at_source']], [0, 'success', 4, 4]);
  const evidence = readFileSync(String(last['evidence']));
  assert.equal(createHash('sha256').update(evidence).digest('hex'), last['evidence_sha256']);
  const { record } = server;
  assert.deepEqual(
    [
      record['kind'],
      record['result'],
      record['number'],
      (record['evidence'] as Message)['sha256'],
      (record['objectives'] as Message)['rtoMinutes'],
    ],
    ['drill', 'success', last['record'], last['evidence_sha256'], 60],
  );
  assert.deepEqual(server.left, []);
  const { stdout, code: again } = await server.run('drill', 'warehouse', '--date', 'newest', '--files', '2');
  assert.equal(again, 0);
  assert.match(stdout, /warehouse: 2 files of snapshot [0-9a-f]{8} of .*\nrestored and verified 2 files, .*the drill has passed\n$/s);
  assert.match(
    (await server.run('drill', '--lang', 'id', '--folder', server.stage.path('accounting', 'reports'))).stdout,
    /uji pemulihan lulus/,
  );
  assert.match((await server.run('records', 'verify')).stdout, /./);
});

test('a drill that cannot be passed ends with the code of what is wrong', async (t) => {
  const server = await makeServer(t);
  await server.run('backup', 'accounting');
  assert.equal((await server.run('drill')).code, 3, 'one set has no snapshot');
  const early = await server.json('drill', 'accounting', '--date', '2001-01-01');
  assert.deepEqual([early.code, early.last['outcome']], [1, 'failed']);
  writeFileSync(server.stage.path('password'), 'wrong');
  assert.equal((await server.run('drill', 'accounting')).code, 12);
  assert.deepEqual(
    [server.record['kind'], server.record['result'], (server.record['reason'] as Message)['code']],
    ['drill', 'failed', 'repository.wrong-password'],
  );
  assert.equal((await server.run('drill', 'nobody')).code, 1);
  assert.match((await server.run('drill', '--max-bytes', 'much')).stderr, /--max-bytes much/);
  assert.match((await server.run('drill', '--from', 'drive')).stderr, /no off-site copy is configured/);
  assert.match((await server.run('drill', '--folder', '/srv', '--files', '2')).stderr, /restored whole/);
});

test('drill --from drive restores from the copy on Google Drive', async (t) => {
  const server = await makeServer(t);
  const drive = await startDriveEmulator();
  t.after(() => drive.close());
  server.environment['CADANGAN_GOOGLE_ENDPOINT'] = drive.url;
  writeFileSync(server.stage.path('client.json'), JSON.stringify(clientFileOf(sampleClient)));
  server.configure({
    googleDrive: { account: sampleAccount, clientFile: server.stage.path('client.json') },
    offsiteCopies: [{ name: 'office', repository: server.stage.repository, to: 'gdrive:Backup/office' }],
  });
  const { signIn } = signedInStore(drive, sampleAccount);
  assert.ok(signIn);
  await new CredentialFile(join(server.stage.path('state'), 'google-sign-in.json')).save(signIn);
  await server.run('backup', 'accounting');
  const synced = await server.run('offsite', 'sync', 'office');
  assert.equal(synced.code, 0, synced.stderr);
  const { code, last, errors } = await server.json('drill', 'accounting', '--from', 'drive');
  assert.deepEqual([code, last['outcome'], last['files_verified']], [0, 'success', 3], JSON.stringify(errors));
  assert.deepEqual(
    [(server.record['source'] as Message)['location'], (server.record['evidence'] as Message)['from']],
    ['gdrive:Backup/office', 'drive'],
  );
});
