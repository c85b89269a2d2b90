import path from 'node:path';
import { l10n } from '../../platform/index.ts';

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

export interface RetentionChoice {
  readonly label: string;
  readonly detail: string;
  /** Undefined: nothing is ever removed. */
  readonly rules: Readonly<Record<string, number>> | undefined;
}

export function retentionChoices(): readonly RetentionChoice[] {
  return [
    { label: l10n.t('Keep everything'), detail: l10n.t('Nothing is ever removed. It can be changed later.'), rules: undefined },
    {
      label: l10n.t('30 days, 12 months, 10 years'),
      detail: l10n.t('The last snapshot of each of these, as records often must be kept.'),
      rules: { keepDaily: 30, keepMonthly: 12, keepYearly: 10 },
    },
    {
      label: l10n.t('7 days, 5 weeks, 12 months, 3 years'),
      detail: l10n.t('The last snapshot of each of these; takes the least space.'),
      rules: { keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 3 },
    },
  ];
}
