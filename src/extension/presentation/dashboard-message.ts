import { dashboardCommands, type PageMessage } from '../dashboard/page.ts';

/** What the page of the dashboard says. Undefined for anything else. */
export function parsePageMessage(value: unknown): PageMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, number, day, year, command }: Partial<Record<'kind' | 'number' | 'day' | 'year' | 'command', unknown>> = value;
  switch (kind) {
    case 'ready':
      return isWhole(year) ? { kind, year } : { kind };
    case 'year':
      return isWhole(year) ? { kind, year } : undefined;
    case 'record':
      return isWhole(number) ? { kind, number } : undefined;
    case 'day':
      return typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day) ? { kind, day } : undefined;
    case 'command': {
      const known = dashboardCommands.find((name) => name === command);
      return known === undefined ? undefined : { kind, command: known };
    }
    default:
      return undefined;
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
