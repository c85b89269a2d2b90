import { createHash, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/platform/index.ts';
import { paceOf } from '../src/service/index.ts';
import { DriveStorage, FolderStorage, LimitedStorage, type FileName, type Storage } from '../src/storage/index.ts';
import { driveStage } from '../test/google/drive-stage.ts';
import { neverAborted } from '../test/fakes/never-aborted.ts';

/*
 * Whether limits hold: `node bench/limits.ts [--seconds 15]`. Files are written to a folder and, over loopback, to the emulator of Google
 * Drive, and are read again, four at once; what went is held against what may go.
 */
const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '15' } } });
const atOnce = 4;
const work = mkdtempSync(join(tmpdir(), 'cadangan-bench-limits-'));

try {
  console.log('| where | limit | written at | read at |\n| --- | --- | --- | --- |');
  for (const [limit, bytesPerSecond] of [
    ['2 Mbit/s', 250_000],
    ['20 Mbit/s', 2_500_000],
    ['200 Mbit/s', 25_000_000],
  ] as const) {
    const pace = paceOf({ upload: limit, download: limit }, { clock: systemClock, timeZone: 'UTC' }) ?? {};
    const folder = new LimitedStorage(new FolderStorage(join(work, String(bytesPerSecond))), pace);
    console.log(`| folder | ${limit} | ${await measured(folder, bytesPerSecond)} |`);
    await using stage = await driveStage({ emulator: { folder: join(work, `drive-${bytesPerSecond}`) }, client: { pace } });
    console.log(`| Google Drive's emulator | ${limit} | ${await measured(new DriveStorage(stage.client, 'Bench/r'), bytesPerSecond)} |`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Both ways, each as a rate and as a share of what may go. */
async function measured(storage: Storage, bytesPerSecond: number): Promise<string> {
  await storage.create(neverAborted);
  const files = Array.from({ length: 2 * atOnce }, () => someFile((bytesPerSecond * Number(options.seconds)) / (2 * atOnce)));
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const rateOf = async (go: (one: { file: FileName; bytes: Uint8Array }) => Promise<unknown>): Promise<string> => {
    const startMs = performance.now();
    const streams = Array.from({ length: atOnce }, async (_, stream) => {
      for (const one of files.filter((__, at) => at % atOnce === stream)) await go(one);
    });
    await Promise.all(streams);
    const rate = (total / (performance.now() - startMs)) * 1000;
    return `${((rate * 8) / 1e6).toFixed(2)} Mbit/s (${((rate / bytesPerSecond) * 100).toFixed(1)} %)`;
  };
  const written = await rateOf(({ file, bytes }) => storage.write(file, bytes, neverAborted));
  const read = await rateOf(({ file, bytes }) => storage.readRange(file, 0, bytes.length, { signal: neverAborted }));
  await storage.close();
  return `${written} | ${read}`;
}

function someFile(sizeBytes: number): { readonly file: FileName; readonly bytes: Uint8Array } {
  const bytes = randomFillSync(new Uint8Array(Math.round(sizeBytes)));
  return { file: { kind: 'data', name: createHash('sha256').update(bytes).digest('hex') }, bytes };
}
