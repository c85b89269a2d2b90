import type { HistoryRecord } from './record.ts';

/** Who says something of the history itself, when and why: to be printed with what it explains. */
export interface Said {
  readonly by: string;
  readonly at: string;
  readonly why: string;
  /** Of the record that says it. */
  readonly number: number;
}

/** The words of a person in a record. */
export function saidIn({ operator: { name, position, user }, change, at, number }: HistoryRecord): Said {
  const person = [name ?? user, position ?? ''].filter((part) => part !== '').join(', ');
  return { by: person, at, why: change?.why ?? '', number };
}
