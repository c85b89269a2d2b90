import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretMarks } from '../../src/service/secret-marks.ts';
import { passwordFromBytes, passwordFromText, systemRandom } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

test('a secret is taken out of a text wherever it stands, and is let through when its mark is gone', () => {
  const marks = new SecretMarks(systemRandom);
  using _short = marks.add(passwordFromText('abc'));
  {
    using _mark = marks.add(passwordFromText('pässwörd'));
    using _other = marks.add(passwordFromText('wörd of another'));
    assert.equal(marks.scrub('pässwörd, (pässwörd)pässwörd'), '***, (***)***');
    assert.equal(marks.scrub('a pässwörd of another one'), 'a *** one', 'where two lie over each other nothing of either is left');
    assert.equal(marks.scrub('passwörd pässwör'), 'passwörd pässwör');
    assert.equal(marks.scrub(''), '');
  }
  assert.equal(marks.scrub('pässwörd abc'), 'pässwörd abc');
});

test('bytes that are no UTF-8 are found as whoever printed them decoded them', () => {
  const marks = new SecretMarks(systemRandom);
  const bytes = Buffer.from('p\xe4ssw\xf6rd', 'latin1');
  using _mark = marks.add(passwordFromBytes(bytes));
  assert.equal(marks.scrub(`${bytes.toString('latin1')} or ${bytes.toString('utf8')}`), '*** or ***');
});

test('whatever stands around a secret, it is found', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new SeededRandom(seed);
  const word = (length: number): string => Buffer.from(random.fill(new Uint8Array(length))).toString('latin1');
  for (let round = 0; round < 200; round++) {
    const marks = new SecretMarks(random);
    const secret = word(4 + (round % 40));
    const [before, after] = [word(round % 7), word(round % 11)];
    using _mark = marks.add(passwordFromText(secret));
    const scrubbed = marks.scrub(before + secret + after);
    assert.ok(scrubbed.includes('***') && !scrubbed.includes(secret), `seed ${seed}, round ${round}`);
  }
});
