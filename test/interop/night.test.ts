// A night as the work instruction has it: at nine, by itself, with nobody there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CredentialFile } from '../../src/google/index.ts';
import { credentialName, protocol } from '../../src/service/index.ts';
import { clientFileOf, sampleAccount, sampleClient, startDriveEmulator } from '../drive-emulator/index.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { clientHere, hostHere } from '../host/engine-here.ts';
import { EngineStage, password } from '../host/engine-stage.ts';
import { needs } from '../needs.ts';
import { recordsIn } from '../records/some-records.ts';
import { live, NightClock } from '../service/night-server.ts';
import { startRestic } from './programs.ts';

const skip =
  needs('sqlite3').skip || needs('restic').skip || (process.platform === 'win32' && 'service managers with credentials are of Linux');

test(
  'at nine a database is dumped, backed up and copied to Google Drive, with no window; the one of the morning shows it',
  { skip },
  async (t) => {
    await using drive = await startDriveEmulator();
    const stage = new EngineStage(t);
    await stage.initRepository();
    const [database, dumped] = [stage.path('ledger.db'), join(stage.source, 'ledger.db')];
    sqlite(database, 'create table entries (id integer primary key, amount integer); insert into entries (amount) values (1200), (34);');
    configure(stage, ['sqlite3', database, `.backup '${dumped}'`]);
    const clock = new NightClock({ startNs: BigInt(Date.UTC(2026, 7, 3, 13, 59)) * 1_000_000n });
    const credentials = stage.path('credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, credentialName(stage.path('password'))), password, { mode: 0o600 });
    const { signIn } = signedInStore(drive);
    assert.ok(signIn);
    await new CredentialFile(join(stage.path('state'), 'google-sign-in.json')).save(signIn);
    await hostHere(stage, clock, {
      environment: { PATH: process.env['PATH'], CREDENTIALS_DIRECTORY: credentials, CADANGAN_GOOGLE_ENDPOINT: drive.url },
    });

    const copied = await live(clock, 200, async () => {
      const records = await recordsIn(stage.path('state'));
      const made = records.find(({ kind }) => kind === 'internal-backup');
      return made && records.find(({ kind, number }) => kind === 'external-backup' && number > made.number);
    });
    const backup = (await recordsIn(stage.path('state'))).find(({ kind }) => kind === 'internal-backup');
    assert.deepEqual([backup?.result, backup?.operator.via, backup?.set], ['success', 'schedule', 'data']);
    assert.deepEqual(backup?.planned, { start: '2026-08-03T21:00:00+07:00', end: '2026-08-03T23:00:00+07:00' });
    assert.deepEqual(
      backup?.programs?.map(({ when, failure }) => [when, failure]),
      [['before', undefined]],
    );
    assert.equal(copied.result, 'success');
    assert.ok(drive.person(sampleAccount).find('Backup/office/config'));

    await live(clock, 60_000, async () => (clock.nowNs() > BigInt(Date.UTC(2026, 7, 4, 1)) * 1_000_000n ? true : undefined));
    const morning = await clientHere(stage);
    const [set] = await morning.request(protocol.listSets, undefined);
    assert.deepEqual([set?.lastRun?.outcome, set?.lastRun?.run, set?.offsite?.isProtected], ['success', backup?.run, true]);

    const restored = stage.path('restored');
    const { code, stderr } = await startRestic(['-r', stage.repository, 'restore', 'latest', '--target', restored], {
      env: { RESTIC_PASSWORD: password },
    }).ended;
    assert.equal(code, 0, stderr);
    assert.equal(sqlite(join(restored, dumped), 'select sum(amount) from entries; pragma integrity_check;'), '1234\nok\n');
  },
);

function configure(stage: EngineStage, before: readonly string[]): void {
  const clientFile = stage.path('client.json');
  writeFileSync(clientFile, JSON.stringify(clientFileOf(sampleClient)));
  const set = {
    name: 'data',
    sources: [stage.source],
    repository: { location: stage.repository, passwordFile: stage.path('password') }, // which is not there: the credential is
    schedule: { window: '21:00-23:00' },
    before,
  };
  const offsiteCopies = [
    { name: 'office', repository: stage.repository, to: 'gdrive:Backup/office', settleSeconds: 1, sampleReadPercent: 0 },
  ];
  const googleDrive = { account: sampleAccount, clientFile };
  writeFileSync(stage.configFile, JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets: [set], googleDrive, offsiteCopies }));
}

function sqlite(database: string, statements: string): string {
  const { status, stdout, stderr } = spawnSync('sqlite3', [database, statements], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}
