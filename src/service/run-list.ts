import { isGood, isOfRun, type RecordKeeper, type RunResult } from '../jobs/index.ts';
import { RecordIndex, type IndexedRecord } from '../records/index.ts';

/** `any`: made, or missed; `stored`: its snapshot is there, of this run or of the one before. */
export type LastBackup = 'any' | 'made' | 'stored';

type Known = Pick<IndexedRecord, 'result' | 'snapshotId'>;

const isWanted: Readonly<Record<LastBackup, (backup: Known) => boolean>> = {
  any: () => true,
  made: ({ result }) => result !== 'missed',
  stored: (backup) => backup.snapshotId !== undefined || isGood(backup),
};

/**
 * The runs of this machine, whoever made them: a view of its records, and of what this process could not record. Reads only what was
 * appended since it looked last; at first the newest months, as far back as the answer lies.
 */
export class RunList {
  readonly #keeper: RecordKeeper;
  readonly #index: RecordIndex;
  /** As they were told last. */
  readonly #told: Record<LastBackup, ReadonlyMap<IndexedRecord, RunResult>> = { any: new Map(), made: new Map(), stored: new Map() };

  constructor(keeper: RecordKeeper) {
    this.#keeper = keeper;
    this.#index = new RecordIndex(keeper.history.folder);
  }

  /** Newest first. What cannot be read is left out. */
  async recent(limit: number): Promise<readonly RunResult[]> {
    const runs = (): IndexedRecord[] => this.#index.entries.filter(isOfRun);
    await this.#refresh(() => runs().length >= limit);
    const wanted = runs().toSorted((a, b) => b.number - a.number);
    const recorded = [...(await this.#read(wanted.slice(0, limit))).values()];
    const { unwritten } = this.#keeper;
    if (unwritten.length === 0) return recorded;
    return [...recorded, ...unwritten].toSorted((a, b) => Date.parse(b.endedAt) - Date.parse(a.endedAt)).slice(0, limit);
  }

  /** What came of the run of this id, the last one should there be several; undefined while it goes on, and when nobody knows it. */
  async withId(id: string): Promise<RunResult | undefined> {
    const own = this.#keeper.unwritten.findLast(({ run }) => run === id);
    if (own) return own;
    const find = (): IndexedRecord | undefined => newestOf(this.#index.entries.filter(({ run }) => run === id));
    await this.#refresh(() => find() !== undefined);
    const entry = find();
    return entry && (await this.#read([entry])).get(entry);
  }

  /** By set; `unknown` where what was recorded of it cannot be read, and nothing where it has none. */
  async lastBackups(sets: readonly string[], which: LastBackup = 'any'): Promise<ReadonlyMap<string, RunResult | 'unknown'>> {
    const last = (): ReadonlyMap<string, IndexedRecord> => this.#lastOf(new Set(sets), which);
    await this.#refresh(() => last().size === new Set(sets).size);
    const found = last();
    const before = this.#told[which];
    const fresh = await this.#read([...found.values()].filter((entry) => !before.has(entry)));
    const told = new Map([...found.values()].flatMap((entry) => pair(entry, before.get(entry) ?? fresh.get(entry))));
    this.#told[which] = told;
    return new Map(
      sets.flatMap((set) => {
        const entry = found.get(set);
        const recorded = this.#index.isSoundSince(entry) ? entry && (told.get(entry) ?? 'unknown') : 'unknown';
        const own = this.#keeper.unwritten.findLast((run) => run.job === 'backup' && run.set === set && isWanted[which](knownOf(run)));
        return pair(set, own && Date.parse(own.endedAt) >= (entry?.ms ?? 0) ? laterOf(recorded, own) : recorded);
      }),
    );
  }

  #lastOf(sets: ReadonlySet<string>, which: LastBackup): ReadonlyMap<string, IndexedRecord> {
    const last = new Map<string, IndexedRecord>();
    for (const entry of this.#index.entries) {
      const { kind, set, number } = entry;
      if (set === undefined || !sets.has(set) || (kind !== 'internal-backup' && kind !== 'missed-run') || !isWanted[which](entry)) continue;
      if (number > (last.get(set)?.number ?? 0)) last.set(set, entry);
    }
    return last;
  }

  /** What cannot be read is known to the index. */
  async #refresh(isEnough: () => boolean): Promise<void> {
    await this.#index.refresh(undefined, isEnough).catch(() => undefined);
  }

  /** A record that is not where it was is read anew the next time. */
  async #read(entries: readonly IndexedRecord[]): Promise<ReadonlyMap<IndexedRecord, RunResult>> {
    const read = await this.#index.read(entries).catch(() => []);
    const byNumber = new Map(read.map(({ record }) => [record.number, record]));
    return new Map(
      entries.flatMap((entry) => {
        const record = byNumber.get(entry.number);
        return pair(entry, record && this.#keeper.runOf(record));
      }),
    );
  }
}

function laterOf(recorded: RunResult | 'unknown' | undefined, own: RunResult): RunResult {
  return typeof recorded === 'object' && Date.parse(recorded.endedAt) > Date.parse(own.endedAt) ? recorded : own;
}

function knownOf({ outcome, snapshotId }: RunResult): Known {
  return { result: outcome, snapshotId };
}

function newestOf(entries: readonly IndexedRecord[]): IndexedRecord | undefined {
  return entries.toSorted((a, b) => b.number - a.number)[0];
}

function pair<Key, Value>(key: Key, value: Value | undefined): (readonly [Key, Value])[] {
  return value === undefined ? [] : [[key, value]];
}
