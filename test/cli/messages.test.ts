import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOfError } from '../../src/cli/exit-code.ts';
import { english } from '../../src/cli/messages-english.ts';
import { describeCauses, describeError } from '../../src/cli/messages.ts';
import { CadanganError, type ErrorCode, type ErrorFacts } from '../../src/platform/index.ts';

const codes = Object.keys(english.errors) as ErrorCode[];

test('every error says in full sentences what happened and what to do, with its facts or without', () => {
  const facts: ErrorFacts = { location: '/mnt/backup', reason: 'EACCES', path: '/srv', paths: ['/srv'], file: 'data/ab', snapshot: 'abc', key: 'abc', candidates: ['abcdef', 'abcd'], target: '/t', freeBytes: 10, option: '--x' };
  for (const code of codes) {
    for (const error of [new CadanganError(code), new CadanganError(code, facts)]) {
      const { what, next } = describeError(error);
      assert.match(what, /^["A-Z].*[.]$/, `${code}: ${what}`);
      assert.match(next ?? '.', /[.]$/, `${code}: ${next}`);
      assert.doesNotMatch(what + (next ?? ''), /undefined|\[object|NaN/, code);
    }
  }
});

test('facts cannot bring escape sequences into a message', () => {
  const nasty = 'x\x1b[31m\ny';
  const facts: ErrorFacts = Object.fromEntries(['location', 'reason', 'path', 'file', 'snapshot', 'key', 'target', 'option', 'pattern', 'holderHost', 'holderUser', 'since', 'blob', 'pack', 'kind', 'name', 'primitive'].map((name) => [name, nasty]));
  for (const code of codes) {
    const error = new CadanganError(code, { ...facts, paths: [nasty], candidates: [nasty], supported: [nasty] }, { cause: new Error(nasty) });
    const { what, next = '' } = describeError(error);
    assert.doesNotMatch([what, next, ...describeCauses(error)].join(''), /[\x00-\x1f]/, code);
  }
  assert.doesNotMatch(describeError(new Error(nasty)).what, /[\x00-\x1f]/);
});

test('exit codes are those of restic', () => {
  const cases: readonly (readonly [unknown, number])[] = [
    [new CadanganError('repository.missing'), 10], [new CadanganError('repository.locked'), 11], [new CadanganError('repository.wrong-password'), 12],
    [new CadanganError('aborted'), 130], [new CadanganError('storage.full'), 1], [new Error('x'), 1],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOfError(error), code);
});
