import type { FaultName } from './fault.ts';
import type { Operation } from './operations.ts';

export interface LogEntry {
  readonly number: number;
  readonly atMs: number;
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  account: string | undefined;
  fileId: string | undefined;
  fileName: string | undefined;
  fault: FaultName | undefined;
  /** 0: no answer was sent. */
  status: number;
  reason: string | undefined;
  /** Bytes of files, without what surrounds them. */
  receivedBytes: number;
  sentBytes: number;
}

export type LogFilter = { readonly [K in 'operation' | 'status' | 'fault' | 'fileName' | 'fileId']?: LogEntry[K] };

/** What was asked and answered, in the order in which requests came. */
export class RequestLog {
  readonly #lengthMax: number;
  #entries: LogEntry[] = [];
  #count = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  where(filter: LogFilter): readonly LogEntry[] {
    const wanted = Object.entries(filter) as [keyof LogFilter, unknown][];
    return this.#entries.filter((entry) => wanted.every(([name, value]) => entry[name] === value));
  }

  count(filter: LogFilter = {}): number {
    return this.where(filter).length;
  }

  /** Bytes of files that came in, complete or not: what "uploaded twice" is measured by. */
  get receivedBytes(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.receivedBytes, 0);
  }

  get sentBytes(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.sentBytes, 0);
  }

  clear(): void {
    this.#entries = [];
  }

  begin(start: Pick<LogEntry, 'atMs' | 'operation' | 'method' | 'path'>): LogEntry {
    const entry: LogEntry = {
      number: ++this.#count,
      ...start,
      account: undefined,
      fileId: undefined,
      fileName: undefined,
      fault: undefined,
      status: 0,
      reason: undefined,
      receivedBytes: 0,
      sentBytes: 0,
    };
    this.#entries.push(entry);
    if (this.#entries.length > this.#lengthMax) this.#entries.shift();
    return entry;
  }
}
