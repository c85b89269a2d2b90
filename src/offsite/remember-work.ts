import { isAbort } from '../platform/index.ts';
import type { CopyMemory } from './copy-memory.ts';
import type { CopyProgress } from './progress.ts';
import type { BesideWork } from './copy-status.ts';
import type { OriginalNames } from './original-look.ts';
import { recordedErrorOf, type RecordedError } from './recorded-error.ts';
import type { SampleReport } from './sample-copy.ts';
import type { ScrubReport } from './scrub-copy.ts';
import { unknownOrigin } from './storage-copy.ts';
import type { SyncReport } from './sync-copy.ts';

/** Files and their bytes. */
export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/** A folder may hold so many findings; their counts are remembered of all. */
const itemsKeptMax = 1000;

/** What is behind is written down before it is worked off: the work may take days, or never end. All of these are pure. */
export function rememberedPlan(memory: CopyMemory, total: Amount, lag: Amount, now: string): CopyMemory {
  return { ...memory, total, behind: behindOf(memory, lag, now) };
}

/** How far it is, while it goes on. @param lag what is still to be done */
export function rememberedProgress(memory: CopyMemory, progress: CopyProgress, lag: Amount | undefined, now: string): CopyMemory {
  const { phase, elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal } = progress;
  const underway = { at: now, phase, elapsedMs: Math.round(elapsedMs), filesDone, filesTotal, bytesDone, bytesTotal };
  return { ...memory, behind: behindOf(memory, lag, now), underway };
}

/** @param lookedAt at the original, before it was copied: it was whole with what that had then */
export function rememberedSync(
  memory: CopyMemory,
  report: SyncReport,
  original: OriginalNames | undefined,
  { now, lookedAt }: { readonly now: string; readonly lookedAt: string },
): CopyMemory {
  const { lag, doubts, heldBackFiles, snapshots, restorable, sourceFiles, sourceBytes, uploadedFiles, uploadedBytes, trashedFiles } =
    report;
  const isWhole = lag.files === 0;
  return {
    ...memory,
    underway: undefined,
    lastSync: {
      at: now,
      outcome: isWhole ? 'whole' : 'incomplete',
      uploaded: { files: uploadedFiles, bytes: uploadedBytes },
      trashedFiles,
    },
    total: { files: sourceFiles, bytes: sourceBytes },
    behind: isWhole ? undefined : { ...lag, since: memory.behind?.since ?? now },
    lastWholeAt: isWhole ? lookedAt : memory.lastWholeAt,
    original: isWhole && original ? { snapshots: [...original.snapshots], sha256: original.sha256 } : memory.original,
    heldBack: heldBackFiles > 0 && doubts.length > 0 ? { files: heldBackFiles, doubts: [...doubts] } : undefined,
    held: heldOf(memory, report.held),
    unconfirmed: report.unconfirmedFiles > 0 ? report.unconfirmedFiles : undefined,
    distrusted: isWhole ? undefined : memory.distrusted,
    snapshots: [...snapshots],
    restorable: restorable && { ...restorable, snapshots: [...restorable.snapshots] },
  };
}

/**
 * A person has said that files may go: those of whoever put them there may go from now on. Of what nobody knows who put it there, that is
 * said for this once.
 */
export function rememberedOrigins(memory: CopyMemory, { found }: SyncReport): CopyMemory {
  const origins = new Set([...(memory.origins ?? []), ...found.extra.flatMap(({ origin }) => origin ?? [])]);
  origins.delete(unknownOrigin);
  return { ...memory, origins: [...origins] };
}

/** A sync or scrub that did not come to its end. @param lag what it had still to do, as far as it knew */
export function rememberedFailure(
  memory: CopyMemory,
  error: unknown,
  { uploaded, lag }: { readonly uploaded: Amount; readonly lag: Amount | undefined },
  now: string,
): CopyMemory {
  const tried = { at: now, uploaded, trashedFiles: 0 };
  const { code, facts } = recordedErrorOf(error);
  return {
    ...memory,
    underway: undefined,
    behind: behindOf(memory, lag, now),
    lastSync: isAbort(error)
      ? { ...tried, outcome: 'stopped' }
      : { ...tried, outcome: 'failed', error: { code, facts: plainFacts(facts) } },
  };
}

/** What came of a work beside the copying. @param error undefined: nothing stood in its way */
export function rememberedBeside(memory: CopyMemory, work: BesideWork, error: unknown, now: string): CopyMemory {
  const failed = { ...memory.failed };
  delete failed[work];
  if (error === undefined) return { ...memory, failed };
  const { code, facts } = recordedErrorOf(error);
  return { ...memory, failed: { ...failed, [work]: { at: now, error: { code, facts: plainFacts(facts) } } } };
}

/** After `rememberedSync` of what the scrub has healed. */
export function rememberedScrub(memory: CopyMemory, report: ScrubReport, now: string): CopyMemory {
  return {
    ...memory,
    distrusted: undefined,
    lastScrub: {
      at: now,
      checked: { files: report.checkedFiles, bytes: report.checkedBytes },
      found: countsOf(report),
      items: report.findings
        .filter(({ kind }) => kind !== 'unconfirmed')
        .slice(0, itemsKeptMax)
        .map(({ kind, path }) => ({ kind, path })),
      healedFiles: report.sync.uploadedFiles,
      leftFiles: report.sync.lag.files,
    },
  };
}

/** Of a sample that did not come to its end: the next one goes on behind it, and what it found is healed all the same. */
export function rememberedSampleSoFar(memory: CopyMemory, { cursor, damaged }: SampleReport): CopyMemory {
  const distrusted = new Set([...(memory.distrusted ?? []), ...damaged.map(({ id }) => id)]);
  return { ...memory, sampleCursor: cursor, distrusted: distrusted.size > 0 ? [...distrusted] : undefined };
}

export function rememberedSample(memory: CopyMemory, report: SampleReport, now: string): CopyMemory {
  const { readFiles, readBytes, damaged } = report;
  return {
    ...rememberedSampleSoFar(memory, report),
    lastSample: { at: now, read: { files: readFiles, bytes: readBytes }, damaged: damaged.map(({ kind, name }) => `${kind}/${name}`) },
  };
}

/** Where nothing was to be removed, what was known stays. */
function heldOf(memory: CopyMemory, held: SyncReport['held']): CopyMemory['held'] {
  if (held === undefined) return memory.held;
  if (held.files === 0) return undefined;
  return { files: held.files, ...(held.untilMs !== undefined && { until: new Date(held.untilMs).toISOString() }) };
}

function behindOf(memory: CopyMemory, lag: Amount | undefined, now: string): CopyMemory['behind'] {
  return lag === undefined || lag.files === 0 ? memory.behind : { ...lag, since: memory.behind?.since ?? now };
}

function countsOf({ findings }: ScrubReport): NonNullable<CopyMemory['lastScrub']>['found'] {
  const counts = { missing: 0, damaged: 0, doubled: 0, trashed: 0, foreign: 0, extra: 0, unconfirmed: 0, damagedAtSource: 0 };
  for (const { kind } of findings) counts[kind] += 1;
  return counts;
}

function plainFacts(facts: RecordedError['facts']): NonNullable<NonNullable<CopyMemory['lastSync']>['error']>['facts'] {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, typeof value === 'bigint' ? Number(value) : typeof value === 'object' ? [...value] : value] as const],
    ),
  );
}
