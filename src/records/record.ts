import * as z from 'zod';

/** What a record tells of. */
export const recordKinds = [
  'internal-backup',
  'external-backup',
  'internal-restore',
  'external-restore',
  'check',
  'scrub',
  'drill',
  'retention',
  'repository-created',
  'key-change',
  'unlock',
  'configuration-change',
  'sign-in',
  'sign-out',
  'refusal',
  'missed-run',
  'approval',
  'nonconformity-opened',
  'nonconformity-closed',
  // What the history says of itself: it began, it signs with another key from here on, an append that never came to its end was set aside.
  'history-start',
  'signing-key',
  'repair',
] as const;
export type RecordKind = (typeof recordKinds)[number];

export const recordResults = ['success', 'success-with-exceptions', 'failed', 'stopped', 'missed'] as const;
export type RecordResult = (typeof recordResults)[number];

export const recordTriggers = ['schedule', 'catch-up', 'change', 'manual'] as const;
export type RecordTrigger = (typeof recordTriggers)[number];

/** RFC 3339 with the offset of local time. */
const instant = z
  .string()
  .max(40)
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/)
  .refine((text) => !Number.isNaN(Date.parse(text)));
const text = z.string().max(65_536);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().min(0);
const scalar = z.union([text, z.number(), z.boolean(), z.array(text)]);
const values = z.record(z.string(), scalar);

const person = z.object({ name: text, position: text });

/** Where data came from or went to. */
const place = z.object({
  host: text.exactOptional(),
  /** A repository or folder as restic writes locations. */
  location: text.exactOptional(),
  paths: z.array(text).exactOptional(),
  /** Of Google Drive. */
  account: text.exactOptional(),
  folderId: text.exactOptional(),
});

const contentFields = {
  kind: z.enum(recordKinds),
  /** The machine. */
  host: text,
  /** The user of the operating system, the person when somebody said a name, and by which program the wish came. */
  operator: z.object({
    user: text,
    name: text.exactOptional(),
    position: text.exactOptional(),
    via: z.enum(['command-line', 'editor', 'schedule']),
  }),
  software: text,
  /** The instruction that was in force. */
  instruction: z
    .object({ documentNumber: text.exactOptional(), revision: text.exactOptional(), clause: text.exactOptional() })
    .exactOptional(),
  /** IANA name of the zone that people here read times in. */
  timeZone: text.exactOptional(),
  set: text.exactOptional(),
  /** The procedure, where `kind` covers several: `offsite-sync`, `readable-copy`. */
  job: text.exactOptional(),
  /** The id that whoever asked for the run gave it. */
  run: text.exactOptional(),
  trigger: z.enum(recordTriggers).exactOptional(),
  source: place.exactOptional(),
  destination: place.exactOptional(),
  /** The window that the run belongs to, or that a catch-up run makes good. */
  planned: z.object({ start: instant, end: instant }).exactOptional(),
  started: instant.exactOptional(),
  ended: instant.exactOptional(),
  result: z.enum(recordResults).exactOptional(),
  /** What ended it early, or why it counts as failed: a stable code with its facts. */
  reason: z.object({ code: text, facts: values }).exactOptional(),
  repositoryId: text.exactOptional(),
  snapshotId: text.exactOptional(),
  parentId: text.exactOptional(),
  treeId: text.exactOptional(),
  /** Files, folders, errors ... by name (`filesNew`). */
  counts: z.record(z.string(), count).exactOptional(),
  /** Sizes in bytes by name (`read`, `added`, `stored`). */
  bytes: z.record(z.string(), count).exactOptional(),
  /** Everything that is not as it was asked for, by name; `exceptionCount` counts also those that found no room. */
  exceptions: z.array(z.object({ item: text, kind: text, reason: text, weight: z.enum(['lost', 'note']).exactOptional() })).exactOptional(),
  exceptionCount: count.exactOptional(),
  /** Of the programs that the configuration wants before and after it: why one failed, and the end of what it said. */
  programs: z
    .array(
      z.object({
        when: z.enum(['before', 'after']),
        program: text,
        seconds: count,
        failure: text.exactOptional(),
        output: text.exactOptional(),
      }),
    )
    .exactOptional(),
  /** Recovery point and recovery time, wanted and measured. */
  objectives: z
    .object({
      rpoHours: count.exactOptional(),
      rpoHoursMeasured: count.exactOptional(),
      rtoMinutes: count.exactOptional(),
      rtoMinutesMeasured: count.exactOptional(),
    })
    .exactOptional(),
  /** Proof that lies elsewhere or is short enough to stand here: hashes, names of files, samples. */
  evidence: values.exactOptional(),
  /** Of a configuration or key change; values as they stood in the file. */
  change: z.object({ what: text, before: text.exactOptional(), after: text.exactOptional(), why: text.exactOptional() }).exactOptional(),
  /** Of an approval: what was looked at. `from` and `to` are days, `2026-11-01`. */
  approval: person
    .extend({ act: z.enum(['prepared', 'checked', 'approved']), from: text, to: text, throughNumber: count, throughHash: hash })
    .exactOptional(),
  nonconformity: z
    .object({
      id: text,
      /** What it is about, so that it is opened once: `missed-night:accounting:2026-11-14`. */
      subject: text,
      rule: text,
      facts: values.exactOptional(),
      /** Numbers of the records that show it. */
      records: z.array(count).exactOptional(),
      cause: text.exactOptional(),
      correction: text.exactOptional(),
      prevention: text.exactOptional(),
      closedBy: person.exactOptional(),
    })
    .exactOptional(),
  /** Snapshots that a retention run took out of the repository on purpose. */
  removedSnapshots: z.array(text).exactOptional(),
  /** Of `history-start` and `signing-key`: the raw Ed25519 key, 32 bytes in base64. */
  publicKey: z.string().max(100).exactOptional(),
  remarks: text.exactOptional(),
};

/** What somebody wants recorded. */
export const contentSchema = z.object(contentFields);

/** A line as it stands in the history. Later versions may add fields, so unknown ones are let through. */
export const recordSchema = z.looseObject({
  /** From 1, without a gap, over all files. */
  number: z.int().min(1),
  /** The `hash` of the record before; of the first one 64 zeros. */
  previous: hash,
  /** When it was written down. */
  at: instant,
  /** Which key signed it: the first 16 hex digits of the SHA-256 of the raw public key. */
  key: z.string().regex(/^[0-9a-f]{16}$/),
  ...contentFields,
  signature: z.string().length(88),
  hash,
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export type RecordContent = DeepReadonly<z.output<typeof contentSchema>>;
export type HistoryRecord = RecordContent & {
  readonly number: number;
  readonly previous: string;
  readonly at: string;
  readonly key: string;
  readonly signature: string;
  readonly hash: string;
};
export type RecordPlace = NonNullable<RecordContent['source']>;
export type RecordProgram = NonNullable<RecordContent['programs']>[number];
export type RecordException = NonNullable<RecordContent['exceptions']>[number];
export type RecordValues = NonNullable<RecordContent['evidence']>;

/** The hash before the first record. */
export const noHash = '0'.repeat(64);
