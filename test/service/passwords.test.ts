import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passwords } from '../../src/service/passwords.ts';
import { CadanganError, isCode, passwordFromText, systemRandom, type Password } from '../../src/platform/index.ts';
import { parseConfiguration } from '../../src/settings/index.ts';

const location = '/r';
const { signal } = new AbortController();

/** Opens with the password `right`. */
function lock(): { readonly open: (password: Password) => Promise<string>; readonly seen: Password[]; readonly tried: string[] } {
  const seen: Password[] = [];
  const tried: string[] = [];
  const open = async (password: Password): Promise<string> => {
    seen.push(password);
    tried.push(Buffer.from(password).toString());
    if (tried.at(-1) !== 'right') throw new CadanganError('repository.wrong-password', { location });
    return 'open';
  };
  return { open, seen, tried };
}

function passwordsOf(answers: string[]): Passwords {
  return new Passwords({ ask: async () => answers.shift(), sets: () => [], environment: {}, random: systemRandom });
}

test('a program that would say the password is looked at before it is run, and not run where it may not be', async () => {
  const seen: (readonly string[])[] = [];
  const command = [process.execPath, '-e', 'process.stdout.write("right")'];
  const set = { name: 'data', sources: ['/srv'], repository: { location, passwordCommand: command } };
  const { configuration } = parseConfiguration(JSON.stringify({ version: 1, sets: [set] }));
  const passwordsWith = (isAllowed: boolean): Passwords =>
    new Passwords({
      ask: async () => undefined,
      sets: () => configuration.sets,
      environment: process.env,
      random: systemRandom,
      vetProgram: async (given) => {
        seen.push(given);
        if (!isAllowed) throw new CadanganError('service.unsafe', { path: '/srv' });
      },
    });
  const { open, tried } = lock();
  await assert.rejects(passwordsWith(false).open(location, { mayAsk: false, signal }, open), (error) => isCode(error, 'service.unsafe'));
  assert.deepEqual(tried, []);
  assert.equal(await passwordsWith(true).open(location, { mayAsk: false, signal }, open), 'open');
  assert.deepEqual(seen, [command, command]);
});

test('a password is wiped as soon as it was tried, whether it was right or wrong, and asked for again the next time', async () => {
  const passwords = passwordsOf(['wrong', 'right', 'right']);
  const { open, seen, tried } = lock();
  assert.equal(await passwords.open(location, { mayAsk: true, signal }, open), 'open');
  assert.equal(await passwords.open(location, { mayAsk: true, signal }, open), 'open');
  assert.deepEqual(tried, ['wrong', 'right', 'right']);
  for (const password of seen) assert.ok(password.length > 0 && password.every((byte) => byte === 0));
});

test('a password that is given is tried instead of asking, and wiped by whoever gave it', async () => {
  const passwords = passwordsOf([]);
  const { open, tried } = lock();
  const given = passwordFromText('right');
  assert.equal(await passwords.open(location, { mayAsk: true, signal, given }, open), 'open');
  assert.deepEqual([tried, Buffer.from(given).toString()], [['right'], 'right']);
});
