import { damaged, shown } from './damaged.ts';

/** A moment and the zone it was written in. */
export interface Timestamp {
  /** Nanoseconds since 1970-01-01T00:00:00Z, negative before. */
  readonly ns: bigint;
  /** East positive: WIB = 420. */
  readonly offsetMinutes: number;
}

/** Go's zero `time.Time`, which restic writes where there is no time. */
export const zeroTime = '0001-01-01T00:00:00Z';

/**
 * Reads RFC 3339 with any number of fraction digits; those beyond nanoseconds are dropped, as Go does.
 * @throws `repository.damaged`
 */
export function parseTimestamp(text: string): Timestamp {
  const match = rfc3339.exec(text);
  if (!match) throw damaged('time', `not an RFC 3339 time: ${shown(text)}`);
  const field = (group: number): number => Number(match[group]);
  const [year, month, day] = [field(1), field(2), field(3)];
  if (day > daysInMonth(year, month)) throw damaged('time', `no such day: ${shown(text)}`);
  const offset = (match[8] === '-' ? -1 : 1) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0));
  const minutes = daysFromCivil(year, month, day) * 1440 + field(4) * 60 + field(5) - offset;
  const fractionNs = Number((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return { ns: BigInt(minutes * 60 + field(6)) * nsPerSecond + BigInt(fractionNs), offsetMinutes: offset };
}

/** True for text that `parseTimestamp` takes; cheaper. */
export function isTimestamp(text: string): boolean {
  return daySurelyExists.test(text) || (rfc3339.test(text) && dayExists(text));
}

/** Whether two texts name the same moment, in whatever zone. @throws `repository.damaged` */
export function sameInstant(a: string, b: string): boolean {
  return a === b || parseTimestamp(a).ns === parseTimestamp(b).ns;
}

/**
 * As Go's RFC3339Nano: trailing zeros of the fraction, and then the point, are cut; offset 0 is `Z`. A year outside 0 to
 * 9999 is clamped and the rest of the date kept, as restic does.
 * @param offsetMinutes rounded to whole minutes (old local mean times have seconds), less than a day either way
 */
export function formatTimestamp(ns: bigint, offsetMinutes = 0): string {
  const offset = Math.round(offsetMinutes);
  const localNs = ns + BigInt(offset) * 60n * nsPerSecond;
  const fraction = ((localNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  const seconds = (localNs - fraction) / nsPerSecond;
  const secondOfDay = Number(((seconds % 86400n) + 86400n) % 86400n);
  const { year, month, day } = clampYear(civilFromDays(Number((seconds - BigInt(secondOfDay)) / 86400n)));
  const clock = `${two(Math.trunc(secondOfDay / 3600))}:${two(Math.trunc(secondOfDay / 60) % 60)}:${two(secondOfDay % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}${fractionText(fraction)}${zoneText(offset)}`;
}

/**
 * `formatTimestamp` for the many times of a source: neighbours were mostly written in the same second, so all but the fraction is kept from
 * one call to the next. A quarter of the price.
 */
export class TimestampWriter {
  readonly #offsetMinutes: (ns: bigint) => number;
  #second = 0n;
  #prefix = '';
  #zone = '';

  /** @param offsetMinutes of local time from UTC at an instant */
  constructor(offsetMinutes: (ns: bigint) => number) {
    this.#offsetMinutes = offsetMinutes;
  }

  format(ns: bigint): string {
    const second = ns / nsPerSecond;
    const fraction = Number(ns - second * nsPerSecond);
    if (fraction < 0) return formatTimestamp(ns, this.#offsetMinutes(ns)); // before 1970
    if (second !== this.#second || this.#prefix === '') {
      const offset = this.#offsetMinutes(ns);
      this.#zone = zoneText(Math.round(offset));
      this.#prefix = formatTimestamp(second * nsPerSecond, offset).slice(0, -this.#zone.length);
      this.#second = second;
    }
    return this.#prefix + shortFraction(fraction) + this.#zone;
  }
}

/** @param fraction nanoseconds from 0 to 999,999,999 */
function shortFraction(fraction: number): string {
  if (fraction === 0) return '';
  let digits = 9;
  while (fraction % 10 === 0) {
    fraction /= 10;
    digits -= 1;
  }
  return `.${String(fraction).padStart(digits, '0')}`;
}

const nsPerSecond = 1_000_000_000n;

const rfc3339 =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,32}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const daySurelyExists =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,32})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function dayExists(text: string): boolean {
  return Number(text.slice(8, 10)) <= daysInMonth(Number(text.slice(0, 4)), Number(text.slice(5, 7)));
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

// `Date` ends at year 275,760 and maps years 0 to 99 to the 1900s; file times go further. Both ways count in eras of 400
// years (146,097 days) that begin on 1 March, so that the leap day comes last.

function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leapsPassed = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapsPassed) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** 29 February of a leap year becomes 1 March of 9999, which is none. */
function clampYear(date: CivilDate): CivilDate {
  if (date.year >= 0 && date.year <= 9999) return date;
  const year = date.year < 0 ? 0 : 9999;
  return date.day > daysInMonth(year, date.month) ? { year, month: 3, day: 1 } : { ...date, year };
}

function fractionText(fraction: bigint): string {
  return fraction === 0n ? '' : `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}`;
}

function zoneText(offset: number): string {
  if (offset === 0) return 'Z';
  const size = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}:${two(size % 60)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
