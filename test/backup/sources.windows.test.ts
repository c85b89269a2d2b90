import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { compileExcludeRules } from '../../src/backup/exclude-rules.ts';
import { prepareSource } from '../../src/backup/prepared-source.ts';
import type { SourceTree } from '../../src/backup/source-tree.ts';

/** What is read there, by Windows itself; how paths are understood is in `source-tree.test.ts`, on every system. */

/** A folder with `here`, the working folder, and `docs` beside it, with a long way to a file. */
function folders(t: TestContext): { root: string; here: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-sources-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const deep = join(root, 'docs', ...Array.from({ length: 6 }, () => 'x'.repeat(60)));
  mkdirSync(deep, { recursive: true });
  mkdirSync(join(root, 'here', 'docs'), { recursive: true });
  const files = [join(root, 'docs', 'right.txt'), join(deep, 'far.txt'), join(root, 'here', 'docs', 'inner.txt')];
  for (const path of files) writeFileSync(path, '');
  return { root, here: join(root, 'here') };
}

/** The paths of the one source as the snapshot has it, and the files that are found in it. */
async function readFrom(source: string, workingFolder: string, excludes: readonly string[] = []) {
  const rules = await compileExcludeRules({ excludes }, { environment: {}, windows: true, ignoresCase: true });
  const { tree, reader, paths, missing, scanAhead } = prepareSource({ sources: [source], workingFolder, rules });
  scanAhead[Symbol.dispose]();
  const filesIn = (folder: SourceTree['path']): string[] => {
    const { entries, failures } = reader.list(folder);
    assert.deepEqual(failures, []);
    return entries.flatMap(({ name, path, stat }) => (stat.type === 'dir' ? filesIn(path) : [name]));
  };
  const filesOf = (at: SourceTree): string[] => (at.isSource ? filesIn(at.path) : at.children.flatMap(filesOf));
  assert.deepEqual(missing, []);
  return { paths, files: filesOf(tree) };
}

test('a source of Windows is read from where it is, however it is written', async (t) => {
  const { root, here } = folders(t);
  const drive = root.slice(0, 2);
  for (const [source, workingFolder] of [
    [join(root, 'docs'), here],
    [`\\\\?\\${root}\\docs`, here],
    [`//?/${root}/docs`, here],
    ['..\\docs', here],
    ['x\\..\\..\\docs', here],
    ['..\\docs', `\\\\?\\${here}`],
    [`${drive}..\\docs`, here],
    [`${root}\\here\\..\\docs\\`, here],
  ] as const) {
    assert.deepEqual(await readFrom(source, workingFolder), { paths: [join(root, 'docs')], files: ['right.txt', 'far.txt'] }, source);
  }
  assert.deepEqual((await readFrom(`${drive}docs`, here)).files, ['inner.txt']);
});

test('a share is read, and excluded from, by its path', async (t) => {
  const { root } = folders(t);
  const share = `\\\\localhost\\${root.slice(0, 1)}$`; // what Windows shares with its administrators
  if (!statSync(`${share}\\`, { throwIfNoEntry: false })) return t.skip('no share here');
  const docs = `${share}${root.slice(2)}\\docs`;
  for (const source of [docs, docs.replaceAll('\\', '/'), docs.replace('\\\\', '\\\\?\\UNC\\')]) {
    assert.deepEqual(await readFrom(source, 'C:\\'), { paths: [docs], files: ['right.txt', 'far.txt'] }, source);
    assert.deepEqual((await readFrom(source, 'C:\\', [`${docs}\\right.txt`])).files, ['far.txt']);
  }
  assert.deepEqual((await readFrom('..\\docs', docs)).files, ['right.txt', 'far.txt']);
});
