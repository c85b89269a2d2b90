import type { FactReader } from './phrasebook.ts';

/* Parts of sentences that need no translation. */

export function because(facts: FactReader): string {
  const reason = facts.plain('reason');
  return reason === undefined ? '' : `: ${reason}`;
}

/** What ssh_config says and nobody heeds; it may be why another host answers than the one that was meant. @param saying in front of it */
export function unheeded(facts: FactReader, saying: string): string {
  const settings = facts.list('unheeded');
  return settings.length === 0 ? '' : ` ${saying}: ${settings.join(', ')}.`;
}

export function ofAccount(facts: FactReader): string {
  const account = facts.plain('account');
  return account === undefined ? '' : ` (${account})`;
}

export function inFile(facts: FactReader): string {
  const file = facts.plain('file');
  return file === undefined ? '' : ` (${file})`;
}

export function shortId(id: string | undefined): string {
  return (id ?? '').slice(0, 8);
}

export function shortIds(facts: FactReader): string {
  return facts
    .list('candidates')
    .slice(0, 8)
    .map((id) => id.slice(0, 12))
    .join(', ');
}

/** Of a fact in milliseconds, rounded up. */
export function minutes(facts: FactReader, name: string): number {
  return Math.ceil((facts.size(name) ?? 0) / 60_000);
}
