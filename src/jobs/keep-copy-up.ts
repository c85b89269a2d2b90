import {
  CopyKeeper,
  dayMs,
  FolderWatch,
  hourMs,
  nextReadableMs,
  StorageWatch,
  type CopyMemory,
  type KeeperOptions,
  type KeeperState,
  type WatchEvents,
  type Work,
  type WorkContext,
} from '../offsite/index.ts';
import { CadanganError, isCode, isOnNetwork, systemClock, type Clock } from '../platform/index.ts';
import type { RecordTrigger } from '../records/index.ts';
import type { TaskLoop } from '../schedule/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { parseLocation } from '../storage/index.ts';
import { CopyJobs, type CopyOccasion, type ToldResult } from './copy-jobs.ts';
import { openStorageAt } from './open-storage.ts';
import type { StoragePlace } from './storage-place.ts';
import type { HistoryKeeping } from './history-keeping.ts';
import type { RecordKeeper } from './record-keeper.ts';
import type { RepositoryAccess } from './repository-access.ts';
import type { ProgramVet } from './set-program.ts';
import { SignInWatch } from './sign-in-watch.ts';

export interface KeepCopyUpOptions {
  readonly copy: OffsiteCopy;
  /** Of the process: has the copy looked at. */
  readonly tasks: TaskLoop;
  readonly place: StoragePlace;
  readonly vet?: ProgramVet | undefined;
  /** Where each work that is worth it leaves its record. */
  readonly records: RecordKeeper;
  /** What else there is to keep the history beside the copy. */
  readonly history?: Omit<HistoryKeeping, 'records'> | undefined;
  /** Of the repository that is copied; asked for readable copies and for the first part of a new copy. @throws `password.missing` */
  readonly password: RepositoryAccess['password'];
  /** Each run that did something, or failed. */
  readonly onResult: (result: ToldResult<unknown>) => void;
  /** At most a few times a second. */
  readonly onState: (state: KeeperState) => void;
  /** Other times than an hour, a week ...; for tests. */
  readonly timing?:
    | {
        readonly syncEveryMs?: number;
        readonly sampleEveryMs?: number;
        readonly pollingIntervalMs?: number;
        readonly identityIntervalMs?: number;
        readonly againMs?: number;
      }
    | undefined;
}

/** Of a work that somebody asks for at a copy: who, and what he wants of it alone. */
export interface CopyWish extends Omit<CopyOccasion, 'trigger'> {
  /** Of a sync: remove also what there is a doubt about. */
  readonly mayRemoveAll?: boolean | undefined;
  /** Of a sync: copy everything again, although what was on Drive is gone. */
  readonly mayBeginAnew?: boolean | undefined;
  /** Of a sample: how much is read, instead of what is configured. */
  readonly percent?: number | undefined;
  /** It begins. */
  readonly onBegin?: (() => void) | undefined;
}

/** Of a copy that is kept up: asked for a work, it answers with what came of it. */
export type KeptCopy = CopyKeeper<ToldResult<unknown>, CopyWish>;

/** Of what is done by itself. */
const triggers: Readonly<Record<Work, RecordTrigger>> = {
  look: 'change',
  sync: 'change',
  scrub: 'schedule',
  sample: 'schedule',
  readable: 'schedule',
};

/** Shorter waits for Google are everyday, and over before anybody could read of them. */
const shownWaitMsMin = 1000;

/** Keeps one configured copy up until it is disposed of: what `cadangan offsite watch` and the host run. */
export async function keepCopyUp(options: KeepCopyUpOptions): Promise<KeptCopy> {
  const { copy, tasks, records, onResult, timing, vet } = options;
  const { clock = systemClock } = options.place;
  const place: StoragePlace = {
    ...options.place,
    onWait: (wait) => {
      options.place.onWait?.(wait);
      if (wait.ms >= shownWaitMsMin) keeper.noteWaiting(wait.kind === 'rate' ? 'rate' : 'no-answer');
    },
  };
  const { history, password } = options;
  const jobs = new CopyJobs({ copy, place, records, history, password, vet, againMs: timing?.againMs });
  const keeper: KeptCopy = new CopyKeeper({
    name: copy.name,
    clock,
    tasks,
    watch: await watchOf(options, clock),
    isPaused: copy.paused,
    timing: {
      settleMs: copy.settleSeconds * 1000,
      syncEveryMs: timing?.syncEveryMs ?? hourMs,
      scrubEveryMs: copy.scrubEveryDays * dayMs,
      sampleEveryMs: timing?.sampleEveryMs ?? 7 * dayMs,
      samplePercent: copy.sampleReadPercent,
    },
    times: async () => timesOf(await jobs.memory.read(), copy, clock),
    run: async (work, context) => {
      await signIn.workBegins();
      const result = await runWork(jobs, work, context, options);
      if (context.asked !== undefined || isWorthTelling(result)) onResult(result);
      return result;
    },
    onState: (state) => {
      tasks.wake(signIn);
      options.onState(state);
    },
    onEnd: async () => {
      await tasks.remove(signIn);
      await jobs[Symbol.asyncDispose]();
    },
  });
  const signIn = new SignInWatch({ place, clock, state: () => keeper.state, onSignIn: () => keeper.retryNow() });
  tasks.add(signIn);
  return keeper;
}

/** A folder tells of its changes, most of them; of any other storage one has to ask. */
async function watchOf(
  { copy: { repository }, place, timing }: KeepCopyUpOptions,
  clock: Clock,
): Promise<(events: WatchEvents) => AsyncDisposable> {
  const pollingIntervalMs = timing?.pollingIntervalMs;
  const location = parseLocation(repository);
  if (location.scheme !== 'folder')
    return (events) => new StorageWatch({ ...events, open: () => openStorageAt(repository, place), clock, pollingIntervalMs });
  const folder = location.path;
  const polling = await isOnNetwork(folder);
  return (events) =>
    new FolderWatch({ ...events, folder, polling, pollingIntervalMs, identityIntervalMs: timing?.identityIntervalMs, clock });
}

function timesOf(memory: CopyMemory, copy: OffsiteCopy, clock: Clock): Awaited<ReturnType<KeeperOptions<unknown, CopyWish>['times']>> {
  const ms = (at: string | undefined): number | undefined => (at === undefined ? undefined : Date.parse(at));
  return {
    lastScrubMs: ms(memory.lastScrub?.at),
    lastSampleMs: ms(memory.lastSample?.at),
    readableDueMs: readableDueMs(memory, copy, clock),
  };
}

/** The first one as soon as there is a whole copy. */
function readableDueMs({ readable = [], lastWholeAt }: CopyMemory, { readableCopies }: OffsiteCopy, clock: Clock): number | undefined {
  if (readableCopies === undefined || lastWholeAt === undefined) return undefined;
  const last = readable.at(-1);
  if (last === undefined) return Date.parse(lastWholeAt);
  return nextReadableMs(Date.parse(last.at), readableCopies.every, clock.offsetMinutes(clock.nowNs()));
}

async function runWork(
  jobs: CopyJobs,
  work: Work,
  { signal, progress, asked }: WorkContext<CopyWish>,
  options: KeepCopyUpOptions,
): Promise<ToldResult<unknown>> {
  asked?.onBegin?.();
  const occasion = asked === undefined ? { trigger: triggers[work] } : manualOf(asked);
  const wish = { signal, progress };
  switch (work) {
    case 'look':
    case 'sync':
      return jobs.sync(
        { ...wish, mayUseKnown: work === 'look', mayRemoveAll: asked?.mayRemoveAll, mayBeginAnew: asked?.mayBeginAnew },
        occasion,
      );
    case 'scrub':
      return jobs.scrub(wish, occasion);
    case 'sample':
      return jobs.sample({ ...wish, percent: asked?.percent }, occasion);
    case 'readable': {
      const { copy, password } = options;
      if (copy.readableCopies === undefined)
        throw new CadanganError('arguments.invalid', { argument: copy.name, reason: 'it has no rule for readable copies' });
      const { set, folder, keep } = copy.readableCopies;
      return jobs.readable({ password, signal }, { set, folder, keep }, occasion);
    }
  }
}

/** Somebody wanted it now. */
export function manualOf({ run, via, user }: Pick<CopyWish, 'run' | 'via' | 'user'>): CopyOccasion {
  return { trigger: 'manual', run, via, user };
}

/**
 * A look after every change that finds nothing to do would fill any history; that another process is at it is a state, and not what came
 * of a run.
 */
function isWorthTelling({ error, did, outcome }: ToldResult<unknown>): boolean {
  return did || (outcome !== 'success' && !isCode(error, 'offsite.busy'));
}
