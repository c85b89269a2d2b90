import * as vscode from 'vscode';
import {
  protocol,
  type NonconformityInfo,
  type RecordFault,
  type RecordRow,
  type RecordsPage,
  type RecordsSummary,
} from '../../service/index.ts';
import type { Engine } from '../engine.ts';
import { filterParams, type RecordFilter } from '../presentation/record-filter.ts';
import { Refresher } from './refresher.ts';

/** Rows at a time: the editor stays quick with some hundreds, and nobody reads more. */
const pageSize = 200;
/** What the engine gives at once. */
const requestMax = 1000;

/** For conditions in the manifest. `failed`: there is no engine to ask. */
export type RecordsState = 'unknown' | 'none' | 'some' | 'failed';

/** The history as the engine last told it: the summary for badges, and as many rows as somebody wants to see. */
export class RecordsModel implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #refresher = new Refresher(() => this.#fetch());
  readonly #subscriptions: vscode.Disposable[];
  #summary: RecordsSummary | undefined;
  #page: RecordsPage | undefined;
  #nonconformities: readonly NonconformityInfo[] = [];
  #filter: RecordFilter = {};
  /** 0: nobody looks at the list. */
  #wantedRows = 0;
  #error: unknown;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#subscriptions = [this.#refresher, engine.onDidChangeRecords(this.#refresher.soon)];
  }

  get summary(): RecordsSummary | undefined {
    return this.#summary;
  }

  get filter(): RecordFilter {
    return this.#filter;
  }

  /** Newest first. */
  get rows(): readonly RecordRow[] {
    return this.#page?.rows ?? [];
  }

  /** Where the history is not as it was written. */
  get faults(): readonly RecordFault[] {
    return this.#page?.faults ?? [];
  }

  /** Of all that the filter lets through. */
  get total(): number {
    return this.#page?.total ?? 0;
  }

  /** The day that it is where the records are read, `2026-11-23`. */
  get today(): string {
    return this.#page?.today ?? this.#summary?.today ?? '';
  }

  /** Those that are open, newest first. */
  get openNonconformities(): readonly NonconformityInfo[] {
    return this.#nonconformities.filter(({ isOpen }) => isOpen);
  }

  get state(): RecordsState {
    if (this.#error !== undefined) return 'failed';
    if (this.#summary === undefined) return 'unknown';
    return this.#summary.count === 0 ? 'none' : 'some';
  }

  /** Why the state is `failed`. */
  get error(): unknown {
    return this.#error;
  }

  /** What badges count; asked once, and again when something changed. Does not throw. */
  async loadSummary(): Promise<RecordsSummary | undefined> {
    if (this.#summary === undefined) await this.refresh();
    return this.#summary;
  }

  /** The first page, the first time. Does not throw; see `state`. */
  async load(): Promise<void> {
    if (this.#wantedRows > 0) return;
    this.#wantedRows = pageSize;
    await this.refresh();
  }

  /** The next page as well. */
  async showMore(): Promise<void> {
    this.#wantedRows += pageSize;
    await this.refresh();
  }

  async setFilter(filter: RecordFilter): Promise<void> {
    this.#filter = filter;
    this.#wantedRows = pageSize;
    await this.refresh();
  }

  refresh(): Promise<void> {
    return this.#refresher.refresh();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #fetch(): Promise<void> {
    try {
      this.#summary = await this.#engine.request(protocol.recordsSummary, undefined, { isQuiet: true });
      if (this.#wantedRows > 0) {
        this.#nonconformities =
          this.#summary.openNonconformities === 0
            ? []
            : await this.#engine.request(protocol.listNonconformities, undefined, { isQuiet: true });
        this.#page = await this.#readRows();
      }
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
    }
    this.#changed.fire();
  }

  /** Everything that is shown, since a new record moves all of it. */
  async #readRows(): Promise<RecordsPage> {
    const [wanted, filter] = [this.#wantedRows, filterParams(this.#filter)];
    const rows: RecordRow[] = [];
    for (;;) {
      const page: RecordsPage = await this.#engine.request(
        protocol.listRecords,
        { ...filter, offset: rows.length, limit: Math.min(requestMax, wanted - rows.length) },
        { isQuiet: true },
      );
      rows.push(...page.rows);
      if (page.rows.length === 0 || rows.length >= Math.min(wanted, page.total)) return { ...page, rows };
    }
  }
}
