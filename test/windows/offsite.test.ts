import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { CredentialFile } from '../../src/google/index.ts';
import { clientFileOf, sampleAccount, sampleClient, startDriveEmulator } from '../drive-emulator/index.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { jsonLines } from '../interop/programs.ts';
import { giveToWindows, needsWindows } from './wine.ts';
import { password, WindowsServer } from './windows-server.ts';

test('a copy on Drive is made, scrubbed and restored from in Windows, and has every file of the repository', needsWindows, async (t) => {
  await using drive = await startDriveEmulator();
  const server = new WindowsServer(t);
  server.write('client.json', JSON.stringify(clientFileOf(sampleClient)));
  server.write('data/laporan.txt', 'laporan\r\n'.repeat(5_000));
  const googleDrive = { account: sampleAccount, clientFile: server.windows('client.json') };
  const copy = { name: 'office', repository: server.windows('repository'), to: 'gdrive:Backup/office' };
  server.configure({ googleDrive, offsiteCopies: [copy] });
  const { signIn } = signedInStore(drive, sampleAccount);
  assert.ok(signIn);
  mkdirSync(server.host('state'));
  await new CredentialFile(server.host('state/google-sign-in.json')).save(signIn);
  giveToWindows(server.folder.host);
  server.environment['CADANGAN_GOOGLE_ENDPOINT'] = drive.url;

  await server.run(server.onRepository('init'));
  await server.run(['backup', 'accounting']);
  await server.run(['offsite', 'sync']);
  const person = drive.person(sampleAccount);
  const copied = new Set(person.files().map(({ id }) => person.pathOf(id)));
  const files = [...server.contentOf('repository')].filter(([path, content]) => content !== null && !path.startsWith('locks/'));
  assert.deepEqual(
    files.map(([path]) => path).filter((path) => !copied.has(`Backup/office/${path}`)),
    [],
  );
  await server.run(['offsite', 'scrub']);
  const target = ['--repo', copy.to, '--password-file', server.windows('password'), '--target', server.windows('out')];
  await server.run(['restore', 'latest', ...target]);
  assert.deepEqual(server.contentOf(`out${server.inSnapshot('data')}`), server.contentOf('data'));
  const { stdout } = await server.run(['records', 'list', '--json']);
  const kinds = jsonLines(stdout).map(({ kind, result }) => `${String(kind)} ${String(result)}`);
  for (const kind of ['internal-backup', 'external-backup', 'scrub', 'external-restore'])
    assert.ok(kinds.includes(`${kind} success`), kinds.join());
  assert.ok(!stdout.includes(password));
});
