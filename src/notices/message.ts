import * as z from 'zod';
import { l10n } from '../platform/index.ts';

/** How a part of a message is meant. */
export const tones = ['bad', 'note', 'good'] as const;
export type Tone = (typeof tones)[number];

/** One thing that is told, in the language of its receiver. Plain data: it waits on the disk until it can be sent. */
export const sectionSchema = z.object({
  title: z.string(),
  tone: z.enum(tones),
  /** What it is about, in small print: when, which set. */
  about: z.string(),
  lines: z.array(z.string()),
  /** What can be done. */
  next: z.string().exactOptional(),
  /** A table: titles of columns, then rows. */
  table: z.object({ titles: z.array(z.string()), rows: z.array(z.array(z.string())) }).exactOptional(),
  /** The record that it tells of, and those that this one shows. */
  record: z.number().exactOptional(),
  shows: z.array(z.number()).exactOptional(),
});

export const messageKinds = ['alert', 'weekly', 'test'] as const;
export type MessageKind = (typeof messageKinds)[number];

export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export type Section = DeepReadonly<z.infer<typeof sectionSchema>>;

/** What goes to one receiver at once. */
export interface Message {
  /** The same whenever it is sent again: whoever got it twice can tell. */
  readonly id: string;
  readonly kind: MessageKind;
  /** The machine, and the company where it is known. */
  readonly from: string;
  readonly sections: readonly Section[];
  /** How many more there were than it has room for. */
  readonly left: number;
}

/**
 * What belongs together is told as one: a nonconformity stands below the failure that it was opened for. Pure.
 * @param sections oldest first
 */
export function folded(sections: readonly Section[]): readonly Section[] {
  const told = new Set(sections.flatMap(({ record }) => record ?? []));
  const belongs = (one: Section): number | undefined => one.shows?.find((number) => told.has(number) && number !== one.record);
  const below = Map.groupBy(sections, belongs);
  return sections
    .filter((one) => belongs(one) === undefined)
    .map((one) => {
      const more = one.record === undefined ? [] : (below.get(one.record) ?? []);
      return more.length === 0 ? one : { ...one, lines: [...one.lines, ...more.map(({ title, lines }) => [title, ...lines].join(': '))] };
    });
}

/** Its one line: of several the first, and how many more. */
export function subjectOf({ from, kind, sections, left }: Message): string {
  const parts = folded(sections);
  const [first] = parts;
  const more = parts.length + left - 1;
  const text =
    kind !== 'alert' || more <= 0 ? (first?.title ?? '') : l10n.t('{text} (and {count} more)', { text: first?.title ?? '', count: more });
  return l10n.t('[Cadangan {from}] {text}', { from, text });
}

/** The worst of its parts. */
export function toneOf({ sections }: Pick<Message, 'sections'>): Tone {
  return tones.find((tone) => sections.some((section) => section.tone === tone)) ?? 'good';
}

/** Below each. */
export function footerOf({ kind, left }: Message): readonly string[] {
  return [
    ...(left > 0 ? [l10n.t('{count} more did not fit in here. The history has everything.', { count: left })] : []),
    kind === 'weekly'
      ? l10n.t('You get this summary every week, also when all is well: if it does not come, something is wrong.')
      : l10n.t('The same cause is told once, until it changes. The history in Cadangan has everything.'),
  ];
}
