import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedVersion, type VersionName } from './versions.ts';

export const projectFolder = join(import.meta.dirname, '..', '..');

/** Where editors for the tests are kept between runs; git does not see it. */
export const cacheFolder = join(projectFolder, '.cache', 'vscode');

/** Written last of all, so a folder that has it is whole. */
export const completeFile = 'complete.json';

/** A VS Code server that is whole and the pinned one. */
export interface InstalledServer {
  readonly vscodeVersion: string;
  /** VS Code's own folder: `out/`, `extensions/`. */
  readonly folder: string;
  /** The Node to start it with. */
  readonly node: string;
}

/** The server in the cache, or undefined when it is not there, not whole or another than the pinned. */
export function installedServer(name: VersionName): InstalledServer | undefined {
  const { vscode } = pinnedVersion(name);
  const folder = serverCacheFolder(name);
  const server = { vscodeVersion: vscode, folder: join(folder, 'vscode'), node: join(folder, 'node') };
  const marker = join(folder, completeFile);
  const isWhole = [marker, server.node, join(server.folder, 'out', 'server-main.js')].every((file) => existsSync(file));
  return isWhole && readFileSync(marker, 'utf8') === completeText(name) ? server : undefined;
}

export function serverCacheFolder(name: VersionName): string {
  return join(cacheFolder, pinnedVersion(name).vscode);
}

/** What the marker says: a change of any pin makes the cached server another one. */
export function completeText(name: VersionName): string {
  return `${JSON.stringify(pinnedVersion(name), undefined, 2)}\n`;
}
