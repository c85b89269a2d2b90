import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { readFile, replaceFile, stateError, systemCode, type Random } from '../platform/index.ts';
import { doubts } from './doubts.ts';
import { copyPhases } from './progress.ts';

const fileBytesMax = 16 * 1024 * 1024;
/** RFC 3339 with the offset of the machine's zone. */
const time = z.string().max(50);
const count = z.number().int().nonnegative();
const amount = z.object({ files: count, bytes: count });
const scalar = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
const errorText = z.object({ code: z.string(), facts: z.record(z.string(), scalar) });
const failure = z.object({ at: time, error: errorText });
const findings = z.object({
  missing: count,
  damaged: count,
  doubled: count,
  trashed: count,
  foreign: count,
  extra: count,
  unconfirmed: count,
  damagedAtSource: count,
});

const memorySchema = z.object({
  version: z.literal(1),
  /** What it is about: a memory of another place says nothing. */
  source: z.string(),
  to: z.string(),
  lastSync: z
    .object({
      at: time,
      outcome: z.enum(['whole', 'incomplete', 'failed', 'stopped']),
      uploaded: amount,
      trashedFiles: count,
      error: errorText.optional(),
    })
    .optional(),
  /** How far a work is that goes on, and when that was written down: whoever is ended by force leaves it behind. */
  underway: z
    .object({
      at: time,
      phase: z.enum(copyPhases),
      elapsedMs: count,
      filesDone: count,
      filesTotal: count,
      bytesDone: count,
      bytesTotal: count,
    })
    .optional(),
  /** When the copy last had everything. */
  lastWholeAt: time.optional(),
  /** What it lacks, and since when it is not whole. */
  behind: amount.extend({ since: time }).optional(),
  total: amount.optional(),
  /** What the original had when the copy last had everything; see `OriginalNames`. */
  original: z.object({ snapshots: z.array(z.string()), sha256: z.string() }).optional(),
  heldBack: z.object({ files: count, doubts: z.array(z.enum(doubts)) }).optional(),
  /** What the original has no more and the place of the copy lets nobody remove, and until when (RFC 3339, UTC) where that is known. */
  held: z.object({ files: count, until: time.optional() }).optional(),
  /** Of how many files of the copy nothing is proven but their size. */
  unconfirmed: count.optional(),
  lastScrub: z
    .object({
      at: time,
      checked: amount,
      found: findings,
      items: z.array(z.object({ kind: z.string(), path: z.string() })),
      healedFiles: count,
      leftFiles: count,
    })
    .optional(),
  lastSample: z.object({ at: time, read: amount, damaged: z.array(z.string()) }).optional(),
  /** Works beside the copying whose last try failed: they hold nothing up, and whoever relies on them is to know. */
  failed: z.object({ sample: failure.optional(), readable: failure.optional(), records: failure.optional() }).optional(),
  /** The history of this machine as it lies beside the copy, and files there that contradict it. */
  records: z
    .object({
      at: time,
      chain: z.string(),
      number: count,
      hash: z.string(),
      form: z.enum(['clear', 'sealed', 'off', 'snapshot']),
      /** The snapshot that they lie in. */
      snapshot: z.string().optional(),
      contradicting: z.array(z.string()),
    })
    .optional(),
  /** The last file that a sample read; the next one goes on behind it. */
  sampleCursor: z.string().optional(),
  /** Ids of copies whose bytes are wrong although their place says otherwise. */
  distrusted: z.array(z.string()).optional(),
  /** Snapshots that can be restored from the copy. */
  snapshots: z.array(z.string()),
  /** See `Restorable`: what was there when the copy last had everything, verified. */
  restorable: z.object({ snapshots: z.array(z.string()), untilMs: count, files: count, sum: count }).optional(),
  /** Of which origins files may be removed, ours first: those of others only after a person has said so. */
  origins: z.array(z.string()).optional(),
  /** Drive's ids of the copy's folder. */
  folderIds: z.array(z.string()).optional(),
  /** MD5, by id, of files that Drive gives no SHA-256 for and that were proved when they were uploaded. */
  provedByMd5: z.record(z.string(), z.string()).optional(),
  /** What the records were last told of each kind of work that was not good, so that they are not told every few minutes. */
  told: z.record(z.string(), z.object({ state: z.string(), since: time, attempts: count }).optional()).optional(),
  readable: z
    .array(
      z.object({
        at: time,
        name: z.string(),
        place: z.string(),
        snapshot: z.string(),
        bytes: count,
        id: z.string().optional(),
        sha256: z.string().optional(),
      }),
    )
    .optional(),
});

/** What is remembered of one copy. */
export type CopyMemory = z.output<typeof memorySchema>;
export type ScrubFindings = z.output<typeof findings>;

/**
 * The memory of one copy: `offsite-NAME.json` in the state folder. It serves what people see and when scrubs are due; the copy itself needs
 * nothing of it, and it may be deleted at any time: then a person is asked before what was copied until then is removed.
 */
export class CopyMemoryFile {
  readonly path: string;
  readonly #place: { readonly source: string; readonly to: string };
  readonly #random: Random;
  #writing: Promise<void> = Promise.resolve();

  /** @param name of the copy, fit for a file name */
  constructor(stateFolder: string, name: string, place: { readonly source: string; readonly to: string }, random: Random) {
    this.path = join(stateFolder, `offsite-${name}.json`);
    this.#place = place;
    this.#random = random;
  }

  /**
   * An empty one when there is none, it cannot be understood, or it is of another place.
   * @throws `state.unusable`
   */
  async read(): Promise<CopyMemory> {
    const empty: CopyMemory = { version: 1, ...this.#place, snapshots: [] };
    try {
      if ((await stat(this.path)).size > fileBytesMax) return empty;
      const parsed = memorySchema.safeParse(parseJson(await readFile(this.path, 'utf8')));
      if (!parsed.success || parsed.data.source !== this.#place.source || parsed.data.to !== this.#place.to) return empty;
      return parsed.data;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return empty;
      throw stateError(error, dirname(this.path), this.path);
    }
  }

  /** Changes what is there, as a whole or not at all; in turn. @throws `state.unusable` */
  async update(change: (memory: CopyMemory) => CopyMemory): Promise<CopyMemory> {
    const work = this.#writing.then(async () => {
      const changed = memorySchema.parse(change(await this.read()));
      await this.#write(changed);
      return changed;
    });
    // Whoever asked for the change hears of a failure; the next one does not.
    this.#writing = work.then(
      () => undefined,
      () => undefined,
    );
    return work;
  }

  async #write(memory: CopyMemory): Promise<void> {
    try {
      await replaceFile(this.path, `${JSON.stringify(memory, undefined, 1)}\n`, this.#random);
    } catch (error) {
      throw stateError(error, dirname(this.path), this.path);
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
