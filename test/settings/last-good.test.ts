import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepLastGood, parseConfiguration, type UsedConfiguration } from '../../src/settings/index.ts';

const set = (name: string, more = ''): string =>
  `{ "name": "${name}", "sources": ["/srv/${name}"], "repository": { "location": "/r" }${more} }`;
const file = (...sets: readonly string[]): string => `{ "version": 1, "timeZone": "Asia/Jakarta", "sets": [${sets.join(', ')}] }`;
const broken = ', "rpoHours": "x"';
const good = file(set('mail'), set('files'), set('photos'));

function after(...texts: readonly string[]): UsedConfiguration {
  const used = texts.reduce<UsedConfiguration | undefined>((before, text) => keepLastGood(parseConfiguration(text), before), undefined);
  assert.ok(used);
  return used;
}

function names({ configuration }: UsedConfiguration): string {
  return configuration.sets.map(({ name, rpoHours }) => `${name}${rpoHours ?? ''}`).join(' ');
}

test('a set that is not right any more goes on as it was, until it is right again', () => {
  const slip = after(good, file(set('mail'), set('files', broken), set('photos', ', "rpoHours": 5')));
  assert.equal(names(slip), 'mail files photos5', 'in its place, and the others as they are now');
  assert.deepEqual([...slip.kept.keys()], ['files']);
  assert.equal(
    names(after(good, file(set('mail'), set('files', broken)), file(set('mail'), set('files', ', "rpoHours": 7')))),
    'mail files7',
  );
  assert.equal(names(after(file(set('files', broken)))), '', 'what was never right is not used');
});

test('a set that is taken out is gone, also while another is broken', () => {
  assert.equal(names(after(good, file(set('mail'), set('photos')))), 'mail photos');
  assert.equal(names(after(good, file(set('mail', broken), set('files')))), 'mail files');
  assert.equal(names(after(file(set('mail'), set('bad', broken)), file(set('bad', broken)))), '', 'the broken one is an old acquaintance');
  for (const text of ['{ "version": 1 }', '{}', '// later\n']) assert.equal(names(after(good, text)), '', text);
});

test('a slip in the name keeps the set, until the broken one is gone', () => {
  for (const name of ['fi les', '']) {
    const slip = file(set('mail'), set(name), set('photos'));
    assert.equal(names(after(good, slip)), 'mail files photos', `"${name}"`);
    assert.equal(names(after(good, slip, slip.replace('/srv/mail', '/srv/post'))), 'mail files photos', `"${name}"`);
    assert.equal(names(after(good, slip, file(set('mail'), set('photos')))), 'mail photos');
    assert.equal(names(after(good, slip, file(set('mail'), set('archive'), set('photos')))), 'mail archive photos');
  }
});

test('a file that cannot be understood as a whole changes nothing', () => {
  for (const text of [
    good.slice(0, -20),
    good.replace('"version": 1', '"version": 2'),
    `[${good}]`,
    good.replace('[{', '{ "x": {').replace('}] }', '}} }'),
    '{ "version": 1, "sets": 7 }',
  ]) {
    const used = after(good, text);
    assert.equal(names(used), 'mail files photos', text);
    assert.equal(used.configuration.timeZone, 'Asia/Jakarta');
    assert.equal(names(after(good, text, good.replace('photos', 'pictures'))), 'mail files pictures');
  }
});

test('a time zone of nonsense leaves that which was right', () => {
  const used = after(good, good.replace('Asia/Jakarta', 'Asia/Jakata'));
  assert.deepEqual([used.configuration.timeZone, names(used)], ['Asia/Jakarta', 'mail files photos']);
  assert.equal(after(good, '{ "version": 1, "sets": [] }').configuration.timeZone, undefined);
});

test('a file in which nothing is written, as a full disk leaves it, takes nothing out of use', () => {
  for (const text of ['', ' \n']) {
    assert.equal(names(after(good, text)), 'mail files photos', text);
    assert.deepEqual(
      parseConfiguration(text).problems.map(({ severity, code }) => `${severity} ${code}`),
      ['warning blank'],
    );
  }
});

const copy = (name: string, more = '', to = `gdrive:Backup/${name}`): string =>
  `{ "name": "${name}", "repository": "/r/${name}", "to": "${to}"${more} }`;
const withCopies = (...copies: readonly string[]): string => `{ "version": 1, "offsiteCopies": [${copies.join(', ')}] }`;
const slip = ', "settleSeconds": "x"';

function copies({ configuration }: UsedConfiguration): string {
  return configuration.offsiteCopies.map(({ name, to }) => `${name}:${to.slice('gdrive:Backup/'.length)}`).join(' ');
}

test('an off-site copy that is not right any more goes on as it was, like a set; one that is taken out is gone', () => {
  const both = withCopies(copy('one'), copy('two'));
  const used = after(both, withCopies(copy('one', slip), copy('two')));
  assert.equal(copies(used), 'one:one two:two');
  assert.deepEqual([...used.keptCopies.keys()], ['one']);
  assert.equal(copies(after(both, '{ "version": 1, "offsiteCopies": 7 }')), 'one:one two:two');
  assert.equal(copies(after(both, withCopies(copy('one'), copy('t wo', slip)))), 'one:one two:two', 'a slip in its name');
  assert.equal(copies(after(both, withCopies(copy('two')))), 'two:two');
});

test('a copy does not go on into a folder that the file now gives to another', () => {
  const both = withCopies(copy('one'), copy('two'));
  for (const to of ['gdrive:Backup/one', 'gdrive:Backup/ONE/sub', 'gdrive:Backup'])
    assert.equal(after(both, withCopies(copy('one', slip), copy('three', '', to))).keptCopies.size, 0, to);
  assert.deepEqual([...after(both, withCopies(copy('one', slip), copy('three'))).keptCopies.keys()], ['one']);
});

test('every general value that is wrong stays as it was', () => {
  const general = (drillIntervalDays: string): string =>
    `{ "version": 1, "organisation": "PT", "instruction": { "documentNumber": "IK-1", "drillIntervalDays": ${drillIntervalDays} },
       "googleDrive": { "account": "backup@contoh.co.id", "clientFile": "/c.json" }, "drill": { "files": 5 } }`;
  const wrong = general('"x"').replace('"/c.json"', '7').replace('5', '"five"');
  const { configuration, unknown } = after(general('30'), wrong);
  assert.deepEqual(
    [configuration.instruction?.drillIntervalDays, configuration.googleDrive?.clientFile, configuration.drill?.files],
    [30, '/c.json', 5],
  );
  assert.deepEqual(unknown, { sets: [], copies: [], keys: [] });
});

test('what the file is not right about and nobody knows from before is unknown, and not gone, until the file is right about it', () => {
  const start = after(file(set('mail'), set('files', broken)));
  assert.deepEqual(start.unknown, { sets: ['files'], copies: [], keys: [] });
  assert.deepEqual(after(file(set('mail'), set('files', broken)), file(set('mail'), set('files'))).unknown.sets, []);
  const nothing = after(good.slice(0, -20));
  assert.deepEqual(nothing.unknown, { sets: 'all', copies: 'all', keys: 'all' });
  assert.deepEqual(after(good.slice(0, -20), good).unknown, { sets: [], copies: [], keys: [] });
  assert.deepEqual(after(good, good.slice(0, -20)).unknown, { sets: [], copies: [], keys: [] });
});

test('whatever is typed into a good file, no set vanishes while an error is told of it or of the file', () => {
  fc.assert(
    fc.property(fc.nat({ max: good.length }), fc.nat({ max: 3 }), fc.string({ maxLength: 3 }), (at, cut, typed) => {
      const text = good.slice(0, at) + typed + good.slice(at + cut);
      const { problems, sets } = parseConfiguration(text);
      const errors = problems.filter(({ severity }) => severity === 'error');
      const used = after(good, text);
      if (errors.length === 0) assert.equal(used.kept.size, 0);
      // Each of the three is there: as it was, as it is now, or under another good name.
      else assert.ok(used.configuration.sets.length >= Math.min(3, sets.length), `${text}: ${names(used)}`);
      const back = keepLastGood(parseConfiguration(good), used);
      assert.deepEqual([names(back), back.kept.size], ['mail files photos', 0]);
    }),
    { numRuns: 1000 },
  );
});
