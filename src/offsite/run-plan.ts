import { createHash } from 'node:crypto';
import { CadanganError, forEachBounded, isAbort, isCode, throwIfAborted } from '../platform/index.ts';
import { sourceOfBytes } from '../google/index.ts';
import type { Storage } from '../storage/index.ts';
import { keyOf, nameOf, type CopyFile, type SourceFile } from './copy-listing.ts';
import type { CopyTarget, HeldFile, Uploaded, UploadSource } from './copy-target.ts';
import type { CopyPlan, TrashStage, UploadStage } from './plan-copy.ts';
import type { CopyProgressMeter } from './progress.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Uploads that go at once; default 4. */
  readonly uploadsAtOnce?: number | undefined;
  readonly meter?: CopyProgressMeter | undefined;
  /** Files of the original that were found damaged before: they are passed over, and keep nobody waiting. */
  readonly knownDamaged?: ReadonlySet<string> | undefined;
  /** The config has no hash for a name. */
  readonly configSha256?: string | undefined;
  /**
   * Asked before each stage that moves something to the trash: which of its files may really go, as things are now. Default: all.
   * @throws what forbids to go on
   */
  readonly mayTrash?: ((stage: TrashStage, signal: AbortSignal) => Promise<readonly CopyFile[]>) | undefined;
  /** Ids of copies whose bytes were found wrong; see `SyncOptions`. */
  readonly distrusted?: ReadonlySet<string> | undefined;
  /** Of the repository; see `Ownership`. */
  readonly mark?: string | undefined;
  /** Told of each as it happens, so that whoever keeps account of the copy need not list it again. */
  readonly onUploaded?: ((uploaded: Uploaded) => void) | undefined;
  readonly onTrashed?: ((file: CopyFile) => void) | undefined;
  /** One that was to go, and stays since nothing may be removed there. */
  readonly onHeld?: ((file: CopyFile, held: HeldFile) => void) | undefined;
}

/** What came of a plan. */
export interface RunReport {
  /** Every stage was gone through. */
  readonly isComplete: boolean;
  /** Files of the original that were gone when their turn came: it was changed meanwhile, make a new plan. */
  readonly vanished: readonly SourceFile[];
  /** Files of the original whose bytes are not those of their names. */
  readonly damaged: readonly SourceFile[];
  /** Files that lie in the copy with wrong bytes, which nobody can remove there: all else goes on. */
  readonly stuck: readonly SourceFile[];
}

const uploadsAtOnceDefault = 4;
/** A request each, and no bytes. */
const trashesAtOnce = 4;

/**
 * Does what a plan says, stage after stage. It stops behind a stage that could not be completed: what would come next could need what is
 * not there. Only a file that was found damaged in an earlier run is passed over, because all that is new would otherwise stay unprotected
 * for its sake. Where a snapshot or index stays that was to go, what it may need stays, too.
 * @throws what uploading and trashing throws; by then nothing of it is under way any more
 */
export async function runPlan(plan: CopyPlan, source: Storage, target: CopyTarget, options: RunOptions): Promise<RunReport> {
  const mishaps: Mishaps = { vanished: [], damaged: [], stuck: [] };
  const { damaged } = mishaps;
  /** Of the last snapshot or index that stays although the original has it no more. */
  let held: HeldFile | undefined;
  for (const stage of plan.stages) {
    throwIfAborted(options.signal);
    const isPassedOver = damaged.length > 0 && stage.action === 'trash';
    // A pack that the original has lost may live on in one that it no longer names.
    if (isPassedOver) return { isComplete: false, ...mishaps };
    if (stage.action === 'trash') {
      const isRemoval = stage.why === 'removed';
      // What stays may need any of those. Any key opens it, and one that was revoked is to go.
      if (isRemoval && held !== undefined && stage.kind !== 'keys') for (const file of stage.files) options.onHeld?.(file, held);
      else {
        const stays = await runTrash(stage, target, options);
        if (isRemoval) held = laterOf(stays, held);
      }
      continue;
    }
    if (!(await runStage(stage, source, target, options, mishaps))) return { isComplete: false, ...mishaps };
  }
  return { isComplete: damaged.length === 0, ...mishaps };
}

interface Mishaps {
  readonly vanished: SourceFile[];
  readonly damaged: SourceFile[];
  readonly stuck: SourceFile[];
}

/** @returns of what stays there until when; undefined when nothing does */
async function runTrash(
  stage: TrashStage,
  target: CopyTarget,
  { signal, mayTrash, onTrashed, onHeld }: RunOptions,
): Promise<HeldFile | undefined> {
  let last: HeldFile | undefined;
  const stays = (file: CopyFile, held: HeldFile): void => {
    last = laterOf(held, last);
    onHeld?.(file, held);
  };
  const [first, ...others] = stage.files;
  // Where the first one shows that nothing may be removed there, nobody is asked about the others.
  for (const some of [first === undefined ? [] : [first], others]) {
    const asked: CopyFile[] = [];
    for (const file of some) {
      const held = target.heldFor?.(file);
      if (held === undefined) asked.push(file);
      else stays(file, held);
    }
    if (asked.length === 0) continue;
    const files = mayTrash === undefined ? asked : await mayTrash({ ...stage, files: asked }, signal);
    await forEachBounded(files, trashesAtOnce, signal, async (file, ownSignal) => {
      const held = await target.remove(file, ownSignal);
      if (held === undefined) onTrashed?.(file);
      else stays(file, held);
    });
  }
  return last;
}

/** Not known is later than any day. */
function laterOf(one: HeldFile | undefined, other: HeldFile | undefined): HeldFile | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (one.untilMs ?? Infinity) > (other.untilMs ?? Infinity) ? one : other;
}

/** @returns whether whatever comes next may begin */
async function runStage(
  stage: UploadStage,
  source: Storage,
  target: CopyTarget,
  options: RunOptions,
  { vanished, damaged, stuck }: Mishaps,
): Promise<boolean> {
  const { signal, uploadsAtOnce = uploadsAtOnceDefault, meter, knownDamaged, configSha256, mark, distrusted, onUploaded } = options;
  const sha256Of = ({ kind, name }: SourceFile): string | undefined => (kind === 'config' ? configSha256 : name);
  let mayGoOn = true;
  await forEachBounded(stage.files, uploadsAtOnce, signal, async (file, ownSignal) => {
    const part = meter?.begin(file);
    try {
      if (knownDamaged?.has(keyOf(file)) && !(await isSound(source, file, ownSignal)))
        throw new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason: 'hash' });
      const bytes = stage.bytes?.get(file.name);
      const uploaded = await target.upload(file, bytes === undefined ? uploadSourceOf(source, file) : sourceOfBytes(bytes), {
        signal: ownSignal,
        onProgress: part?.sent,
        sha256: sha256Of(file),
        mark,
        isDistrusted: distrusted?.has(keyOf(file)),
      });
      part?.done();
      onUploaded?.(uploaded);
    } catch (error) {
      part?.givenUp();
      if (isAbort(error)) throw error;
      if (isCode(error, 'storage.not-found')) {
        vanished.push(file);
        mayGoOn = false;
      } else if (isCode(error, 'repository.damaged')) {
        damaged.push(file);
        if (!knownDamaged?.has(keyOf(file))) mayGoOn = false;
      } else if (isCode(error, 'offsite.not-kept') && error.facts['reason'] === 'append-only') {
        // It would keep all that is new unprotected until somebody has been at the server.
        stuck.push(file);
      } else throw error;
    }
  });
  return mayGoOn;
}

const pieceBytes = 4 * 1024 * 1024;

/** Somebody may have mended it; sending it to see costs more than reading it. */
async function isSound(storage: Storage, file: SourceFile, signal: AbortSignal): Promise<boolean> {
  const hash = createHash('sha256');
  for (let at = 0; at < file.sizeBytes; at += pieceBytes)
    hash.update(await storage.readRange(nameOf(file), at, Math.min(pieceBytes, file.sizeBytes - at), { signal }));
  return hash.digest('hex') === file.name;
}

function uploadSourceOf(storage: Storage, file: SourceFile): UploadSource {
  return {
    sizeBytes: file.sizeBytes,
    read: (offset, lengthBytes, options) => storage.readRange(nameOf(file), offset, lengthBytes, options),
  };
}
