import { createPublicKey, timingSafeEqual } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { CadanganError, makeFolder, rm, writeFile } from '../platform/index.ts';
import { evidenceFolder } from './evidence.ts';
import { isMonthFile } from './month-files.ts';
import { publicKeyName, signatureName, sumsName } from './pack-names.ts';
import { readPack } from './read-pack.ts';
import { sha256 } from './record-line.ts';
import { isSignedBy, publicKeyFrom, type PublicKey } from './signing-key.ts';
import { verifyHistory, type Verification } from './verify.ts';

/**
 * `changed`: other bytes than the sums say. `added`: in no sum. `missing`: in the sums only. `signature`: the sums are not what was signed.
 */
export interface PackFault {
  readonly kind: 'changed' | 'added' | 'missing' | 'signature' | 'sums';
  readonly name: string;
}

export interface PackVerification {
  /** Nothing was changed since it was signed, and its records are a whole chain. Whose key it is, is for people to compare. */
  readonly isIntact: boolean;
  readonly faults: readonly PackFault[];
  readonly fileCount: number;
  /** Of whoever signed it: to compare with a printed form. */
  readonly publicKey: PublicKey | undefined;
  readonly records: Verification | undefined;
}

/**
 * Verifies a pack, or the folder that it was unpacked into, as anybody can who has nothing else.
 * @throws `pack.invalid` when it is none; the system's errors
 */
export async function verifyAuditPack(path: string): Promise<PackVerification> {
  const entries = await readPack(path);
  const sums = entries.get(sumsName);
  const signature = entries.get(signatureName);
  const pem = entries.get(publicKeyName);
  if (sums === undefined || signature === undefined || pem === undefined)
    throw new CadanganError('pack.invalid', { path, reason: 'it has no signed sums' });
  const publicKey = keyOfPem(pem.toString('latin1'));
  const isSigned = publicKey !== undefined && isSignedBy(publicKey, sums, signature.toString('base64'));
  const faults = [...(isSigned ? [] : [{ kind: 'signature', name: signatureName } as const]), ...compare(entries, sums.toString('utf8'))];
  const records = await verifyRecords(entries, publicKey);
  return { isIntact: faults.length === 0 && (records?.isIntact ?? true), faults, fileCount: entries.size, publicKey, records };
}

function compare(entries: ReadonlyMap<string, Buffer>, sums: string): PackFault[] {
  const expected = new Map<string, string>();
  const faults: PackFault[] = [];
  for (const line of sums.split('\n').slice(0, -1)) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined || expected.has(name)) faults.push({ kind: 'sums', name: sumsName });
    else expected.set(name, sum);
  }
  for (const [name, sum] of expected) {
    const bytes = entries.get(name);
    if (bytes === undefined) faults.push({ kind: 'missing', name });
    else if (!timingSafeEqual(Buffer.from(sha256(bytes)), Buffer.from(sum))) faults.push({ kind: 'changed', name });
  }
  for (const name of entries.keys())
    if (!expected.has(name) && name !== sumsName && name !== signatureName) faults.push({ kind: 'added', name });
  return faults;
}

const evidenceIn = `records/${evidenceFolder}`;

/** The chain in the pack with the evidence that it names, as it would be in its own folder. Undefined when the pack has no records. */
async function verifyRecords(entries: ReadonlyMap<string, Buffer>, publicKey: PublicKey | undefined): Promise<Verification | undefined> {
  // What no pack has there is told of as added; written out, it might take the place of a folder.
  const files = [...entries].filter(([name]) => isOfRecords(name));
  if (files.length === 0) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'cadangan-pack-'));
  try {
    await makeFolder(join(folder, evidenceIn), 0o777);
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes, { mode: 0o600 });
    return await verifyHistory(join(folder, 'records'), { publicKey });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isOfRecords(name: string): boolean {
  const [folder, file] = [dirname(name), basename(name)];
  return folder === 'records' ? isMonthFile(file) || file === 'head.json' : folder === evidenceIn && /^\w[\w.-]*\.json$/.test(file);
}

function keyOfPem(pem: string): PublicKey | undefined {
  try {
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    return publicKeyFrom(der.subarray(-32).toString('base64'));
  } catch {
    return undefined;
  }
}
