import { createHash } from 'node:crypto';
import { CadanganError, isRemote, type Clock } from '../platform/index.ts';
import { inOwnTime, openStorage, type Storage } from '../storage/index.ts';
import { keyOf, type SourceFile } from './copy-listing.ts';
import { recordedErrorOf, type RecordedError } from './recorded-error.ts';

/** What shows at little cost whether an original is another than before: whatever is added or removed changes one of these names. */
export interface OriginalNames {
  /** Ids of all its snapshots. */
  readonly snapshots: readonly string[];
  /** Over the names of keys, indexes and snapshots. */
  readonly sha256: string;
}

/** One look at an original's folder. */
export interface OriginalLook {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** What was seen, or why nothing was. */
  readonly found: OriginalNames | { readonly error: RecordedError };
}

const lookedAt = ['keys', 'index', 'snapshots'] as const;

/** @param files of the original, of any kind */
export function originalNamesOf(files: readonly SourceFile[]): OriginalNames {
  const wanted: ReadonlySet<string> = new Set(lookedAt);
  // An empty file is a write that was cut short; it is not copied either.
  const seen = files.filter(({ kind, sizeBytes }) => wanted.has(kind) && sizeBytes > 0);
  const sha256 = createHash('sha256').update(seen.map(keyOf).sort().join('\n')).digest('hex');
  return {
    snapshots: seen
      .filter(({ kind }) => kind === 'snapshots')
      .map(({ name }) => name)
      .sort(),
    sha256,
  };
}

/** A dead mount answers nobody, for hours; who asks for a status does not wait for it. */
const patienceMs = 5_000;
/** What has not come by then does not come: the next who asks has it looked at anew. */
const lookMsMax = 10 * 60_000;
/** Several ask at once, and again at every change. */
const freshMs = 1_000;
/** Whoever is asked over a network answers slowly, and Google counts the questions. */
const freshRemoteMs = 60_000;

interface Look {
  readonly startedMs: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly look: Promise<OriginalLook>;
  isOver: boolean;
}

/** Looks at originals: three lists, no file is opened. Looks that come close together are one. */
export class OriginalLooks {
  readonly #clock: Clock;
  readonly #open: (location: string) => Storage | Promise<Storage>;
  readonly #looks = new Map<string, Look>();

  constructor(clock: Clock, open: (location: string) => Storage | Promise<Storage> = (location) => openStorage(location)) {
    this.#clock = clock;
    this.#open = open;
  }

  /** Never rejects. @param location of the repository. @param sinceMs a look from before says nothing; milliseconds since 1970 */
  async look(location: string, sinceMs = -Infinity): Promise<OriginalLook> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#looks.get(location);
    const fresh = isRemote(location) ? freshRemoteMs : freshMs;
    const isUsable = known !== undefined && (!known.isOver || (nowMs - known.startedMs < fresh && known.atMs >= sinceMs));
    const current = isUsable ? known : this.#begin(location, nowMs);
    if (current.isOver) return current.look;
    const leftMs = current.startedMs + patienceMs - nowMs;
    return leftMs <= 0 ? this.#noAnswer(location) : this.#inTime(current.look, location, leftMs);
  }

  #begin(location: string, startedMs: number): Look {
    const atMs = this.#nowMs();
    const begun: Look = { startedMs, atMs, isOver: false, look: this.#look(location, atMs).finally(() => (begun.isOver = true)) };
    this.#looks.set(location, begun);
    return begun;
  }

  async #look(location: string, atMs: number): Promise<OriginalLook> {
    try {
      const storage = await this.#open(location);
      try {
        return { atMs, found: await inOwnTime(storage, this.#clock, (signal) => readOriginalNames(storage, signal), lookMsMax) };
      } finally {
        await storage.close();
      }
    } catch (error) {
      return { atMs, found: { error: recordedErrorOf(error) } };
    }
  }

  async #inTime(look: Promise<OriginalLook>, location: string, ms: number): Promise<OriginalLook> {
    const over = new AbortController();
    const late = this.#clock.sleep(ms, over.signal).then(() => this.#noAnswer(location));
    late.catch(() => undefined); // the look came first
    try {
      return await Promise.race([look, late]);
    } finally {
      over.abort(new CadanganError('aborted'));
    }
  }

  #noAnswer(location: string): OriginalLook {
    return {
      atMs: this.#nowMs(),
      found: { error: recordedErrorOf(new CadanganError('storage.unreachable', { location, reason: 'ETIMEDOUT' })) },
    };
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }
}

/** Three lists; no file is read. */
export async function readOriginalNames(storage: Storage, signal: AbortSignal): Promise<OriginalNames> {
  const lists = await Promise.all(
    lookedAt.map(async (kind) => (await storage.list(kind, signal)).map(({ name, sizeBytes }) => ({ kind, name, sizeBytes }))),
  );
  return originalNamesOf(lists.flat());
}
