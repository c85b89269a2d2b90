import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datesOfFound, groupFound } from '../../src/extension/presentation/found-entries.ts';
import { addSetParams, nameProblem, parseWindow, suggestedName } from '../../src/extension/presentation/new-set-input.ts';
import { strengthOf } from '../../src/extension/presentation/password-strength.ts';
import {
  datesOfVersions,
  isStepNeeded,
  nothingChosen,
  overwriteChoices,
  previewLines,
  restoreParams,
  serverProblem,
} from '../../src/extension/presentation/restore-choice.ts';
import { offsetOfSet } from '../../src/extension/presentation/set-place.ts';
import { runSteps, type Step } from '../../src/extension/presentation/steps.ts';
import { byteStringFromText } from '../../src/platform/index.ts';
import { makeEntry, makeSet, makeSnapshot } from './sample.ts';

/** Answers in their order: a letter is added to the state, `<` goes back, `x` gives up. What was shown is written down. */
function scripted(
  answers: string,
  needed: Readonly<Record<number, (state: string) => boolean>> = {},
): { readonly steps: readonly Step<string>[]; readonly shown: string[] } {
  const shown: string[] = [];
  let next = 0;
  const step = (at: number): Step<string> => ({
    ...(needed[at] === undefined ? {} : { isNeeded: needed[at] }),
    ask: async (state, { step: position, total }) => {
      shown.push(`${position}/${total}`);
      const answer = answers[next++] ?? 'x';
      if (answer === '<') return { kind: 'back' };
      return answer === 'x' ? { kind: 'cancel' } : { kind: 'done', state: state.slice(0, at) + answer };
    },
  });
  return { steps: [step(0), step(1), step(2)], shown };
}

test('runSteps() asks one step after the other and returns what they made', async () => {
  const { steps, shown } = scripted('abc');
  assert.equal(await runSteps(steps, ''), 'abc');
  assert.deepEqual(shown, ['1/3', '2/3', '3/3']);
});

test('runSteps() goes back with what was chosen, and on from there', async () => {
  const { steps, shown } = scripted('ab<Bc');
  assert.equal(await runSteps(steps, ''), 'aBc');
  assert.deepEqual(shown, ['1/3', '2/3', '3/3', '2/3', '3/3']);
});

test('runSteps() gives up on cancel, and on back from the first step', async () => {
  assert.equal(await runSteps(scripted('ax').steps, ''), undefined);
  assert.equal(await runSteps(scripted('<').steps, ''), undefined);
});

test('runSteps() neither asks nor counts what is not needed, and back jumps over it', async () => {
  const { steps, shown } = scripted('a<ac', { 1: (state) => !state.startsWith('a') });
  assert.equal(await runSteps(steps, 'a'), 'ac');
  assert.deepEqual(shown, ['1/2', '2/2', '1/2', '2/2']);
});

test('a restore is complete only with data, date, destination and what happens to existing files', () => {
  const paths = [byteStringFromText('/srv/x')];
  const complete = {
    ...nothingChosen,
    locations: ['/mnt'],
    paths,
    snapshot: makeSnapshot(),
    target: { kind: 'original' },
    overwrite: 'if-changed',
  } as const;
  assert.deepEqual(restoreParams(complete), {
    location: '/mnt',
    snapshot: 'a'.repeat(64),
    paths,
    target: { kind: 'original' },
    overwrite: 'if-changed',
  });
  for (const missing of ['paths', 'snapshot', 'target', 'overwrite'] as const)
    assert.equal(restoreParams({ ...complete, [missing]: undefined }), undefined, missing);
});

test('what is given with the command is not asked for', () => {
  const given = { ...nothingChosen, given: { data: true, date: true } };
  assert.deepEqual([isStepNeeded.data(given), isStepNeeded.part(given), isStepNeeded.date(given)], [false, false, false]);
  const ofSet = { ...nothingChosen, given: { data: true, date: false }, set: makeSet() };
  assert.deepEqual([isStepNeeded.data(ofSet), isStepNeeded.part(ofSet), isStepNeeded.date(ofSet)], [false, true, true]);
});

test('only dates at which a file existed are offered, with its size then', () => {
  const at = (letter: string, day: number) => makeSnapshot({ id: letter.repeat(64), time: `2026-11-${day}T14:00:00Z` });
  const [a, b, c, d] = [at('a', 20), at('b', 21), at('c', 22), at('d', 23)];
  const versions = [
    { snapshot: d, entry: makeEntry({ size: 4096 }), alsoIn: [] },
    { snapshot: b, entry: makeEntry({ size: 1024 }), alsoIn: [a.id] },
  ];
  const dates = datesOfVersions(versions, [a, b, c, d]);
  assert.deepEqual(
    dates.map(({ snapshot, description }) => [snapshot.id[0], description]),
    [
      ['d', '4.0 KiB · changed'],
      ['b', '1.0 KiB'],
      ['a', '1.0 KiB · changed'],
    ],
  );
});

test('the usual way with existing files comes first, and the preview counts all three', () => {
  assert.equal(overwriteChoices()[0]?.value, 'if-changed');
  const linesOf = (isFromDrive: boolean): string[] =>
    previewLines({ written: 12, overwritten: 1234, left: 0, bytes: 2048, readBytes: 1024, samples: [], exceptions: [] }, isFromDrive).map(
      ({ label, description }) => `${label} ${description}`.trim(),
    );
  const labels = linesOf(false);
  assert.deepEqual(labels, ['12 files to write 2.0 KiB', '1,234 files to overwrite', '0 files to leave as they are']);
  assert.equal(linesOf(true)[3], 'From a distance: about 1.0 KiB to download');
});

test('what was found is grouped by path, the newest first', () => {
  const found = (path: string, day: number) => ({
    path: byteStringFromText(path),
    entry: makeEntry(),
    snapshot: makeSnapshot({ id: `${day}`.padEnd(64, 'a'), time: `2026-11-${day}T14:00:00Z` }),
  });
  const groups = groupFound([found('/b', 20), found('/a', 21), found('/b', 22), found('/c', 21)]);
  assert.deepEqual(
    groups.map((group) => [group[0]?.path, group.length]),
    [
      ['/b', 2],
      ['/a', 1],
      ['/c', 1],
    ],
  );
  assert.equal(datesOfFound(groups[0] ?? []).length, 2);
});

test('names of sets are those that the configuration takes, each once', () => {
  assert.equal(nameProblem('accounting-2026', ['other']), undefined);
  for (const wrong of ['', 'a b', '-a', 'a/b', 'x'.repeat(65), 'other']) assert.notEqual(nameProblem(wrong, ['other']), undefined, wrong);
  assert.deepEqual(['/srv/Keuangan 2026', '/srv/Été', '/srv/文書'].map(suggestedName), ['keuangan-2026', 'e-te', '']);
});

test('windows are read as people write them', () => {
  const cases = [
    ['21:00-23:00', '21:00-23:00'],
    ['9.30 - 12.00', '09:30-12:00'],
    ['22:00–02:00', '22:00-02:00'],
    ['21:00', undefined],
    ['24:00-25:00', undefined],
    ['21:00-21:00', undefined],
  ] as const;
  for (const [text, window] of cases) assert.equal(parseWindow(text), window, text);
});

test('a new set says what, where to and when, and no rule for old snapshots, which nobody would carry out', () => {
  const set = {
    name: 'data',
    sources: ['/srv'],
    location: '/mnt/r',
    hasRepository: false,
    password: 'secret',
    when: { kind: 'window', window: '21:00-23:00' },
  } as const;
  const params = { name: 'data', sources: ['/srv'], location: '/mnt/r' };
  assert.deepEqual(addSetParams(set), { ...params, window: '21:00-23:00' });
  assert.deepEqual(addSetParams({ ...set, when: { kind: 'on-change' } }), { ...params, onChange: true });
  assert.deepEqual(addSetParams({ ...set, when: { kind: 'by-hand' } }), params);
  for (const missing of ['name', 'sources', 'location'] as const)
    assert.equal(addSetParams({ ...set, [missing]: undefined }), undefined, missing);
});

test('strength: words and long random passwords are strong, short, repeated and counted ones are weak', () => {
  for (const weak of ['', 'password', '12345678901234567890', 'aaaaaaaaaaaaaaaaaaaa', 'Abc123!'])
    assert.equal(strengthOf(weak), 'weak', weak);
  for (const strong of ['kuda lari di pantai pagi', 'correct horse battery staple', 'k7#Qm2!xVt9$Lw4z'])
    assert.equal(strengthOf(strong), 'strong', strong);
});

test('a set is found in the text of the configuration by its name alone', () => {
  const text = '{ "sets": [ { "name": "a.b" }, { "name" : "ab" } ] }';
  assert.equal(offsetOfSet(text, 'ab'), text.lastIndexOf('"name"'));
  assert.equal(offsetOfSet(text, 'a.b'), text.indexOf('"name"'));
  assert.equal(offsetOfSet(text, 'axb'), undefined);
});

test('a server as a destination is asked for by a location of ssh, and nothing else', () => {
  for (const good of ['sftp:root@srv-02:/srv', ' sftp://budi@srv-02:2222//home ', 'sftp:alias:x'])
    assert.equal(serverProblem(good), undefined, good);
  for (const bad of ['', '  ', '/srv', 's3:https://host/bucket', 'root@srv-02:/srv']) assert.notEqual(serverProblem(bad), undefined, bad);
  const target = { kind: 'server', location: 'sftp:root@srv-02:/srv' } as const;
  const params = restoreParams({
    ...nothingChosen,
    locations: ['/mnt'],
    paths: [byteStringFromText('/srv/x')],
    snapshot: makeSnapshot(),
    target,
    overwrite: 'never',
  });
  assert.deepEqual(params?.target, target);
});
