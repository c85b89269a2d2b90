// Writes what the extension contributes into package.json, and its texts into package.nls.json and package.nls.id.json; a test compares
// them.
import { readFileSync, writeFileSync } from 'node:fs';
import { makeManifest } from '../src/extension/manifest/make-manifest.ts';

const projectFolder = new URL('../', import.meta.url);
const packageFile = new URL('package.json', projectFolder);
const { about, contributes, activationEvents, english, indonesian } = makeManifest();

const manifest = JSON.parse(readFileSync(packageFile, 'utf8')) as Record<string, unknown>;
const { scripts, ...others } = manifest;
const { contributes: _old, ...before } = others;
// `contributes` stands before the scripts, as in most extensions.
const entries: (readonly [string, unknown])[] = Object.entries({ ...before, ...about, activationEvents });
const at = entries.findIndex(([key]) => key === 'capabilities') + 1;
entries.splice(at, 0, ['contributes', contributes], ['scripts', scripts]);
write(packageFile, Object.fromEntries(entries));
write(new URL('package.nls.json', projectFolder), english);
write(new URL('package.nls.id.json', projectFolder), indonesian);

function write(file: URL, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
