// Run by Windows' Node: `scanner-program.ts KOFFI MILLISECONDS FOLDER`. Behaves as a scanner for viruses: whatever appears or changes
// below the folder it opens to read, sharing reading and writing but not deletion, for so long. It says "ready", and how many files it has
// opened each time it has opened one. The process is killed when it is to end.
import { readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { FileHolder } from './file-holder.ts';

const [koffiPath = '', holdMs = '', folder = ''] = process.argv.slice(2);
const holder = new FileHolder(koffiPath);
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
  const letGo = holder.hold(path);
  if (letGo === undefined) return;
  opened += 1;
  setTimeout(letGo, Number(holdMs));
  process.stdout.write(`${opened}\n`);
}

lookAfter(folder, false);
process.stdout.write('ready\n');
