import { type Clock, type Random } from '../platform/index.ts';
import {
  openNonconformities,
  RecordHistory,
  type Finding,
  type HistoryRecord,
  type RecordContent,
  type RecordWorld,
} from '../records/index.ts';
import type { UsedConfiguration } from '../settings/index.ts';
import { BegunRuns, randomName } from './begun-runs.ts';
import { timeText } from './job-result.ts';
import { commonContent, historyOwner, userName, type RecordAbout } from './record-about.ts';
import { recordConfiguration } from './record-configuration.ts';
import { runOfRecord, type RunResult } from './run-of-record.ts';

export interface RecordKeeperOptions {
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly software: string;
  readonly via: RecordAbout['via'];
  /** As it is in force at any time. */
  readonly settings?: (() => RecordAbout['settings']) | undefined;
  readonly scrub?: ((text: string) => string) | undefined;
  readonly writing?: RecordWorld['writing'];
  /** Whose history it is, as anchors name it. Default: that of who runs this process. */
  readonly owner?: string | undefined;
  /** Has somebody else append, who serves the history; undefined: nobody does just now. */
  readonly append?: ((content: RecordContent) => Promise<HistoryRecord | undefined>) | undefined;
  /** A record was written. */
  readonly onWritten?: ((record: HistoryRecord) => void) | undefined;
  /** A record could not be written. The work itself is done, and is not undone for it. */
  readonly onError: (error: unknown) => void;
}

/** Runs without a record that are remembered until this process ends. */
const unwrittenMax = 100;

/** Writes the records of one process: knows who works and with what, and never stands in the way of the work. */
export class RecordKeeper {
  readonly history: RecordHistory;
  readonly #options: RecordKeeperOptions;
  /** Also while the rights of somebody else are lent. */
  readonly #user = userName();
  readonly #begun: BegunRuns;
  #unwritten: readonly RunResult[] = [];

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    // By name: what else whoever made these options knows of the world (a `machine` that counts its uptime) is none of a record.
    const { clock, random, software, writing } = options;
    this.history = new RecordHistory(options.stateFolder, { clock, random, software, writing });
    this.#begun = new BegunRuns(options.stateFolder, this.history, options.random);
  }

  /**
   * @param make gets what all records have; other values of `about` are the caller's. Never rejects; undefined when nothing could be
   * written
   */
  async write(make: (about: RecordAbout) => RecordContent): Promise<HistoryRecord | undefined> {
    return (await this.#write(make)).written;
  }

  /** As `write`, of a run. @returns what is told of it; also of one whose record could not be written, which `unwritten` then has */
  async writeRun(make: (about: RecordAbout) => RecordContent): Promise<RunResult> {
    const { content, written } = await this.#write(make);
    return this.tell(written ?? content);
  }

  /** What is told of a run that leaves no record: nothing came of it that others would want to know. */
  tell(content: RecordContent): RunResult {
    const run = this.runOf(content);
    if (run === undefined) throw new Error(`${content.kind} is the record of no run`);
    return run;
  }

  /**
   * Does the work of a run that leaves a record at its end. When this process dies before, whoever keeps records next leaves one that says
   * so. Notes that cannot be written hold up no run.
   * @param make what is known of the run before it has begun
   * @param work gets the id of the run, which its record has to have, and what adds to what is known of it while it goes on
   */
  async during<T>(
    make: (about: RecordAbout) => RecordContent,
    work: (run: string, note: (more: Partial<RecordContent>) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    await this.recordLost();
    const content = make(this.about());
    const run = content.run ?? `run-${randomName(this.#options.random)}`;
    const begun = await this.#begun.begin({ ...content, started: timeText(this.#options.clock), run }).catch(() => undefined);
    try {
      return await work(run, async (more) => begun?.note(more).catch(() => undefined));
    } finally {
      await begun?.end().catch(() => undefined);
    }
  }

  /** Records the runs that were killed with their process. Never rejects. */
  async recordLost(): Promise<void> {
    try {
      await this.#begun.recordLost();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Snapshots that some run is about to remove, or has removed, and of which no record tells yet. @throws the system's errors */
  async removing(): Promise<ReadonlySet<string>> {
    return new Set((await this.#begun.all()).flatMap(({ removedSnapshots = [] }) => removedSnapshots));
  }

  runOf(record: RecordContent): RunResult | undefined {
    return runOfRecord(record, this.history.folder);
  }

  /** Whose history it is, as anchors name it. */
  get owner(): string {
    return this.#options.owner ?? historyOwner();
  }

  /** Runs of this process that no record tells of, because it could not be written; oldest first. */
  get unwritten(): readonly RunResult[] {
    return this.#unwritten;
  }

  /** A run of which another process could not write the record. */
  remember(run: RunResult): void {
    this.#unwritten = [...this.#unwritten, run].slice(-unwrittenMax);
  }

  async #write(
    make: (about: RecordAbout) => RecordContent,
  ): Promise<{ readonly content: RecordContent; readonly written: HistoryRecord | undefined }> {
    const content = make(this.about());
    try {
      const written = (await this.#options.append?.(content)) ?? (await this.history.append(content));
      this.#options.onWritten?.(written);
      return { content, written };
    } catch (error) {
      const run = this.runOf(content);
      if (run) this.remember(run);
      this.#options.onError(error);
      return { content, written: undefined };
    }
  }

  /** What changed in the configuration that is in force since anybody looked. Never rejects. */
  async noteConfiguration(used: Pick<UsedConfiguration, 'configuration' | 'unknown'>): Promise<void> {
    try {
      await recordConfiguration(this.history, used, this.about(), this.#options.random);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** The tag that a snapshot dates the history with; none where the history cannot be read. Never rejects. */
  async anchorTags(): Promise<string[]> {
    try {
      const tag = await this.history.anchorTag();
      return tag === undefined ? [] : [tag];
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }

  /** Opens what was found and is not known yet. Never rejects. @returns the new records */
  async open(findings: readonly Finding[]): Promise<readonly HistoryRecord[]> {
    try {
      return await openNonconformities(this.history, findings, (kind) => commonContent(kind, this.about()));
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }

  /** Milliseconds since 1970. */
  get nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }

  about(): RecordAbout {
    const { software, via, settings, scrub } = this.#options;
    return { software, via, user: this.#user, settings: settings?.(), scrub };
  }
}
