/*
 * What the dashboard's page and the extension say to each other. Every text is ready, in the language of the moment: the page draws, and
 * knows no words.
 */

/** What a click leads to. */
export type Action =
  | { readonly kind: 'record'; readonly number: number }
  /** The history of one day, `2026-11-23`. */
  | { readonly kind: 'day'; readonly day: string }
  | { readonly kind: 'command'; readonly command: DashboardCommand };

/** Commands that the page may start. */
export const dashboardCommands = ['verifyRecords', 'runDrill', 'showDrive'] as const;
export type DashboardCommand = (typeof dashboardCommands)[number];

/** From the page to the extension. `ready`: it is empty and wants the year that it showed before, if any. */
export type PageMessage = Action | { readonly kind: 'ready'; readonly year?: number } | { readonly kind: 'year'; readonly year: number };

/** From the extension to the page. */
export type DashboardMessage = { readonly kind: 'page'; readonly page: DashboardPage } | { readonly kind: 'error'; readonly text: string };

/** How it stands: each has a shape and a colour. */
export type Mark = 'success' | 'success-with-exceptions' | 'failed' | 'stopped' | 'missed';

/** A text that leads somewhere, where it has an action. */
export interface Link {
  readonly text: string;
  readonly action?: Action;
}

export interface DashboardPage {
  /** BCP 47. */
  readonly locale: string;
  /** IANA name, in which the times of the chart are shown. */
  readonly timeZone: string;
  readonly title: string;
  readonly subtitle: string;
  readonly yearLabel: string;
  readonly year: number;
  readonly years: readonly number[];
  readonly tiles: readonly Tile[];
  readonly calendar: Calendar;
  readonly sets: Table;
  readonly growth: Growth;
  readonly nonconformities: Table;
}

/** One figure, large, with what belongs to it. */
export interface Tile {
  readonly id: string;
  readonly title: string;
  readonly mark?: Mark;
  readonly value: Link;
  readonly details: readonly Link[];
}

export interface Calendar {
  readonly title: string;
  readonly help: string;
  /** Monday first. */
  readonly weekdays: readonly { readonly short: string; readonly long: string }[];
  readonly months: readonly { readonly text: string; readonly week: number }[];
  readonly weeks: number;
  readonly days: readonly CalendarDay[];
  readonly legend: readonly { readonly mark: Mark; readonly text: string; readonly count: string; readonly label: string }[];
}

export interface CalendarDay {
  readonly date: string;
  /** From 0; the day of the week, Monday is 0. */
  readonly week: number;
  readonly weekday: number;
  /** All that there is to say, for people who do not see it. */
  readonly label: string;
  readonly heading: string;
  readonly mark?: Mark;
  readonly isFuture: boolean;
  readonly links: readonly Link[];
}

export interface Table {
  readonly title: string;
  /** Said instead of a table without rows. */
  readonly empty: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Cell extends Link {
  readonly mark?: Mark;
  readonly markText?: string;
}

export interface Growth {
  readonly title: string;
  /** What the chart shows, in a sentence. */
  readonly label: string;
  readonly empty: string;
  readonly unit: string;
  readonly unitBytes: number;
  readonly series: readonly [data: string, repository: string];
  /** Seconds since 1970, bytes, bytes; of each point its record and what it says. */
  readonly times: readonly number[];
  readonly data: readonly number[];
  readonly repository: readonly number[];
  readonly points: readonly Link[];
  readonly tableTitle: string;
  readonly table: Table;
}
