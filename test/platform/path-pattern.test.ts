import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteStringFromBytes, byteStringFromText, textOf, type ByteString } from '../../src/platform/byte-string.ts';
import { isCode } from '../../src/platform/errors.ts';
import { compilePatterns } from '../../src/platform/path-pattern.ts';

/** The files of a small tree; the last name is not UTF-8 and shows as `caf\ufffd`. */
const files: readonly ByteString[] = [
  ...['!bang', '#hash', '.git/HEAD', 'CAFÉ', 'Report.TXT', '[x].txt', 'a b.txt', 'a*b', 'back\\slash', 'café', '😀']
    .concat('one.tmp', 'report.txt')
    .map((name) => `/srv/data/${name}`),
  ...['a/b/c/f', 'a/b/x/c/f', 'a/x/b/c/f', 'ab/c/f', 'cache/deep/cache/x', 'cache/one.tmp', 'home/u/f'].map((name) => `/srv/${name}`),
]
  .map(byteStringFromText)
  .concat(byteStringFromBytes(Buffer.from('/srv/data/caf\xe9', 'latin1')));

type Row = readonly [patterns: readonly string[], leftOut: readonly string[]];

/** Recorded from restic 0.14.0: `backup /srv --exclude ...` leaves out these (below `/srv`) and all beneath them. */
const excluded: readonly Row[] = [
  [['data'], ['data']],
  [['/srv/data'], ['data']],
  [['/data'], []],
  [['srv/data'], ['data']],
  [['/srv/data/'], ['data']],
  [['cache'], ['cache']],
  [['/srv/cache/one.tmp'], ['cache/one.tmp']],
  [['*.tmp'], ['cache/one.tmp', 'data/one.tmp']],
  [['/srv/*.tmp'], []],
  [['/srv/*/*.tmp'], ['cache/one.tmp', 'data/one.tmp']],
  [['*.txt'], ['data/[x].txt', 'data/a b.txt', 'data/report.txt']],
  [['*port*'], ['data/Report.TXT', 'data/report.txt']],
  [['re*'], ['data/report.txt']],
  [['*'], ['']],
  [['**'], ['']],
  [['/'], ['']],
  [['/**'], ['']],
  [['/srv/**'], ['']],
  [['/srv/*'], ['a', 'ab', 'cache', 'data', 'home']],
  [['*/c'], ['a/b/c', 'a/b/x/c', 'a/x/b/c', 'ab/c']],
  [['a/*/c'], ['a/b/c']],
  [['a/**/c'], ['a/b/c', 'a/b/x/c', 'a/x/b/c']],
  [['/srv/**/c'], ['a/b/c', 'a/b/x/c', 'a/x/b/c', 'ab/c']],
  [['/srv/a/**'], ['a']],
  [['/srv/a/**/f'], ['a/b/c/f', 'a/b/x/c/f', 'a/x/b/c/f']],
  [['**/c/f'], ['a/b/c/f', 'a/b/x/c/f', 'a/x/b/c/f', 'ab/c/f']],
  [['/srv/a/**/b/**/c'], ['a/b/c/f', 'a/b/x/c', 'a/x/b/c/f']],
  [['a/**/b/**/c'], ['a/b/c', 'a/b/x/c', 'a/x/b/c']],
  [['a**c'], []],
  [['/srv/**b'], ['ab']],
  [['?'], ['a', 'ab/c', 'cache/deep/cache/x', 'data/😀', 'home/u']],
  [['a?'], ['ab']],
  [['caf?'], ['data/café', 'data/caf\ufffd']],
  [['caf??'], []],
  [['*?'], ['']],
  [['????'], ['cache/deep', 'data', 'home']],
  [['*???'], ['']],
  [['[^a-z]'], ['data/😀']],
  [['[a-c]'], ['a', 'ab/c']],
  [['[a-b]b'], ['ab']],
  [['caf[é]'], ['data/café']],
  [['caf[^é]'], ['data/caf\ufffd']],
  [['caf[\ufffd]'], ['data/caf\ufffd']],
  [['[c-a]*'], []],
  [['[ab]/c'], ['a/b/c', 'a/x/b/c']],
  [['\\[x\\].txt'], ['data/[x].txt']],
  [['[[]x].txt'], ['data/[x].txt']],
  [['a\\*b'], ['data/a*b']],
  [['a*b'], ['ab', 'data/a*b']],
  [['\\!bang'], ['data/!bang']],
  [['#hash'], ['data/#hash']],
  [['back\\\\slash'], ['data/back\\slash']],
  [['CAFÉ'], ['data/CAFÉ']],
  [['Report.TXT'], ['data/Report.TXT']],
  [['./data'], ['data']],
  [['//srv///data'], ['data']],
  [['/srv/a/../data'], ['data']],
  [['../data'], []],
  [['.'], []],
  [['data/..'], []],
  [
    ['', 'one.tmp'],
    ['cache/one.tmp', 'data/one.tmp'],
  ],
  [
    ['*.txt', '!report.txt'],
    ['data/[x].txt', 'data/a b.txt'],
  ],
  [
    ['!report.txt', '*.txt'],
    ['data/[x].txt', 'data/a b.txt', 'data/report.txt'],
  ],
  [['data', '!/srv/data/report.txt'], ['data']],
  [
    ['/srv/data/*', '!/srv/data/report.txt'],
    [
      'data/!bang',
      'data/#hash',
      'data/.git',
      'data/CAFÉ',
      'data/Report.TXT',
      'data/[x].txt',
      'data/a b.txt',
      'data/a*b',
      'data/back\\slash',
      'data/café',
      'data/caf\ufffd',
      'data/one.tmp',
      'data/😀',
    ],
  ],
  [
    ['/srv/data/*', '!*.txt', 'Report*'],
    [
      'data/!bang',
      'data/#hash',
      'data/.git',
      'data/CAFÉ',
      'data/Report.TXT',
      'data/a*b',
      'data/back\\slash',
      'data/café',
      'data/caf\ufffd',
      'data/one.tmp',
      'data/😀',
    ],
  ],
  [
    ['/srv/*', '!/srv/a', '/srv/a/*', '!/srv/a/b'],
    ['a/x', 'ab', 'cache', 'data', 'home'],
  ],
  [['*', '!srv'], []],
  [['!*'], []],
  [
    ['!', '*.tmp'],
    ['cache/one.tmp', 'data/one.tmp'],
  ],
  [['!!bang'], []],
  [
    ['![^a-m]*', '*.tmp'],
    ['cache/one.tmp', 'data/one.tmp'],
  ],
  [['home'], ['home']],
  [['/home'], []],
  [['a b.txt'], ['data/a b.txt']],
  [['.g*'], ['data/.git']],
  [['.*'], ['data/.git']],
];

/** The same with `--iexclude`. */
const excludedIgnoringCase: readonly Row[] = [
  [['DATA'], ['data']],
  [['*.TXT'], ['data/Report.TXT', 'data/[x].txt', 'data/a b.txt', 'data/report.txt']],
  [['café'], ['data/CAFÉ', 'data/café']],
  [['CAFÉ'], ['data/CAFÉ', 'data/café']],
  [['/SRV/Data/*.TmP'], ['data/one.tmp']],
  [['[A-C]'], ['a', 'ab/c']],
  [['CAF\ufffd'], ['data/caf\ufffd']],
  [
    ['/srv/data/*', '!REPORT.*'],
    [
      'data/!bang',
      'data/#hash',
      'data/.git',
      'data/CAFÉ',
      'data/[x].txt',
      'data/a b.txt',
      'data/a*b',
      'data/back\\slash',
      'data/café',
      'data/caf\ufffd',
      'data/one.tmp',
      'data/😀',
    ],
  ],
];

for (const [table, caseInsensitive] of [
  [excluded, false],
  [excludedIgnoringCase, true],
] as const) {
  for (const [patterns, leftOut] of table) {
    test(`${caseInsensitive ? 'ignoring case, ' : ''}${JSON.stringify(patterns)} leaves out what restic leaves out`, () => {
      assert.deepEqual(walk(patterns, caseInsensitive), [...leftOut]);
    });
  }
}

/** Topmost paths that the patterns match, as a walk finds them. */
function walk(patterns: readonly string[], caseInsensitive: boolean): string[] {
  const set = compilePatterns(patterns, { caseInsensitive });
  const found = files.map((file) => pathsTo(file).find((path) => set.matches(path)));
  return [...new Set(found.flatMap((path) => (path === undefined ? [] : textOf(path).slice('/srv/'.length))))].sort();
}

/** `/srv`, `/srv/a`, `/srv/a/b` for `/srv/a/b`. */
function pathsTo(path: string): ByteString[] {
  const names = path.split('/').slice(1);
  return names.map((_name, i) => `/${names.slice(0, i + 1).join('/')}` as ByteString);
}

for (const pattern of ['[', 'a[', '/srv/[a', '[]', '[]a]', '[^]', '[a-]', '[-a]', '[a-b-c]', '\\', 'a\\', '[\\', '[a\\]'].concat(
  'b/[/c',
  '**/[',
  '!x[',
  '[a/b]',
)) {
  test(`the pattern ${pattern} is refused, as restic refuses it`, () => {
    for (const caseInsensitive of [false, true]) {
      assert.throws(
        () => compilePatterns(['*.tmp', pattern], { caseInsensitive }),
        (error) => isCode(error, 'arguments.invalid') && error.facts['pattern'] === pattern && error.facts['reason'] !== '',
      );
    }
  });
}

for (const pattern of ['a]', '[a]]', '{a', '[!a]', '[c-a]']) {
  test(`the pattern ${pattern} is accepted, as restic accepts it`, () => {
    assert.equal(compilePatterns([pattern]).isEmpty, false);
  });
}

for (const [patterns, path, matched, childMayMatch] of [
  [[], '/a', false, false],
  [['x'], '/a', false, true],
  [['/a/b/c'], '/', false, true],
  [['/a/b/c'], '/a', false, true],
  [['/a/b/c'], '/a/b/c', true, true],
  [['/a/b/c'], '/a/b/c/d', true, true],
  [['/a/b/c'], '/a/x', false, false],
  [['/a/b/c'], '/ab', false, false],
  [['/a/*/c'], '/a/b', false, true],
  [['/a/*/c'], '/a/b/d', false, false],
  [['/a/**/c'], '/a/b/d/e', false, true],
  [['/a/**/c'], '/b', false, false],
  [['/a/b', '!/a/b/c'], '/a', false, true],
  [['/a/b', '!/a/b/c'], '/a/b', true, true],
  [['/a/b', '!/a/b/c'], '/a/b/c', false, false],
  [['x', '!*.txt'], '/a.txt', false, false],
  [['!*.txt', 'x'], '/a.txt', false, true],
] as const) {
  test(`[${patterns.join(' ')}] at ${path}: matched ${matched}, children may match ${childMayMatch}`, () => {
    assert.deepEqual(compilePatterns(patterns).match(byteStringFromText(path)), { matched, childMayMatch });
  });
}

for (const [pattern, path, matched] of [
  ['C:\\Users\\*\\AppData', '/C/Users/ana/AppData/Local/x', true],
  ['C:\\Users\\*\\AppData', '/D/Users/ana/AppData', false],
  ['!C:\\Users', '/C/Users', false],
  ['AppData\\*.tmp', '/C/Users/ana/AppData/one.tmp', true],
  ['c:/pagefile.sys', '/C/pagefile.sys', false],
  ['\\\\nas1\\share\\*.tmp', '/nas1/share/one.tmp', true],
  ['//nas1/share/docs', '/nas1/share/docs/x', true],
  ['\\\\?\\UNC\\nas1\\share\\docs', '/nas1/share/docs/x', true],
  ['\\\\?\\C:\\Users\\*.tmp', '/C/Users/one.tmp', true],
  ['!\\\\?\\C:\\Users', '/C/Users', false],
] as const) {
  test(`written as on Windows, ${pattern} ${matched ? 'matches' : 'does not match'} ${path}`, () => {
    assert.equal(compilePatterns([pattern], { windows: true }).matches(byteStringFromText(path)), matched);
  });
}

test('a pattern of many stars takes no exponential time on a name that almost matches', () => {
  const path = byteStringFromText(`/${'a'.repeat(255)}`);
  assert.equal(compilePatterns([`${'*a'.repeat(40)}*b`, `${'*?'.repeat(100)}b`]).matches(path), false);
});

const somePath = fc
  .array(fc.array(fc.constantFrom('a', 'b', 'é', '.', '\xff'), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .map((names) => names.map((name) => name.join('')).filter((name) => name !== '.' && name !== '..'))
  .map((names) => `/${names.join('/')}`)
  // As bytes: `é` becomes two, `\xff` stays one that is not UTF-8.
  .map((path) => path.replaceAll('é', '\xc3\xa9') as ByteString);

const someText = fc.array(fc.constantFrom('a', 'b', 'é', '.', '*'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
const someName = fc.oneof(
  { weight: 5, arbitrary: someText },
  { weight: 2, arbitrary: fc.constantFrom('*', '?', '**', '[ab]', '[^a]', '\\a', '*a?*') },
);
const somePattern = fc
  .tuple(fc.constantFrom('', '', '/'), fc.array(someName, { minLength: 1, maxLength: 4 }))
  .map(([root, names]) => root + names.join('/'));
const somePatterns = fc.array(
  fc.tuple(fc.constantFrom('', '', '!'), somePattern).map((pieces) => pieces.join('')),
  { maxLength: 5 },
);

test('matches() says what match() says', () => {
  fc.assert(
    fc.property(somePatterns, somePath, fc.boolean(), (patterns, path, caseInsensitive) => {
      const set = compilePatterns(patterns, { caseInsensitive });
      assert.equal(set.matches(path), set.match(path).matched);
    }),
  );
});

test('a pattern that matches a folder matches all that lies beneath it', () => {
  fc.assert(
    fc.property(somePattern, somePath, somePath, (pattern, folder, rest) => {
      const set = compilePatterns([pattern]);
      fc.pre(folder !== '/' && rest !== '/' && set.matches(folder));
      assert.equal(set.matches((folder + rest) as ByteString), true);
    }),
  );
});

test('every folder above a matching path says that a child may match', () => {
  fc.assert(
    fc.property(fc.array(somePattern, { minLength: 1, maxLength: 4 }), somePath, (patterns, path) => {
      const set = compilePatterns(patterns);
      fc.pre(path !== '/' && set.matches(path));
      for (const above of ['/' as ByteString, ...pathsTo(path)]) assert.equal(set.match(above).childMayMatch, true, above);
    }),
  );
});

test('the searches that replace a match give the same answer as matching name by name', () => {
  fc.assert(
    fc.property(somePattern, somePath, (pattern, path) => {
      // `[a]` means `a`, and keeps a pattern from being turned into a search.
      const slow = pattern.replace(/(?<![\\[^])a(?!\])|(?<![\\[])b(?!\])/g, '[$&]');
      assert.equal(compilePatterns([pattern]).matches(path), compilePatterns([slow]).matches(path), slow);
    }),
    { numRuns: 1000 },
  );
});

test('the last pattern that matches decides', () => {
  fc.assert(
    fc.property(somePatterns, somePath, (patterns, path) => {
      const decides = patterns.findLast((pattern) => compilePatterns([pattern.replace(/^!/, '')]).matches(path));
      assert.equal(compilePatterns(patterns).matches(path), decides !== undefined && !decides.startsWith('!'));
    }),
  );
});
