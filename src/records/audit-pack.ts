import { join } from 'node:path';
import { readFile } from '../platform/index.ts';
import type { ZipEntry } from './document-writers.ts';
import { evidenceEntries } from './evidence.ts';
import { loadDocumentWriters } from './load-document-writers.ts';
import { listMonthFiles } from './month-files.ts';
import { publicKeyName, readmeName, signatureName, sumsName } from './pack-names.ts';
import { packReadme } from './pack-readme.ts';
import { sha256 } from './record-line.ts';
import type { SigningKey } from './signing-key.ts';

/** A file of the pack. The name is relative, with forward slashes. */
export type PackEntry = ZipEntry;

export interface PackOptions {
  readonly key: SigningKey;
  /** The time that entries carry, in milliseconds since 1970. */
  readonly madeAtMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The record files as they stand, with the head, and the evidence that they name. */
export async function recordEntries(recordsFolder: string): Promise<PackEntry[]> {
  const names = [...(await listMonthFiles(recordsFolder)), 'head.json'];
  const files = await Promise.all(
    names.map(async (name) => ({ name: `records/${name}`, bytes: await readFile(join(recordsFolder, name)) })),
  );
  return [...files, ...(await evidenceEntries(recordsFolder))];
}

/**
 * The pack: one ZIP with every entry, a text that explains them, their sums, and the signature of the sums by this installation.
 * @throws `aborted`
 */
export async function makeAuditPack(entries: readonly PackEntry[], { key, madeAtMs, signal }: PackOptions): Promise<Buffer> {
  const own = [
    { name: readmeName, bytes: Buffer.from(packReadme(entries, key.publicKey)) },
    { name: publicKeyName, bytes: Buffer.from(key.publicKey.pem) },
  ];
  const all = [...entries, ...own].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const sums = Buffer.from(all.map(({ name, bytes }) => `${sha256(bytes)}  ${name}\n`).join(''));
  const signature = Buffer.from(key.sign(sums), 'base64');
  const { writeZip } = await loadDocumentWriters();
  return writeZip([...all, { name: sumsName, bytes: sums }, { name: signatureName, bytes: signature }], madeAtMs, signal);
}
