import assert from 'node:assert/strict';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import { credentialName, unattendedPassword } from '../../src/service/index.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

test('what the service manager hands over for a password file comes first; where the file was missing, the file itself says what is wrong', async () => {
  await using folder = await temporaryFolder();
  const passwordFile = join(folder.path, 'password');
  const credential = join(folder.path, credentialName(passwordFile));
  const found = async (environment: Readonly<Record<string, string>>): Promise<string> => {
    const password = await unattendedPassword({ location: '/r', passwordFile }, environment, new AbortController().signal);
    return Buffer.from(password ?? []).toString();
  };
  const byManager = { CREDENTIALS_DIRECTORY: folder.path };
  await writeFile(passwordFile, 'of the file\n', { mode: 0o600 });
  assert.equal(await found(byManager), 'of the file', 'nothing is handed over');
  for (const missing of ['', '\n']) {
    await writeFile(credential, missing);
    assert.equal(await found(byManager), 'of the file');
  }
  for (const handed of ['of the manager', 'x']) {
    await writeFile(credential, handed);
    assert.equal(await found(byManager), handed);
    assert.equal(await found({}), 'of the file', 'without a manager');
  }
  await writeFile(credential, '\n');
  await rm(passwordFile);
  await assert.rejects(found(byManager), (error) => isCode(error, 'password.missing') && error.facts['file'] === passwordFile);
});

test(
  'a password file that others may read is refused with its name, also when the manager hands it over',
  { skip: process.platform === 'win32' },
  async () => {
    await using folder = await temporaryFolder();
    const passwordFile = join(folder.path, 'password');
    await writeFile(passwordFile, 'secret');
    await writeFile(join(folder.path, credentialName(passwordFile)), 'secret');
    for (const mode of [0o644, 0o640, 0o604, 0o620]) {
      await chmod(passwordFile, mode);
      for (const environment of [{}, { CREDENTIALS_DIRECTORY: folder.path }]) {
        await assert.rejects(
          unattendedPassword({ location: '/r', passwordFile }, environment, new AbortController().signal),
          (error) => isCode(error, 'password.exposed') && error.facts['file'] === passwordFile,
        );
      }
    }
  },
);
