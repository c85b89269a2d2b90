import { join } from 'node:path';
import { namesInFolder, readFile, systemCode } from '../platform/index.ts';
import type { ZipEntry } from './document-writers.ts';
import type { HistoryRecord } from './record.ts';
import { sha256 } from './record-line.ts';

/** Below the folder of the records: files that records name with their SHA-256, as the evidence of a drill. */
export const evidenceFolder = 'evidence';

/** Whether the file that the record of a drill names is gone, or has other bytes than the record says. @throws the system's errors */
export async function isEvidenceOther(recordsFolder: string, { kind, evidence }: HistoryRecord): Promise<boolean> {
  const { file, sha256: expected } = evidence ?? {};
  if (kind !== 'drill' || typeof file !== 'string' || typeof expected !== 'string') return false;
  if (!/^evidence\/\w[\w.-]*\.json$/.test(file)) return true;
  try {
    return sha256(await readFile(join(recordsFolder, file))) !== expected;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

/** The files that there are, as records name them. @throws the system's errors */
export async function evidenceNames(recordsFolder: string): Promise<string[]> {
  return (await namesInFolder(join(recordsFolder, evidenceFolder)))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => `${evidenceFolder}/${name}`);
}

/** All of them as they stand, for the audit pack. @throws the system's errors */
export async function evidenceEntries(recordsFolder: string): Promise<ZipEntry[]> {
  const names = await evidenceNames(recordsFolder);
  return Promise.all(names.map(async (name) => ({ name: `records/${name}`, bytes: await readFile(join(recordsFolder, name)) })));
}
