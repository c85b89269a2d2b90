import {
  isErrorCode,
  policyText,
  reasonTexts,
  recordedPrune,
  recordedRetention,
  recordedTagging,
  type JobResult,
  type PlannedRetention,
  type PutOff,
  type RecordAbout,
  type RecordKeeper,
  type RepositoryAccess,
} from '../jobs/index.ts';
import { CadanganError, isAbort, isCode } from '../platform/index.ts';
import { dayOf } from '../records/index.ts';
import { formatTimestamp, type StoredSnapshot } from '../repository/index.ts';
import type { BackupSet, Configuration } from '../settings/index.ts';
import {
  defaultPrunePolicy,
  holdError,
  holdTag,
  isDay,
  keepTag,
  lockedBy,
  protectionTags,
  removedBy,
  type KeptSnapshot,
  type PruneResult,
  type TagChange,
} from '../upkeep/index.ts';
import type { Call } from './call.ts';
import { protectionInfoOf } from './entry-info.ts';
import { errorDataOf } from './error-data.ts';
import type { PasswordWish } from './passwords.ts';
import type { ParamsOf } from './procedure.ts';
import type * as protocol from './protocol.ts';
import { repositoryAccess, type AccessOptions, type RepositoryWays } from './repository-access.ts';
import { setRetention } from './set-retention.ts';
import { snapshotNamed } from './snapshot-named.ts';

export interface UpkeepDeskOptions extends RepositoryWays {
  /** As it is in force at any time. */
  readonly configuration: () => Configuration;
  readonly keeper: RecordKeeper;
  /** Takes out what must never be shown. */
  readonly scrub: (text: string) => string;
}

/** Retention and prune in this process: by the schedule, and as a window asks. */
export class UpkeepDesk {
  readonly #options: UpkeepDeskOptions;
  readonly #closing = new AbortController();

  constructor(options: UpkeepDeskOptions) {
    this.#options = options;
  }

  /** What the rule of the set does not keep is removed, for the schedule; see `workRetain`. Never rejects. */
  async retain(set: BackupSet, wish: PasswordWish): Promise<boolean> {
    const rule = setRetention(set);
    if (rule === undefined) return true;
    const result = await recordedRetention(this.#options.keeper, this.#access(set.repository.location, wish), rule.wish, {
      ...this.#judging,
      thresholds: rule.thresholds,
      about: { set: set.name, ...byScheduleItself },
    });
    return isDone(result);
  }

  /** Removes what no snapshot needs, for the schedule; see `workPrune`. Never rejects. */
  async prune(location: string, wish: PasswordWish): Promise<boolean> {
    const result = await recordedPrune(this.#options.keeper, this.#access(location, wish), {
      policy: defaultPrunePolicy,
      about: byScheduleItself,
    });
    return isDone(result);
  }

  /** @throws `arguments.invalid`; what keeps the repository from being read */
  async preview(set: BackupSet, call: Call): Promise<protocol.RetentionPreview> {
    const rule = setRetention(set);
    if (rule === undefined)
      throw new CadanganError('arguments.invalid', { argument: 'set', value: set.name, reason: 'its configuration has no "retention"' });
    const { details, error } = await recordedRetention(this.#options.keeper, this.#access(set.repository.location, call), rule.wish, {
      ...this.#judging,
      thresholds: rule.thresholds,
      dryRun: true,
      about: {},
    });
    if (!details) throw error;
    return {
      rule: policyText(rule.wish.policy),
      snapshots: fatesOf(details),
      holds: details.holds.map((hold) => errorDataOf(holdError(hold), this.#options.scrub)),
    };
  }

  /**
   * Without a lock: whoever only wants to know keeps nobody from a backup. What is written meanwhile may be counted as needless.
   * @throws what keeps the repository from being read
   */
  async stats(location: string, call: Call): Promise<protocol.RepositoryStats> {
    const { repositories, keeper, clock, scrub } = this.#options;
    const found = await repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      const packs = await opened.storage.list('data', call.signal);
      return { snapshots: opened.snapshots.length, bytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    });
    const { details, error } = await recordedPrune(keeper, this.#access(location, call, { noLock: true }), {
      policy: defaultPrunePolicy,
      dryRun: true,
      about: {},
    });
    if (details) return { ...found, ...prunedBytes(details, (ns) => formatTimestamp(ns, clock.offsetMinutes(ns))) };
    if (!isCode(error, 'prune.refused', 'repository.damaged')) throw error;
    return { ...found, unusedBytes: 0, pruneBytes: 0, pruneNowBytes: 0, waitingBytes: 0, refused: errorDataOf(error, scrub) };
  }

  /** @throws `retention.held`, `snapshot.protected`, `snapshot.not-found`; what keeps the work from being done */
  async remove(
    { location, snapshots, reason, release }: ParamsOf<typeof protocol.removeSnapshots>,
    call: Call,
  ): Promise<protocol.SnapshotRemoval> {
    const wish = { kind: 'named', snapshots, filter: {} } as const;
    const { details, error } = await recordedRetention(this.#options.keeper, this.#access(location, call), wish, {
      ...this.#judging,
      release,
      about: byPerson(call, reason),
    });
    if (!details) throw error;
    const removed = new Set(details.removed.map(({ id }) => id));
    const failed = removedBy(details.plan).filter(({ id }) => !removed.has(id));
    const locked = lockedBy(details.plan).map(({ snapshot: { id }, lockedUntilMs }) => ({
      id,
      ...(lockedUntilMs !== Infinity && { until: new Date(lockedUntilMs).toISOString() }),
    }));
    return { removed: [...removed], failed: failed.map(({ id }) => id), ...(locked.length > 0 && { locked }) };
  }

  /** @returns its id from now on. @throws `snapshot.not-found`, `arguments.invalid`; what keeps the work from being done */
  async protect(
    { location, snapshot, protection, reason }: ParamsOf<typeof protocol.protectSnapshot>,
    call: Call,
  ): Promise<{ readonly snapshot: string }> {
    const { repositories, keeper } = this.#options;
    const tag = this.#tagOf(protection);
    const { id, snapshot: before } = await repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      return snapshotNamed(opened, snapshot);
    });
    const others = protectionTags(before.tags).filter((other) => other !== tag);
    const change: TagChange = { add: tag === undefined ? [] : [tag], remove: others };
    const wish = { ids: [id], filter: {}, change };
    const { details, error, exceptions } = await recordedTagging(keeper, this.#access(location, call), wish, {
      about: byPerson(call, reason),
    });
    if (!details) throw error;
    const [exception] = exceptions;
    if (exception) throw isErrorCode(exception.reason) ? new CadanganError(exception.reason, { location }) : new Error(exception.reason);
    return { snapshot: details.changed[0]?.id ?? id };
  }

  /** Ends what goes on at its next safe point. */
  close(): void {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
  }

  /** By what a removal is judged. */
  get #judging(): { readonly sets: readonly string[]; readonly timeZone: string | undefined } {
    const { sets, timeZone } = this.#options.configuration();
    return { sets: sets.map(({ name }) => name), timeZone };
  }

  #access(location: string, wish: PasswordWish, options: AccessOptions = {}): RepositoryAccess {
    const signal = AbortSignal.any([wish.signal, this.#closing.signal]);
    return repositoryAccess(this.#options, location, { ...wish, signal }, options);
  }

  /** Undefined: none. A day that there is not, or that is over, would protect for ever, or not at all. @throws `arguments.invalid` */
  #tagOf(protection: ParamsOf<typeof protocol.protectSnapshot>['protection']): string | undefined {
    if (protection.kind === 'none') return undefined;
    if (protection.kind === 'keep') return keepTag;
    const { until } = protection;
    const { clock, configuration } = this.#options;
    if (until !== undefined && (!isDay(until) || until < dayOf(Number(clock.nowNs() / 1_000_000n), configuration().timeZone)))
      throw new CadanganError('arguments.invalid', { argument: 'until', value: until, reason: 'a day still to come is wanted' });
    return holdTag(until);
  }
}

/** What failed is told by its record: tried again within the hour, it would be told again. */
function isDone({ error, isPutOff }: PutOff & Pick<JobResult<unknown>, 'error'>): boolean {
  return !isPutOff && !isAbort(error);
}

const byScheduleItself = { trigger: 'schedule', via: 'schedule' } as const;

function byPerson({ via, user }: Call, request: string): Partial<RecordAbout> {
  return { trigger: 'manual', via, user, request };
}

/** Newest first, whatever group each is in. */
function fatesOf({ plan: { groups } }: PlannedRetention): protocol.RetentionPreview['snapshots'] {
  const kept = groups.flatMap(({ keep }) => keep);
  const fates = [
    ...kept.map((one) => ({ stored: one.snapshot, fate: { isRemoved: false, why: reasonTexts(one), ...protectionOfKept(one) } })),
    ...groups.flatMap(({ remove }) => remove).map((stored) => ({ stored, fate: { isRemoved: true, why: [] } })),
  ];
  return fates
    .toSorted((one, other) => newestFirst(one.stored, other.stored))
    .map(({ stored: { id, snapshot }, fate }) => ({ id, time: snapshot.time, ...fate }));
}

function protectionOfKept({ protection }: KeptSnapshot): Pick<protocol.RetentionPreview['snapshots'][number], 'protection'> {
  return protection === undefined ? {} : { protection: protectionInfoOf(protection) };
}

function newestFirst(one: StoredSnapshot, other: StoredSnapshot): number {
  return one.timeNs === other.timeNs ? 0 : one.timeNs > other.timeNs ? -1 : 1;
}

function prunedBytes(
  { sums: { bytes }, nextRemovalNs }: PruneResult,
  textOf: (ns: bigint) => string,
): Omit<protocol.RepositoryStats, 'snapshots' | 'bytes'> {
  return {
    unusedBytes: bytes.duplicate + bytes.unused + bytes.unreferenced,
    pruneBytes: bytes.remove + bytes.repackRemove + bytes.unreferenced,
    pruneNowBytes: bytes.removeNow,
    waitingBytes: bytes.wait,
    ...(nextRemovalNs !== undefined && { nextRemoval: textOf(nextRemovalNs) }),
  };
}
