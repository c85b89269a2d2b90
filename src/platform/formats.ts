import { l10n } from './l10n.ts';
import { currentLanguage, currentTimeZone, type Language } from './locale.ts';

/** English here is that of no country in particular: day before month, 24 hours. */
const locales: Readonly<Record<Language, string>> = { en: 'en-GB', id: 'id-ID' };

/** A number with the language's separators: `12,345.6`, in Indonesian `12.345,6`. @param decimals exactly so many */
export function formatNumber(value: number | bigint, decimals = 0): string {
  return numberFormat(locales[currentLanguage()], decimals).format(value);
}

/**
 * A number as restic prints it (Go's `%.3f`), but for the language's decimal sign: `1022.876`, in Indonesian `1022,876`. No separators of
 * thousands; what lies in the middle goes to the even digit, so that 1.0625 is `1.062`. @param decimals exactly so many
 */
export function formatAsRestic(value: number, decimals: number): string {
  return numberFormat(locales[currentLanguage()], decimals, { useGrouping: false, roundingMode: 'halfEven' }).format(value);
}

/** A whole number of things. */
export function formatCount(count: number | bigint): string {
  return formatNumber(count);
}

/** `995 B`, `1.9 KiB`, `2.0 TiB`: powers of 1024, one decimal. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  // Rounded to one place, 1023.96 would show as 1024.0.
  while (Math.round(value * 10) / 10 >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${formatNumber(value, unit === 0 ? 0 : 1)} ${byteUnits[unit] ?? ''}`;
}

/** A share of 0 to 1 as `42%`. Never 100% before it is done. */
export function formatPercent(share: number): string {
  return `${formatNumber(Math.floor(Math.min(1, Math.max(0, share)) * 100))}%`;
}

/** The two largest units of a duration: `2 d 3 h`, `1 h 5 min`, `12 s`. @param ms milliseconds; below a second it says `0 s` */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return l10n.t('{days} d {hours} h', { days, hours });
  if (hours > 0) return l10n.t('{hours} h {minutes} min', { hours, minutes });
  if (minutes > 0) return l10n.t('{minutes} min {seconds} s', { minutes, seconds: seconds % 60 });
  return l10n.t('{seconds} s', { seconds });
}

export interface DateOptions {
  /** IANA name; default: as `setTimeZone` chose, else the system's. @throws RangeError for a name that nobody knows */
  readonly timeZone?: string | undefined;
}

/** Date and time to the minute: `23 Nov 2026, 21:00`, in Indonesian `23 Nov 2026 pukul 21.00`. @param ns nanoseconds since 1970 */
export function formatDate(ns: bigint, options: DateOptions = {}): string {
  return l10n.t('{date}, {time}', { date: formatDay(ns, options), time: formatTime(ns, options) });
}

/** `23 Nov 2026` */
export function formatDay(ns: bigint, { timeZone }: DateOptions = {}): string {
  return dateFormat(locales[currentLanguage()], 'day', timeZone).format(toMs(ns));
}

/** `21:00`, in Indonesian `21.00` */
export function formatTime(ns: bigint, { timeZone }: DateOptions = {}): string {
  return dateFormat(locales[currentLanguage()], 'time', timeZone).format(toMs(ns));
}

/** `Today`, `Yesterday`, else as `formatDay`. Both days are those of the time zone. */
export function formatRelativeDay(ns: bigint, nowNs: bigint, options: DateOptions = {}): string {
  const day = dayNumber(ns, options);
  const today = dayNumber(nowNs, options);
  if (day === today) return l10n.t('Today');
  return day === today - 1 ? l10n.t('Yesterday') : formatDay(ns, options);
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

const dateFields = {
  day: { day: 'numeric', month: 'short', year: 'numeric' },
  time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  parts: { year: 'numeric', month: 'numeric', day: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

// Making a formatter takes far longer than using it, and lists of snapshots use thousands.
const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat(locale: string, decimals: number, others: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return cached(
    numberFormats,
    `${locale} ${decimals} ${others.roundingMode ?? ''}`,
    () => new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, ...others }),
  );
}

function dateFormat(locale: string, fields: keyof typeof dateFields, zone: string | undefined): Intl.DateTimeFormat {
  const timeZone = zone ?? currentTimeZone();
  return cached(
    dateFormats,
    `${locale} ${fields} ${timeZone ?? ''}`,
    () => new Intl.DateTimeFormat(locale, { ...dateFields[fields], calendar: 'gregory', timeZone }),
  );
}

function cached<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  const made = make();
  values.set(key, made);
  return made;
}

/** Days since 1970 of the date that a calendar of the time zone shows. */
function dayNumber(ns: bigint, { timeZone }: DateOptions): number {
  const parts = dateFormat('en-GB', 'parts', timeZone).formatToParts(toMs(ns));
  const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day')) / 86_400_000;
}

function toMs(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
