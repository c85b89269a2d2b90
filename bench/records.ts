import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock, systemRandom } from '../src/platform/index.ts';
import { RecordHistory } from '../src/records/index.ts';
import { SeededRandom } from '../test/fakes/seeded-random.ts';
import { makeHistory, someBackup } from '../test/records/some-records.ts';
import { folderBytes, measure, median, type Measurement } from './measure.ts';

/*
 * What the history costs: `node bench/records.ts [--records 20000] [--rounds 5] [--work FOLDER] [--out FILE]`, after `npm run build`. A
 * backup in which nothing changed is the run that a record weighs most on. Each round takes every case once, in turn, so that a busy
 * machine falls on all alike.
 */
const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    work: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
  },
});
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const work = mkdtempSync(join(options.work, 'cadangan-bench-records-'));
const [records, rounds] = [Number(options.records), Number(options.rounds)];
const appends = 200;
const seed = 1;

interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

try {
  const report = await run();
  if (options.out !== undefined) writeFileSync(options.out, report);
  console.log(report);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function run(): Promise<string> {
  const source = join(work, 'source');
  makeSource(source);
  const [onShort, onLong] = [await house('short', source), await house('long', source, records)];
  const cases: readonly Case[] = [
    { name: 'backup, history of a few records', command: ['backup', '-q', 'bench'], env: onShort },
    { name: `backup, history of ${records.toLocaleString('en')}`, command: ['backup', '-q', 'bench'], env: onLong },
    {
      name: `records list of ${records.toLocaleString('en')}, one day`,
      command: ['records', 'list', '--day', '2026-11-23', '-q'],
      env: onLong,
    },
    { name: `records verify of ${records.toLocaleString('en')}`, command: ['records', 'verify', '-q'], env: onLong },
  ];
  const measured = await inTurn(cases);
  const append = await appendCost(onShort.CADANGAN_STATE);
  return [
    '# What the records cost',
    '',
    `Median of ${rounds} rounds, whole processes of the built command line. The source has 2,000 files that do not change. The long history has ${(folderBytes(join(onLong.CADANGAN_STATE, 'records')) / 1e6).toFixed(1)} MB (seed ${seed}).`,
    '',
    '| | wall | peak memory |',
    '| --- | --- | --- |',
    ...cases.map(({ name }, index) => row(name, measured[index] ?? [])),
    '',
    `One append (lock, hash, signature, fsync): ${append.ofRecordMs.toFixed(1)} ms; an empty write with fsync in the same folder: ${append.ofSyncMs.toFixed(1)} ms (medians of ${appends}).`,
    '',
  ].join('\n');
}

/** A machine with a repository, a configuration of one set, and a history of so many records from before. */
async function house(
  name: string,
  source: string,
  before = 0,
): Promise<Readonly<Record<'CADANGAN_STATE' | 'CADANGAN_CONFIG' | 'RESTIC_PASSWORD' | 'RESTIC_REPOSITORY', string>>> {
  const folder = join(work, name);
  const env = {
    RESTIC_REPOSITORY: join(folder, 'repository'),
    RESTIC_PASSWORD: 'bench',
    CADANGAN_CONFIG: join(folder, 'cadangan.jsonc'),
    CADANGAN_STATE: join(folder, 'state'),
  };
  mkdirSync(folder);
  writeFileSync(
    env.CADANGAN_CONFIG,
    JSON.stringify({ version: 1, sets: [{ name: 'bench', sources: [source], repository: { location: env.RESTIC_REPOSITORY } }] }),
  );
  await makeHistory(env.CADANGAN_STATE, before, seed);
  await measure({ argv: [process.execPath, cli, 'init', '-q'], env });
  return env;
}

function makeSource(folder: string): void {
  for (let index = 0; index < 2000; index++) {
    const inner = join(folder, String(index % 20));
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, `${index}.txt`), `${index}\n`.repeat(100));
  }
}

async function inTurn(cases: readonly Case[]): Promise<readonly Measurement[][]> {
  const measured: Measurement[][] = cases.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, { command, env }] of cases.entries()) {
      const one = await measure({ argv: [process.execPath, cli, ...command], env });
      if (round >= 0) measured[index]?.push(one); // the first round makes the first snapshots
    }
  }
  return measured;
}

function row(name: string, measured: readonly Measurement[]): string {
  return `| ${name} | ${median(measured.map(({ wallSeconds }) => wallSeconds)).toFixed(2)} s | ${median(measured.map(({ peakMib }) => peakMib)).toFixed(0)} MiB |`;
}

/** In this process, on the state folder of the short history. */
async function appendCost(stateFolder: string): Promise<{ readonly ofRecordMs: number; readonly ofSyncMs: number }> {
  const history = new RecordHistory(stateFolder, { clock: systemClock, random: systemRandom, software: 'bench' });
  const random = new SeededRandom(seed);
  const [records, syncs]: [number[], number[]] = [[], []];
  for (let done = 0; done < appends; done++) {
    records.push(await timedMs(() => history.append(someBackup(random))));
    syncs.push(await timedMs(() => Promise.resolve(writeFileSync(join(stateFolder, 'sync'), 'x', { flush: true }))));
  }
  return { ofRecordMs: median(records), ofSyncMs: median(syncs) };
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
