import type { ErrorData } from '../service/index.ts';

/** What the engine answered instead of a result: the code and the facts of its `CadanganError`, `internal` for a mistake of ours. */
export class HostError extends Error {
  readonly data: ErrorData;

  constructor(data: ErrorData, options?: { cause?: unknown }) {
    super(data.message, options);
    this.name = 'HostError';
    this.data = data;
  }

  get code(): string {
    return this.data.code;
  }
}
