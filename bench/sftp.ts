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
import { openSftp, type FileName, type SftpStorage } from '../src/storage/index.ts';
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
  const seen = {
    cadangan: { backup: [] as number[], restore: [] as number[] },
    restic: { backup: [] as number[], restore: [] as number[] },
  };
  for (let round = 0; round < Number(options.rounds); round++) {
    const ours = accessTo(join(mkdtempSync(join(work, 'ours-')), 'repository'));
    await succeed(initJob(ours));
    const rules = await compileExcludeRules({}, { environment: {} });
    seen.cadangan.backup.push(
      await secondsOf(() =>
        succeed(backupJob(ours, { sources: [source], workingFolder: '/', rules, host: 'bench', programVersion: 'bench' })),
      ),
    );
    seen.cadangan.restore.push(
      await secondsOf(() => succeed(restoreJob(ours, { snapshot: 'latest', target: mkdtempSync(join(work, 'target-')) }))),
    );
    const theirs = join(mkdtempSync(join(work, 'theirs-')), 'repository');
    await restic(theirs, 'init');
    seen.restic.backup.push(await secondsOf(() => restic(theirs, 'backup', source)));
    seen.restic.restore.push(await secondsOf(() => restic(theirs, 'restore', 'latest', '--target', mkdtempSync(join(work, 'target-')))));
  }
  const rows = Object.entries(seen).map(([name, { backup, restore }]) => `| ${name} | ${cell(backup)} | ${cell(restore)} |`);
  const ratio = (step: 'backup' | 'restore'): string => (median(seen.restic[step]) / median(seen.cadangan[step])).toFixed(2);
  rows.push(`| how many times as fast as restic | ${ratio('backup')} x | ${ratio('restore')} x |`);
  return ['| over the same sshd | full backup | restore |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function cell(seconds: readonly number[]): string {
  return `${median(seconds).toFixed(2)} s (${seconds.map((one) => one.toFixed(2)).join(', ')})`;
}

function accessTo(path: string): PasswordAccess {
  const openStorage = (): SftpStorage => storageAt(path);
  return { location: path, password: async () => passwordFromText(password), world: { openStorage }, signal };
}

async function succeed(job: Promise<{ readonly outcome: string }>): Promise<void> {
  const { outcome } = await job;
  if (outcome !== 'success') throw new Error(outcome);
}

async function restic(path: string, ...args: string[]): Promise<void> {
  const ssh = `ssh -F none -i ${sshd.keyFile} -o UserKnownHostsFile=${join(sshd.home, '.ssh', 'known_hosts')} -p ${sshd.port} ${sshd.user}@127.0.0.1 -s sftp`;
  const child = spawn('restic', ['-q', '--no-cache', '-r', `sftp:${sshd.user}@127.0.0.1:${path}`, '-o', `sftp.command=${ssh}`, ...args], {
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
