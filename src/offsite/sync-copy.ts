import { CadanganError, forEachBounded, type Clock } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import { claimFolder, withdrawIdleClaims, type ClaimWorld } from './claim-folder.ts';
import { compareCopy, lagOf, type Comparison } from './compare-copy.ts';
import { CopyAccount } from './copy-account.ts';
import { keyOf, nameOf, type CopyFile, type CopyListing, type SourceFile } from './copy-listing.ts';
import type { CopyTarget, HeldFile } from './copy-target.ts';
import type { Doubt } from './doubts.ts';
import { ownershipOf } from './ownership.ts';
import type { FirstPart } from './first-part.ts';
import { needsFirstPart, planCopy, refuseStranger, type CopyPlan, type TrashStage } from './plan-copy.ts';
import { CopyProgressMeter, type CopyProgressSink } from './progress.ts';
import { restorableFrom, type Restorable } from './restorable.ts';
import { runPlan, type RunReport } from './run-plan.ts';
import { readSourceCut, type SourceCut } from './source-cut.ts';
import { listExpected, refuseGoneFiles, type ExpectedCopy } from './vanished-copy.ts';

export interface CopyWorld {
  readonly source: Storage;
  readonly target: CopyTarget;
  readonly clock: Clock;
}

export interface SyncOptions {
  readonly signal: AbortSignal;
  readonly progress?: CopyProgressSink | undefined;
  readonly uploadsAtOnce?: number | undefined;
  /** Remove also what there is a doubt about. */
  readonly mayRemoveAll?: boolean | undefined;
  /** What is known to have been in the copy: where most of it is gone, nothing is done without an answer. */
  readonly expected?: ExpectedCopy | undefined;
  /** Copy everything again, although the folder or what was in it is gone. */
  readonly mayBeginAnew?: boolean | undefined;
  /** Show what would be done. */
  readonly dryRun?: boolean | undefined;
  /** What is known to lie in the copy, instead of asking. Nothing is removed by it. */
  readonly known?: CopyListing | undefined;
  /** Files of the original that were found damaged (keys of `keyOf`); it is added to. */
  readonly knownDamaged?: Set<string> | undefined;
  /** Ids of copies whose bytes were found wrong although their place says otherwise. */
  readonly distrusted?: ReadonlySet<string> | undefined;
  /** Origins whose files may be removed; see `PlanOptions`. */
  readonly origins?: ReadonlySet<string> | undefined;
  /** The last sync found that, and nobody has said anything; see `PlanOptions`. */
  readonly wasRolledBack?: boolean | undefined;
  /** When all was last there; see `restorableFrom`. */
  readonly restorable?: Restorable | undefined;
  /** Reads what is to go first to a new copy; asked only for one that is large. Undefined: nobody can tell, who has no key. */
  readonly firstPart?: ((signal: AbortSignal) => Promise<FirstPart | undefined>) | undefined;
  /** Of how many bytes a copy is large; default 4 GiB. */
  readonly firstPartAboveBytes?: number | undefined;
  /** Told what is behind as soon as that is known. */
  readonly onPlan?: ((plan: CopyPlan, comparison: Comparison) => void) | undefined;
  /** @param wasThere nothing had to be sent for it */
  readonly onUploaded?: ((file: CopyFile, wasThere: boolean) => void) | undefined;
  readonly onTrashed?: ((file: CopyFile) => void) | undefined;
  /** Before the original is looked at again, because it changed meanwhile; default 5 s. */
  readonly againMs?: number | undefined;
}

/** What a sync has done and what is left. */
export interface SyncReport {
  readonly uploadedFiles: number;
  readonly uploadedBytes: number;
  readonly trashedFiles: number;
  /** Folders of one name that were made one. */
  readonly mergedFolders: number;
  /** Files of the original and their bytes, all of them. */
  readonly sourceFiles: number;
  readonly sourceBytes: number;
  /** What of it is not in the copy now. */
  readonly lag: { readonly files: number; readonly bytes: number };
  /** Those of them that could have been copied. */
  readonly leftBehindFiles: number;
  /** When the original was last looked at: what came to it since is not known of, and the copying may have taken days. */
  readonly lookedAtNs: bigint;
  /** The original was in the middle of a change, or what has just come could not be read yet: another look soon may bring more. */
  readonly isIncomplete: boolean;
  /** Why files stay in the copy that the original has no more, and how many. */
  readonly doubts: readonly Doubt[];
  readonly heldBackFiles: number;
  /** What the original has no more and the copy's place lets nobody remove; undefined when that was not tried. */
  readonly held: HeldFiles | undefined;
  /** Files of the original whose bytes are not those of their names. */
  readonly damagedAtSource: readonly SourceFile[];
  /** Files that lie in the copy with wrong bytes, which nobody can remove there. */
  readonly stuck: readonly SourceFile[];
  /** Files that nothing proves but their size. */
  readonly unconfirmedFiles: number;
  /** Snapshots that can be restored from the copy: their own file and all that they may need is verified there. */
  readonly snapshots: readonly string[];
  /** To be remembered for the next sync. */
  readonly restorable: Restorable | undefined;
  /** What lies in the copy now. */
  readonly listing: CopyListing;
  /** What was found before anything was done. */
  readonly found: Comparison;
  readonly plan: CopyPlan;
}

/** In a place that only takes, or that keeps what it has until a day. */
export interface HeldFiles {
  readonly files: number;
  /** When the last of them may go, milliseconds since 1970; undefined: not known of all. */
  readonly untilMs: number | undefined;
}

const passesMax = 5;
const againMsDefault = 5_000;
/** A request each, and no bytes. */
const looksAtOnce = 16;
/** A quarter of an hour at 40 Mbit/s. */
const firstPartAboveBytesDefault = 4 * 1024 ** 3;

/**
 * Brings the copy up to the original. A backup or prune that goes on meanwhile is waited for a little; what it leaves is for the next sync.
 * @throws `offsite.source-doubtful`, `offsite.other-repository`, and what the copy's place refuses: `drive.full`, `storage.denied` ...
 * What was copied by then stays.
 */
export async function syncCopy({ source, target, clock }: CopyWorld, wish: SyncOptions): Promise<SyncReport> {
  const distrusted = new Set(wish.distrusted);
  const options = { ...wish, distrusted };
  const { signal, dryRun = false, againMs = againMsDefault } = options;
  const damaged = options.knownDamaged ?? new Set<string>();
  const meter = options.progress && new CopyProgressMeter(clock, options.progress);
  const counts = { uploadedFiles: 0, uploadedBytes: 0, trashedFiles: 0 };
  const held = new Map<string, HeldFile>();
  meter?.enter('listing');
  if (!dryRun && options.known === undefined) await target.refuseOriginal?.(source, signal);
  const account = new CopyAccount(options.known ?? (await listExpected(target, options)));
  const place = { source: source.location, copy: target.location };
  let found: Comparison | undefined;
  let mergedFolders = 0;
  for (let pass = 1; ; pass++) {
    const lookedAtNs = clock.nowNs();
    const cut = await readSourceCut(source, signal);
    const comparison = compareCopy(cut, account.listing, options.distrusted);
    if (found === undefined) await refuseGoneFiles(target, comparison, account.listing, options);
    found ??= comparison;
    if (!dryRun) await withdrawIdleClaims(ownershipOf(cut, comparison), target, signal);
    const isLarge = !dryRun && needsFirstPart(cut, comparison, options.firstPartAboveBytes ?? firstPartAboveBytesDefault);
    const plan = planCopy(cut, comparison, place, {
      first: isLarge ? await options.firstPart?.(signal) : undefined,
      knownDamaged: damaged,
      mayRemoveAll: options.mayRemoveAll ?? false,
      removesNothing: options.known !== undefined,
      distrusted: options.distrusted,
      origins: options.origins,
      wasRolledBack: options.wasRolledBack,
      hasUniqueNames: target.hasUniqueNames,
    });
    options.onPlan?.(plan, comparison);
    if (!dryRun) await assertRoom(plan, target, signal);
    if (!dryRun && !plan.ownership.isSettled) await claimFolder({ source, cut, account, target, place }, { clock, againMs, signal });
    if (!dryRun) mergedFolders += (await target.folders?.mergeFolders(signal)) ?? 0;
    meter?.enter('copying', plan.uploadFiles, plan.uploadBytes);
    const run = dryRun
      ? { isComplete: true, vanished: [], damaged: [], stuck: [] }
      : await runPlan(plan, source, target, {
          signal,
          meter,
          uploadsAtOnce: options.uploadsAtOnce,
          knownDamaged: damaged,
          configSha256: cut.configSha256,
          mark: plan.ownership.mark,
          distrusted,
          mayTrash: (stage) => stillOurs(stage, { source, cut, account, target, place }, options),
          onUploaded: ({ file, wasThere }) => {
            account.add(file);
            // Where names are unique, what is right now has the id of what was wrong.
            distrusted.delete(file.id);
            options.onUploaded?.(file, wasThere);
            if (wasThere) return;
            counts.uploadedFiles += 1;
            counts.uploadedBytes += file.sizeBytes ?? 0;
          },
          onTrashed: (file) => {
            account.trashed(file);
            counts.trashedFiles += 1;
            options.onTrashed?.(file);
          },
          onHeld: (file, { untilMs }) => held.set(file.id, { untilMs }),
        });
    const isNew = run.damaged.filter((file) => !damaged.has(keyOf(file)));
    for (const file of isNew) damaged.add(keyOf(file));
    const isIncomplete = !dryRun && mayHelp(cut, run, isNew);
    // An index of the copy's own has done its service: the next plan has it among what the original has not.
    if (run.isComplete && hasOwnIndex(plan) && pass < passesMax) continue;
    if (isIncomplete && pass < passesMax) {
      await clock.sleep(againMs, signal);
      continue;
    }
    return {
      ...counts,
      ...stateAfter(cut, account.listing, damaged, options),
      lookedAtNs,
      mergedFolders,
      isIncomplete,
      stuck: run.stuck,
      doubts: plan.doubts,
      heldBackFiles: plan.heldBack.length,
      held: dryRun || options.known !== undefined ? undefined : heldFilesOf([...held.values()]),
      listing: account.listing,
      found,
      plan,
    };
  }
}

function heldFilesOf(held: readonly HeldFile[]): HeldFiles {
  const until = held.map(({ untilMs = Infinity }) => untilMs);
  const lastMs = Math.max(0, ...until);
  return { files: held.length, untilMs: held.length === 0 || lastMs === Infinity ? undefined : lastMs };
}

function hasOwnIndex({ stages }: CopyPlan): boolean {
  return stages.some((stage) => stage.action === 'upload' && stage.bytes !== undefined);
}

/** Before days of copying, not after them. @throws `drive.full` */
async function assertRoom({ uploadBytes: neededBytes }: CopyPlan, target: CopyTarget, signal: AbortSignal): Promise<void> {
  const freeBytes = neededBytes === 0 ? undefined : await target.freeBytes(signal);
  if (freeBytes === undefined || neededBytes <= freeBytes) return;
  throw new CadanganError('drive.full', { location: target.location, neededBytes, freeBytes });
}

/**
 * Between the listing and the trash lies the upload of days, perhaps; so it is looked again whether somebody else has come, and of doubles
 * whether the one that stays is there: another machine that copies the same repository may have known less, or more.
 */
async function stillOurs(stage: TrashStage, world: ClaimWorld, { signal, distrusted }: SyncOptions): Promise<readonly CopyFile[]> {
  const { source, cut, account, target, place } = world;
  const named = new Set(cut.files.map(keyOf));
  account.saw(await target.look(signal));
  const ownership = ownershipOf(cut, compareCopy(cut, account.listing, distrusted));
  refuseStranger(ownership, place);
  const files: CopyFile[] = [];
  await forEachBounded(stage.files, looksAtOnce, signal, async (file, ownSignal) => {
    const kept = stage.kept?.get(file.id);
    // A list of the original may have been late, too, where that lies on Drive; asked for by name, it is there.
    if (!named.has(keyOf(file)) && (await source.sizeOf(nameOf(file), ownSignal)) !== undefined) return;
    if (ownership.owns(file) && (kept === undefined || (await target.isThere(kept, ownSignal)))) files.push(file);
  });
  return files;
}

/**
 * Whether another look at the original is likely to bring more. A file that was found damaged gets a second chance: it may have been half
 * written.
 */
function mayHelp(cut: SourceCut, run: RunReport, isNew: readonly SourceFile[]): boolean {
  return !cut.isConsistent || run.vanished.length > 0 || isNew.length > 0;
}

type StateAfter = Pick<
  SyncReport,
  'sourceFiles' | 'sourceBytes' | 'lag' | 'leftBehindFiles' | 'damagedAtSource' | 'unconfirmedFiles' | 'snapshots' | 'restorable'
>;

function stateAfter(
  cut: SourceCut,
  listing: CopyListing,
  damaged: ReadonlySet<string>,
  { distrusted, restorable }: SyncOptions,
): StateAfter {
  const comparison = compareCopy(cut, listing, distrusted);
  const atSource = new Map(comparison.damagedAtSource.map((file) => [keyOf(file), file]));
  for (const { source, good } of comparison.states)
    if (good === undefined && damaged.has(keyOf(source))) atSource.set(keyOf(source), source);
  return {
    sourceFiles: cut.files.length,
    sourceBytes: cut.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    lag: lagOf(comparison),
    leftBehindFiles: comparison.states.filter(({ good, source }) => good === undefined && !damaged.has(keyOf(source))).length,
    damagedAtSource: [...atSource.values()],
    unconfirmedFiles: comparison.states.filter(({ confidence }) => confidence === 'unconfirmed').length,
    ...restorableFrom(comparison, listing, restorable),
  };
}
