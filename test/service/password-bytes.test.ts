import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRecoveryKit, protocol, type RecoveryKitFacts } from '../../src/service/index.ts';
import { passwordFromBytes, passwordFromText, type Password } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { EngineStage } from '../host/engine-stage.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const latin1 = Buffer.from('p\xe4ssw\xf6rd\xa0', 'latin1');

for (const way of ['passwordFile', 'passwordCommand'] as const) {
  test(`a set whose ${way} gives bytes that are no UTF-8 is backed up, and nothing but the file can say its password`, async (t) => {
    const stage = new EngineStage(t);
    stage.write('a.txt', 'a');
    await Repository.init({ storage: openStorage(stage.repository) }, passwordFromBytes(latin1), {
      signal: neverAborted,
      kdfCost: { N: 1024, r: 8, p: 1 },
    });
    const file = stage.path('password');
    writeSecretFile(file, Buffer.concat([latin1, Buffer.from('\r\n')]));
    const script = `process.stdout.write(require('node:fs').readFileSync(${JSON.stringify(file)}))`;
    stage.configure({
      repository: {
        location: stage.repository,
        ...(way === 'passwordFile' ? { passwordFile: file } : { passwordCommand: [process.execPath, '-e', script] }),
      },
    });
    const { client, asked } = stage.window();
    const { outcome, error } = await client.request(protocol.startBackup, { set: 'data' });
    assert.equal(outcome, 'success', JSON.stringify(error));
    assert.deepEqual(asked, []);
    const kit = await client.request(protocol.recoveryKit, { location: stage.repository, withPassword: true });
    for (const text of [kit.html, kit.text]) assert.match(text, /This password cannot be typed/);
  });
}

test('a recovery kit prints a password only as it can be typed from paper', () => {
  const facts = {
    location: '/mnt/r',
    id: 'a'.repeat(64),
    keyId: 'b'.repeat(64),
    version: 2,
    host: 'srv',
    organisation: undefined,
    madeAtNs: 0n,
    timeZone: 'UTC',
    language: 'en',
  } satisfies Omit<RecoveryKitFacts, 'password'>;
  const textWith = (password: Password): string => makeRecoveryKit({ ...facts, password }).text;
  assert.match(textWith(passwordFromText('pässwörd 😀')), /pässwörd 😀/);
  for (const password of ['two\nlines', 'nul\0', 'tab\t', 'right \u202eleft'].map(passwordFromText)) {
    assert.match(textWith(password), /This password cannot be typed/);
    assert.doesNotMatch(textWith(password), /\ufffd/);
  }
});
