import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { discard, discardHeld, renameNow, unlinkNow } from '../../src/platform/index.ts';
import { loadKoffi } from '../../src/platform/native/koffi.ts';

/** From `winnt.h` and `fileapi.h`: to read, sharing reading and writing but not deletion, what exists. */
const [genericRead, shareReadAndWrite, openExisting] = [0x8000_0000, 3, 3];

/** @returns its paths */
function makeFiles<const Names extends readonly string[]>(t: TestContext, ...names: Names): { [Index in keyof Names]: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-held-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return names.map((name) => {
    writeFileSync(join(folder, name), '');
    return join(folder, name);
  }) as { [Index in keyof Names]: string };
}

/** Opens a file as a scanner for viruses does. @returns what lets it go */
function hold(path: string): () => void {
  const kernel = loadKoffi()?.load('kernel32.dll');
  assert.ok(kernel, 'dist/ has the binary that calls Windows: npm run build');
  const open = kernel.func(
    'intptr_t __stdcall CreateFileW(str16 name, uint32_t access, uint32_t share, void* security, uint32_t disposition, uint32_t flags, void* template)',
  );
  const handle = Number(open(path, genericRead, shareReadAndWrite, null, openExisting, 0, null));
  const close = kernel.func('bool __stdcall CloseHandle(intptr_t handle)');
  return () => assert.equal(close(handle), true);
}

test('what is held says so when it is to be removed, and when another file is to take its name', (t) => {
  const [held, other] = makeFiles(t, 'dipegang', 'lain');
  const letGo = hold(held);
  const inUse = { code: 'EBUSY', path: held };
  assert.throws(() => unlinkNow(held, () => true), inUse);
  assert.throws(() => renameNow(held, `${held}-baru`, () => true), inUse);
  assert.throws(() => renameNow(other, held, () => true), inUse);
  letGo();
  renameNow(other, held);
});

test('what is held when a run is stopped goes later: nobody who stops it waits for that', async (t) => {
  const [before, during] = makeFiles(t, 'sebelum', 'selama');
  const letGo = [before, during].map(hold);
  const stop = new AbortController();
  const discarding = discard(during, stop.signal);
  stop.abort();
  await discarding;
  await discard(before, stop.signal);
  assert.ok(existsSync(before) && existsSync(during));
  for (const end of letGo) end();
  await discardHeld(stop.signal);
  assert.ok(!existsSync(before) && !existsSync(during));
});
