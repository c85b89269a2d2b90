import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The set that runs every night, as the work instruction has it. */
export const nightlySet = 'server';
/** The set that follows its files: change one, and see it run. */
export const websiteSet = 'website';

/** The one account that off-site copies belong to, as the work instruction has it. */
export const designatedAccount = 'backup@contoh.co.id';

interface SampleHouse {
  readonly source: string;
  readonly repository: string;
  readonly passwordFile: string;
  readonly isSample: boolean;
  /** Of the company's OAuth client; without it there is no off-site copy. */
  readonly clientFile: string | undefined;
}

/** Writes what an admin would write, comments included. @returns the file */
export function writeConfiguration(folder: string, { source, repository, passwordFile, isSample, clientFile }: SampleHouse): string {
  const place = `"repository": { "location": ${JSON.stringify(repository)}, "passwordFile": ${JSON.stringify(passwordFile)} }`;
  const sets = [nightly(source, place), ...(isSample ? [website(join(source, 'website'), place)] : [])];
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'cadangan.jsonc');
  writeFileSync(
    file,
    `{\n  // This file is all that Cadangan is told about a server. The editor completes and checks it.\n  "version": 1,\n  "organisation": "PT Contoh Sejahtera",\n${instruction}  "sets": [\n${sets.join(',\n')}\n  ]${clientFile === undefined ? '' : offsite(repository, clientFile)}\n}\n`,
  );
  return file;
}

/** What the company's work instruction wants: forms print it, and what is not as it wants becomes a nonconformity. */
const instruction = `  "instruction": {
    "documentNumber": "IK-IT-003", "title": "Backup dan Restore Data Server", "revision": "02", "date": "2022-12-07",
    "preparedBy": { "name": "Rina Wulandari", "position": "HSE Officer" },
    "checkedBy": { "name": "Budi Santoso", "position": "IT Officer" },
    "approvedBy": { "name": "H. Agus Prasetyo", "position": "Direktur" },
    "formNumber": "FR-IT-007", "formRevision": "00",
    "window": "21:00-23:00", "drillIntervalDays": 30, "rtoMinutes": 240, "recordsKeptYears": 5
  },
`;

function offsite(repository: string, clientFile: string): string {
  return `,
  // Here Google Drive is an emulator on this machine; for a company it is the real one, with the company's own client.
  "googleDrive": { "account": "${designatedAccount}", "clientFile": ${JSON.stringify(clientFile)} },
  "offsiteCopies": [
    {
      "name": "offsite",
      "title": "Off-site copy",
      "repository": ${JSON.stringify(repository)},
      "to": "gdrive:Cadangan/server",
      // A copy follows as soon as the repository has been quiet for five seconds.
      "settleSeconds": 5
    }
  ]`;
}

function nightly(source: string, place: string): string {
  return `    {
      "name": "${nightlySet}",
      "title": "Main server",
      "sources": [${JSON.stringify(source)}],
      ${place},
      // Every night, between nine and eleven.
      "schedule": { "window": "21:00-23:00" },
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
      "schedule": { "onChange": { "settleSeconds": 5 } }
    }`;
}
