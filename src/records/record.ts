import * as z from 'zod';
import { instantMsOf } from './timestamp.ts';

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
  // Snapshots got other tags, one of which may keep them from being removed.
  'tags-changed',
  'repository-created',
  // Something of it was damaged, and was made right as far as that goes.
  'repository-repair',
  'snapshots-rewritten',
  'snapshots-copied',
  'key-change',
  'unlock',
  'configuration-change',
  'sign-in',
  'sign-out',
  'refusal',
  'missed-run',
  // The clock of the machine was set, or is behind what is written down.
  'clock-change',
  'approval',
  'rejection',
  // Opened for the first time, or again; more of the same joins it; a person says who mends it until when, that it is mended, whether that
  // helped, or that it never was one.
  'nonconformity-opened',
  'nonconformity-extended',
  'nonconformity-assigned',
  'nonconformity-closed',
  'nonconformity-checked',
  'nonconformity-withdrawn',
  // What the history says of itself: it began; it signs with another key from here on; an append that never came to its end, or a head
  // that was not ours, was found; a person says that a key was lost, that old months were disposed of, that it was moved to this machine.
  'history-start',
  'signing-key',
  'repair',
  'key-lost',
  'disposal',
  'moved',
  // It was brought back from beside an off-site copy.
  'brought-back',
  // A disk has too little space, or enough again; somebody could not be told of something.
  'low-space',
  'alert-failed',
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
const keyId = z.string().regex(/^[0-9a-f]{16}$/);
const publicKeyText = z.string().max(100);
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
  /**
   * The window rule in force, in one line: `21:00-23:00 mon,tue,wed,thu,fri,sat,sun Asia/Jakarta`. By it and its zone the run is judged,
   * whatever is configured later.
   */
  rule: text.exactOptional(),
  /**
   * Of a clock that was set: from which time to which; `unlived`: dates that nobody lived through under their name, in which nothing was
   * missed.
   */
  clock: z
    .object({
      step: z.enum(['forward', 'back', 'behind', 'returned', 'accepted']),
      from: instant,
      to: instant,
      unlived: z.object({ start: instant, end: instant }).exactOptional(),
    })
    .exactOptional(),
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
  /** Of an approval, or of the refusal of one (why: `remarks`): what was looked at. `from` and `to` are days, `2026-11-01`. */
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
      /** The same things one after the other, as subjects; missing where there is only `subject`, or nothing more of it. */
      parts: z.array(text).exactOptional(),
      /** Numbers of the records that show it. */
      records: z.array(count).exactOptional(),
      /** Who mends it, until which day (`2026-12-24`). */
      owner: person.exactOptional(),
      due: text.exactOptional(),
      cause: text.exactOptional(),
      correction: text.exactOptional(),
      prevention: text.exactOptional(),
      closedBy: person.exactOptional(),
      /** Whether the correction helped. */
      helped: z.boolean().exactOptional(),
      /** Why it never was one, or what the check of a correction has shown. */
      why: text.exactOptional(),
    })
    .exactOptional(),
  /** Snapshots that the run took out of the repository on purpose. */
  removedSnapshots: z.array(text).exactOptional(),
  /** Snapshots that the run made of others. */
  madeSnapshots: z.array(text).exactOptional(),
  /** Of `history-start` and `signing-key`: the raw Ed25519 key, 32 bytes in base64. */
  publicKey: publicKeyText.exactOptional(),
  /**
   * How one key follows another. `from` signed last the record `throughNumber`. With `proof`, a signature of both by the new key, it is the
   * old one that introduces the new one (`signing-key`); without it the new one says that the old one was lost (`key-lost`).
   */
  succession: z
    .object({ from: keyId, throughNumber: z.int().min(1), throughHash: hash, proof: z.string().length(88).exactOptional() })
    .exactOptional(),
  /** Months whose files were taken away, oldest first: where what is left goes on, and with which key (base64). */
  disposal: z
    .object({
      chain: keyId,
      keptYears: z.int().min(1),
      /** How many nonconformities had been opened: their numbers are not used again. */
      nonconformities: count.exactOptional(),
      months: z
        .array(
          z.object({ file: text, sha256: hash, lastNumber: z.int().min(1), lastHash: hash, lastAt: instant, publicKey: publicKeyText }),
        )
        .min(1),
    })
    .exactOptional(),
  /** The machines, as records before and from then on name them in `host`. */
  move: z.object({ from: text, to: text }).exactOptional(),
  remarks: text.exactOptional(),
  /** On whose request it was made, and why, in the words of who made it: a restore, a removal or protection of snapshots. */
  request: text.exactOptional(),
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
  key: keyId,
  /** Whoever wrote it leaves a signed `head.json` behind. Missing in records of the versions before. */
  headSigned: z.literal(true).exactOptional(),
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
  readonly headSigned?: true;
  readonly signature: string;
  readonly hash: string;
};
export type RecordPlace = NonNullable<RecordContent['source']>;
export type RecordProgram = NonNullable<RecordContent['programs']>[number];
export type RecordException = NonNullable<RecordContent['exceptions']>[number];
export type KeySuccession = NonNullable<RecordContent['succession']>;
export type Disposal = NonNullable<RecordContent['disposal']>;
export type RecordValues = NonNullable<RecordContent['evidence']>;

/** The hash before the first record. */
export const noHash = '0'.repeat(64);

/** All of them, in their order. */
export async function allOf(records: AsyncIterable<HistoryRecord>): Promise<HistoryRecord[]> {
  const all: HistoryRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

/** There is something to restore. */
export function isGood({ result }: { readonly result?: RecordResult | undefined }): boolean {
  return result === 'success' || result === 'success-with-exceptions';
}

/** In milliseconds since 1970. */
export function startMsOf({ started, at }: HistoryRecord): number {
  return instantMsOf(started ?? at);
}

export function endMsOf({ ended, at }: HistoryRecord): number {
  return instantMsOf(ended ?? at);
}
