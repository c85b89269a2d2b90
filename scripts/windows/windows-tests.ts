import { notTriedUnderWine, notUnderWine, type NotUnderWine } from '../../test/windows/not-under-wine.ts';
import { isQuick } from '../quick-tests.ts';

/** Rooms whose quick tests `npm test` runs in Windows too: what touches files, names and clocks. */
const roomsInEveryRun: readonly string[] = ['platform', 'settings', 'storage', 'repository', 'backup', 'restore', 'browse', 'records'];

/**
 * The test files that are run in Windows' Node.
 * @param all every test file of the project, relative to it
 */
export function windowsTests(all: readonly string[]): readonly string[] {
  const tried = all.filter((file) => !notTriedUnderWine.includes(nameOf(file)));
  return tried.filter((file) => !entriesOf(file).some(({ tests }) => tests === undefined));
}

/** Whether `npm test` runs it there too. */
export function isInEveryRun(file: string): boolean {
  const [room = ''] = nameOf(file).split('/');
  return file.endsWith('.windows.test.ts') || (roomsInEveryRun.includes(room) && isQuick(nameOf(file)));
}

/** The beginnings of the names of those tests of a file that are left out there. */
export function leftOutOf(file: string): readonly string[] {
  return entriesOf(file).flatMap(({ tests }) => tests ?? []);
}

function entriesOf(file: string): readonly NotUnderWine[] {
  const name = nameOf(file);
  return notUnderWine.filter((entry) => entry.file === name || (entry.file.endsWith('/') && name.startsWith(entry.file)));
}

function nameOf(file: string): string {
  return file.replace(/^test\//, '');
}
