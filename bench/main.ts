import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeData, type DataPlan } from './data.ts';
import { measure, median, type Command, type Measurement } from './measure.ts';
import { tools, type Tool } from './tools.ts';

/*
 * `npm run bench`: Cadangan beside what people would use instead, as whole processes, in one run, in turn, on generated data.
 * Machines differ and are shared: read the ratios. `npm run bench -- --help` lists the options.
 */
const steps = ['full', 'unchanged', 'restore', 'check'] as const;
type Step = (typeof steps)[number];
const stepTitles: Record<Step, string> = {
  full: 'full backup',
  unchanged: 'nothing changed',
  restore: 'restore',
  check: 'check every byte',
};

const { values: options } = parseArgs({
  options: {
    'random-mb': { type: 'string', default: '512' },
    'text-mb': { type: 'string', default: '512' },
    files: { type: 'string', default: '40000' },
    'file-bytes': { type: 'string', default: '8192' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    tools: { type: 'string', default: tools.map((tool) => tool.name).join(',') },
    memory: { type: 'string', default: '20000,200000' },
    work: { type: 'string', default: tmpdir() },
    tidy: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('RESULTS.md', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(
    'npm run bench -- [--random-mb N] [--text-mb N] [--files N] [--file-bytes N] [--rounds N] [--seed N] [--tools a,b] [--memory COUNT,COUNT] [--work FOLDER] [--tidy] [--out FILE]',
  );
  process.exit(0);
}

const work = mkdtempSync(join(options.work, 'cadangan-bench-'));
try {
  const plan: DataPlan = {
    seed: Number(options.seed),
    randomMb: Number(options['random-mb']),
    textMb: Number(options['text-mb']),
    smallFiles: Number(options.files),
    smallFileBytes: Number(options['file-bytes']),
  };
  const chosen = options.tools.split(',').map((name) => name.trim());
  const contenders = tools.filter((tool) => chosen.includes(tool.name) && tool.isThere());
  const speed = await compareSpeed(contenders, plan, Number(options.rounds));
  const memory = await measureMemory(options.memory.split(',').filter(Boolean).map(Number), plan.seed);
  const report = [heading(plan, Number(options.rounds)), speed, memory].join('\n');
  writeFileSync(options.out, report);
  console.log(report);
} finally {
  rmSync(work, { recursive: true, force: true });
}

interface Result {
  readonly measurements: Record<Step, Measurement[]>;
  sizeBytes: number;
}

async function compareSpeed(contenders: readonly Tool[], plan: DataPlan, rounds: number): Promise<string> {
  const source = join(work, 'source');
  makeData(source, plan);
  const results = new Map(
    contenders.map((tool): [Tool, Result] => [tool, { measurements: { full: [], unchanged: [], restore: [], check: [] }, sizeBytes: 0 }]),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const [tool, result] of results) await runRound(tool, result, source, round);
  }
  return speedTables(results);
}

async function runRound(tool: Tool, result: Result, source: string, round: number): Promise<void> {
  // Fresh folders each time, removed at the end unless `--tidy` (for a work folder in memory): after a mass deletion ext4 makes files many
  // times slower for a minute and more, for everybody.
  const place = mkdtempSync(join(work, 'round-'));
  const repository = join(place, 'repository');
  const target = join(place, 'target');
  mkdirSync(target);
  tool.init(repository);
  const commands: Record<Step, () => Command | undefined> = {
    full: () => tool.backup(repository, source),
    unchanged: () => tool.again(repository, source),
    restore: () => tool.restore(repository, target),
    check: () => tool.check(repository),
  };
  for (const step of steps) {
    const command = commands[step]();
    if (!command) continue;
    // What the step before left to be written to the disk is not this one's to wait for.
    spawnSync('sync');
    const measurement = await measure(command);
    result.measurements[step].push(measurement);
    if (step === 'full') result.sizeBytes = tool.sizeBytes(repository);
    console.error(
      `round ${round}  ${tool.name.padEnd(16)} ${stepTitles[step].padEnd(18)} ${measurement.wallSeconds.toFixed(2)} s  ${measurement.peakMib.toFixed(0)} MiB`,
    );
  }
  if (options.tidy) rmSync(place, { recursive: true, force: true });
}

function speedTables(results: ReadonlyMap<Tool, Result>): string {
  const reference = [...results].find(([tool]) => tool.name === 'restic')?.[1];
  const header = `| | ${steps.map((step) => stepTitles[step]).join(' | ')} | repository | notes |\n| --- | ${steps.map(() => '---').join(' | ')} | --- | --- |`;
  const times = [...results].map(([tool, result]) => {
    const cells = steps.map((step) =>
      cell(
        result.measurements[step],
        (median) => `${median.toFixed(2)} s`,
        (one) => one.wallSeconds,
      ),
    );
    return `| ${nameOf(tool)} | ${cells.join(' | ')} | ${(result.sizeBytes / 1e6).toFixed(0)} MB | ${tool.note} |`;
  });
  const ratios = [...results].map(([tool, result]) => {
    const cells = steps.map((step) => ratio(reference?.measurements[step], result.measurements[step]));
    const size = reference ? (result.sizeBytes / reference.sizeBytes).toFixed(3) : '';
    return `| ${nameOf(tool)} | ${cells.join(' | ')} | ${size} | |`;
  });
  const peaks = [...results].map(([tool, result]) => {
    const cells = steps.map((step) =>
      cell(
        result.measurements[step],
        (median) => `${median.toFixed(0)} MiB`,
        (one) => one.peakMib,
      ),
    );
    return `| ${nameOf(tool)} | ${cells.join(' | ')} | | |`;
  });
  return [
    '## Times, medians of whole processes',
    '',
    header,
    ...times,
    '',
    "## How many times as fast as restic (repository: size beside restic's)",
    '',
    header,
    ...ratios,
    '',
    '## Peak memory of all processes',
    '',
    header,
    ...peaks,
    '',
  ].join('\n');
}

/** A bar would end the table's cell. */
function nameOf(tool: Tool): string {
  return tool.name.replaceAll('|', '\\|');
}

function cell(measurements: readonly Measurement[], show: (median: number) => string, value: (one: Measurement) => number): string {
  return measurements.length === 0 ? '' : show(median(measurements.map(value)));
}

/** The median of the rounds' own ratios: rounds stand side by side, so a machine that slows down in mid-run does not tilt it. */
function ratio(reference: readonly Measurement[] | undefined, own: readonly Measurement[]): string {
  const pairs = own.flatMap((one, round) => (reference?.[round] ? [reference[round].wallSeconds / one.wallSeconds] : []));
  return pairs.length === 0 ? '' : `${median(pairs).toFixed(2)} x`;
}

async function measureMemory(fileCounts: readonly number[], seed: number): Promise<string> {
  const [cadangan] = tools;
  if (!cadangan || fileCounts.length === 0) return '';
  const rows: string[] = [];
  for (const smallFiles of fileCounts) {
    const source = join(work, `many-${smallFiles}`);
    makeData(source, { seed, randomMb: 64, textMb: 64, smallFiles, smallFileBytes: 1024 });
    const result: Result = { measurements: { full: [], unchanged: [], restore: [], check: [] }, sizeBytes: 0 };
    await runRound(cadangan, result, source, 0);
    rows.push(
      `| ${smallFiles.toLocaleString('en')} | ${steps
        .map((step) =>
          cell(
            result.measurements[step],
            (peak) => `${peak.toFixed(0)} MiB`,
            (one) => one.peakMib,
          ),
        )
        .join(' | ')} |`,
    );
  }
  const header = `| files of 1 KiB, and 128 MB in large ones | ${steps.map((step) => stepTitles[step]).join(' | ')} |\n| --- | ${steps.map(() => '---').join(' | ')} |`;
  return [
    "## Cadangan's peak memory by number of files",
    '',
    header,
    ...rows,
    '',
    'Beyond that only the blob index grows: at most 60 bytes a blob.',
    '',
  ].join('\n');
}

function heading(plan: DataPlan, rounds: number): string {
  const { randomMb, textMb, smallFiles, smallFileBytes, seed } = plan;
  return (
    `# Benchmark\n\nMade by \`npm run bench\`. ${randomMb} MB that do not compress, ${textMb} MB of log-like text, ${smallFiles.toLocaleString('en')} files of ${smallFileBytes} bytes (seed ${seed}), ` +
    `${rounds} rounds in turn${options.tidy ? ', all in a file system in memory' : ''}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.\n`
  );
}
