import path from 'node:path';
import type { AddSetParams } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';

/** A new backup set, as far as it has been put together. */
export interface NewSet {
  readonly name?: string | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly location?: string | undefined;
  /** There is a repository already; otherwise one is made, with this password. */
  readonly hasRepository?: boolean | undefined;
  readonly password?: string | undefined;
  readonly when?:
    | { readonly kind: 'window'; readonly window: string }
    | { readonly kind: 'on-change' }
    | { readonly kind: 'by-hand' }
    | undefined;
}

/** What the configuration gets of it. Undefined as long as something is missing that no set can do without. */
export function addSetParams({ name, sources, location, when }: NewSet): AddSetParams | undefined {
  if (name === undefined || sources === undefined || location === undefined) return undefined;
  return {
    name,
    sources,
    location,
    ...(when?.kind === 'window' && { window: when.window }),
    ...(when?.kind === 'on-change' && { onChange: true }),
  };
}

/** What is wrong with the name of a new set; undefined when nothing is. The schema of the configuration has the same rule. */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (name === '') return l10n.t('Enter a name.');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    return l10n.t('Only letters, digits, dot, dash and underscore, at most 64, a letter or digit first.');
  return taken.includes(name) ? l10n.t('There already is a backup set "{set}".', { set: name }) : undefined;
}

/** A name that the first source suggests: `/srv/Keuangan 2026` becomes `keuangan-2026`. */
export function suggestedName(folder: string): string {
  return path
    .basename(folder)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64);
}

/** `21:00-23:00`, also over midnight, also with blanks; undefined for what is no window. */
export function parseWindow(text: string): string | undefined {
  const [, from, to] = /^\s*((?:[01]?\d|2[0-3])[:.][0-5]\d)\s*[-–]\s*((?:[01]?\d|2[0-3])[:.][0-5]\d)\s*$/.exec(text) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const [start, end] = [from, to].map((time) => time.replace('.', ':').padStart(5, '0'));
  return start === end ? undefined : `${start}-${end}`;
}
