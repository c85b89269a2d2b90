import { createHash } from 'node:crypto';
import { CadanganError, isCode } from '../platform/index.ts';
import { parseHead, type ChainHead, type HistoryFile } from '../records/index.ts';
import type { HistoryPlace, KeptFile } from './history-place.ts';
import { sealedEnd, type HistorySeal } from './history-seal.ts';

/** The largest file of a history is a month; somebody may have put anything there. */
export const historyFileBytesMax = 256 * 1024 * 1024;

/** Each history has its folder: another one, begun anew on the same machine, can take nothing from it. */
export function historyFolderOf(chain: string): string {
  return `records-${chain}`;
}

/** The history whose folder it is, or of whose folder it is a file; undefined for anything else. */
export function chainOfHistoryPath(path: string): string | undefined {
  return /^records-([0-9a-f]{16})(?:\/|$)/.exec(path)?.[1];
}

export interface KeepHistoryOptions {
  readonly chain: string;
  /** In the order in which they are written. */
  readonly files: readonly HistoryFile[];
  /** They lie there sealed; undefined: in clear. */
  readonly seal?: HistorySeal | undefined;
  /** Whether our records have this very record. */
  readonly isOurs: (head: ChainHead) => Promise<boolean>;
  readonly signal: AbortSignal;
}

export interface KeptHistory {
  readonly writtenFiles: number;
  /** Files there that say something else than ours, and stay as witnesses. */
  readonly contradicting: readonly string[];
}

/**
 * Brings the history beside a copy up to ours, file by file: the new one is written, then the one before may go, and only if ours has all
 * that it says: the beginning of the same month, a head of a record that we have. Whatever contradicts ours stays, as a witness: who
 * forged the history here and keeps it once more must not overwrite what proves it.
 */
export async function keepHistory(place: HistoryPlace, options: KeepHistoryOptions): Promise<KeptHistory> {
  const { chain, files, signal } = options;
  const folder = historyFolderOf(chain);
  const versions = Map.groupBy(await place.list(folder, signal), ({ name }) => plainName(name));
  const contradicting: string[] = [];
  let writtenFiles = 0;
  for (const file of files) {
    const found = await judge(place, versions.get(file.name) ?? [], file, options);
    const [same, ...doubles] = found.filter(({ is }) => is === 'same');
    if (same === undefined) {
      const seal = file.isOpen === true ? undefined : options.seal;
      const [name, bytes] = seal ? [file.name + sealedEnd, seal.seal(file.name, file.bytes)] : [file.name, file.bytes];
      await place.write(folder, name, bytes, signal);
      writtenFiles += 1;
    }
    for (const { version } of [...doubles, ...found.filter(({ is }) => is === 'older')]) await place.remove(version, signal);
    if (found.some(({ is }) => is === 'other')) contradicting.push(file.name);
  }
  return { writtenFiles, contradicting };
}

/**
 * `older`: ours has all that it says, or it lies there in the other form. `other`: it contradicts ours. `unknown`: it is sealed with a key
 * that is not at hand.
 */
interface Judged {
  readonly version: KeptFile;
  readonly is: 'same' | 'older' | 'other' | 'unknown';
}

async function judge(
  place: HistoryPlace,
  versions: readonly KeptFile[],
  file: HistoryFile,
  options: KeepHistoryOptions,
): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  for (const version of versions) judged.push({ version, is: await relationOf(place, version, file, options) });
  return judged;
}

async function relationOf(
  place: HistoryPlace,
  version: KeptFile,
  file: HistoryFile,
  { seal, isOurs, signal }: KeepHistoryOptions,
): Promise<Judged['is']> {
  const isInForm = version.name.endsWith(sealedEnd) === (seal !== undefined && file.isOpen !== true);
  const known = await summaryOf(place, version, seal, signal);
  if (known === undefined) return 'unknown';
  if (known.sizeBytes === file.bytes.length && known.sha256 === sha256(file.bytes)) return isInForm ? 'same' : 'older';
  switch (file.change) {
    case 'replaced':
      return 'older';
    case 'stays':
      return 'other';
    case 'grows':
      return known.sizeBytes < file.bytes.length && known.sha256 === sha256(file.bytes.subarray(0, known.sizeBytes)) ? 'older' : 'other';
    case 'head': {
      const bytes = known.bytes ?? (await readKept(place, version, seal, signal));
      const head = parseHead(bytes.toString('utf8'));
      return head !== undefined && (await isOurs(head)) ? 'older' : 'other';
    }
  }
}

interface Summary {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly bytes?: Buffer;
}

/** Without reading it where the place has its hash. */
async function summaryOf(
  place: HistoryPlace,
  version: KeptFile,
  seal: HistorySeal | undefined,
  signal: AbortSignal,
): Promise<Summary | undefined> {
  const { name, sizeBytes, sha256: known } = version;
  if (known !== undefined && !name.endsWith(sealedEnd)) return { sizeBytes, sha256: known };
  try {
    const bytes = await readKept(place, version, seal, signal);
    return { sizeBytes: bytes.length, sha256: sha256(bytes), bytes };
  } catch (error) {
    if (isCode(error, 'records.sealed')) return undefined;
    throw error;
  }
}

/** The content of a kept file. @throws `records.sealed` when the key is not at hand, or it is too large to be one; as `read` */
export async function readKept(
  place: Pick<HistoryPlace, 'read'>,
  file: KeptFile,
  seal: HistorySeal | undefined,
  signal: AbortSignal,
): Promise<Buffer> {
  const { name, sizeBytes } = file;
  if (sizeBytes > historyFileBytesMax) throw new CadanganError('records.sealed', { file: name, reason: 'it is too large' });
  const isSealed = name.endsWith(sealedEnd);
  if (isSealed && seal === undefined) throw new CadanganError('records.sealed', { file: name });
  const bytes = await place.read(file, signal);
  return isSealed && seal !== undefined ? seal.open(plainName(name), bytes) : bytes;
}

export function plainName(name: string): string {
  return name.endsWith(sealedEnd) ? name.slice(0, -sealedEnd.length) : name;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
