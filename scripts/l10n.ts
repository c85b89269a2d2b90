import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getL10nJson } from '@vscode/l10n-dev';

const sources = fileURLToPath(new URL('../src/', import.meta.url));

/** Every text that the sources say with `l10n.t`, as Microsoft's export tool finds them: the keys of a translation. */
export async function exportMessages(): Promise<string[]> {
  const files = globSync('**/*.ts', { cwd: sources }).map((file) => readFileSync(`${sources}${file}`, 'utf8'));
  // The tool looks for texts where a file imports `@vscode/l10n` itself; ours come through the door of src/platform/.
  const bodies = files.filter((text) => text.includes('l10n.t(')).map((text) => text.replaceAll(/\bl10n,? ?(?=[^;]*from ')/g, ''));
  // As one file: for each it would load its parser anew.
  const bundle = await getL10nJson([{ extension: '.ts', contents: [`import * as l10n from '@vscode/l10n';`, ...bodies].join('\n') }]);
  return Object.keys(bundle).sort();
}

/** `{0}` and `{name}` in the order of the alphabet. */
export function placeholdersOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();
}

export function readIndonesian(): Record<string, string> {
  return JSON.parse(readFileSync(new URL('../l10n/bundle.l10n.id.json', import.meta.url), 'utf8')) as Record<string, string>;
}
