import { CadanganError } from '../platform/index.ts';
import type { Comparison, CopyState } from './compare-copy.ts';
import { keyOf, sumBytes, type CopiedKind, type CopyFile, type SourceFile } from './copy-listing.ts';
import { doubtsAbout, type Doubt } from './doubts.ts';
import type { FirstPart } from './first-part.ts';
import { ownershipOf, strangerOf, type Ownership } from './ownership.ts';
import type { SourceCut } from './source-cut.ts';

/**
 * What is to be done, in this order. Within a stage the order does not matter and several may go at once; a stage begins when every file of
 * the one before is done. At every moment in between the copy is a repository: what it has needs nothing that it has not.
 */
export type Stage = UploadStage | TrashStage;

export interface UploadStage {
  readonly action: 'upload';
  readonly kind: CopiedKind;
  readonly files: readonly SourceFile[];
  /** Of files that the original has not, by name. */
  readonly bytes?: ReadonlyMap<string, Uint8Array> | undefined;
}

export interface TrashStage {
  readonly action: 'trash';
  readonly kind: CopiedKind;
  readonly why: 'double' | 'damaged' | 'removed';
  readonly files: readonly CopyFile[];
  /** Of doubles, by id: the one that stays. */
  readonly kept?: ReadonlyMap<string, CopyFile>;
}

export interface CopyPlan {
  readonly ownership: Ownership;
  readonly stages: readonly Stage[];
  readonly uploadFiles: number;
  readonly uploadBytes: number;
  /** Empty when all that is to go may go. */
  readonly doubts: readonly Doubt[];
  /** What stays because of them. */
  readonly heldBack: readonly CopyFile[];
}

/** For people. */
export interface CopyPlace {
  readonly source: string;
  readonly copy: string;
}

export interface PlanOptions {
  /** Somebody looked into the doubts and wants the removal all the same. */
  readonly mayRemoveAll?: boolean;
  /** Do not remove anything for now. */
  readonly removesNothing?: boolean;
  /** Ids of copies with wrong bytes under a right checksum: they go before a new one comes, which would be taken for needless. */
  readonly distrusted?: ReadonlySet<string> | undefined;
  /** What is to go first; passed over when not all of it is in the original, and sound. */
  readonly first?: FirstPart | undefined;
  /** Files of the original that were found damaged, as `keyOf`. */
  readonly knownDamaged?: ReadonlySet<string> | undefined;
  /** What is uploaded takes the place of what has its name: a damaged file needs no removal, and a removal would take the right one. */
  readonly hasUniqueNames?: boolean | undefined;
  /** It was `rolled-back` before. A backup since then makes what it has lost no less lost: a person says so, or it comes back. */
  readonly wasRolledBack?: boolean | undefined;
  /** Origins whose files may be removed here; default: all. */
  readonly origins?: ReadonlySet<string> | undefined;
}

/** Keys and config open everything else; an index needs its packs, a snapshot its indexes. */
const uploadOrder = ['keys', 'config', 'data', 'index', 'snapshots'] as const satisfies readonly CopiedKind[];
/** The other way round; keys last, so that a copy that is cut short can still be opened. There is no removing of a config. */
const removalOrder = ['snapshots', 'index', 'data', 'keys'] as const satisfies readonly CopiedKind[];

/**
 * Decides what to upload and what to remove (on Drive: to move to the trash), which is only what is certainly of this repository. Pure.
 * @throws `offsite.other-repository` when something of another repository lies in the copy's folder
 */
export function planCopy(cut: SourceCut, comparison: Comparison, place: CopyPlace, options: PlanOptions = {}): CopyPlan {
  const ownership = ownershipOf(cut, comparison);
  refuseStranger(ownership, place);
  const missing = comparison.states.filter(({ good }) => good === undefined).map(({ source }) => source);
  // An index or snapshot of names that do not belong together could need what nobody has. Packs, keys and the config need nothing.
  const kinds = cut.isConsistent ? uploadOrder : uploadOrder.slice(0, 3);
  const first = options.first && firstStages(options.first, comparison, options.knownDamaged);
  const early = new Set(first?.flatMap(({ files }) => files));
  const rest = missing.filter((file) => !early.has(file));
  const uploads = kinds.flatMap((kind): UploadStage[] => [
    // Before the other packs, behind the keys and the config.
    ...(kind === 'data' ? (first ?? []) : []),
    { action: 'upload', kind, files: rest.filter((file) => file.kind === kind) },
  ]);
  const isElsewhere = ({ origin }: CopyFile): boolean =>
    !options.mayRemoveAll && origin !== undefined && options.origins?.has(origin) === false;
  const owned = comparison.extra.filter(ownership.owns);
  const needless = owned.filter((file) => !isElsewhere(file));
  const elsewhere = owned.filter(isElsewhere);
  const unknown = comparison.extra.filter((file) => !ownership.owns(file));
  const free = withoutNeeded(needless, [...elsewhere, ...unknown]);
  const isFree = new Set(free);
  const doubts = options.mayRemoveAll && cut.isConsistent ? [] : doubtsAbout(cut, comparison, needless, options);
  const goes = doubts.length === 0 && !options.removesNothing && cut.isConsistent;
  const bad = (files: readonly CopyFile[]): TrashStage[] =>
    files.length === 0 ? [] : [{ action: 'trash', kind: 'data', why: 'damaged', files }];
  const damaged = comparison.states.flatMap((state) => state.damaged);
  const { hasUniqueNames = false } = options;
  const distrusted = hasUniqueNames ? [] : damaged.filter((file) => options.distrusted?.has(file.id) && ownership.owns(file));
  const trashes = [...(hasUniqueNames ? [] : cleaning(comparison, ownership)), ...(goes ? removals(free) : [])];
  const planned: readonly Stage[] = [...bad(distrusted), ...uploads, ...trashes].filter(({ files }) => files.length > 0);
  const willUpload = uploads.flatMap(({ files }) => files);
  return {
    ownership,
    stages: planned,
    uploadFiles: willUpload.length,
    uploadBytes: sumBytes(willUpload),
    doubts: [
      ...(needless.length > 0 ? doubts : []),
      ...(unknown.length > 0 ? ['not-ours' as const] : []),
      ...(elsewhere.length > 0 ? ['other-origin' as const] : []),
    ],
    heldBack: goes ? [...unknown, ...elsewhere, ...needless.filter((file) => !isFree.has(file))] : comparison.extra,
  };
}

/** @throws `offsite.other-repository` naming a file of the other one */
export function refuseStranger(ownership: Ownership, { source, copy }: CopyPlace): void {
  const file = strangerOf(ownership);
  if (file !== undefined) throw new CadanganError('offsite.other-repository', { location: copy, source, file });
}

/**
 * Whether a new copy has nothing yet that can be restored: no index of the original's is there, and packs are still to come.
 * @param restAboveBytes fewer bytes are there soon enough
 */
export function needsFirstPart(cut: SourceCut, { states }: Comparison, restAboveBytes: number): boolean {
  if (!cut.isConsistent || states.some(({ source, good }) => source.kind === 'index' && good !== undefined)) return false;
  const missing = states.flatMap(({ source, good }) => (source.kind === 'data' && good === undefined ? [source] : []));
  return sumBytes(missing) > restAboveBytes && cut.files.some(({ kind }) => kind === 'snapshots');
}

/**
 * Its packs, then an index that names only them, then the snapshots: a repository at each moment. Undefined when it cannot be had, or is
 * there.
 */
function firstStages(
  { packs, snapshots, indexes }: FirstPart,
  { states }: Comparison,
  knownDamaged?: ReadonlySet<string>,
): UploadStage[] | undefined {
  const of = (kind: CopiedKind, names: ReadonlySet<string>) =>
    states.filter(({ source }) => source.kind === kind && names.has(source.name));
  const missing = (found: readonly CopyState[]): SourceFile[] => found.flatMap(({ source, good }) => (good === undefined ? [source] : []));
  const [data, newest] = [of('data', packs), of('snapshots', snapshots)];
  const isWhole = data.length === packs.size && newest.length === snapshots.size;
  const isSound = [...data, ...newest].every(({ source }) => !knownDamaged?.has(keyOf(source)));
  if (!isWhole || !isSound || missing(newest).length === 0) return undefined;
  return [
    { action: 'upload', kind: 'data', files: missing(data) },
    {
      action: 'upload',
      kind: 'index',
      files: indexes.map(({ name, bytes }) => ({ kind: 'index', name, sizeBytes: bytes.length })),
      bytes: new Map(indexes.map(({ name, bytes }) => [name, bytes])),
    },
    { action: 'upload', kind: 'snapshots', files: missing(newest) },
  ];
}

/** Doubles and damaged copies, once a good one is there. */
function cleaning({ states }: Comparison, { owns }: Ownership): TrashStage[] {
  return uploadOrder.flatMap((kind): TrashStage[] => {
    const ours = states.filter(({ source }) => source.kind === kind);
    const kept = new Map(ours.flatMap(({ good, doubles }) => (good === undefined ? [] : doubles.map(({ id }) => [id, good] as const))));
    return [
      { action: 'trash', kind, why: 'damaged', files: ours.flatMap(({ damaged }) => damaged).filter(owns) },
      { action: 'trash', kind, why: 'double', files: ours.flatMap(({ doubles }) => doubles).filter(owns), kept },
    ];
  });
}

/** What a snapshot or index that stays may need stays with it; whom a key opens it to is another matter. */
function withoutNeeded(needless: readonly CopyFile[], staying: readonly CopyFile[]): readonly CopyFile[] {
  const first = removalOrder.findIndex((kind) => staying.some((file) => file.kind === kind));
  const needed = new Set<CopiedKind>(first < 0 ? [] : removalOrder.slice(first + 1, -1));
  return needless.filter(({ kind }) => !needed.has(kind));
}

function removals(needless: readonly CopyFile[]): TrashStage[] {
  return removalOrder.map((kind): TrashStage => ({
    action: 'trash',
    kind,
    why: 'removed',
    files: needless.filter((file) => file.kind === kind),
  }));
}
