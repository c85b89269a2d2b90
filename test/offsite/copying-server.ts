import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordKeeper, type StoragePlace } from '../../src/jobs/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { clientFileOf, sampleAccount, sampleClient } from '../drive-emulator/index.ts';
import { quick } from '../google/drive-stage.ts';
import { copyPath, type OffsiteStage } from './offsite-stage.ts';

/** A configured copy of the stage's repository. */
export function copyOf({ repository }: Pick<OffsiteStage, 'repository'>, more: Partial<OffsiteCopy> = {}): OffsiteCopy {
  const often = { settleSeconds: 1, paused: false, scrubEveryDays: 7, sampleReadPercent: 1 };
  return { name: 'office', repository, to: `gdrive:${copyPath}`, ...often, ...more };
}

/** What a server knows of Google and of its copies, in a folder of its own. @param state its name in the stage's folder */
export function placeAt(stage: OffsiteStage, state = 'state'): StoragePlace {
  const clientFile = join(stage.folder, 'client.json');
  writeFileSync(clientFile, JSON.stringify(clientFileOf(sampleClient)));
  const stateFolder = join(stage.folder, state);
  mkdirSync(stateFolder, { recursive: true });
  return {
    settings: { account: sampleAccount, clientFile },
    stateFolder,
    environment: { CADANGAN_GOOGLE_ENDPOINT: stage.emulator.url },
    store: stage.drive.store,
    client: quick,
  };
}

export function recordsAt({ stateFolder }: StoragePlace, onError: (error: unknown) => void): RecordKeeper {
  return new RecordKeeper({ stateFolder, clock: systemClock, random: systemRandom, software: 'cadangan test', via: 'editor', onError });
}
