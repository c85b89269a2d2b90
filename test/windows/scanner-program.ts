// Run by Windows' Node: `scanner-program.ts KOFFI MILLISECONDS FOLDER`. Behaves as a scanner for viruses: whatever appears or changes
// below the folder it opens to read, sharing reading and writing but not deletion, for so long. It says "ready", and how many files it has
// opened each time it has opened one. The process is killed when it is to end.
import { readdirSync, statSync, watch } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';

/** What we use of koffi (koffi.dev, "Function calls"). */
interface Koffi {
  load(library: string): { func(signature: string): (...parameters: readonly (string | number | null)[]) => number };
}

const [koffiPath = '', holdMs = '', folder = ''] = process.argv.slice(2);
const koffi: Koffi = createRequire(import.meta.url)(koffiPath);
const kernel = koffi.load('kernel32.dll');
const open = kernel.func(
  'intptr_t __stdcall CreateFileW(str16 name, uint32_t access, uint32_t share, void* security, uint32_t disposition, uint32_t flags, void* template)',
);
const close = kernel.func('bool __stdcall CloseHandle(intptr_t handle)');

/** From `winnt.h` and `fileapi.h`. */
const genericRead = 0x8000_0000;
const shareReadAndWrite = 0x1 | 0x2;
const openExisting = 3;
const invalidHandle = -1;

let opened = 0;
const watched = new Set<string>();

/** Each folder by itself: Wine tells of a folder below a watched one only while somebody has it open. */
function lookAfter(folder: string, isNew: boolean): void {
  watched.add(folder);
  watch(folder, (_event, name) => {
    if (name !== null) lookAt(join(folder, name));
  }).on('error', () => watched.delete(folder)); // it is gone
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (isNew || entry.isDirectory()) lookAt(join(folder, entry.name), isNew);
}

function lookAt(path: string, isNew = true): void {
  try {
    if (statSync(path).isDirectory()) {
      if (!watched.has(path)) lookAfter(path, isNew);
    } else hold(path);
  } catch {
    // It is gone, or just going.
  }
}

function hold(path: string): void {
  const handle = open(path, genericRead, shareReadAndWrite, null, openExisting, 0, null);
  if (handle === invalidHandle) return; // it is gone
  opened += 1;
  setTimeout(() => close(handle), Number(holdMs));
  process.stdout.write(`${opened}\n`);
}

lookAfter(folder, false);
process.stdout.write('ready\n');
