import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileExcludeRules, type ExcludedContent, type ExcludeOptions, type ExcludeRules } from '../../src/backup/exclude-rules.ts';
import { byteStringFromText, isCode, type ByteString } from '../../src/platform/index.ts';

const cacheSignature = 'Signature: 8a477f597d28d172789f06886806bc55';
const rulesOf = (options: ExcludeOptions): Promise<ExcludeRules> =>
  compileExcludeRules(options, { environment: { NAME: 'secret' }, windows: false });
const path = byteStringFromText;

/** A folder given as names and contents; `undefined` is a file that cannot be read. */
function askFolder(rules: ExcludeRules, files: Readonly<Record<string, string | undefined>>): ExcludedContent | undefined {
  const names = new Set(Object.keys(files).map(byteStringFromText));
  return rules.excludesFolder(names, (name: ByteString, lengthBytes) => {
    const content = files[name];
    return content === undefined ? undefined : Buffer.from(content).subarray(0, lengthBytes);
  });
}

test('without options nothing is excluded', async () => {
  const rules = await rulesOf({});
  assert.equal(rules.isEmpty, true);
  assert.equal(rules.looksIntoFolders, false);
  assert.equal(rules.excludesPath(path('/srv/a'), { type: 'file', size: 1e15 }), false);
  assert.equal(askFolder(rules, { 'CACHEDIR.TAG': cacheSignature }), undefined);
});

test('patterns with and without case both exclude', async () => {
  const rules = await rulesOf({ excludes: ['*.tmp'], iexcludes: ['*.bak'] });
  const excluded = ['/a.tmp', '/a.TMP', '/a.bak', '/a.BAK', '/a.txt'].filter((name) => rules.excludesPath(path(name)));
  assert.deepEqual(excluded, ['/a.tmp', '/a.bak', '/a.BAK']);
  assert.equal(rules.isEmpty, false);
});

test('on Windows rules take no notice of case, as its file system does not', async () => {
  const options = { excludes: ['Thumbs.db', 'c:\\Temp'], excludeCaches: true, excludeIfPresent: ['.NoBackup'] };
  const rules = await compileExcludeRules(options, { environment: {}, windows: true, ignoresCase: true });
  const excluded = ['/C/x/thumbs.db', '/C/x/THUMBS.DB', '/C/temp/x', '/D/temp/x'].filter((name) => rules.excludesPath(path(name)));
  assert.deepEqual(excluded, ['/C/x/thumbs.db', '/C/x/THUMBS.DB', '/C/temp/x']);
  assert.deepEqual(askFolder(rules, { 'cachedir.tag': cacheSignature, a: '' }), { keep: 'cachedir.tag' });
  assert.deepEqual(askFolder(rules, { '.nobackup': '', a: '' }), { keep: '.nobackup' });
  assert.equal(askFolder(await rulesOf(options), { '.nobackup': '', a: '' }), undefined);
});

test('what is written as on Windows takes as much away from a repository as restic would: a.jpg is not A.JPG there', async () => {
  const options = { excludes: ['*.JPG', 'C:\\Temp'], iexcludes: ['*.bak'] };
  const rules = await compileExcludeRules(options, { environment: {}, windows: true });
  const excluded = ['/C/Temp/x', '/srv/A.JPG', '/srv/a.jpg', '/srv/a.BAK'].filter((name) => rules.excludesPath(path(name)));
  assert.deepEqual(excluded, ['/C/Temp/x', '/srv/A.JPG', '/srv/a.BAK']);
});

test('patterns of files follow those of the command line, so a ! in a file takes back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadangan-exclude-'));
  try {
    const file = join(folder, 'excludes');
    const fileIgnoringCase = join(folder, 'iexcludes');
    await writeFile(file, '# what we keep\n!/srv/$NAME.tmp\n');
    await writeFile(fileIgnoringCase, '*.LOG');
    const rules = await rulesOf({ excludes: ['*.tmp'], excludeFiles: [file], iexcludeFiles: [fileIgnoringCase] });
    const excluded = ['/srv/a.tmp', '/srv/secret.tmp', '/srv/a.log'].filter((name) => rules.excludesPath(path(name)));
    assert.deepEqual(excluded, ['/srv/a.tmp', '/srv/a.log']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

for (const [text, limitBytes] of [
  ['10', 10],
  ['10b', 10],
  ['0', 0],
  ['2k', 2048],
  ['2K', 2048],
  ['3M', 3 * 1024 ** 2],
  ['1g', 1024 ** 3],
  ['2T', 2 * 1024 ** 4],
] as const) {
  test(`--exclude-larger-than ${text} excludes from ${limitBytes + 1} bytes on, and never a folder`, async () => {
    const rules = await rulesOf({ excludeLargerThan: text });
    const asked = (type: string, size: number | bigint): boolean => rules.excludesPath(path('/a'), { type, size });
    assert.equal(asked('file', limitBytes), false);
    assert.equal(asked('file', limitBytes + 1), true);
    assert.equal(asked('file', BigInt(limitBytes) + 1n), true);
    // restic 0.14 measures the target of a symbolic link.
    assert.equal(asked('symlink', limitBytes + 1), true);
    assert.equal(asked('dir', limitBytes + 1), false);
    assert.equal(rules.excludesPath(path('/a')), false);
  });
}

for (const text of ['', 'k', '-1', '1.5M', '1KiB', '1x', '99999999T']) {
  test(`--exclude-larger-than "${text}" is refused`, async () => {
    await assert.rejects(rulesOf({ excludeLargerThan: text }), (error) => isCode(error, 'arguments.invalid'));
  });
}

// What restic 0.14.0 does with such folders: the folder and the tag file are in the snapshot, the rest is not.
test('a folder with a valid CACHEDIR.TAG keeps only its tag file', async () => {
  const rules = await rulesOf({ excludeCaches: true });
  assert.equal(rules.looksIntoFolders, true);
  assert.deepEqual(askFolder(rules, { a: '', 'CACHEDIR.TAG': `${cacheSignature}\n# more` }), { keep: 'CACHEDIR.TAG' });
});

for (const [what, content] of [
  ['has another signature', cacheSignature.replace('8a', '8b')],
  ['is one byte short', cacheSignature.slice(0, -1)],
  ['cannot be read', undefined],
] as const) {
  test(`a CACHEDIR.TAG that ${what} excludes nothing`, async () => {
    assert.equal(askFolder(await rulesOf({ excludeCaches: true }), { 'CACHEDIR.TAG': content }), undefined);
  });
}

test('--exclude-if-present NAME asks only whether the name is there', async () => {
  const rules = await rulesOf({ excludeIfPresent: ['.nobackup'] });
  assert.deepEqual(askFolder(rules, { a: '', '.nobackup': undefined }), { keep: '.nobackup' });
  assert.equal(askFolder(rules, { a: '' }), undefined);
});

test('--exclude-if-present NAME:HEADER asks how the file begins, and the header may have colons', async () => {
  const rules = await rulesOf({ excludeIfPresent: ['TAG:a:b'] });
  assert.deepEqual(askFolder(rules, { TAG: 'a:bcd' }), { keep: 'TAG' });
  assert.equal(askFolder(rules, { TAG: 'a:' }), undefined);
  assert.equal(askFolder(rules, { TAG: 'a:c' }), undefined);
});

test('of two tags with different names neither file is kept, with the same name it is', async () => {
  const rules = await rulesOf({ excludeIfPresent: ['.nobackup', '.nobackup:x'], excludeCaches: true });
  assert.deepEqual(askFolder(rules, { '.nobackup': 'x', 'CACHEDIR.TAG': cacheSignature }), { keep: undefined });
  assert.deepEqual(askFolder(rules, { '.nobackup': 'x', 'CACHEDIR.TAG': '' }), { keep: '.nobackup' });
});

for (const option of ['', ':header', 'sub/tag']) {
  test(`--exclude-if-present "${option}" is refused`, async () => {
    await assert.rejects(rulesOf({ excludeIfPresent: [option] }), (error) => isCode(error, 'arguments.invalid'));
  });
}
