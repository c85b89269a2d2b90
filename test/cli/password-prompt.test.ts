import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { passwordText } from '../../src/platform/index.ts';
import type { PasswordInput } from '../../src/cli/input-listener.ts';
import { promptPassword, readPasswordLine } from '../../src/cli/password-prompt.ts';

/** A terminal's input that notes whether it echoes. */
function makeInput(isTTY: boolean): { input: PasswordInput & PassThrough; modes: boolean[] } {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (raw: boolean) => modes.push(raw) });
  return { input, modes };
}

const { signal } = new AbortController();

test('at a terminal nothing is echoed from before the question until after the answer, and the line can be edited', async () => {
  const { input, modes } = makeInput(true);
  const written: string[] = [];
  const answer = promptPassword('password: ', input, (text) => written.push(`${modes.at(-1)}:${text}`), signal);
  input.write('wrong\x15pasé\x7f\x7fsw');
  input.write('örd\r');
  assert.equal(passwordText(await answer), 'paswörd');
  assert.deepEqual(written, ['true:password: ', 'false:\n']);
});

test('Ctrl-C and a signal end the question', async () => {
  const { input } = makeInput(true);
  const answer = promptPassword('', input, () => undefined, signal);
  input.write('abc\x03');
  await assert.rejects(answer, { code: 'aborted' });
  const stop = new AbortController();
  const other = promptPassword('', makeInput(true).input, () => undefined, stop.signal);
  stop.abort();
  await assert.rejects(other, { code: 'aborted' });
});

test('a pipe gives one password a line, with or without a line end', async () => {
  const { input } = makeInput(false);
  input.end('first\r\nsecond');
  assert.equal(passwordText(await readPasswordLine(input, signal)), 'first');
  assert.equal(passwordText(await readPasswordLine(input, signal)), 'second');
  await assert.rejects(readPasswordLine(input, signal), { code: 'password.missing' });
});

test('what a pipe brings is taken byte for byte, blanks too: only the line end is not of it', async () => {
  const { input } = makeInput(false);
  const line = Buffer.from(' p\xe4ss\0\xa0\r ', 'latin1');
  input.end(Buffer.concat([line, Buffer.from('\r\n')]));
  assert.deepEqual(Buffer.from(await readPasswordLine(input, signal)), line);
});
