import { notTriedUnderWine, notUnderWine } from '../../test/windows/not-under-wine.ts';

/** Tests of a window, of other programs on this side, and those that play Windows from here. */
const foldersHere: readonly string[] = ['e2e', 'vscode', 'interop', 'crash', 'planted', 'windows'];

/** Rooms whose tests `npm test` runs in Windows too: where a system differs. The others are for `npm run test:windows`. */
const inEveryRun: readonly string[] = ['platform/'];

/**
 * The test files that are run in Windows' Node.
 * @param all every test file of the project, relative to it
 */
export function windowsTests(all: readonly string[]): readonly string[] {
  const whole = new Set([...notTriedUnderWine, ...notUnderWine.filter(({ test }) => test === undefined).map(({ file }) => file)]);
  const isHere = (file: string): boolean => foldersHere.some((folder) => file.startsWith(`test/${folder}/`));
  return all.filter((file) => !isHere(file) && !whole.has(file.slice('test/'.length)));
}

/** Whether `npm test` runs it there too. */
export function isInEveryRun(file: string): boolean {
  return file.endsWith('.windows.test.ts') || inEveryRun.some((start) => file.startsWith(`test/${start}`));
}

/** The names of the tests of a file that are left out there. */
export function leftOutOf(file: string): readonly string[] {
  return notUnderWine.flatMap((entry) => (entry.test !== undefined && `test/${entry.file}` === file ? [entry.test] : []));
}
