import { formatExact, type JsonObject, type JsonValue } from '../repository/index.ts';
import type { Terminal } from './terminal.ts';

/** An object of which some fields may be absent; absent is not null. */
export type JsonFieldsIn = Readonly<Record<string, JsonValue | undefined>>;

export function jsonObject(fields: JsonFieldsIn): JsonObject {
  const present = Object.entries(fields).filter((field): field is [string, JsonValue] => field[1] !== undefined);
  return Object.fromEntries(present);
}

/** One line of the result. Numbers beyond 2^53 (inodes, sizes) are exact. */
export function printJson(terminal: Terminal, value: JsonValue): void {
  terminal.print(formatExact(value));
}

/** As `printJson`, for what somebody waits for while the command runs: it leaves at once. */
export function printJsonNow(terminal: Terminal, value: JsonValue): void {
  printJson(terminal, value);
  terminal.flush();
}

/** Errors and problems go to standard error, as in restic, so that standard output holds the result only. */
export function noteJson(terminal: Terminal, value: JsonValue): void {
  terminal.note(formatExact(value));
}

/** As restic's encoder leaves out empty fields. */
export function unlessZero<T extends number | bigint | string>(value: T): T | undefined {
  return value === 0 || value === 0n || value === '' ? undefined : value;
}

export function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
