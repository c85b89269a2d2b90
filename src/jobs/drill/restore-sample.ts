import pMap from 'p-map';
import { byteStringFromText, fsPath, literalPattern, systemCode, textOf, type ByteString } from '../../platform/index.ts';
import type { Repository, StoredSnapshot } from '../../repository/index.ts';
import { restore, type RestoreProgress } from '../../restore/index.ts';
import type { ExceptionSink } from '../job-result.ts';
import { hashedAtOnce, hashOwnFile } from './hash-file.ts';
import type { PickedSample, SampleFile } from './pick-sample.ts';
import type { ScratchFolder } from './scratch-folder.ts';

/** A file that came back, every byte of it proven. */
export interface RestoredFile extends SampleFile {
  readonly sha256: string;
}

export interface RestoreSampleOptions {
  readonly scratch: ScratchFolder;
  /** Of the place in the scratch folder. */
  readonly name: string;
  /** Everything in this folder instead of each file by its name. */
  readonly folder: ByteString | undefined;
  readonly repositoryFolder: string | undefined;
  readonly signal: AbortSignal;
  readonly note: ExceptionSink;
  readonly progress: (progress: RestoreProgress) => void;
}

export interface RestoredSample {
  readonly files: readonly RestoredFile[];
  /** Content was lost or wrong. */
  readonly isContentLost: boolean;
}

/**
 * Restores a sample and proves it: the restore opens every blob by its hash and reads each file again; then each is hashed once more from
 * the disk, for the evidence. What is missing or wrong is noted. @throws what `restore` throws; `target.full`
 */
export async function restoreSample(
  repository: Repository,
  { snapshot }: StoredSnapshot,
  sample: PickedSample,
  options: RestoreSampleOptions,
): Promise<RestoredSample> {
  const { scratch, signal, note, folder } = options;
  await scratch.requireSpace(sample.bytes);
  const lost = new Set<ByteString>();
  let isContentLost = false;
  const lose = (path: ByteString, kind: string, reason: string): void => {
    isContentLost = true;
    lost.add(path);
    note({ item: textOf(path), kind, reason, weight: 'lost' });
  };
  const { target } = await restore(repository, snapshot, {
    target: scratch.placeFor(options.name),
    includes: patternsOf(sample, folder),
    verify: true,
    repositoryFolder: options.repositoryFolder,
    signal,
    progress: options.progress,
    onException: ({ path, kind, reason, detail = '' }) => {
      // Pipes and devices have no content; a folder may have them.
      if (kind === 'lost' && reason !== 'special-file') lose(path, reason, detail);
      else note({ item: textOf(path), kind: reason, reason: detail, weight: kind });
    },
  });
  await scratch.openUp();
  const proofs = await pMap(
    sample.files.filter(({ path }) => !lost.has(path)),
    async (file) => ({ file, proof: await prove(target, file, signal) }),
    { concurrency: hashedAtOnce },
  );
  const files = proofs.flatMap(({ file, proof }): RestoredFile[] => {
    if (typeof proof !== 'string') return [proof];
    lose(file.path, proof === '' ? 'size' : 'not-restored', proof);
    return [];
  });
  return { files, isContentLost };
}

/** One pattern for each file: folders that hold none of them are not even looked into. */
function patternsOf({ files }: PickedSample, folder: ByteString | undefined): readonly string[] | undefined {
  if (folder === undefined) return files.map(({ path }) => literalPattern(path));
  return folder === '/' ? undefined : [literalPattern(folder)];
}

/** @returns the file, or why it cannot be read; an empty reason when it has another size than the snapshot says */
async function prove(target: string, file: SampleFile, signal: AbortSignal): Promise<RestoredFile | string> {
  try {
    const { sha256, bytes } = await hashOwnFile(fsPath(`${byteStringFromText(target)}${file.path}` as ByteString), signal);
    return bytes === Number(file.node.size) ? { ...file, sha256 } : '';
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code;
  }
}
