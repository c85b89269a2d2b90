import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The set that runs every night, as the work instruction has it. */
export const nightlySet = 'server';
/** The set that follows its files: change one, and see it run. */
export const websiteSet = 'website';

interface SampleHouse {
  readonly source: string;
  readonly repository: string;
  readonly passwordFile: string;
  readonly isSample: boolean;
}

/** Writes what an admin would write, comments included. @returns the file */
export function writeConfiguration(folder: string, { source, repository, passwordFile, isSample }: SampleHouse): string {
  const place = `"repository": { "location": ${JSON.stringify(repository)}, "passwordFile": ${JSON.stringify(passwordFile)} }`;
  const sets = [nightly(source, place), ...(isSample ? [website(join(source, 'website'), place)] : [])];
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'cadangan.jsonc');
  writeFileSync(file, `{\n  // This file is all that Cadangan is told about a server. The editor completes and checks it.\n  "version": 1,\n  "organisation": "PT Contoh Sejahtera",\n  "sets": [\n${sets.join(',\n')}\n  ]\n}\n`);
  return file;
}

function nightly(source: string, place: string): string {
  return `    {
      "name": "${nightlySet}",
      "title": "Main server",
      "sources": [${JSON.stringify(source)}],
      ${place},
      // Every night, between nine and eleven.
      "schedule": { "window": "21:00-23:00" },
      "retention": { "keepDaily": 30, "keepMonthly": 12, "keepYearly": 5 },
      "rpoHours": 26
    }`;
}

function website(source: string, place: string): string {
  return `    {
      "name": "${websiteSet}",
      "title": "Website",
      "sources": [${JSON.stringify(source)}],
      ${place},
      // Whenever something has changed, and it has been quiet for five seconds.
      "schedule": { "onChange": { "settleSeconds": 5 } },
      "retention": { "keepLast": 100 }
    }`;
}
