import { Refusal, invalidQuery } from './errors.ts';

/** A condition of `files.list`, parsed. Values are as written, escapes undone. */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'in'; readonly value: string; readonly collection: string }
  | { readonly kind: 'compare'; readonly field: string; readonly operator: string; readonly value: string | boolean }
  | { readonly kind: 'has'; readonly field: 'properties' | 'appProperties'; readonly key: string; readonly value: string };

/** Which operators each term takes, after Google's table. */
const equality = ['=', '!='];
const order = ['<', '<=', '=', '!=', '>', '>='];
const operators: Readonly<Record<string, readonly string[]>> = {
  name: ['contains', ...equality],
  fullText: ['contains'],
  mimeType: ['contains', ...equality],
  modifiedTime: order,
  viewedByMeTime: order,
  createdTime: order,
  sharedWithMeTime: order,
  trashed: equality,
  starred: equality,
  sharedWithMe: equality,
  visibility: equality,
  'shortcutDetails.targetId': equality,
};
const collections = ['parents', 'owners', 'writers', 'readers'];
const booleans = ['trashed', 'starred', 'sharedWithMe'];
const depthMax = 50;

/** @throws 400 `invalid` at `q`; 500 for the orderings by name that Google itself stumbles over */
export function parseQuery(text: string): Query {
  const parser = new QueryParser(tokenize(text));
  const query = parser.expression(0);
  if (!parser.isAtEnd) throw invalidQuery();
  return query;
}

type Token = { readonly kind: 'word' | 'sign'; readonly text: string } | { readonly kind: 'text'; readonly text: string };

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|'((?:[^'\\]|\\.)*)'|(<=|>=|!=|[=<>(){}])|([A-Za-z][A-Za-z.]*)/suy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw invalidQuery();
    const [, quoted, sign, word] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: unescape(quoted) });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
  }
  return tokens;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gsu, (_, sign: string) => {
    if (sign !== "'" && sign !== '\\') throw invalidQuery();
    return sign;
  });
}

class QueryParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  /** `and` binds closer than `or`. */
  expression(depth: number): Query {
    if (depth > depthMax) throw invalidQuery();
    return this.#chain('or', () => this.#chain('and', () => this.#factor(depth)));
  }

  #chain(kind: 'and' | 'or', next: () => Query): Query {
    const parts = [next()];
    while (this.#take(kind)) parts.push(next());
    return parts.length === 1 ? parts[0]! : { kind, parts };
  }

  #factor(depth: number): Query {
    if (this.#take('not')) return { kind: 'not', part: this.#factor(depth + 1) };
    if (this.#take('(')) {
      const inner = this.expression(depth + 1);
      this.#expect(')');
      return inner;
    }
    const token = this.#next();
    if (token.kind === 'text') return this.#membership(token.text);
    if (token.kind !== 'word') throw invalidQuery();
    return token.text === 'properties' || token.text === 'appProperties' ? this.#property(token.text) : this.#comparison(token.text);
  }

  #membership(value: string): Query {
    this.#expect('in');
    const collection = this.#next();
    if (collection.kind !== 'word' || !collections.includes(collection.text)) throw invalidQuery();
    return { kind: 'in', value, collection: collection.text };
  }

  #property(field: 'properties' | 'appProperties'): Query {
    this.#expect('has');
    this.#expect('{');
    this.#expect('key');
    this.#expect('=');
    const key = this.#text();
    this.#expect('and');
    this.#expect('value');
    this.#expect('=');
    const value = this.#text();
    this.#expect('}');
    return { kind: 'has', field, key, value };
  }

  #comparison(field: string): Query {
    const operator = this.#next().text;
    const known = operators[field];
    if (known === undefined) throw invalidQuery();
    if (field === 'name' && order.includes(operator) && !known.includes(operator))
      throw new Refusal({ status: 500, reason: 'internalError', message: 'Internal Error' });
    if (!known.includes(operator)) throw invalidQuery();
    const value = this.#next();
    if (!booleans.includes(field)) {
      if (value.kind !== 'text') throw invalidQuery();
      if (field.endsWith('Time') && Number.isNaN(Date.parse(value.text))) throw invalidQuery();
      return { kind: 'compare', field, operator, value: value.text };
    }
    if (value.kind !== 'word' || (value.text !== 'true' && value.text !== 'false')) throw invalidQuery();
    return { kind: 'compare', field, operator, value: value.text === 'true' };
  }

  #text(): string {
    const token = this.#next();
    if (token.kind !== 'text') throw invalidQuery();
    return token.text;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw invalidQuery();
    return token;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw invalidQuery();
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === 'text' || token.text !== text) return false;
    this.#at++;
    return true;
  }
}
