import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DriveFolder } from '../google/index.ts';
import {
  DriveHistory,
  historyKeyOf,
  HistorySeal,
  keepAnchor,
  keepHistory,
  rememberedBeside,
  type CopyMemory,
  type CopyMemoryFile,
} from '../offsite/index.ts';
import {
  CadanganError,
  holdName,
  isAbort,
  isCode,
  isOnDrive,
  readFile,
  replaceFile,
  systemClock,
  systemRandom,
  type Clock,
} from '../platform/index.ts';
import { parseAnchorTag, type ChainHead } from '../records/index.ts';
import { formatTimestamp, loadSnapshot, parseSnapshotId, Repository, type OpenedKey } from '../repository/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { Storage } from '../storage/index.ts';
import { openDriveClient } from './drive-account.ts';
import { collectHistory, type CollectedHistory } from './collect-history.ts';
import type { HistoryForm, HistoryKeeping } from './history-keeping.ts';
import type { StoragePlace } from './storage-place.ts';
import { timeText } from './job-result.ts';
import { copyMemoryOf, copyPathOf, openOriginal } from './open-copy.ts';
import { putRecordsIntoRepository, recordsSnapshotAgainMs, recordsSnapshotEveryMs } from './records-snapshot.ts';

/**
 * `kept`: it lies there as it is here. `unchanged`: it lay there already. `none`: there is no history, or no copy yet. `busy`: another
 * process is at it.
 */
export type HistoryOutcome = 'kept' | 'unchanged' | 'none' | 'busy';

/** Beside a copy on Google Drive there is room for files; any other place takes those of a repository. */
export function historyFormOf({ to, records = 'clear' }: Pick<OffsiteCopy, 'to' | 'records'>): HistoryForm {
  return isOnDrive(to) || records === 'off' ? records : 'snapshot';
}

/**
 * When the history beside the copy is to be brought up to what it is here, as far as is remembered: milliseconds since 1970, in the past
 * where it is behind. Infinity where it is the same, or there is no copy yet. Asks nobody. A snapshot is made once a day: each of them is a
 * change that is copied, which is recorded, which would be another one. A history that was begun anew, or set aside, goes at once.
 */
export function historyDueMs(copy: OffsiteCopy, { records, lastSync }: CopyMemory, head: ChainHead, nowMs: number): number {
  const form = historyFormOf(copy);
  const isSame = records?.hash === head.hash && records.form === form;
  if (lastSync === undefined || isSame || (form === 'off' && !isOnDrive(copy.to))) return Infinity;
  const lastMs = form === 'snapshot' && records?.form === form && records.chain === head.chain ? Date.parse(records.at) : -Infinity;
  // A time still to come is of a clock that was put back.
  return lastMs > nowMs ? nowMs : lastMs + recordsSnapshotEveryMs;
}

/** Whether it is due. */
export function isHistoryBehind(copy: OffsiteCopy, memory: CopyMemory, head: ChainHead, nowMs: number): boolean {
  return historyDueMs(copy, memory, head, nowMs) <= nowMs;
}

export interface KeepingOptions {
  /** The copy's folder on Google Drive, where it is open. */
  readonly open?: DriveFolder | undefined;
  /** It is known that it has to go now. */
  readonly isDue?: boolean;
}

/**
 * Before a copying, so that one takes all along: the records go into the repository when that is due, or they never have. So they do where
 * a backup that is to go names a head of records that have not been taken along: who brings them back would miss some; and where somebody
 * has removed the snapshot that they lay in. Only backups that
 * the copy does not know yet are looked at, and only some hours after the last time. Does nothing for a copy beside which there is room for
 * files.
 * @param source the open original @throws as `keepHistoryOffsite`
 */
export async function keepHistoryAhead(
  copy: OffsiteCopy,
  place: StoragePlace,
  keeping: HistoryKeeping,
  source: Storage,
  signal: AbortSignal,
): Promise<void> {
  const { clock = systemClock, random = systemRandom } = place;
  const memory = await copyMemoryOf(copy, place).read();
  const head = await keeping.records.history.head();
  const { records, original } = memory;
  if (historyFormOf(copy) !== 'snapshot' || head === undefined) return;
  const listed = await source.list('snapshots', signal);
  const isGone = records?.snapshot !== undefined && !listed.some(({ name }) => name === records.snapshot);
  if (records?.hash === head.hash && !isGone) return;
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  if (isGone || records?.form !== 'snapshot' || isHistoryBehind(copy, memory, head, nowMs)) {
    await keepHistoryOffsite(copy, place, keeping, signal, { isDue: true });
    return;
  }
  if (keeping.keyOf === undefined || nowMs < Date.parse(records.at) + recordsSnapshotAgainMs) return;
  const known = new Set(original?.snapshots);
  const news = listed.filter(({ name }) => !known.has(name));
  if (news.length === 0) return;
  const repository = await Repository.open({ storage: source, clock, random }, await keeping.keyOf(copy.repository, signal), signal);
  for (const { name } of news) {
    const { snapshot } = await loadSnapshot(repository, parseSnapshotId(name), signal);
    const heads = snapshot.tags.flatMap((tag) => parseAnchorTag(tag) ?? []);
    if (!heads.some(({ chain, number }) => chain === head.chain && number > records.number)) continue;
    await keepHistoryOffsite(copy, place, keeping, signal, { isDue: true });
    return;
  }
}

/**
 * Keeps the history beside a copy: all of it in its folder, unless that is switched off, and its head in any case. Called after whatever is
 * recorded; does nothing where nothing was. May be called while the copy is worked on. That it failed is remembered, and told as a trouble
 * of the copy until it succeeds.
 * @throws `records.sealed` when it is to be sealed and the repository's key is not at hand; `drive.signed-out`, `drive.unavailable` ...;
 * the system's errors; `aborted`
 */
export async function keepHistoryOffsite(
  copy: OffsiteCopy,
  place: StoragePlace,
  keeping: HistoryKeeping,
  signal: AbortSignal,
  { open, isDue = false }: KeepingOptions = {},
): Promise<HistoryOutcome> {
  const head = await keeping.records.history.head();
  const memory = copyMemoryOf(copy, place);
  const known = await memory.read();
  if (head === undefined) return 'none';
  const { clock = systemClock } = place;
  if (!isDue && !isHistoryBehind(copy, known, head, Number(clock.nowNs() / 1_000_000n))) return 'unchanged';
  // Two copies of one repository need one snapshot.
  const name = isOnDrive(copy.to) ? `records ${copy.name}` : 'records snapshot';
  const held = await holdName(place.stateFolder, name, place.random ?? systemRandom);
  if (held === undefined) return 'busy';
  try {
    if (!isOnDrive(copy.to)) return await keepAsSnapshot(copy, { place, clock, keeping, memory, signal });
    await inFolder(copy, place, known, open, (folder) => new Keeping(copy, place, keeping, folder, signal).run(known, memory));
    return 'kept';
  } catch (error) {
    // The copy was never made, or somebody took its folder away: whoever copies tells of that.
    if (isCode(error, 'drive.not-found') && error.facts['missing'] === 'folder') return 'none';
    if (!isAbort(error)) await note(memory, place, error).catch(() => undefined);
    throw error;
  } finally {
    await held[Symbol.asyncDispose]();
  }
}

interface SnapshotKeeping {
  readonly place: StoragePlace;
  readonly clock: Clock;
  readonly keeping: HistoryKeeping;
  readonly memory: CopyMemoryFile;
  readonly signal: AbortSignal;
}

async function keepAsSnapshot(
  { repository, to }: OffsiteCopy,
  { place, clock, keeping, memory, signal }: SnapshotKeeping,
): Promise<HistoryOutcome> {
  try {
    const { failed } = await memory.read();
    const made = await putRecordsIntoRepository({ repository, to, place, keeping, isAgain: failed?.records !== undefined, signal });
    if (made === undefined) return 'none';
    const { chain, number, hash } = made.head;
    const madeNs = BigInt(made.madeMs) * 1_000_000n;
    const at = formatTimestamp(madeNs, clock.offsetMinutes(madeNs));
    const records = { at, chain, number, hash, form: 'snapshot' as const, snapshot: made.id, contradicting: [] };
    await memory.update((before) => ({ ...rememberedBeside(before, 'records', undefined, timeText(clock)), records }));
    return 'kept';
  } catch (error) {
    if (isCode(error, 'repository.locked')) return 'busy'; // whoever works on it comes to an end
    throw error;
  }
}

async function inFolder(
  copy: OffsiteCopy,
  place: StoragePlace,
  { folderIds }: CopyMemory,
  open: DriveFolder | undefined,
  work: (folder: DriveFolder) => Promise<void>,
): Promise<void> {
  if (open !== undefined) return work(open);
  const client = await openDriveClient(place);
  try {
    await work(new DriveFolder(client, copyPathOf(copy.to), { knownIds: folderIds }));
  } finally {
    client.close();
  }
}

/** One time. */
class Keeping {
  readonly #copy: OffsiteCopy;
  readonly #place: StoragePlace;
  readonly #keeping: HistoryKeeping;
  readonly #folder: DriveFolder;
  readonly #signal: AbortSignal;

  constructor(copy: OffsiteCopy, place: StoragePlace, keeping: HistoryKeeping, folder: DriveFolder, signal: AbortSignal) {
    this.#copy = copy;
    this.#place = place;
    this.#keeping = keeping;
    this.#folder = folder;
    this.#signal = signal;
  }

  async run(known: CopyMemory, memory: CopyMemoryFile): Promise<void> {
    const { history, owner } = this.#keeping.records;
    const [form, signal] = [historyFormOf(this.#copy), this.#signal];
    await this.#folder.account(signal);
    await this.#folder.assertThere(signal);
    const collected = await this.#collected(known, form);
    if (collected === undefined) return;
    const { head, files, failure } = collected;
    const drive = new DriveHistory(this.#folder);
    const isOurs = (other: ChainHead): Promise<boolean> => history.has(other);
    let contradicting: readonly string[] = [];
    if (form !== 'off') {
      const seal = form === 'sealed' ? await this.#seal() : undefined;
      ({ contradicting } = await keepHistory(drive, { chain: head.chain, files, seal, isOurs, signal }));
    }
    await keepAnchor(drive, { head, owner }, isOurs, signal);
    if (failure !== undefined) throw failure; // the records are safe, and it is tried again
    const { chain, number, hash } = head;
    const records = { at: this.#now(), chain, number, hash, form, contradicting: [...contradicting] };
    await memory.update((before) => ({ ...rememberedBeside(before, 'records', undefined, this.#now()), records }));
  }

  async #collected({ records }: CopyMemory, form: HistoryForm): Promise<CollectedHistory | undefined> {
    const { history } = this.#keeping.records;
    if (form === 'off') {
      const head = await history.head();
      return head && { head, files: [], failure: undefined };
    }
    // In another form all documents are to be there in that.
    const sinceNumber = records !== undefined && records.form === form ? records.number : 0;
    return collectHistory(this.#keeping, { location: this.#copy.to, form, sinceNumber, signal: this.#signal });
  }

  /** The key is remembered: the nights after need no password, and it opens nothing but what lies here in clear. */
  async #seal(): Promise<HistorySeal> {
    const { stateFolder, random = systemRandom } = this.#place;
    const path = join(stateFolder, `offsite-${this.#copy.name}-records.key`);
    const config = await this.#configSha256();
    const known = await readFile(path, 'utf8').catch(() => '');
    const [, knownConfig, knownKey = ''] = /^([0-9a-f]{64}) ([A-Za-z0-9+/]{43}=)\n$/.exec(known) ?? [];
    // Where the repository cannot be read just now, it is still the one of before.
    if (knownConfig !== undefined && (config === undefined || config === knownConfig))
      return new HistorySeal(Buffer.from(knownKey, 'base64'), random);
    const key = historyKeyOf((await this.#repositoryKey()).masterKey);
    if (config !== undefined) await replaceFile(path, `${config} ${key.toString('base64')}\n`, random);
    return new HistorySeal(key, random);
  }

  async #repositoryKey(): Promise<OpenedKey> {
    const { keyOf } = this.#keeping;
    const { repository } = this.#copy;
    if (keyOf === undefined) throw new CadanganError('password.missing', { location: repository });
    return keyOf(repository, this.#signal);
  }

  /** Of which repository the remembered key is. */
  async #configSha256(): Promise<string | undefined> {
    try {
      const storage = await openOriginal(this.#copy.repository, this.#place);
      try {
        return createHash('sha256')
          .update(await storage.read({ kind: 'config', name: '' }, this.#signal))
          .digest('hex');
      } finally {
        await storage.close();
      }
    } catch (error) {
      if (isAbort(error)) throw error;
      return undefined;
    }
  }

  #now(): string {
    return timeText(this.#place.clock ?? systemClock);
  }
}

async function note(memory: CopyMemoryFile, { clock }: StoragePlace, error: unknown): Promise<void> {
  await memory.update((before) => rememberedBeside(before, 'records', error, timeText(clock ?? systemClock)));
}
