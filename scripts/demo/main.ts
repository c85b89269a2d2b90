// What `npm start` shows: back up, change, back up again, restore the first date, compare. With the built program, as anybody would use it.
// Then VS Code with the extension, in the browser, until Ctrl-C.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { sizeText } from '../../src/cli/units.ts';
import { cadangan, exceptionItems, summaryNumber, summaryText, type Run } from './cadangan.ts';
import { compareFolders, type Comparison } from './compare-folders.ts';
import { designatedAccount, nightlySet, websiteSet, writeConfiguration } from './configuration.ts';
import { startDriveProcess, type DriveProcess } from './drive-emulator.ts';
import { spendMonth } from './month-of-nights.ts';
import { signInDrive } from './sign-in-drive.ts';
import { changeSampleServer, makeSampleServer } from './sample-server.ts';
import { serveHouse, type House } from './serve-house.ts';

const usage = `npm start -- [options] [folder]
  folder    what to back up; without it a sample server is made. A folder of yours is only read, never changed.
  --keep    leave the repository and the restored files where they are
  --once    end after one round, without VS Code`;

/** A step that did not do what it should; the message says which. */
class DemoError extends Error {}

/** Where everything lies, and what is backed up. */
interface Stage {
  readonly folder: string;
  readonly source: string;
  readonly isSample: boolean;
  readonly repository: string;
  readonly configFile: string;
  readonly stateFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Google Drive of the sample company. */
  readonly drive: DriveProcess | undefined;
}

const demoPassword = 'only for this demonstration';

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readArguments();
  if (options === undefined) return 1;
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-demo-'));
  // A child got the signal too, and ends; what remains is to clean up and say so.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  await using drive =
    options.source === undefined
      ? await startDriveProcess({ folder: join(folder, 'google'), isFast: true, accounts: [designatedAccount, 'someone@contoh.co.id'] })
      : undefined;
  try {
    const stage = makeStage(folder, options.source, drive);
    await show(stage);
    if (!options.once && !stop.signal.aborted) await openHouse(stage, stop.signal);
    return 0;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    console.log(`\nVerdict: FAILED. ${error.message}`);
    return 1;
  } finally {
    if (options.keep) console.log(`Kept: ${folder} (the password lies in password.txt there)`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function openHouse({ source, isSample, environment }: Stage, stop: AbortSignal): Promise<void> {
  if (isSample) accept(await cadangan(['backup', websiteSet], environment), 'backup of the website');
  await serveHouse({ source, environment } satisfies House, stop);
}

function readArguments(): { source: string | undefined; keep: boolean; once: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { once: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help || positionals.length > 1) throw new DemoError(usage);
    const source = positionals[0] === undefined ? undefined : resolve(positionals[0]);
    if (source !== undefined && !statSync(source, { throwIfNoEntry: false })?.isDirectory())
      throw new DemoError(`${source} is not a folder.\n${usage}`);
    return { source, keep: values.keep ?? false, once: values.once ?? false };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return undefined;
  }
}

/** A configuration and a state of its own: what this machine really backs up is none of the demonstration's business. */
function makeStage(folder: string, given: string | undefined, drive: DriveProcess | undefined): Stage {
  const passwordFile = join(folder, 'password.txt');
  writeFileSync(passwordFile, `${demoPassword}\n`, { mode: 0o600 });
  const source = given ?? join(folder, 'server');
  const repository = join(folder, 'repository');
  const configFile = writeConfiguration(join(folder, 'config'), {
    source,
    repository,
    passwordFile,
    isSample: given === undefined,
    clientFile: drive?.clientFile,
  });
  const stateFolder = join(folder, 'state');
  return {
    folder,
    source,
    repository,
    configFile,
    stateFolder,
    isSample: given === undefined,
    drive,
    environment: {
      CADANGAN_CONFIG: configFile,
      CADANGAN_STATE: stateFolder,
      RESTIC_PASSWORD_FILE: passwordFile,
      ...(drive && { CADANGAN_GOOGLE_ENDPOINT: drive.url }),
    },
  };
}

async function show(stage: Stage): Promise<void> {
  const { folder, source, repository, isSample, environment } = stage;
  const inRepository = ['-r', repository];
  if (isSample) timed('made a sample server', () => makeSampleServer(source));
  console.log('\nWhat follows can be typed just so, after');
  for (const [name, value] of Object.entries(environment)) console.log(`  export ${name}=${value}`);
  if (isSample) await rememberMonth(stage);
  else succeed(await cadangan(['init', ...inRepository], environment), 'init');

  const first = await backUp(stage, 'first backup', [source, ...inRepository, '--tag', nightlySet, '--time', yesterdayEvening()]);
  const firstId = summaryText(first, 'snapshot_id').slice(0, 8);
  console.log(
    isSample
      ? `\na day later: ${changeSampleServer(source).join(', ')}`
      : '\nyour files are not touched: the second backup finds them as they are',
  );
  await backUp(stage, 'second backup', [nightlySet]);
  succeed(await cadangan(['check', ...inRepository, '--read-data'], environment), 'check', 'every byte in the repository was verified');

  const target = join(folder, 'restored');
  mkdirSync(target);
  const restored = await cadangan(['restore', ...inRepository, `${firstId}:${pathInSnapshot(source)}`, '--target', target], environment);
  accept(restored, 'restore');
  report('restored the first date', restored, [
    `${summaryNumber(restored, 'files_restored')} files`,
    sizeText(summaryNumber(restored, 'bytes_restored')),
  ]);
  const named = new Set([...exceptionItems(first).map((path) => path.slice(source.length)), ...exceptionItems(restored)]);
  if (stage.drive) await copyOffsite(environment);
  judge(stage, compareWithFirst(stage, target), named);
}

/** The company has had the program for a month: for its history, its dashboard, and its reports. */
async function rememberMonth({ configFile, stateFolder, source, repository }: Stage): Promise<void> {
  const startMs = performance.now();
  const what = await spendMonth({ configFile, stateFolder, source, repository, password: demoPassword });
  console.log(`\na month went by (${((performance.now() - startMs) / 1000).toFixed(1)} s): ${what}`);
}

/** To the emulator: under the designated account, verified file by file. */
async function copyOffsite(environment: Stage['environment']): Promise<void> {
  await signInDrive(environment, designatedAccount);
  const run = await cadangan(['offsite', 'sync'], environment);
  accept(run, 'off-site copy');
  report('off-site copy', run, [
    `${summaryNumber(run, 'uploaded_files')} files`,
    sizeText(summaryNumber(run, 'uploaded_bytes')),
    summaryNumber(run, 'lag_files') === 0 ? 'in sync, every one verified' : 'not all of it',
  ]);
}

/** Snapshots hold `C:\data` as `/C/data`. */
function pathInSnapshot(path: string): string {
  return process.platform === 'win32' ? path.replace(/^([A-Za-z]):/, '/$1').replaceAll('\\', '/') : path;
}

/** When the window of the sample set opened yesterday, as `--time` reads it. */
function yesterdayEvening(): string {
  const day = new Date();
  day.setDate(day.getDate() - 1);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())} 21:00:04`;
}

async function backUp({ environment }: Stage, title: string, args: readonly string[]): Promise<Run> {
  const run = await cadangan(['backup', ...args], environment);
  accept(run, title);
  const count = (name: string): number => summaryNumber(run, name);
  report(title, run, [
    `${count('total_files_processed')} files (${count('files_new')} new, ${count('files_changed')} changed, ${count('files_unmodified')} as before)`,
    sizeText(count('total_bytes_processed')),
    `${sizeText(count('data_added_packed'))} added`,
  ]);
  return run;
}

/** The sample is made again from its seed, so that what was restored is compared with what there was on the first date. */
function compareWithFirst({ folder, source, isSample }: Stage, target: string): Comparison {
  const expected = isSample ? join(folder, 'first date, made again') : source;
  console.log('');
  return timed(`compared with ${isSample ? 'the first date, made again from its seed' : source}, byte by byte`, () => {
    if (isSample) makeSampleServer(expected);
    return compareFolders(expected, target);
  });
}

/** What the runs themselves named as left out is no surprise; everything else that differs is. */
function judge({ isSample, source }: Stage, { files, folders, links, bytes, differences }: Comparison, named: ReadonlySet<string>): void {
  const unexpected = differences.filter(({ path }) => !named.has(path));
  for (const { path, what } of unexpected.slice(0, 20)) console.log(`  ${JSON.stringify(path)} ${what}`);
  if (unexpected.length > 20) console.log(`  … and ${unexpected.length - 20} more`);
  if (unexpected.length > 0) {
    const hint = isSample ? '' : ` (something may have changed in ${source} meanwhile)`;
    throw new DemoError(`${unexpected.length} differences between what was backed up first and what came back${hint}.`);
  }
  const except = named.size === 0 ? '' : `, except what is named above (${named.size})`;
  console.log(
    `\nVerdict: OK. The first date came back as it was: ${files} files, ${folders} folders, ${links} links, ${sizeText(bytes)}, equal in every byte, mode and time${except}.`,
  );
}

function succeed(run: Run, title: string, done?: string): void {
  if (run.exitCode !== 0) throw new DemoError(`${title} ended with exit code ${run.exitCode}.\n${run.errors.trim()}`);
  if (done !== undefined) report(title, run, [done]);
}

/** 3 means: done, but something was left out, and it is named. On a live system that is normal. */
function accept(run: Run, title: string): void {
  if (run.exitCode !== 0 && run.exitCode !== 3) throw new DemoError(`${title} ended with exit code ${run.exitCode}.\n${run.errors.trim()}`);
  if (run.errors !== '') console.log(run.errors.trim());
}

function report(title: string, { durationMs }: Run, parts: readonly string[]): void {
  console.log(`  ${title}: ${[...parts, `${(durationMs / 1000).toFixed(1)} s`].join(', ')}`);
}

function timed<T>(title: string, work: () => T): T {
  const startMs = performance.now();
  const result = work();
  console.log(`${title} (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
  return result;
}
