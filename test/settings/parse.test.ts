import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeProblem, parseConfiguration, type Problem } from '../../src/settings/index.ts';
import { setLanguage } from '../../src/platform/index.ts';

const fewest = '{ "name": "data", "sources": ["/srv"], "repository": { "location": "/mnt/backup" } }';
const withSets = (...sets: readonly string[]) => `{\n  "version": 1,\n  "sets": [\n    ${sets.join(',\n    ')}\n  ]\n}\n`;
const inSet = (more: string) => withSets(`${fewest.slice(0, -2)}, ${more} }`);

test('a set with the least that it needs has the defaults of all else', () => {
  const { configuration, problems, sets } = parseConfiguration(withSets(fewest));
  assert.deepEqual(problems, []);
  assert.deepEqual(configuration, {
    version: 1,
    language: 'auto',
    sets: [
      {
        name: 'data',
        sources: ['/srv'],
        repository: { location: '/mnt/backup' },
        excludes: [],
        iexcludes: [],
        excludeFiles: [],
        iexcludeFiles: [],
        excludeCaches: false,
        excludeIfPresent: [],
        oneFileSystem: false,
        tags: [],
        readers: [],
        compression: 'auto',
      },
    ],
    offsiteCopies: [],
  });
  assert.deepEqual(sets, [{ name: 'data', isUsable: true, line: 4, column: 5, length: fewest.length }]);
});

test('a set may say everything, with comments and commas at the ends', () => {
  const text = `// ours
{
  "$schema": "https://example.org/x.json",
  "version": 1, "organisation": "PT Contoh", "timeZone": "Asia/Jakarta", "language": "id",
  "sets": [
    {
      "name": "accounting", "title": "Data keuangan", /* two */ "sources": ["/srv/a", "D:\\\\Data", "\\\\\\\\nas\\\\share"],
      "repository": { "location": "gdrive:Backup/srv", "passwordFile": "/etc/cadangan/password", },
      "schedule": { "window": "22:30-05:00", "days": ["fri", "mon", "mon"], "timeZone": "Asia/Makassar", "atWindowEnd": "stop" },
      "excludes": ["*.tmp"], "iexcludes": ["*.BAK"], "excludeFiles": ["/etc/x"], "iexcludeFiles": ["/etc/y"], "excludeCaches": true, "excludeIfPresent": [".nobackup"],
      "excludeLargerThan": "20G", "oneFileSystem": true, "tags": ["iso"], "compression": "max",
      "retention": { "keepLast": 3, "keepHourly": 1, "keepDaily": 14, "keepWeekly": 8, "keepMonthly": 12, "keepYearly": 10, "keepWithin": "2y5m7d3h", "keepWithinDaily": "1y", "keepTags": ["year-end"], "holdBack": { "changedPercent": 60 } },
      "before": ["/usr/bin/dump", "--all"], "after": ["/usr/bin/true"], "rpoHours": 26.5,
    },
    { "name": "live", "sources": ["/srv/l"], "repository": { "location": "/r", "passwordCommand": ["pass", "show", "x"] }, "schedule": { "onChange": { "settleSeconds": 30 } } },
  ],
}`;
  const { configuration, problems } = parseConfiguration(text);
  assert.deepEqual(
    problems.map(({ code }) => code),
    [],
  );
  const [accounting, live] = configuration.sets;
  assert.equal(configuration.language, 'id');
  assert.deepEqual(accounting?.schedule, {
    kind: 'window',
    window: '22:30-05:00',
    days: ['mon', 'fri'],
    timeZone: 'Asia/Makassar',
    atWindowEnd: 'stop',
  });
  assert.deepEqual(accounting?.sources, ['/srv/a', 'D:\\Data', '\\\\nas\\share']);
  assert.deepEqual(live?.schedule, { kind: 'on-change', settleSeconds: 30, minIntervalSeconds: 0 });
});

test('no text, and nothing but comments, is a configuration without sets', () => {
  for (const text of ['', ' \n', '// later\n', '{}']) assert.deepEqual(parseConfiguration(text).configuration.sets, []);
  assert.deepEqual(parseConfiguration('// later').problems, []);
});

/** «…» marks what must be underlined, and is taken out before the text is read. */
const faults: readonly (readonly [marked: string, code: Problem['code'], facts: Problem['facts'], path: string])[] = [
  [inSet('"rpoHours": «"26"»'), 'wrong-type', { expected: 'number', actual: 'string' }, 'sets[0].rpoHours'],
  [inSet('"rpoHours": «-1»'), 'out-of-range', { origin: 'number', minimum: 0.25 }, 'sets[0].rpoHours'],
  [inSet('"retention": { "keepDaily": «1.5» }'), 'wrong-type', { expected: 'int', actual: 'fraction' }, 'sets[0].retention.keepDaily'],
  [inSet('"retention": «{}»'), 'invalid-value', { value: '{}', expected: 'keep-rule' }, 'sets[0].retention'],
  [inSet('"retention": { "keepWithin": «"3w"» }'), 'invalid-value', { value: '3w', expected: 'duration' }, 'sets[0].retention.keepWithin'],
  [
    withSets('{ "name": "data", "sources": ["/srv"], "repository": { "location": «"sfpt:backup@srv-02:/srv/r"» } }'),
    'invalid-value',
    { value: 'sfpt:backup@srv-02:/srv/r', expected: 'location' },
    'sets[0].repository.location',
  ],
  [inSet('"compression": «"best"»'), 'invalid-value', { value: 'best', allowed: ['auto', 'max', 'off'] }, 'sets[0].compression'],
  [
    inSet('"schedule": { "window": «"9:00-10:00"» }'),
    'invalid-value',
    { value: '9:00-10:00', expected: 'window' },
    'sets[0].schedule.window',
  ],
  [
    inSet('"schedule": { "window": «"09:00-09:00"» }'),
    'invalid-value',
    { value: '09:00-09:00', expected: 'window-length' },
    'sets[0].schedule.window',
  ],
  [
    inSet('"schedule": { "window": "09:00-10:00", "days": ["mon", «"senin"»] }'),
    'invalid-value',
    { value: 'senin', allowed: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
    'sets[0].schedule.days[1]',
  ],
  [
    inSet('"schedule": { "window": "09:00-10:00", "timeZone": «"Asia/Bandung"» }'),
    'invalid-value',
    { value: 'Asia/Bandung', expected: 'time-zone' },
    'sets[0].schedule.timeZone',
  ],
  [inSet('"schedule": «{» "days": "daily" }'), 'missing', { key: 'window' }, 'sets[0].schedule.window'],
  [
    inSet('"schedule": { «"window"»: "09:00-10:00", "onChange": {} }'),
    'conflict',
    { key: 'window', other: 'onChange' },
    'sets[0].schedule.window',
  ],
  [inSet('"tags": ["a", «"b,c"»]'), 'invalid-value', { value: 'b,c', expected: 'tag' }, 'sets[0].tags[1]'],
  [inSet('"before": [«" "»]'), 'invalid-value', { value: ' ', expected: 'program' }, 'sets[0].before[0]'],
  [inSet('"limits": { "upload": «"2 mbps"» }'), 'invalid-value', { value: '2 mbps', expected: 'rate' }, 'sets[0].limits.upload'],
  [inSet('"limits": { "upload": «"1 kbit/s"» }'), 'invalid-value', { value: '1 kbit/s', expected: 'rate-min' }, 'sets[0].limits.upload'],
  [
    inSet('"limits": { "download": [{ "rate": "none", "hours": «"9-5"» }] }'),
    'invalid-value',
    { value: '9-5', expected: 'window' },
    'sets[0].limits.download[0].hours',
  ],
  [inSet('"limits": { "nice": «20» }'), 'out-of-range', { origin: 'number', maximum: 19 }, 'sets[0].limits.nice'],
  [inSet('"beforeLimitMinutes": «0»'), 'out-of-range', { origin: 'number', minimum: 0.05 }, 'sets[0].beforeLimitMinutes'],
  [inSet('"before": «"dump --all"»'), 'wrong-type', { expected: 'array', actual: 'string' }, 'sets[0].before'],
  [inSet('"excludeLargerThan": «"big"»'), 'invalid-value', { value: 'big', expected: 'size' }, 'sets[0].excludeLargerThan'],
  [inSet('"tags": [], «"tags"»: []'), 'duplicate-key', { key: 'tags' }, 'sets[0].tags'],
  [inSet('«"password"»: "x"'), 'secret', { key: 'password' }, 'sets[0].password'],
  [withSets('«{» "name": "data", "repository": { "location": "/r" } }'), 'missing', { key: 'sources' }, 'sets[0].sources'],
  [
    withSets('{ "name": "data", "sources": «[]», "repository": { "location": "/r" } }'),
    'out-of-range',
    { origin: 'array', minimum: 1 },
    'sets[0].sources',
  ],
  [
    withSets('{ "name": "data", "sources": [«"srv"»], "repository": { "location": "/r" } }'),
    'invalid-value',
    { value: 'srv', expected: 'source' },
    'sets[0].sources[0]',
  ],
  [
    withSets('{ "name": «"my data"», "sources": ["/srv"], "repository": { "location": "/r" } }'),
    'invalid-value',
    { value: 'my data', expected: 'set-name' },
    'sets[0].name',
  ],
  [
    withSets('{ "name": "data", "sources": ["/srv"], "repository": { "location": «"rest:https://u:hunter2@h/"» } }'),
    'secret',
    { key: 'location' },
    'sets[0].repository.location',
  ],
  [
    withSets('{ "name": "data", "sources": ["/srv"], "repository": «{» "passwordFile": "/x" } }'),
    'missing',
    { key: 'location' },
    'sets[0].repository.location',
  ],
  [withSets(fewest, fewest.replace('"data"', '«"DATA"»')), 'duplicate-name', { name: 'DATA', otherLine: 4 }, 'sets[1].name'],
  [withSets('«7»'), 'wrong-type', { expected: 'object', actual: 'number' }, 'sets[0]'],
  ['{ "version": 1, "sets": «{}» }', 'wrong-type', { expected: 'array', actual: 'object' }, 'sets'],
  ['{ "version": 1, "timeZone": «"Mars"» }', 'invalid-value', { value: 'Mars', expected: 'time-zone' }, 'timeZone'],
  ['{ "version": «2», "sets": [7] }', 'unsupported-version', { version: '2' }, 'version'],
  ['{ "version": 1, «"api_key"»: "x" }', 'secret', { key: 'api_key' }, 'api_key'],
  ['{\r\n\t"version": 1,\r\n\t"language": «"ms"»\r\n}', 'invalid-value', { value: 'ms', allowed: ['auto', 'en', 'id'] }, 'language'],
  ['«[]»', 'wrong-type', { expected: 'object', actual: 'array' }, ''],
  [`${'['.repeat(40)}`, 'too-deep', { max: 32 }, ''],
];

const withCopies = (...copies: readonly string[]): string =>
  `{\n  "version": 1,\n  "offsiteCopies": [\n    ${copies.join(',\n    ')}\n  ]\n}`;
const copy = (name: string, to: string, more = ''): string => `{ "name": "${name}", "repository": "/r/${name}", "to": ${to}${more} }`;

/** The first of two places is written in line 4, the second in line 5; each pair that shares a folder, and how. */
const sharedFolders: readonly (readonly [one: string, two: string, relations: readonly [string, string]])[] = [
  ['gdrive:A', 'gdrive:A', ['same', 'same']],
  ['gdrive:A/B', 'gdrive:/A//B/', ['same', 'same']],
  ['gdrive:Kantor/Data', 'gdrive:kantor/ data', ['same', 'same']],
  ['gdrive:Caf\u00e9', 'gdrive:Cafe\u0301', ['same', 'same']],
  ['gdrive:A', 'gdrive:A/data', ['around', 'inside']],
  ['gdrive:A/B/C', 'gdrive:a//b', ['inside', 'around']],
];

test('copies that have one folder, or one inside the other, are both refused, each at its folder and with the line of the other', () => {
  for (const [one, two, relations] of sharedFolders) {
    const { text } = unmarked(withCopies(copy('one', `"${one}"`), copy('two', `"${two}"`), copy('far', '"gdrive:Abc"')));
    const { configuration, problems, copies } = parseConfiguration(text);
    assert.deepEqual(
      problems.map(({ severity, code, line, path }) => [severity, code, line, path]),
      [
        ['error', 'shared-folder', 4, 'offsiteCopies[0].to'],
        ['error', 'shared-folder', 5, 'offsiteCopies[1].to'],
      ],
      `${one} ${two}`,
    );
    assert.deepEqual(
      problems.map(({ facts }) => facts),
      [
        { location: one, relation: relations[0], other: 'copy', name: 'two', otherLocation: two, otherLine: 5 },
        { location: two, relation: relations[1], other: 'copy', name: 'one', otherLocation: one, otherLine: 4 },
      ],
    );
    const lines = text.split('\n');
    for (const [at, { line, column, length }] of problems.entries())
      assert.equal(lines[line - 1]?.slice(column - 1, column - 1 + length), JSON.stringify([one, two][at]));
    assert.deepEqual(
      [configuration.offsiteCopies.map(({ name }) => name), copies.map(({ isUsable }) => isUsable)],
      [['far'], [false, false, true]],
    );
  }
  for (const two of ['gdrive:Abc', 'gdrive:B/A', 'gdrive:A-readable'])
    assert.deepEqual(parseConfiguration(withCopies(copy('one', '"gdrive:A"'), copy('two', `"${two}"`))).problems, [], two);
});

test('a repository of a set on Drive, or readable copies, in or around the folder of a copy stop the copy, and no night of a set', () => {
  const readable = (to?: string): string => `, "readableCopies": { "set": "data"${to === undefined ? '' : `, "to": "${to}"`} }`;
  const set = (location: string): string => `{ "name": "direct", "sources": ["/srv"], "repository": { "location": "${location}" } }`;
  const refusals: readonly (readonly [
    text: string,
    problems: readonly (readonly [path: string, relation: string, other: string, otherLine: number])[],
  ])[] = [
    [
      withSets(set('gdrive:/A/')).replace(/\}\n$/, `, "offsiteCopies": [${copy('one', '"gdrive:A"')}] }`),
      [['offsiteCopies[0].to', 'same', 'set', 4]],
    ],
    [
      withSets(set('gdrive:A/r')).replace(/\}\n$/, `, "offsiteCopies": [${copy('one', '"gdrive:A"')}] }`),
      [['offsiteCopies[0].to', 'around', 'set', 4]],
    ],
    [
      withSets(set('gdrive:A')).replace(/\}\n$/, `, "offsiteCopies": [${copy('one', '"gdrive:A/r"')}] }`),
      [['offsiteCopies[0].to', 'inside', 'set', 4]],
    ],
    [
      withCopies(copy('one', '"gdrive:A"', readable('gdrive:A/zip'))),
      [
        ['offsiteCopies[0].to', 'around', 'readable', 4],
        ['offsiteCopies[0].readableCopies.to', 'inside', 'copy', 4],
      ],
    ],
    [
      withCopies(copy('one', '"gdrive:A"', readable()), copy('two', '"gdrive:A-readable/x"')),
      [
        ['offsiteCopies[0].readableCopies', 'around', 'copy', 5],
        ['offsiteCopies[1].to', 'inside', 'readable', 4],
      ],
    ],
  ];
  for (const [text, wanted] of refusals) {
    const { configuration, problems } = parseConfiguration(text);
    assert.deepEqual(
      problems.map(({ path, facts }) => [path, facts['relation'], facts['other'], facts['otherLine']]),
      wanted,
      text,
    );
    assert.deepEqual(configuration.offsiteCopies, [], text);
    assert.equal(configuration.sets.length, text.includes('"direct"') ? 1 : 0);
  }
  const ofDrive = (repository: string, to: string, more = ''): string =>
    withCopies(copy('one', `"${to}"`, more).replace('"/r/one"', `"${repository}"`));
  for (const [text, relation] of [
    [ofDrive('gdrive:A', 'gdrive:a/'), 'same'],
    [ofDrive('gdrive:A', 'gdrive:A/copy'), 'inside'],
    [ofDrive('gdrive:A/r', 'gdrive:A'), 'around'],
    [ofDrive('gdrive:A', 'gdrive:B', readable('gdrive:A/zip')), 'inside'],
  ] as const)
    assert.deepEqual(
      parseConfiguration(text).problems.map(({ code, facts }) => [code, facts['relation'], facts['other']]),
      [['shared-folder', relation, 'original']],
      text,
    );
  assert.deepEqual(parseConfiguration(ofDrive('gdrive:A', 'gdrive:B', readable())).problems, []);
  assert.deepEqual(
    parseConfiguration(ofDrive('r', 'gdrive:B')).problems.map(({ facts }) => facts['expected'] ?? facts['form']),
    ['location'],
  );
  const peaceful = withCopies(
    copy('one', '"gdrive:A"', readable('gdrive:Reports')),
    copy('two', '"gdrive:B"', readable('gdrive:Reports')),
    copy('three', '"gdrive:C"', readable('/srv/readable')),
  );
  assert.deepEqual(parseConfiguration(peaceful).problems, []);
});

test('wherever a copy lies, its place is its own: not that of its repository, of another copy, or of a set', () => {
  const of = (repository: string, to: string): string => withCopies(copy('one', `"${to}"`).replace('"/r/one"', `"${repository}"`));
  for (const [repository, to, relation] of [
    ['/srv/r', '/srv/r/', 'same'],
    ['/srv/r', '/srv/x/../r/copy', 'inside'],
    ['/srv/r/a', 'local:/srv/r', 'around'],
    ['D:\\\\Backup\\\\R', 'd:/backup/r', 'same'],
    ['\\\\\\\\nas\\\\b\\\\r', '\\\\\\\\NAS\\\\b', 'around'],
    ['sftp:backup@nas:/srv/r', 'sftp://other@NAS:22//srv/r', 'same'],
    ['sftp:nas:r', 'sftp:nas:r/copy', 'inside'],
    ['rest:https://nas:8000/a', 'rest:https://user@nas:8000/a/b', 'inside'],
    ['s3:https://s3.host/bucket', 's3://s3.host/bucket/copy', 'inside'],
    ['s3:s3.host/bucket/x', 's3:https://s3.host/bucket/x/', 'same'],
    ['rclone:cloud:a/b', 'rclone:cloud:a', 'around'],
  ] as const)
    assert.deepEqual(
      parseConfiguration(of(repository, to)).problems.map(({ code, facts }) => [code, facts['relation'], facts['other']]),
      [['shared-folder', relation, 'original']],
      `${repository} ${to}`,
    );
  for (const [repository, to] of [
    ['/srv/r', '/srv/r2'],
    ['/srv/r', 'sftp:nas:/srv/r'],
    ['sftp:nas:/srv/r', 'sftp:nas:srv/r'],
    ['sftp:nas:/srv/r', 'sftp://nas:2222//srv/r'],
    ['s3:https://s3.host/bucket', 's3:https://s3.host/bucket2'],
    ['rest:https://nas/r', 'rest:http://nas/r'],
    ['rclone:cloud:r', 'rclone:other:r'],
    ['gdrive:A', 's3:https://s3.host/A'],
  ] as const)
    assert.deepEqual(parseConfiguration(of(repository, to)).problems, [], `${repository} ${to}`);
  const twice = parseConfiguration(withCopies(copy('one', '"s3:https://s3.host/b"'), copy('two', '"s3:https://s3.host/b"')));
  assert.deepEqual(
    twice.problems.map(({ facts }) => [facts['relation'], facts['other'], facts['name']]),
    [
      ['same', 'copy', 'two'],
      ['same', 'copy', 'one'],
    ],
  );
});

test('a copy has no password in its place, and no readable copies without one where it does not lie on Google Drive', () => {
  const [secret] = parseConfiguration(withCopies(copy('one', '"rest:https://user:hunter2@nas/r"'))).problems;
  assert.equal(secret?.code, 'secret');
  const readable = (to: string): string => `, "readableCopies": { "set": "data"${to} }`;
  assert.deepEqual(
    parseConfiguration(withCopies(copy('one', '"sftp:nas:/c"', readable('')))).problems.map(({ code, path }) => [code, path]),
    [['missing', 'offsiteCopies[0].readableCopies.to']],
  );
  assert.deepEqual(parseConfiguration(withCopies(copy('one', '"sftp:nas:/c"', readable(', "to": "/srv/readable"')))).problems, []);
});

test('a shared folder is told in both languages, with both names and what to do', () => {
  const { problems } = parseConfiguration(withCopies(copy('one', '"gdrive:A"'), copy('two', '"gdrive:A/data"')));
  assert.equal(
    problems.map(describeProblem)[1],
    '"gdrive:A/data" lies inside "gdrive:A", the folder of the off-site copy "one" (line 4): files of the one would be in the way of the other. Give each of them a folder of its own, beside each other.',
  );
  setLanguage('id');
  assert.match(problems.map(describeProblem)[0] ?? '', /salinan eksternal "two" \(baris 5\)/);
  setLanguage('en');
});

test('every fault is one error with its code, its facts, its path and the very place', () => {
  for (const [marked, code, facts, path] of faults) {
    const { text, place } = unmarked(marked);
    const { problems, configuration } = parseConfiguration(text);
    assert.equal(problems.length, 1, `${marked}\n${JSON.stringify(problems)}`);
    const [problem] = problems;
    assert.deepEqual(
      { severity: problem?.severity, code: problem?.code, facts: problem?.facts, path: problem?.path },
      { severity: 'error', code, facts, path },
      marked,
    );
    if (place) assert.deepEqual({ line: problem?.line, column: problem?.column, length: problem?.length }, place, marked);
    if (path.startsWith('sets[0]')) assert.deepEqual(configuration.sets, [], marked);
  }
});

test('every problem is a sentence in both languages, and a secret never gets into it', () => {
  for (const language of ['en', 'id'] as const) {
    setLanguage(language);
    for (const [marked] of faults) {
      for (const problem of parseConfiguration(unmarked(marked).text).problems) {
        const sentence = describeProblem(problem);
        assert.match(sentence, /^["A-Z].*\.$/, sentence);
        assert.doesNotMatch(sentence, /undefined|\{\w+\}|hunter2/, sentence);
      }
    }
  }
  setLanguage('en');
});

test('a rule of thresholds alone keeps nothing, and is none', () => {
  const { problems } = parseConfiguration(inSet('"retention": { "holdBack": { "filesMin": 5 } }'));
  assert.deepEqual(
    problems.map(({ severity, path }) => [severity, path]),
    [['error', 'sets[0].retention']],
  );
});

test('a location is one that can be opened; of any other the problem says what is, and shows no password', () => {
  const problemsOf = (location: string) =>
    parseConfiguration(withSets(`{ "name": "data", "sources": ["/srv"], "repository": { "location": ${JSON.stringify(location)} } }`))
      .problems;
  const servers = [
    'sftp:nas:/x',
    'sftp://backup@nas:2222//x',
    'rest:https://host/',
    's3:https://host/bucket',
    's3:s3.amazonaws.com/bucket',
    'rclone:x:y',
  ];
  for (const good of ['/mnt/a:b', 'D:\\Backup', '\\\\nas\\backup', 'local:/a:b', 'local:C:\\a', 'gdrive:A/B', ...servers])
    assert.deepEqual(problemsOf(good), [], good);
  for (const [bad, code] of [
    ['sftp:', 'invalid-value'],
    ['rest:host/', 'invalid-value'],
    ['s3:', 'invalid-value'],
    ['rclone:x', 'invalid-value'],
    ['b2:bucket', 'invalid-value'],
    ['sfpt:x', 'invalid-value'],
    ['backup', 'invalid-value'],
    ['./a:b', 'invalid-value'],
    ['..', 'invalid-value'],
    ['local:a:b', 'invalid-value'],
    ['~/backup', 'invalid-value'],
    ['~root/backup', 'invalid-value'],
    ['\\backup', 'invalid-value'],
    ['C:backup', 'invalid-value'],
    ['gdrive:', 'invalid-value'],
    ['rest:https://u:hunter2@h/', 'secret'],
  ] as const) {
    const problems = problemsOf(bad);
    assert.deepEqual(
      problems.map((problem) => problem.code),
      [code],
      bad,
    );
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
  }
  const sentence = problemsOf('sfpt:nas:/x').map(describeProblem).join();
  assert.equal(
    sentence,
    '"sfpt:nas:/x" is not possible here: an absolute path such as /mnt/backup/repository, a share, a folder on Google Drive such as "gdrive:Backup/server", or a server such as "sftp:backup@nas:/srv/cadangan" is wanted.',
  );
});

test('an unknown key is a warning that names the likely one, and its set is used', () => {
  const { problems, configuration } = parseConfiguration(inSet('"exclude": ["*.tmp"], "colour": 1'));
  assert.deepEqual(
    problems.map(({ severity, code, facts, set }) => ({ severity, code, facts, set })),
    [
      { severity: 'warning', code: 'unknown-key', facts: { key: 'exclude', suggestion: 'excludes' }, set: 'data' },
      { severity: 'warning', code: 'unknown-key', facts: { key: 'colour', suggestion: undefined }, set: 'data' },
    ],
  );
  assert.equal(configuration.sets.length, 1);
});

test('a wrong set stops no other, and is still listed', () => {
  const { configuration, problems, sets } = parseConfiguration(
    withSets(
      '{ "name": "wrong" }',
      fewest,
      '{ "name": "torn", "sources": ["/a" "/b"], "repository": { "location": "/r" } }',
      fewest.replace('"data"', '"last"'),
    ),
  );
  assert.deepEqual(
    configuration.sets.map(({ name }) => name),
    ['data', 'last'],
  );
  assert.deepEqual(
    sets.map(({ name, isUsable, line }) => [name, isUsable, line]),
    [
      ['wrong', false, 4],
      ['data', true, 5],
      ['torn', false, 6],
      ['last', true, 7],
    ],
  );
  assert.ok(problems.some(({ code, line }) => code === 'syntax' && line === 6));
});

test('wrong general values leave their defaults and every set', () => {
  const { configuration, problems } = parseConfiguration(
    withSets(fewest).replace('"version": 1', '"language": "xx", "timeZone": 7, "organisation": "PT Contoh"'),
  );
  assert.deepEqual(
    problems.map(({ severity, code }) => [severity, code]),
    [
      ['warning', 'missing'],
      ['error', 'invalid-value'],
      ['error', 'wrong-type'],
    ],
  );
  assert.deepEqual(
    [configuration.language, configuration.timeZone, configuration.organisation, configuration.sets.length],
    ['auto', undefined, 'PT Contoh', 1],
  );
});

test('of a newer version nothing is used', () => {
  assert.deepEqual(parseConfiguration(withSets(fewest).replace('"version": 1', '"version": 3')).configuration.sets, []);
});

test('random bytes, and a good file with random damage, never throw, and every place is in the text', () => {
  const good = faults.map(([marked]) => unmarked(marked).text);
  const damaged = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.nat(20), fc.string({ unit: 'binary', maxLength: 12 }))
    .map(([text, at, length, other]) => {
      const offset = at % text.length;
      return text.slice(0, offset) + other + text.slice(offset + length);
    });
  const tokens = fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"sets"',
        '"name"',
        '"a"',
        '1',
        'null',
        '//x\n',
        '/*',
        '*/',
        '"',
        '\\',
        '"__proto__"',
        '"version"',
      ),
      { maxLength: 60 },
    )
    .map((words) => words.join(''));
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8'));
  fc.assert(
    fc.property(fc.oneof(damaged, tokens, random), (text) => {
      const { problems, configuration } = parseConfiguration(text);
      const lines = text.split(/\r\n|\n|\r/);
      for (const problem of problems) {
        assert.ok(describeProblem(problem).length > 0);
        const line = lines[problem.line - 1];
        assert.ok(
          line !== undefined && problem.column >= 1 && problem.column - 1 + problem.length <= line.length,
          JSON.stringify([text, problem]),
        );
      }
      for (const set of configuration.sets) assert.ok(set.name !== '' && set.sources.length > 0);
    }),
    { numRuns: 3000 },
  );
});

function unmarked(marked: string): { text: string; place: { line: number; column: number; length: number } | undefined } {
  const text = marked.replace(/[«»]/g, '');
  const start = marked.indexOf('«');
  if (start < 0) return { text, place: undefined };
  const before = marked.slice(0, start).split(/\r\n|\n|\r/);
  return { text, place: { line: before.length, column: (before.at(-1) ?? '').length + 1, length: marked.indexOf('»') - start - 1 } };
}

test('a proxy is a host and a port; one with a name and password is none, since those are secrets', () => {
  const codes = (proxy: string): readonly string[] => {
    const text = JSON.stringify({ version: 1, sets: [], googleDrive: { account: 'a@example.org', clientFile: '/c', proxy } });
    return parseConfiguration(text).problems.map(({ code }) => code);
  };
  for (const right of ['http://proxy.example:3128', 'https://proxy.example', 'http://10.0.0.1:8080/', 'http://[::1]:3128'])
    assert.deepEqual(codes(right), [], right);
  for (const wrong of [
    'proxy.example:3128',
    'socks5://proxy.example',
    'http://admin:pa@proxy.example',
    'http://admin@proxy.example',
    'http://',
    'http://a/b',
  ])
    assert.equal(codes(wrong).length, 1, wrong);
});

test('what nothing in a snapshot could name is refused where it is typed, not at night', () => {
  const codesOf = (...paths: readonly string[]): string[] =>
    parseConfiguration(
      JSON.stringify({ version: 1, sets: [{ name: 'data', sources: paths, repository: { location: '/r' } }] }),
    ).problems.map(({ path, facts }) => `${path} ${String(facts['expected'])}`);
  assert.deepEqual(codesOf('C:\\x', 'c:/', '\\\\?\\C:\\x', '\\\\nas1\\share', '\\\\nas1\\share\\x', '\\\\?\\UNC\\nas1\\share', '/srv'), []);
  for (const refused of [
    '\\\\.\\PhysicalDrive0',
    '\\\\?\\Volume{0}\\x',
    '\\\\?\\GLOBALROOT\\x',
    '\\\\server',
    '\\\\server\\',
    '\\\\s\\x',
    'C:x',
    '\\x',
  ])
    assert.deepEqual(codesOf('/srv', refused), ['sets[0].sources[1] source'], refused);
  const location = (text: string): number =>
    parseConfiguration(JSON.stringify({ version: 1, sets: [{ name: 'data', sources: ['/srv'], repository: { location: text } }] })).problems
      .length;
  assert.deepEqual([location('\\\\s\\x'), location('local:\\\\nas\\x'), location('\\\\.\\x'), location('\\\\server')], [0, 0, 1, 1]);
});
