import { CadanganError, hasRawBytes } from '../platform/index.ts';

/** What the parser found, read with its types: a flag is `true` or absent, a text is one string, a list is all of a repeated option. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** `--no-name` was given. */
  isNegated(name: string): boolean {
    return this.#values[name] === false;
  }

  /** How often a flag was given. */
  counter(name: string): number {
    const value = this.#values[name];
    return typeof value === 'number' ? value : 0;
  }

  /** @throws `arguments.invalid` when it is no text */
  text(name: string): string | undefined {
    const raw = this.raw(name);
    return raw === undefined ? undefined : plainText(raw, `--${dashed(name)}`);
  }

  /** For what may name something whose name is no UTF-8 (see `rawTextOf`): its reader takes the bytes as they are. */
  raw(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** @throws `arguments.invalid` when one of them is no text */
  list(name: string): readonly string[] {
    return this.rawList(name).map((raw) => plainText(raw, `--${dashed(name)}`));
  }

  /** As `raw`. */
  rawList(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  /** @throws `arguments.invalid` unless it is one of `choices` */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const chosen = choices.find((choice) => choice === text);
    if (chosen === undefined) throw invalidOption(name, text, `one of ${choices.join(', ')} is wanted`);
    return chosen;
  }

  /** A whole number from `min`. @throws `arguments.invalid` */
  count(name: string, min: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
    if (value < min) throw invalidOption(name, text, `a whole number from ${min} is wanted`);
    return value;
  }

  /** Go's durations: `90s`, `10m`, `1h30m`. In milliseconds. @throws `arguments.invalid` */
  durationMs(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (text === '0') return 0;
    if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) throw invalidOption(name, text, 'a duration such as 30s, 10m or 1h30m is wanted');
    let ms = 0;
    for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) ms += Number(amount) * (unitMs[unit ?? ''] ?? 0);
    return ms;
  }

  /** As `--tag a,b --tag c`: each mention is a list of its own. */
  tagLists(name: string): readonly (readonly string[])[] {
    return this.list(name).map((mention) => mention.split(',').map((tag) => tag.trim()));
  }
}

export function invalidOption(name: string, value: string, reason: string): CadanganError {
  return new CadanganError('arguments.invalid', { option: `--${dashed(name)} ${value}`, reason });
}

/** What was written, where only text can be meant: as anything else it would name its neighbour. @throws `arguments.invalid` */
export function plainText(raw: string, what: string): string {
  if (hasRawBytes(raw)) throw new CadanganError('arguments.invalid', { argument: what, value: raw, reason: 'it is not UTF-8 text' });
  return raw;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
