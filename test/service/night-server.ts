import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { passwordFromText, systemRandom } from '../../src/platform/index.ts';
import type { HistoryRecord } from '../../src/records/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { Service } from '../../src/service/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';

/** The clock of a machine whose work takes real time. */
export class NightClock extends VirtualClock {
  readonly services: Service[] = [];

  /** Something runs, is written down, or is just being sent; what is only to be sent later waits for the clock. */
  get isAtWork(): boolean {
    return this.services.some((service) => service.isRunning || service.tasks.isBusy || (service.isBusy && !service.alerts.isPending));
  }
}

/**
 * A host's service with nobody connected, on a clock that the test moves: a minute to nine in Jakarta.
 * @param general what stands in the file beside the set
 * @param isPassive it only does what it is asked for
 * @param counts whether the machine counts for itself: then a clock that is set is no sleep
 */
export async function nightServer(
  t: TestContext,
  set: Readonly<Record<string, unknown>>,
  {
    counts = false,
    general = {},
    isPassive = false,
  }: { readonly counts?: boolean; readonly general?: Readonly<Record<string, unknown>>; readonly isPassive?: boolean } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-night-'));
  const path = (...names: string[]): string => join(folder, ...names);
  const source = path('data');
  mkdirSync(source);
  writeSecretFile(path('password'), 'geheim');
  await Repository.init({ storage: openStorage(path('repository')) }, passwordFromText('geheim'), {
    signal: neverAborted,
    kdfCost: { N: 16, r: 1, p: 1 },
  });
  const whole = { name: 'data', sources: [source], repository: { location: path('repository'), passwordFile: path('password') }, ...set };
  writeFileSync(path('cadangan.jsonc'), JSON.stringify({ timeZone: 'Asia/Jakarta', ...general, sets: [whole] }));
  const clock = new NightClock({ startNs: BigInt(Date.UTC(2026, 7, 3, 13, 59)) * 1_000_000n });
  t.after(async () => {
    for (const service of clock.services) await service.close();
    // A service that goes on would write into it meanwhile. Not synchronously: that refuses read-only files on Windows.
    await rm(folder, { recursive: true, force: true });
  });
  const log: string[] = [];
  /** The machine has run for a day, and does not sleep. */
  const machine = {
    uptimeMs: () => (counts ? clock.monotonicMs() + 86_400_000 : Number(clock.nowNs() / 1_000_000n) - Date.UTC(2026, 7, 2, 14)),
  };
  const world = { clock, random: systemRandom, environment: { PATH: process.env['PATH'] }, machine };
  const begin = async (): Promise<Service> => {
    const service = await Service.open(
      { stateFolder: path('state'), configFile: path('cadangan.jsonc') },
      { ...world, version: '0.0.0', programVersion: 'cadangan test' },
      { tell: () => undefined, ask: async () => undefined, log: (_, message) => log.push(message) },
    );
    clock.services.push(service);
    await service.begin({ isPassive });
    return service;
  };
  return { clock, path, source, log, service: await begin(), begin, records: () => recordsIn(path('state')) };
}

/**
 * Time goes on, and leaves the work room in between: while something is at work it goes slowly, or on a slow machine a backup would last a
 * night, and its lock be too old for anybody to respect.
 * @returns what `find` found at last
 */
export async function live<T>(clock: VirtualClock, stepMs: number, find: () => Promise<T | undefined>): Promise<T> {
  for (let step = 0; step < 100_000; step++) {
    const found = await find();
    if (found !== undefined) return found;
    await clock.advance(clock instanceof NightClock && clock.isAtWork ? Math.min(stepMs, atWorkMs) : stepMs);
    await delay(2);
  }
  assert.fail('it did not come to that');
}

const atWorkMs = 100;

/** What was begun has ended. */
export function untilAtRest(clock: NightClock): Promise<true> {
  return live(clock, atWorkMs, async () => !clock.isAtWork || undefined);
}

export const backupsOf = (records: readonly HistoryRecord[]): HistoryRecord[] => records.filter(({ kind }) => kind === 'internal-backup');
