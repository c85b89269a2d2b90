import { HostError } from '../../host/index.ts';

/** What a model asks for. It has been held against the schema of the tool, but every value is looked at again where it is used. */
export class ToolInput {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(input: unknown) {
    this.#values = new Map(typeof input === 'object' && input !== null ? Object.entries(input) : []);
  }

  /** Undefined also for an empty text: models like to fill in everything. @throws HostError `arguments.invalid` */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string' || value.length > 4096) throw invalid(name, 'not text');
    return value;
  }

  /** `2026-11-23` @throws HostError `arguments.invalid` */
  day(name: string): string | undefined {
    const text = this.text(name);
    if (text !== undefined && (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text))))
      throw invalid(name, 'a day such as 2026-11-23 is wanted');
    return text;
  }

  /** At most `max`; a quarter of it when nothing is asked for. */
  limit(max: number): number {
    const value = this.#values.get('limit');
    return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? Math.min(value, max) : max / 4;
  }
}

function invalid(argument: string, reason: string): HostError {
  return new HostError({ code: 'arguments.invalid', facts: { argument, reason }, message: `${argument}: ${reason}` });
}
