import type { Language } from '../../platform/index.ts';

/**
 * A form as data: what it says, in the words of its language, and nothing of how it looks. PDF and HTML are made of the same one, so that
 * they cannot say different things.
 */
export interface Form {
  readonly language: Language;
  readonly title: string;
  readonly subtitle: string;
  /** As what kind of record the company keeps it: `Rekaman Mutu dan K3L`. */
  readonly classification: string;
  /** Who files it. */
  readonly organisation: string;
  /** Its mark, beside the name. */
  readonly logo?: FormImage | undefined;
  /** The box at the top of every page: label and value. The page itself is added by whoever knows it. */
  readonly header: readonly Fact[];
  readonly pageLabel: string;
  /** `1 dari 3` */
  readonly pageText: (page: number, pages: number) => string;
  readonly blocks: readonly Block[];
  /** At the foot of every page. */
  readonly footer: string;
  /** In milliseconds since 1970. */
  readonly madeAtMs: number;
}

export interface FormImage {
  readonly mediaType: 'image/png' | 'image/jpeg';
  readonly bytes: Buffer;
}

/** A picture, or the path of one that is none. */
export type FormLogo = FormImage | { readonly unusable: string };

export type Fact = readonly [label: string, value: string];

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** Stand on one page. */
  | { readonly kind: 'together'; readonly blocks: readonly Block[] }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
      /** Instead of a table without rows. */ readonly empty: string;
    }
  | {
      readonly kind: 'signatures';
      readonly boxes: readonly SignatureBox[];
      readonly labels: { readonly name: string; readonly position: string; readonly signature: string; readonly date: string };
    };

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | 'center';
  /** On paper: as wide as its content, so many points, or what the others leave. */
  readonly width: 'auto' | 'rest' | number;
}

export interface Cell {
  readonly text: string;
  /** What a colour may stress; the text says it too. */
  readonly tone?: Tone | undefined;
  /** Fixed width letters: ids, paths. */
  readonly isCode?: boolean;
}

export type Tone = 'good' | 'warning' | 'bad' | 'weak';

export interface SignatureBox {
  /** `Dibuat oleh` */
  readonly title: string;
  readonly name: string;
  readonly position: string;
  /** The record of an approval, where there is one. */
  readonly signature: string;
  readonly date: string;
}
