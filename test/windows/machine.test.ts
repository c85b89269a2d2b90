import assert from 'node:assert/strict';
import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeShare, makeWindowsFolder, needsWindows, prefixFolder, startNode } from './wine.ts';

/** What a program says about the machine that it finds. */
async function told(expression: string): Promise<unknown> {
  const { stdout, stderr } = await startNode(['-p', `JSON.stringify(${expression})`]).ended;
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

/** Links below a folder, by their path in it; nothing goes through them. */
function linksIn(folder: string, path = ''): string[] {
  return readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
    const inner = join(path, entry.name);
    if (entry.isSymbolicLink()) return /^(com|lpt)\d+$/.test(entry.name) ? [] : [inner]; // Wine makes those of ports at each start
    // What the tests beside this one make and remove.
    return entry.isDirectory() && !['tests', 'Temp'].includes(entry.name) ? linksIn(folder, inner) : [];
  });
}

test('a program of Windows sees its own drive and the project, and nothing else of this machine', needsWindows, async () => {
  const letters = [...'ABCEFGHIJKLMNOPQRSTUVWXYZ']; // `D:` is there while the test of a company plays
  assert.deepEqual(await told(`${JSON.stringify(letters)}.filter((drive) => fs.existsSync(drive + ':\\\\'))`), ['C', 'W']);
  const links = linksIn(prefixFolder).filter((link) => link !== 'dosdevices/d:');
  assert.deepEqual(links.sort(), ['dosdevices/c:', 'dosdevices/unc/localhost/C$', 'dosdevices/w:']);
  assert.notEqual(lstatSync(prefixFolder).uid, 0, 'Windows is nobody who may everything');
  assert.deepEqual(await told('[process.platform, process.env.HOME ?? null]'), ['win32', null]);
});

test('a folder of a test, and a share, are where both sides say', needsWindows, async (t) => {
  const folder = makeWindowsFolder(t);
  const share = makeShare(t, 'nas-of-a-test', 'data');
  writeFileSync(join(share, 'there.txt'), '');
  const names = [String.raw`\\nas-of-a-test\data`, folder.windows].map((path) => `fs.readdirSync(${JSON.stringify(path)})`);
  assert.deepEqual(await told(`(fs.writeFileSync(${JSON.stringify(`${folder.windows}\\x`)}, ''), [${names.join()}])`), [
    ['there.txt'],
    ['x'],
  ]);
  assert.deepEqual(readdirSync(folder.host), ['x']);
});
