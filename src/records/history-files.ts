import { join } from 'node:path';
import { namesInFolder, readFile, systemCode } from '../platform/index.ts';
import { evidenceFolder } from './evidence.ts';
import { headSchema, type ChainHead } from './head.ts';
import { isMonthFile, listMonthFiles } from './month-files.ts';
import { parseLine } from './record-line.ts';
import { readLines } from './read-lines.ts';
import { publicKeyFrom } from './signing-key.ts';

/**
 * How a file of the history may change: `grows`: only at its end; `stays`: never; `head`: it is that of a later record; `replaced`: it is
 * made anew from the others, and proves nothing.
 */
export type FileChange = 'grows' | 'stays' | 'head' | 'replaced';

/** A file of the history, as it is kept elsewhere, too. */
export interface HistoryFile {
  /** Seen from the folder of the records, with forward slashes. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly change: FileChange;
  /** It lies in clear also where the others are sealed. */
  readonly isOpen?: boolean;
}

const setAsideFolder = 'set-aside';
const configurationFile = 'configuration.json';
const headFile = 'head.json';

/** Names of a history that is brought back from elsewhere: nothing else is written into the folder of the records. */
export function changeOfFile(name: string): FileChange | undefined {
  if (isMonthFile(name)) return 'grows';
  if (name === headFile) return 'head';
  if (name === configurationFile) return 'replaced';
  return /^(?:evidence|set-aside)\/\w[\w.-]{0,200}$/.test(name) ? 'stays' : undefined;
}

/**
 * The whole history as it stands in the folder of the records: months, evidence, what was set aside, the configuration as it was last
 * recorded, each public key that it names, and the head, which comes last: whoever finds it finds all that it speaks of.
 * @throws the system's errors
 */
export async function historyFiles(folder: string): Promise<HistoryFile[]> {
  const names = [
    ...(await namesIn(folder, evidenceFolder)),
    ...(await namesIn(folder, setAsideFolder)),
    ...(await listMonthFiles(folder)),
    configurationFile,
    headFile,
  ];
  // The head first: what is appended meanwhile lies in the months, and not the other way round.
  const head = await bytesOf(folder, headFile);
  const files: HistoryFile[] = [...(await publicKeyFiles(folder))];
  for (const name of names) {
    const [bytes, change] = [name === headFile ? head : await bytesOf(folder, name), changeOfFile(name)];
    if (bytes !== undefined && change !== undefined) files.push({ name, bytes: change === 'grows' ? wholeLinesOf(bytes) : bytes, change });
  }
  return files;
}

/** An append that goes on, or that a crash cut short and the next one takes back, is nothing that may be kept elsewhere as a record. */
function wholeLinesOf(bytes: Buffer): Buffer {
  for (let end = bytes.lastIndexOf(0x0a); end >= 0; end = bytes.lastIndexOf(0x0a, end - 1)) {
    const start = end === 0 ? 0 : bytes.lastIndexOf(0x0a, end - 1) + 1;
    if (parseLine(bytes.subarray(start, end)).record !== undefined) return bytes.subarray(0, end + 1);
    if (end === 0) break;
  }
  return bytes.subarray(0, 0);
}

/** A head as it stands in a file; undefined for what is none. */
export function parseHead(text: string): ChainHead | undefined {
  try {
    return headSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Keys that sign are introduced by a record. */
async function publicKeyFiles(folder: string): Promise<HistoryFile[]> {
  const files = new Map<string, HistoryFile>();
  for await (const { bytes } of readLines(folder)) {
    if (!bytes.includes('"publicKey":"')) continue; // years of records, and a handful of keys
    const introduced = parseLine(bytes).record?.publicKey;
    const key = introduced === undefined ? undefined : publicKeyFrom(introduced);
    if (key === undefined) continue;
    const name = `public-key-${key.id}.pem`;
    files.set(name, { name, bytes: Buffer.from(key.pem), change: 'stays' });
  }
  return [...files.values()];
}

async function bytesOf(folder: string, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function namesIn(folder: string, below: string): Promise<string[]> {
  return (await namesInFolder(join(folder, below))).toSorted().map((name) => `${below}/${name}`);
}
