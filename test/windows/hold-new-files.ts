// Preloaded into a command: holds each file that the command makes below HOLD_BELOW, from the moment it is made to the end of the process.
// From inside, since whoever looks from outside may be too late on a busy machine: the file has its last name by then.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { FileHolder } from './file-holder.ts';

const below = process.env['HOLD_BELOW'] ?? '';
const holder = new FileHolder(process.env['HOLD_BY'] ?? '');

function holdIfNew(path: fs.PathLike, flags: string | number | undefined): void {
  const name = String(path).replace('\\\\?\\', '');
  if (typeof flags === 'string' && flags.includes('x') && name.startsWith(below)) holder.hold(name);
}

const { open } = fs.promises;
fs.promises.open = async (path, flags, mode) => {
  const file = await open(path, flags, mode);
  holdIfNew(path, flags);
  return file;
};
const { openSync } = fs;
fs.openSync = (path, flags, mode) => {
  const file = openSync(path, flags, mode);
  holdIfNew(path, flags);
  return file;
};
syncBuiltinESMExports();
