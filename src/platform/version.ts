import { readFileSync } from 'node:fs';
import { assetPath } from './assets.ts';

/** The version in the manifest, which lies beside `dist/` in a clone and in an installed extension. */
export function cadanganVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(assetPath('../package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest && typeof manifest.version === 'string')
    return manifest.version;
  throw new Error('package.json names no version');
}

/** How snapshots name their writer. */
export function programVersion(): string {
  return `cadangan ${cadanganVersion()}`;
}
