import { mkdtemp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { DriveFolder } from '../google/index.ts';
import {
  chainOfHistoryPath,
  DriveHistory,
  historyFolderOf,
  historyKeyOf,
  HistorySeal,
  plainName,
  readAnchors,
  readKept,
  type HistoryPlace,
  type KeptFile,
} from '../offsite/index.ts';
import {
  CadanganError,
  fileError,
  isOnDrive,
  l10n,
  makeOwnFolder,
  readFile,
  replaceFile,
  rm,
  systemClock,
  systemCode,
  systemRandom,
  writeFile,
  type Random,
} from '../platform/index.ts';
import {
  changeOfFile,
  faultSentence,
  headSchema,
  keyBehind,
  historyFiles,
  parseHead,
  verifyHistory,
  type Anchor,
  type ChainHead,
  type HistoryFile,
  type HistoryRecord,
  type RecordContent,
  type Verification,
} from '../records/index.ts';
import type { OpenedKey } from '../repository/index.ts';
import { openDriveClient } from './drive-account.ts';
import type { StoragePlace } from './storage-place.ts';
import { copyPathOf } from './open-copy.ts';
import { openStorageAt } from './open-storage.ts';
import { commonContent, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { withRepository } from './repository-access.ts';
import { SnapshotHistory } from './snapshot-history.ts';

export interface BringBackOptions {
  /** The copy that it lies beside or in: `gdrive:Folder/Sub`, `s3:https://host/bucket`; or the repository itself. */
  readonly location: string;
  readonly place: StoragePlace;
  readonly records: RecordKeeper;
  /** Which of several histories. */
  readonly chain?: string | undefined;
  /** Of the repository that lies there; asked where the history is sealed, as it is everywhere but on Google Drive. */
  readonly keyOf: (signal: AbortSignal) => Promise<OpenedKey>;
  /** Why, in the words of whoever does it. */
  readonly reason?: string | undefined;
  /** Only fetch and verify. */
  readonly dryRun?: boolean | undefined;
  readonly signal: AbortSignal;
}

export interface BroughtBack {
  readonly head: ChainHead;
  readonly verification: Verification;
  /** The history here is the same, or goes on from there: nothing was written. */
  readonly isHere: boolean;
  /** The head of another history that was here; its files were set aside. */
  readonly setAside: ChainHead | undefined;
  /** The last record that a backup there knows of and that did not come: what is behind the head is lost with the machine that wrote it. */
  readonly lost: Anchor | undefined;
  /** What says so; undefined where nothing was written. */
  readonly record: HistoryRecord | undefined;
}

/**
 * Brings the history back that lies beside a copy, on a machine that has none, or an older state of the same one: fetched into a folder of
 * its own, verified there line by line and against the heads beside the copy, and only then put in its place. The chain goes on with a
 * record that says so. A history that was begun here meanwhile is set aside, as a whole, and that record names it.
 *
 * A crash leaves a head that is ahead of the lines, so that no number can be used twice, and the same call again completes it.
 * @throws `records.not-kept`, `records.several`, `records.sealed`, `records.contradicted`; `drive.signed-out` ...; the system's errors
 */
export async function bringBackHistory(options: BringBackOptions): Promise<BroughtBack> {
  const { location, place, keyOf, signal } = options;
  if (!isOnDrive(location)) {
    const { clock = systemClock, random = systemRandom } = place;
    const world = { clock, random, openStorage: (wanted: string) => openStorageAt(wanted, place) };
    return withRepository({ location, password: keyOf, world, signal }, 'none', async (opened) => {
      const from = await SnapshotHistory.open(opened.repository, location, opened.signal);
      return bringBackFrom(from, { anchors: async () => from.anchors, mayLackEnd: true }, options);
    });
  }
  const client = await openDriveClient(place);
  try {
    const folder = new DriveFolder(client, copyPathOf(location));
    await folder.account(signal);
    const from = new DriveHistory(folder);
    const keptIn = l10n.t('Google Drive, beside the copy {copy}', { copy: location });
    return await bringBackFrom(from, { anchors: () => readAnchors(from, keptIn, signal), mayLackEnd: false }, options);
  } finally {
    client.close();
  }
}

/** What of a place it takes to read a history. */
type HistorySource = Pick<HistoryPlace, 'location' | 'folders' | 'list' | 'read'>;

/** Who else knows something of the history there. */
interface Knowledge {
  readonly anchors: () => Promise<readonly Anchor[]>;
  /** The history goes there once a day, and each backup names the head of its moment: so one may know of records that are not there yet. */
  readonly mayLackEnd: boolean;
}

async function bringBackFrom(
  from: HistorySource,
  { anchors: anchorsThere, mayLackEnd }: Knowledge,
  options: BringBackOptions,
): Promise<BroughtBack> {
  const { place, records, dryRun = false } = options;
  const { history } = records;
  const random = place.random ?? systemRandom;
  const chain = await chainAt(from, options);
  const files = await fetchFiles(from, chain, options, random);
  const anchors = (await anchorsThere()).filter((anchor) => anchor.chain === chain);
  const { verification, lost } = await proven(from, { chain, files, anchors, mayLackEnd }, options);
  const { head } = verification;
  if (head === undefined) throw new CadanganError('records.not-kept', { location: from.location });
  let outcome: Pick<BroughtBack, 'isHere' | 'setAside'> = { isHere: false, setAside: undefined };
  await history.writing(async () => {
    await makeOwnFolder(history.folder).catch((error: unknown) => {
      throw fileError(error, history.folder);
    });
    await history.atRest(async () => {
      const fetched = { chain, files, location: from.location };
      outcome = await takeOver(place.stateFolder, history.folder, await history.head(), fetched, { random, dryRun });
    });
  });
  const { isHere, setAside } = outcome;
  const record = isHere || dryRun ? undefined : await noteBroughtBack(options, { verification, head, setAside, lost });
  if (record !== undefined) await rm(join(place.stateFolder, unfinishedName), { force: true });
  return { head, verification, isHere, setAside, lost, record };
}

/** @throws `records.not-kept`, `records.several` */
async function chainAt(from: HistorySource, { chain: wanted, signal }: BringBackOptions): Promise<string> {
  const { location } = from;
  const chains = (await from.folders(signal)).flatMap((name) => chainOfHistoryPath(name) ?? []);
  const [chain, ...more] = wanted === undefined ? chains : chains.filter((one) => one === wanted);
  if (chain === undefined) throw new CadanganError('records.not-kept', { location });
  if (more.length > 0) throw new CadanganError('records.several', { location, chains: chains.toSorted() });
  return chain;
}

/** Only what has the name of a file of a history: anybody may have put anything there. */
async function fetchFiles(from: HistorySource, chain: string, options: BringBackOptions, random: Random): Promise<HistoryFile[]> {
  const { signal } = options;
  const kept = Map.groupBy(await from.list(historyFolderOf(chain), signal), ({ name }) => plainName(name));
  const isSealed = [...kept.values()].flat().some(({ name }) => name !== plainName(name) && changeOfFile(plainName(name)) !== undefined);
  const seal = isSealed ? new HistorySeal(historyKeyOf((await options.keyOf(signal)).masterKey), random) : undefined;
  const files: HistoryFile[] = [];
  for (const [name, versions] of kept) {
    const change = changeOfFile(name);
    if (change === undefined) continue;
    const contents = await Promise.all(versions.map((version: KeptFile) => readKept(from, version, seal, signal)));
    files.push({ name, change, bytes: newestOf({ name, change, contents, location: from.location }) });
  }
  return files;
}

/** Of a file that lies there more than once, since it was being replaced when the machine died. @throws `records.contradicted` */
function newestOf({
  name,
  change,
  contents,
  location,
}: Pick<HistoryFile, 'name' | 'change'> & { readonly contents: readonly Buffer[]; readonly location: string }): Buffer {
  if (change === 'head') return maximum(contents, (bytes) => parseHead(bytes.toString('utf8'))?.number ?? 0);
  if (change === 'replaced') return contents.at(-1) ?? Buffer.alloc(0);
  const longest = maximum(contents, ({ length }) => length);
  if (contents.every((bytes) => (change === 'grows' ? longest.subarray(0, bytes.length) : longest).equals(bytes))) return longest;
  throw new CadanganError('records.contradicted', { location, reason: `${name} lies there in versions that contradict each other` });
}

function maximum(contents: readonly Buffer[], measure: (bytes: Buffer) => number): Buffer {
  return contents.toSorted((a, b) => measure(b) - measure(a))[0] ?? Buffer.alloc(0);
}

interface ToProve extends Pick<Fetched, 'chain' | 'files'>, Pick<Knowledge, 'mayLackEnd'> {
  readonly anchors: readonly Anchor[];
}

/** Verified as it will stand in its place, before anything of it is there. @throws `records.contradicted` */
async function proven(
  { location }: HistorySource,
  { chain, files, anchors, mayLackEnd }: ToProve,
  { place, signal }: BringBackOptions,
): Promise<{ readonly verification: Verification; readonly lost: Anchor | undefined }> {
  await makeOwnFolder(place.stateFolder); // a new machine has none yet: whoever comes after leaves its rights as they are
  const folder = await mkdtemp(join(place.stateFolder, 'records-fetched-'));
  try {
    for (const { name, bytes } of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, name), bytes, { mode: 0o600 });
    }
    const whole = await verifyHistory(folder, { anchors, signal });
    const beyond = mayLackEnd ? whole.heads.flatMap(({ anchor, result }) => (result === 'missing' ? [anchor] : [])) : [];
    const lost = beyond.toSorted((a, b) => b.number - a.number)[0];
    // All that is there has to be sound all the same, and every head that is not of the end has to agree.
    const verification =
      lost === undefined ? whole : await verifyHistory(folder, { anchors: anchors.filter((anchor) => !beyond.includes(anchor)), signal });
    const [fault] = verification.faults;
    if (fault !== undefined) throw new CadanganError('records.contradicted', { location, reason: faultSentence(fault) });
    if (verification.head !== undefined && verification.head.chain !== chain)
      throw new CadanganError('records.contradicted', { location, reason: 'its folder has the name of another history' });
    return { verification, lost };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Fetched {
  readonly chain: string;
  readonly files: readonly HistoryFile[];
  readonly location: string;
}

/** While nobody appends. */
async function takeOver(
  stateFolder: string,
  folder: string,
  here: ChainHead | undefined,
  { chain, files, location }: Fetched,
  { random, dryRun }: { readonly random: Random; readonly dryRun: boolean },
): Promise<Pick<BroughtBack, 'isHere' | 'setAside'>> {
  const own = await ownFiles(folder);
  const isSame = here?.chain === chain;
  const unfinished = await readUnfinished(stateFolder, chain);
  if (isSame) {
    const relation = relationOf(
      own.filter(({ change }) => change === 'grows'),
      files.filter(({ change }) => change === 'grows'),
    );
    if (relation === 'other') throw new CadanganError('records.contradicted', { location, reason: 'the history here contradicts it' });
    if (relation === 'ahead') return { isHere: unfinished === undefined, setAside: unfinished?.setAside };
  }
  const setAside = (isSame ? undefined : here) ?? unfinished?.setAside;
  if (dryRun) return { isHere: false, setAside };
  await replaceFile(join(stateFolder, unfinishedName), `${JSON.stringify({ chain, ...(setAside && { setAside }) })}\n`, random);
  if (!isSame && here !== undefined) await putAside(folder, here, own, random);
  // What others name comes before what names it; the head before the lines, so that no append could use their numbers.
  const rank = ({ change }: HistoryFile): number => ['replaced', 'stays', 'head', 'grows'].indexOf(change);
  for (const { name, bytes } of files.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1)))
    await replaceFile(join(folder, name), bytes, random);
  return { isHere: false, setAside };
}

/** In the state folder from the first change on until the record that says so is written: a crash in between must not leave it out. */
const unfinishedName = 'records-bring-back.json';

const unfinishedSchema = z.object({ chain: z.string(), setAside: headSchema.optional() });

async function readUnfinished(stateFolder: string, chain: string): Promise<z.output<typeof unfinishedSchema> | undefined> {
  try {
    const found = unfinishedSchema.safeParse(JSON.parse(await readFile(join(stateFolder, unfinishedName), 'utf8'))).data;
    return found?.chain === chain ? found : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** As they stand, but for an append that a crash cut short: a line that is not sound contradicts what lies elsewhere. */
async function ownFiles(folder: string): Promise<HistoryFile[]> {
  const files: HistoryFile[] = [];
  for (const file of await historyFiles(folder)) {
    if (file.name.startsWith('evidence/')) files.push(file);
    if (file.change !== 'grows') continue;
    const bytes = await readFile(join(folder, file.name));
    files.push({ ...file, bytes: bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1) });
  }
  return files;
}

/** `ahead`: ours is the same, or has all of it and more. */
function relationOf(own: readonly HistoryFile[], theirs: readonly HistoryFile[]): 'ahead' | 'behind' | 'other' {
  const [mine, other] = [own, theirs].map((files) =>
    Buffer.concat(files.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ bytes }) => bytes)),
  );
  if (mine === undefined || other === undefined) return 'other';
  if (mine.length >= other.length) return mine.subarray(0, other.length).equals(other) ? 'ahead' : 'other';
  return other.subarray(0, mine.length).equals(mine) ? 'behind' : 'other';
}

/** Whole, and before anything takes its place. */
async function putAside(folder: string, { chain }: ChainHead, own: readonly HistoryFile[], random: Random): Promise<void> {
  const head = { name: 'head.json', bytes: await readFile(join(folder, 'head.json')).catch(() => undefined) };
  const all = [...own, head];
  for (const { name, bytes } of all)
    if (bytes !== undefined) await replaceFile(join(folder, 'set-aside', `${chain}-${name.replace('/', '-')}`), bytes, random);
  for (const { name } of all) await rm(join(folder, name), { force: true });
}

async function noteBroughtBack(
  { location, records, reason, signal }: BringBackOptions,
  {
    verification: { recordCount, anchorsCompared },
    head,
    setAside,
    lost,
  }: Pick<BroughtBack, 'verification' | 'head' | 'setAside' | 'lost'>,
): Promise<HistoryRecord> {
  const about = { ...records.about(), trigger: 'manual' as const };
  const content: RecordContent = {
    ...commonContent('brought-back', about),
    evidence: {
      location,
      throughNumber: head.number,
      throughHash: head.hash,
      recordsVerified: recordCount,
      headsCompared: anchorsCompared,
      ...(lost && { lostThroughNumber: lost.number, lostThroughHash: lost.hash, lostKnownBy: lost.keptIn }),
      ...(setAside && { setAsideChain: setAside.chain, setAsideNumber: setAside.number, setAsideHash: setAside.hash }),
    },
    ...(reason !== undefined && { remarks: reason }),
  };
  return records.history.update(async ({ append, records: all }) => {
    let last: HistoryRecord | undefined;
    let wasHere = false;
    const since: HistoryRecord[] = [];
    for await (const record of all()) {
      if (record.number <= head.number) [last, wasHere] = [record, wasHere || record.host === content.host];
      if (record.number > head.number) since.push(record);
    }
    // Whoever appends first introduces the key of this machine, where it is another.
    const isOtherKey = since[0]?.kind === 'signing-key';
    for (const words of last === undefined ? [] : explanationsOf(last, about, { isOtherKey, wasHere, reason }))
      if (!since.some(({ kind }) => kind === words.kind)) await append(words);
    // A crash right behind it may have left it without its head.
    return since.find(({ kind }) => kind === 'brought-back') ?? append(content);
  }, signal);
}

interface Explained {
  readonly isOtherKey: boolean;
  /** The history has been on this machine before. */
  readonly wasHere: boolean;
  readonly reason: string | undefined;
}

/**
 * What else the chain shows from here on: another machine writes it, with another key; the key of the one before stayed there.
 * @param last the last record that was brought
 */
function explanationsOf(last: HistoryRecord, about: RecordAbout, { isOtherKey, wasHere, reason = '' }: Explained): RecordContent[] {
  const [lost, moved] = [commonContent('key-lost', about), commonContent('moved', about)];
  const change = { what: 'records', why: reason };
  const from = keyBehind(last) ?? last.key;
  return [
    ...(isOtherKey ? [{ ...lost, change, succession: { from, throughNumber: last.number, throughHash: last.hash } }] : []),
    ...(wasHere ? [] : [{ ...moved, change, move: { from: last.host, to: moved.host } }]),
  ];
}
