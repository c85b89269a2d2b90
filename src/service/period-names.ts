/** Days, both included: `2026-11-01`. */
interface Days {
  readonly from: string;
  readonly to: string;
}

/** `backup-report-2026-11.pdf`, `backup-exceptions-2026-11.csv`; a whole month goes by its name, a single day too. */
export function reportFileName(period: Days, format: string, language: 'en' | 'id'): string {
  if (format === 'exceptions') return `${language === 'id' ? 'pengecualian-cadangan' : 'backup-exceptions'}-${periodName(period)}.csv`;
  return `${language === 'id' ? 'laporan-cadangan' : 'backup-report'}-${periodName(period)}.${format}`;
}

/** `audit-2026-11.zip` */
export function packFileName(period: Days): string {
  return `audit-${periodName(period)}.zip`;
}

/** The last day of a month. @param month `2026-11` */
export function lastDayOf(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

/** `2026-11`, `2026-11-14`, `2026-11-01_2026-11-15` */
function periodName({ from, to }: Days): string {
  if (from === to) return from;
  return from.endsWith('-01') && to === lastDayOf(from.slice(0, 7)) ? from.slice(0, 7) : `${from}_${to}`;
}
