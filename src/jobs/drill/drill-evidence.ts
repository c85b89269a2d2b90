import { createHash } from 'node:crypto';

import { join } from 'node:path';
import {
  bytesOf,
  byteStringFromText,
  stateError,
  makeOwnFolder,
  replaceFile,
  textOf,
  type ByteString,
  type Random,
} from '../../platform/index.ts';
import { evidenceFolder } from '../../records/index.ts';
import type { JobException } from '../job-result.ts';
import type { DrilledSet, WrittenEvidence } from './drill-details.ts';

/** What the evidence of a drill tells, beside what came of each set. */
export interface EvidenceFacts {
  readonly software: string;
  readonly host: string;
  readonly user: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly from: string;
  readonly date: string;
  readonly sample: Readonly<Record<string, string | number>>;
  readonly recoverySeconds: number;
  readonly rtoMinutes: number | undefined;
  readonly isPassed: boolean;
  readonly exceptions: readonly JobException[];
  readonly exceptionCount: number;
}

/**
 * Writes the evidence of a drill beside the records: every file that was restored with its hash.
 * @throws `state.unusable`
 */
export async function writeEvidence(
  recordsFolder: string,
  facts: EvidenceFacts,
  sets: readonly DrilledSet[],
  random: Random,
): Promise<WrittenEvidence> {
  const bytes = Buffer.from(`${JSON.stringify({ format: 1, what: 'restore drill', ...facts, sets: sets.map(setView) }, undefined, 2)}\n`);
  const mark = Buffer.from(random.fill(new Uint8Array(4))).toString('hex');
  const file = `drill-${facts.startedAt.slice(0, 19).replaceAll(':', '-')}-${mark}.json`;
  const folder = join(recordsFolder, evidenceFolder);
  const path = join(folder, file);
  try {
    await makeOwnFolder(folder);
    await replaceFile(path, bytes, random);
  } catch (error) {
    throw stateError(error, path);
  }
  return { name: `${evidenceFolder}/${file}`, path, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function setView({ set, location, repositoryId, snapshot, foldersRead, files }: DrilledSet): object {
  return {
    set,
    location,
    repositoryId,
    snapshotId: snapshot.id,
    snapshotTime: snapshot.snapshot.time,
    tree: snapshot.snapshot.tree,
    foldersRead,
    files: files.map(({ path, node, sha256, source }) => ({
      ...pathView(path),
      bytes: Number(node.size),
      modified: node.mtime,
      sha256,
      source,
    })),
  };
}

/** A name that is not UTF-8 stands there as its bytes too. */
function pathView(path: ByteString): { readonly path: string; readonly pathBase64?: string } {
  const text = textOf(path);
  return byteStringFromText(text) === path ? { path: text } : { path: text, pathBase64: bytesOf(path).toString('base64') };
}
