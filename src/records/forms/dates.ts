import { currentLanguage } from '../../platform/index.ts';

/* Dates and times as forms write them, in the language of the moment. What a record calls a day and is none is shown as it is. */

const locales = { en: 'en-GB', id: 'id-ID' } as const;

/** `23 November 2026` @param day `2026-11-23` */
export function longDay(day: string): string {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms)
    ? day
    : new Intl.DateTimeFormat(locales[currentLanguage()], {
        day: 'numeric',
        month: 'long',
        year: 'numeric',
        timeZone: 'UTC',
        calendar: 'gregory',
      }).format(ms);
}

/** `23/11/2026` */
export function shortDay(ms: number, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat(locales[currentLanguage()], {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    timeZone,
    calendar: 'gregory',
  }).format(ms);
}

/** `21:00`, in Indonesian `21.00` */
export function clockTime(ms: number, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat(locales[currentLanguage()], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone }).format(ms);
}

/** `WIB (Asia/Jakarta)`: people in Indonesia know their zones by these letters, in every language. */
export function zoneName(ms: number, timeZone: string | undefined): string {
  const name = timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const short = (locale: string) =>
    new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: 'short' }).formatToParts(ms).find(({ type }) => type === 'timeZoneName')
      ?.value ?? '';
  const indonesian = short('id-ID');
  return `${/^WI(?:B|TA|T)$/.test(indonesian) ? indonesian : short(locales[currentLanguage()])} (${name})`;
}
