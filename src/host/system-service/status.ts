import { stat } from 'node:fs/promises';
import { readFile, systemCode, type Random } from '../../platform/index.ts';
import { loadConfiguration } from '../../settings/index.ts';
import type { Peer } from '../handshake.ts';
import { visitHost } from '../visit-host.ts';
import { hasUserLines } from './cron-lines.ts';
import { isUnfinished } from './move-state.ts';
import { programsWithoutRights, type ProgramWithoutRights } from './gained-rights.ts';
import type { ServicePlace } from './place.ts';
import { currentCopy, versionOfCopy } from './program-copies.ts';
import { uncoveredBy, type Uncovered } from './rights.ts';
import { rightsOfUnit } from './systemd-unit.ts';

/** What is installed at a place, and what it is at. */
export interface ServiceStatus {
  readonly place: ServicePlace;
  /** The manager knows it. */
  readonly isInstalled: boolean;
  /** Of the copy of the program that is started. */
  readonly version: string | undefined;
  /** `unknown`: only an administrator can ask. */
  readonly host: Peer | 'none' | 'unknown';
  /** The move of a state was interrupted: the service does not start. */
  readonly isUnfinished: boolean;
  /** Sets and copies that need more than the unit allows. */
  readonly uncovered: readonly Uncovered[];
  /** Programs that would fail under it, since they need other rights. */
  readonly withoutRights: readonly ProgramWithoutRights[];
}

export interface StatusWorld {
  /** Of the program that asks. */
  readonly version: string;
  readonly random: Random;
  /** What cron has for this user. */
  readonly crontab?: string | undefined;
}

export async function serviceStatus(place: ServicePlace, world: StatusWorld): Promise<ServiceStatus> {
  const unit = place.unitFile === undefined ? undefined : await textOf(place.unitFile);
  const isInstalled = place.unitFile === undefined ? hasUserLines(world.crontab ?? '') : unit !== undefined;
  const copy = await currentCopy(place.programFolder);
  const version = copy === undefined ? undefined : versionOfCopy(copy);
  const isLimited = place.manager === 'systemd' && place.scope === 'system' && unit !== undefined;
  const { configuration } = await loadConfiguration(place.configFile);
  const uncovered = isLimited ? uncoveredBy(rightsOfUnit(unit), configuration) : [];
  const withoutRights = await programsWithoutRights(place, configuration, process.env);
  return { place, isInstalled, version, uncovered, withoutRights, ...(await lifeOf(place, world)) };
}

async function lifeOf(
  { stateFolder }: ServicePlace,
  { version, random }: StatusWorld,
): Promise<Pick<ServiceStatus, 'host' | 'isUnfinished'>> {
  try {
    if (!(await stat(stateFolder).catch(notThere))) return { host: 'none', isUnfinished: false };
    const unfinished = await isUnfinished(stateFolder);
    const visit = unfinished ? undefined : await visitHost({ stateFolder, version, random });
    visit?.close();
    return { host: visit?.host ?? 'none', isUnfinished: unfinished };
  } catch (error) {
    if (systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') return { host: 'unknown', isUnfinished: false };
    throw error;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(notThere);
}

function notThere(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
}
