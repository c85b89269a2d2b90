import { invalidField } from './errors.ts';

/** Field names with what lies below; `true` is a value or something whose inside nobody checks. */
export interface Shape {
  readonly [name: string]: Shape | true;
}

/** A parsed `fields` parameter: what to keep; `true` is everything below. */
export type Mask = true | ReadonlyMap<string, Mask>;

/**
 * Parses `a,b/c,d(e,f),*`. Spaces mean nothing, as Google's own examples have some.
 * @throws 400 `invalidParameter` for a field that `shape` does not have
 */
export function parseMask(text: string, shape: Shape): Mask {
  const parser = new MaskParser(text.replace(/\s/g, ''));
  const mask = parser.list(shape);
  if (!parser.isAtEnd) throw invalidField(text);
  return mask;
}

/** Keeps what the mask names, and adds nothing. */
export function applyMask(value: unknown, mask: Mask): unknown {
  if (mask === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => applyMask(item, mask));
  const kept = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const below = mask.get(name);
    return below === undefined ? [] : [[name, applyMask(inner, below)]];
  });
  return Object.fromEntries(kept);
}

class MaskParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  list(shape: Shape | true): Mask {
    const fields = new Map<string, Mask>();
    let isWhole = false;
    do {
      const name = this.#name();
      if (name === '*') isWhole = true;
      else fields.set(name, merge(fields.get(name), this.#below(name, shape)));
    } while (this.#take(','));
    return isWhole ? true : fields;
  }

  #below(name: string, shape: Shape | true): Mask {
    const inner = shape === true ? true : shape[name];
    if (inner === undefined) throw invalidField(name);
    if (this.#take('/')) return this.#path(inner);
    if (!this.#take('(')) return true;
    const mask = this.list(inner);
    if (!this.#take(')')) throw invalidField(this.#text);
    return mask;
  }

  #path(shape: Shape | true): Mask {
    const name = this.#name();
    return name === '*' ? true : new Map([[name, this.#below(name, shape)]]);
  }

  #name(): string {
    const name = /^(?:\*|[A-Za-z][A-Za-z0-9]*)/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) throw invalidField(this.#text.slice(this.#at));
    this.#at += name.length;
    return name;
  }

  #take(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }
}

function merge(a: Mask | undefined, b: Mask): Mask {
  if (a === undefined) return b;
  if (a === true || b === true) return true;
  const both = new Map(a);
  for (const [name, below] of b) both.set(name, merge(both.get(name), below));
  return both;
}
