import { hash } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { CadanganError, isCode, throwIfAborted, type Clock } from '../platform/index.ts';
import { inOwnTime, type Storage } from '../storage/index.ts';
import { formatTimestamp, parseLock, parseLockId, parseTimestamp, serializeLock, type Lock, type LockId } from './format/index.ts';
import type { SmallBoxes } from './sealed-box.ts';
import { readUnpacked, sealUnpacked } from './unpacked-files.ts';

// restic's numbers (internal/restic/lock.go): refreshed every 5 minutes, stale after 30; a holder that could not refresh for 25 stops.
const refreshMs = 5 * 60_000;
/** A refresh that has not come by then is made up for before the next write. */
const refreshOverdueMs = 1.5 * refreshMs;
const staleMs = 30 * 60_000;
const refreshFailureMsMax = 25 * 60_000;
/** A refresh that failed is tried again after so long. */
const refreshAgainMs = 60_000;
/** One that begins shortly before the lock is given up gets so long at least. */
const lastRefreshMs = 60_000;
const settleMs = 200;
const unreadableRetryDelaysMs = [5_000, 10_000, 20_000] as const;
/** What has not come whole by then will not. */
const unreadableYoungMs = 60_000;

export interface LockContext {
  readonly storage: Storage;
  readonly boxes: SmallBoxes;
  readonly version: number;
  readonly clock: Clock;
}

export interface LockOptions {
  /** Shuts out everybody else; otherwise only exclusive holders. */
  readonly exclusive: boolean;
  /** How long to wait for others to end (`--retry-lock`), default 0. */
  readonly retryForMs?: number;
  /** Return after the lock is written; `confirmed` tells when the second look is done. Conflicts found then are not waited for. */
  readonly confirmInBackground?: boolean;
  readonly signal: AbortSignal;
}

export interface FoundLock {
  readonly id: LockId;
  /** Undefined when it cannot be read. */
  readonly file: Lock | undefined;
  /**
   * Nobody holds it any more: its last sign is older than 30 minutes, or it is of this host and its process is gone (restic's rule, which
   * `unlock` and every writer share).
   */
  readonly isStale: boolean;
  /** When it is stale unless its holder renews it; undefined when nobody can tell. */
  readonly goesAtMs: number | undefined;
  /** When it was written by the storage's clock, where it is judged by that. */
  readonly writtenMs?: number | undefined;
}

/**
 * Holds a lock of the repository until it is closed, refreshing it meanwhile.
 * `signal` aborts when the lock is lost: somebody removed it, or it could not be refreshed for 25 minutes. Work under the lock must stop
 * then. The minutes count from the time that stands in its file, by which others judge it, and however patient the storage is, a refresh
 * ends four minutes before the lock is stale for them.
 */
export class RepositoryLock {
  readonly #context: LockContext;
  readonly #exclusive: boolean;
  readonly #lost = new AbortController();
  #id: LockId;
  /** Own files that a refresh replaced and could not remove yet, or that it began to write and nobody knows what has become of. */
  readonly #obsolete = new Set<LockId>();
  /** When the time was taken that stands in its file. */
  #refreshedAt: Moment;
  #timer: NodeJS.Timeout | undefined;
  /** Why the last refresh failed, and when the next one is tried. */
  #failure: { readonly cause: unknown; readonly again: NodeJS.Timeout } | undefined;
  #refreshing: Promise<void> | undefined;
  /**
   * Resolves when the second look found no conflict: before that nothing may be written, but reading may go on.
   * @throws `repository.locked`; the lock is gone then
   */
  readonly confirmed: Promise<void>;
  readonly #settling: AbortController;

  private constructor(context: LockContext, exclusive: boolean, written: WrittenLock, settling: AbortController, confirmed: Promise<void>) {
    this.#context = context;
    this.#settling = settling;
    this.confirmed = confirmed;
    this.#exclusive = exclusive;
    this.#id = written.id;
    this.#refreshedAt = written.at;
    this.#timer = setInterval(() => void this.refresh(), refreshMs).unref();
  }

  /**
   * Looks for conflicting locks, writes ours, waits 200 ms and looks again.
   * @throws `repository.locked` with the holder
   */
  static async acquire(context: LockContext, options: LockOptions): Promise<RepositoryLock> {
    const { clock } = context;
    const giveUpAtMs = clock.monotonicMs() + (options.retryForMs ?? 0);
    for (let delayMs = 1_000; ; delayMs = Math.min(delayMs * 2, 60_000)) {
      throwIfAborted(options.signal);
      try {
        const lock = await RepositoryLock.#begin(context, options.exclusive, options.signal);
        if (options.confirmInBackground) return lock;
        return await lock.#whenConfirmed();
      } catch (error) {
        const remainingMs = giveUpAtMs - clock.monotonicMs();
        if (!isCode(error, 'repository.locked') || remainingMs <= 0) throw error;
        await clock.sleep(Math.min(delayMs, remainingMs), options.signal);
      }
    }
  }

  static async #begin(context: LockContext, exclusive: boolean, signal: AbortSignal): Promise<RepositoryLock> {
    await refuseConflicts(context, exclusive, undefined, signal);
    const written = sealLock(context, exclusive);
    await writeLock(context, written, signal);
    const settling = new AbortController();
    const confirmed = confirm(context, exclusive, written.id, AbortSignal.any([signal, settling.signal]));
    confirmed.catch(() => undefined); // whoever waits for it gets the error
    return new RepositoryLock(context, exclusive, written, settling, confirmed);
  }

  async #whenConfirmed(): Promise<RepositoryLock> {
    try {
      await this.confirmed;
      return this;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * To be awaited before each write or removal under the lock. Costs nothing as long as the last refresh is young; after a sleep of the
   * machine the lock file is looked for first: timers fire minutes late then, and meanwhile others may have taken the repository (restic
   * issue 4199).
   * @throws `repository.locked` from the second look, `repository.lock-lost`
   */
  async held(): Promise<void> {
    await this.confirmed;
    if (this.#timer === undefined) return; // given back
    if (this.#ageMs() > refreshOverdueMs) await this.refresh();
    if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
  }

  /** Writes a new lock file and removes the old one. Runs by itself every 5 minutes, and in `held` when that is overdue. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const { storage, clock } = this.#context;
    if (this.#lost.signal.aborted) return;
    const ageMs = this.#ageMs();
    const failed = this.#failure;
    // Nobody slept: the storage has had its time.
    if (failed && ageMs > refreshFailureMsMax) return this.#lose('not refreshed', failed.cause);
    clearTimeout(failed?.again);
    try {
      const written = await inOwnTime(storage, clock, (signal) => this.#renewed(ageMs, signal), limitMsOf(ageMs));
      if (written === undefined) return this.#lose('removed');
      this.#failure = undefined;
      this.#obsolete.delete(written.id);
      this.#obsolete.add(this.#id);
      this.#id = written.id;
      this.#refreshedAt = written.at;
    } catch (cause) {
      return this.#noteFailure(cause);
    }
    await this.#removeObsolete().catch(() => undefined); // they go with the next refresh
  }

  /** @returns undefined when somebody has removed the lock. @param ageMs when the refresh began */
  async #renewed(ageMs: number, signal: AbortSignal): Promise<WrittenLock | undefined> {
    // After a sleep an `unlock` may have removed our lock, and a prune may have run: then nothing that we know is certain.
    if (!(await this.#isThere(signal))) return undefined;
    const written = sealLock(this.#context, this.#exclusive);
    // Unless it gets into the place of ours. It may be there also when the writing fails, or the second look.
    this.#obsolete.add(written.id);
    await writeLock(this.#context, written, signal);
    if (ageMs <= refreshFailureMsMax) return written;
    // Others may have taken it for stale between the two (as restic, RefreshStaleLock). Whoever removes it after this look sees the new one
    // in a second look.
    if (await this.#isThere(signal)) return written;
    await removeOwn(this.#context, written.id);
    this.#obsolete.delete(written.id);
    return undefined;
  }

  #noteFailure(cause: unknown): void {
    const leftMs = refreshFailureMsMax - this.#ageMs();
    if (leftMs < 0) return this.#lose('not refreshed', cause);
    if (this.#timer === undefined) return; // given back
    const again = setTimeout(() => void this.refresh(), Math.min(refreshAgainMs, leftMs + 1)).unref();
    this.#failure = { cause, again };
  }

  async #isThere(signal: AbortSignal): Promise<boolean> {
    return (await this.#context.storage.sizeOf({ kind: 'locks', name: this.#id }, signal)) !== undefined;
  }

  async #removeObsolete(): Promise<void> {
    for (const id of this.#obsolete) {
      await removeOwn(this.#context, id);
      this.#obsolete.delete(id);
    }
  }

  /** Since the last refresh, by whichever clock says more: one stands still while the machine sleeps, the other can be set back. */
  #ageMs(): number {
    const { clock } = this.#context;
    const { monotonicMs, ns } = this.#refreshedAt;
    return Math.max(clock.monotonicMs() - monotonicMs, Number((clock.nowNs() - ns) / 1_000_000n));
  }

  #lose(reason: string, cause?: unknown): void {
    this.#lost.abort(new CadanganError('repository.lock-lost', { location: this.#context.storage.location, reason }, { cause }));
  }

  /** Removes the lock. Safe to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    clearTimeout(this.#failure?.again);
    this.#timer = undefined;
    this.#settling.abort(); // whoever needed the second look has waited for it
    await this.confirmed.catch(() => undefined);
    await this.#refreshing;
    this.#obsolete.add(this.#id);
    await this.#removeObsolete();
  }
}

/** By both clocks: one stands still while the machine sleeps, the other can be set. */
interface Moment {
  readonly monotonicMs: number;
  readonly ns: bigint;
}

interface WrittenLock {
  readonly id: LockId;
  /** The time that stands in it; the writing may have taken minutes since. */
  readonly at: Moment;
}

interface SealedLock extends WrittenLock {
  readonly box: Uint8Array;
}

/** How long a refresh may take that begins when the lock is so old. One of a machine that slept finds out whether it has it still. */
function limitMsOf(ageMs: number): number {
  return ageMs > refreshFailureMsMax ? refreshMs : Math.min(refreshMs, Math.max(lastRefreshMs, refreshFailureMsMax - ageMs));
}

/** Every lock in the repository, also those that cannot be read. */
export async function listLocks(context: LockContext, signal: AbortSignal): Promise<FoundLock[]> {
  const found: FoundLock[] = [];
  for (const { name } of await context.storage.list('locks', signal)) {
    const lock = await lookAt(context, name, signal);
    if (lock) found.push(lock);
  }
  return found;
}

/** Removes stale locks, or with `all` every lock, unread. @returns how many were removed, and those that stay */
export async function removeLocks(
  context: LockContext,
  options: { all: boolean; signal: AbortSignal },
): Promise<{ readonly removed: number; readonly left: readonly FoundLock[] }> {
  const { storage } = context;
  const left: FoundLock[] = [];
  let removed = 0;
  for (const { name } of await storage.list('locks', options.signal)) {
    const lock = options.all ? undefined : await lookAt(context, name, options.signal);
    if (lock === undefined ? !options.all : !lock.isStale) {
      if (lock) left.push(lock);
      continue;
    }
    await storage.remove({ kind: 'locks', name }, options.signal);
    removed += 1;
  }
  return { removed, left };
}

/** Who holds the repository, and when the lock goes if its holder does not renew it. */
export function lockedError({ storage, clock }: LockContext, { id, file, goesAtMs }: FoundLock): CadanganError {
  const goesAtNs = goesAtMs === undefined ? undefined : BigInt(Math.ceil(goesAtMs / 60_000) * 60_000) * 1_000_000n;
  return new CadanganError('repository.locked', {
    location: storage.location,
    ...(file === undefined
      ? { unreadable: `locks/${id}` }
      : { holderHost: file.hostname, holderUser: file.username, holderPid: file.pid, since: file.time, exclusive: file.exclusive }),
    goesAt: goesAtNs === undefined ? undefined : formatTimestamp(goesAtNs, clock.offsetMinutes(goesAtNs)),
  });
}

async function confirm(context: LockContext, exclusive: boolean, id: LockId, signal: AbortSignal): Promise<void> {
  try {
    await context.clock.sleep(settleMs, signal);
    await refuseConflicts(context, exclusive, id, signal);
  } catch (error) {
    await removeOwn(context, id);
    throw error;
  }
}

/** Also for somebody who was stopped: whoever comes next need not wait for it. @throws as `inOwnTime` */
function removeOwn({ storage, clock }: LockContext, name: LockId): Promise<void> {
  return inOwnTime(storage, clock, (signal) => storage.remove({ kind: 'locks', name }, signal));
}

async function refuseConflicts(context: LockContext, exclusive: boolean, own: LockId | undefined, signal: AbortSignal): Promise<void> {
  for (const lock of await listLocks(context, signal)) {
    if (lock.id === own || !(exclusive || lock.file === undefined || lock.file.exclusive)) continue;
    // The storage's clock may be behind ours. What it says when it wrote ours tells by how much: until then such a lock stays.
    if (lock.isStale && lock.writtenMs !== undefined) {
      if (own === undefined) continue;
      const ownMs = await context.storage.writtenMs?.({ kind: 'locks', name: own }, signal);
      if (ownMs === undefined || lock.writtenMs + staleMs >= ownMs) throw lockedError(context, movedBy(context, lock, ownMs));
    }
    if (lock.isStale) {
      // Its holder may only have slept: not finding its lock is what tells it that the repository has gone on.
      await context.storage.remove({ kind: 'locks', name: lock.id }, signal);
      continue;
    }
    throw lockedError(context, lock);
  }
}

/** When it goes, by our clock, where the storage's says `storageMs` now. */
function movedBy({ clock }: LockContext, lock: FoundLock, storageMs: number | undefined): FoundLock {
  const { goesAtMs } = lock;
  const isKnown = goesAtMs !== undefined && storageMs !== undefined;
  return { ...lock, goesAtMs: isKnown ? goesAtMs + Number(clock.nowNs() / 1_000_000n) - storageMs : undefined };
}

/** Undefined when its holder has just released or refreshed it. */
async function lookAt(context: LockContext, name: string, signal: AbortSignal): Promise<FoundLock | undefined> {
  const nowMs = Number(context.clock.nowNs() / 1_000_000n);
  const file = await readLock(context, name, signal);
  if (file === 'gone') return undefined;
  const id = parseLockId(name);
  if (file === 'unreadable') {
    const writtenMs = await context.storage.writtenMs?.({ kind: 'locks', name }, signal);
    const goesAtMs = writtenMs === undefined ? undefined : writtenMs + staleMs;
    return { id, file: undefined, isStale: goesAtMs !== undefined && goesAtMs < nowMs, goesAtMs, writtenMs };
  }
  const saidMs = Number(parseTimestamp(file.time).ns / 1_000_000n);
  // The clock of its machine is ahead, or was: then the storage knows better how old it is. Whoever lives writes a new file in time.
  const writtenMs = saidMs > nowMs + refreshMs ? await context.storage.writtenMs?.({ kind: 'locks', name }, signal) : undefined;
  const goesAtMs = Math.min(saidMs, writtenMs ?? saidMs) + staleMs;
  if (file.hostname === hostname() && !processExists(file.pid)) return { id, file, isStale: true, goesAtMs };
  return { id, file, isStale: goesAtMs < nowMs, goesAtMs, writtenMs };
}

/**
 * One that cannot be read may be half written: it is tried again while it is young. It is never ignored before it is as old as one of
 * which the holder is gone: it may be of somebody who wants to be alone.
 */
async function readLock(context: LockContext, name: string, signal: AbortSignal): Promise<Lock | 'gone' | 'unreadable'> {
  const { storage, clock } = context;
  for (let attempt = 0; ; attempt++) {
    try {
      return parseLock(await readUnpacked(storage, context.boxes, { kind: 'locks', name }, signal));
    } catch (error) {
      if (isCode(error, 'storage.not-found')) return 'gone';
      if (!isCode(error, 'repository.damaged')) throw error;
      const delayMs = unreadableRetryDelaysMs[attempt];
      const writtenMs = await storage.writtenMs?.({ kind: 'locks', name }, signal);
      const ageMs = writtenMs === undefined ? 0 : Number(clock.nowNs() / 1_000_000n) - writtenMs;
      if (delayMs === undefined || ageMs > unreadableYoungMs) return 'unreadable';
      await clock.sleep(delayMs, signal);
    }
  }
}

async function writeLock({ storage }: LockContext, { id, box }: SealedLock, signal: AbortSignal): Promise<void> {
  await storage.write({ kind: 'locks', name: id }, box, signal);
}

/** A lock as it is now, to be written. */
function sealLock(context: LockContext, exclusive: boolean): SealedLock {
  const nowNs = context.clock.nowNs();
  const at = { monotonicMs: context.clock.monotonicMs(), ns: nowNs };
  const user = ownUser();
  const file: Lock = {
    time: formatTimestamp(nowNs, context.clock.offsetMinutes(nowNs)),
    exclusive,
    hostname: hostname(),
    username: user.name,
    pid: process.pid,
    uid: user.uid,
    gid: user.gid,
  };
  const box = sealUnpacked(context.boxes, 'locks', serializeLock(file), context.version);
  return { id: parseLockId(hash('sha256', box, 'hex')), at, box };
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks only
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function ownUser(): { name: string; uid: number; gid: number } {
  try {
    const { username, uid, gid } = userInfo();
    return { name: username, uid: Math.max(uid, 0), gid: Math.max(gid, 0) }; // -1 on Windows
  } catch {
    return { name: '', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }
}
