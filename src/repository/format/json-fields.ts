import { decodeBase64 } from './base64.ts';
import { damaged, shown } from './damaged.ts';
import type { JsonObject, JsonValue } from './go-json.ts';
import { isArray, isJsonObject, parseExact } from './go-json.ts';
import type { UnknownFields } from './node.ts';
import { isTimestamp, zeroTime } from './timestamp.ts';

/**
 * The fields of one small document (snapshot, lock, key, config), checked as they are taken. As in Go, an absent field and
 * null are the zero of its type. Every method throws `repository.damaged` with the document's kind and the field's name.
 */
export class JsonFields {
  readonly #kind: string;
  readonly #fields: JsonObject;

  constructor(kind: string, json: JsonValue | undefined) {
    if (!isJsonObject(json)) throw damaged(kind, `it is ${shown(json)}`);
    this.#kind = kind;
    this.#fields = json;
  }

  static parse(kind: string, bytes: Uint8Array): JsonFields {
    // A crash of the machine or a full disk leaves such files behind; "not valid JSON" would hide that.
    if (bytes.byteLength === 0) throw damaged(kind, 'the file is empty');
    return new JsonFields(kind, parseExact(bytes, kind));
  }

  has(key: string): boolean {
    return this.raw(key) != null;
  }

  raw(key: string): JsonValue | undefined {
    return Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined;
  }

  text(key: string): string {
    const value = this.raw(key) ?? '';
    return typeof value === 'string' ? value : this.fail(key, value);
  }

  /** @param max inclusive; at most `Number.MAX_SAFE_INTEGER` */
  integer(key: string, max: number, min = 0): number {
    const value = this.raw(key) ?? 0;
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return fits ? value : this.fail(key, value);
  }

  flag(key: string): boolean {
    const value = this.raw(key) ?? false;
    return typeof value === 'boolean' ? value : this.fail(key, value);
  }

  time(key: string): string {
    const value = this.raw(key) ?? zeroTime;
    return typeof value === 'string' && isTimestamp(value) ? value : this.fail(key, value);
  }

  texts(key: string): readonly string[] {
    const value = this.raw(key) ?? [];
    if (!isArray(value)) return this.fail(key, value);
    return value.map((item) => (typeof item === 'string' ? item : this.fail(key, item)));
  }

  bytes(key: string): Uint8Array {
    return decodeBase64(this.raw(key), this.#kind);
  }

  /** What is left besides `known`, or undefined when nothing is. */
  unknown(known: ReadonlySet<string>): UnknownFields | undefined {
    const others = Object.entries(this.#fields).filter(([key]) => !known.has(key));
    return others.length > 0 ? others : undefined;
  }

  fail(key: string, value: JsonValue | undefined): never {
    throw damaged(this.#kind, `${key} is ${shown(value)}`);
  }
}
