import { join } from 'node:path';
import { isTimeZone, offsetMinutesIn, readFile, systemClock, systemCode, systemTimeZone } from '../platform/index.ts';
import { newestRecord } from './chain-end.ts';
import { recordsFolder } from './history.ts';
import { fieldOf } from './settings-in-force.ts';
import { instantMsOf } from './timestamp.ts';

/** What was recorded of the configuration last, with the zone that was in force: `configuration.json` beside the records. */
export function recordedConfigurationPath(folder: string): string {
  return join(folder, 'configuration.json');
}

/**
 * The settings with the zone in which windows are planned and days are counted: as the file names it, else as it was recorded first. So a
 * machine that moves, or a command that runs with another `TZ`, plans and judges nothing anew; only a change of the file does.
 * @throws `time-zone.unusable` when nothing is named or recorded, and the machine's is none
 */
export async function inZoneInForce<Settings extends { readonly timeZone?: string | undefined }>(
  settings: Settings,
  stateFolder: string,
): Promise<Settings & { readonly timeZone: string }> {
  const folder = recordsFolder(stateFolder);
  const timeZone = settings.timeZone ?? (await recordedZone(folder)) ?? (await zoneOfHistory(folder)) ?? systemTimeZone();
  return { ...settings, timeZone };
}

/**
 * Earlier versions recorded no zone that the file did not name, but every record has the offset of its time. Where that is not the
 * machine's at that time, the machine (or `TZ`) is elsewhere now, and the offset is all that is known.
 */
async function zoneOfHistory(folder: string): Promise<string | undefined> {
  const at = (await newestRecord(folder))?.at;
  if (at === undefined) return undefined;
  const offset = /(?:Z|[+-]\d\d:\d\d)$/.exec(at)?.[0].replace('Z', '+00:00') ?? '';
  const ns = BigInt(instantMsOf(at)) * 1_000_000n;
  if (!isTimeZone(offset) || offsetMinutesIn(offset, ns) === systemClock.offsetMinutes(ns)) return undefined;
  return offset;
}

async function recordedZone(folder: string): Promise<string | undefined> {
  try {
    const zone = fieldOf(JSON.parse(await readFile(recordedConfigurationPath(folder), 'utf8')), 'timeZone');
    return typeof zone === 'string' && isTimeZone(zone) ? zone : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}
