import { isAbort, type Clock, type Random } from '../platform/index.ts';
import {
  openNonconformities,
  RecordHistory,
  type ChainHead,
  type Finding,
  type HistoryRecord,
  type RecordContent,
} from '../records/index.ts';
import type { Configuration } from '../settings/index.ts';
import { commonContent, historyOwner, type RecordAbout } from './record-about.ts';
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
  /** A record could not be written. The work itself is done, and is not undone for it. */
  readonly onError: (error: unknown) => void;
}

/** Runs without a record that are remembered until this process ends. */
const unwrittenMax = 100;

/** Writes the records of one process: knows who works and with what, and never stands in the way of the work. */
export class RecordKeeper {
  readonly history: RecordHistory;
  readonly #options: RecordKeeperOptions;
  #unwritten: readonly RunResult[] = [];

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    this.history = new RecordHistory(options.stateFolder, options);
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

  runOf(record: RecordContent): RunResult | undefined {
    return runOfRecord(record, this.history.folder);
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
      return { content, written: await this.history.append(content) };
    } catch (error) {
      const run = this.runOf(content);
      if (run) this.remember(run);
      this.#options.onError(error);
      return { content, written: undefined };
    }
  }

  /** What changed in the configuration since anybody looked. Never rejects. */
  async noteConfiguration(configuration: Configuration): Promise<void> {
    try {
      await recordConfiguration(this.history, configuration, this.about(), this.#options.random);
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

  /** Has the head of the chain kept elsewhere, by whoever can; nothing where there is no history yet. Never rejects. */
  async keepHead(keep: (head: ChainHead, owner: string) => Promise<void>): Promise<void> {
    try {
      const head = await this.history.head();
      if (head) await keep(head, historyOwner());
    } catch (error) {
      if (!isAbort(error)) this.#options.onError(error);
    }
  }

  about(): RecordAbout {
    const { software, via, settings, scrub } = this.#options;
    return { software, via, settings: settings?.(), scrub };
  }
}
