import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileExcludeRules } from '../src/backup/index.ts';
import { backupJob, initJob, restoreJob, type PasswordAccess } from '../src/jobs/index.ts';
import { passwordFromText } from '../src/platform/index.ts';
import { FolderStorage, openSftp, type FileName, type SftpStorage, type Storage } from '../src/storage/index.ts';
import { Sshd } from '../test/sshd/sshd.ts';
import { makeData } from './data.ts';
import { median } from './measure.ts';

/*
 * `node bench/sftp.ts`: a repository behind Debian's sshd on loopback. First files put and got by numbers of connections, then backup and
 * restore beside restic's over the same server, in turn. Ours runs in this process: its start (a third of a second) is not counted.
 */
const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '16' },
    'file-mib': { type: 'string', default: '16' },
    'random-mb': { type: 'string', default: '256' },
    'text-mb': { type: 'string', default: '256' },
    'small-files': { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    work: { type: 'string', default: tmpdir() },
  },
});

/** The last is for comparison: what restoring takes that is not the server's. */
const steps = ['full backup', 'restore', 'restore without the server'] as const;
type Figures = Record<(typeof steps)[number], number[]>;

const password = 'bench';
const signal = new AbortController().signal;
const work = mkdtempSync(join(options.work, 'cadangan-bench-sftp-'));
const sshd = await Sshd.start();
try {
  await sshd.writeKnownHosts();
  console.log(await transfers());
  console.log(await besideRestic());
} finally {
  await sshd[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
}

function storageAt(path: string, linesMax?: number): SftpStorage {
  const access = {
    environment: {},
    home: sshd.home,
    systemFolder: join(sshd.folder, 'none'),
    ...(linesMax === undefined ? {} : { linesMax }),
  };
  return openSftp({ user: sshd.user, host: '127.0.0.1', port: sshd.port, path }, access);
}

/** MB/s of put and get, four files at once, as the engine does it. */
async function transfers(): Promise<string> {
  const [count, bytes] = [Number(options.files), Number(options['file-mib']) * 1024 * 1024];
  const contents = Array.from({ length: count }, (_, i) => Buffer.alloc(bytes, `${i} and so on, `));
  const files = contents.map((content): FileName => ({ kind: 'data', name: createHash('sha256').update(content).digest('hex') }));
  const seen = new Map<number, { readonly put: number[]; readonly get: number[] }>(
    [1, 2, 3, 4].map((lines) => [lines, { put: [], get: [] }]),
  );
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [lines, figures] of seen) {
      const storage = storageAt(mkdtempSync(join(work, 'transfers-')), lines);
      await storage.create(signal);
      const put = await secondsOf(() => fourAtOnce(files, (file, i) => storage.write(file, contents[i] ?? Buffer.of(), signal)));
      const get = await secondsOf(() => fourAtOnce(files, (file) => storage.read(file, signal)));
      await storage.close();
      figures.put.push((count * bytes) / 1e6 / put);
      figures.get.push((count * bytes) / 1e6 / get);
    }
  }
  const rows = [...seen].map(([lines, { put, get }]) => `| ${lines} | ${median(put).toFixed(0)} MB/s | ${median(get).toFixed(0)} MB/s |`);
  return [`| connections | put ${count} files of ${options['file-mib']} MiB | get |`, '| --- | --- | --- |', ...rows, ''].join('\n');
}

async function fourAtOnce(files: readonly FileName[], use: (file: FileName, i: number) => Promise<unknown>): Promise<void> {
  const pending = files.entries();
  const worker = async (): Promise<void> => {
    for (const [i, file] of pending) await use(file, i);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

async function besideRestic(): Promise<string> {
  const source = join(work, 'source');
  mkdirSync(source);
  makeData(source, {
    seed: 1,
    randomMb: Number(options['random-mb']),
    textMb: Number(options['text-mb']),
    smallFiles: Number(options['small-files']),
    smallFileBytes: 8192,
  });
  const seen = { cadangan: emptyFigures(), restic: emptyFigures() };
  for (let round = 0; round < Number(options.rounds); round++) {
    await runOurs(seen.cadangan, source);
    await runRestic(seen.restic, source);
  }
  const rows = Object.entries(seen).map(([name, figures]) => `| ${name} | ${steps.map((step) => cell(figures[step])).join(' | ')} |`);
  const ratios = steps.map((step) => {
    const ofRounds = seen.restic[step].map((seconds, round) => seconds / (seen.cadangan[step][round] ?? NaN));
    return `${median(ofRounds).toFixed(2)} x (${ofRounds.map((ratio) => ratio.toFixed(2)).join(', ')})`;
  });
  const header = `| over the same sshd | ${steps.join(' | ')} |\n| --- | ${steps.map(() => '---').join(' | ')} |`;
  return [header, ...rows, `| how many times as fast as restic, median of the rounds | ${ratios.join(' | ')} |`, ''].join('\n');
}

function emptyFigures(): Figures {
  return { 'full backup': [], restore: [], 'restore without the server': [] };
}

async function runOurs(figures: Figures, source: string): Promise<void> {
  const path = join(mkdtempSync(join(work, 'ours-')), 'repository');
  const over = accessTo(path, () => storageAt(path));
  await succeed(initJob(over));
  const rules = await compileExcludeRules({}, { environment: {} });
  const backup = { sources: [source], workingFolder: '/', rules, host: 'bench', programVersion: 'bench' };
  figures['full backup'].push(await secondsOf(() => succeed(backupJob(over, backup))));
  const restored = (access: PasswordAccess): Promise<void> => succeed(restoreJob(access, { snapshot: 'latest', target: freshTarget() }));
  figures.restore.push(await secondsOf(() => restored(over)));
  figures['restore without the server'].push(await secondsOf(() => restored(accessTo(path, () => new FolderStorage(path)))));
}

async function runRestic(figures: Figures, source: string): Promise<void> {
  const path = join(mkdtempSync(join(work, 'theirs-')), 'repository');
  const { user, port, keyFile, home } = sshd;
  const ssh = `ssh -F none -i ${keyFile} -o UserKnownHostsFile=${join(home, '.ssh', 'known_hosts')} -p ${port} ${user}@127.0.0.1 -s sftp`;
  const over = [`sftp:${user}@127.0.0.1:${path}`, '-o', `sftp.command=${ssh}`];
  await restic(over, 'init');
  figures['full backup'].push(await secondsOf(() => restic(over, 'backup', source)));
  figures.restore.push(await secondsOf(() => restic(over, 'restore', 'latest', '--target', freshTarget())));
  figures['restore without the server'].push(await secondsOf(() => restic([path], 'restore', 'latest', '--target', freshTarget())));
}

function freshTarget(): string {
  return mkdtempSync(join(work, 'target-'));
}

function cell(seconds: readonly number[]): string {
  return `${median(seconds).toFixed(2)} s (${seconds.map((one) => one.toFixed(2)).join(', ')})`;
}

function accessTo(location: string, openStorage: () => Storage): PasswordAccess {
  return { location, password: async () => passwordFromText(password), world: { openStorage }, signal };
}

async function succeed(job: Promise<{ readonly outcome: string }>): Promise<void> {
  const { outcome } = await job;
  if (outcome !== 'success') throw new Error(outcome);
}

async function restic(repository: readonly string[], ...args: string[]): Promise<void> {
  const child = spawn('restic', ['-q', '--no-cache', '-r', ...repository, ...args], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`restic ${args.join(' ')} ended with ${String(code)}`);
}

async function secondsOf(use: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await use();
  return (performance.now() - startMs) / 1000;
}
