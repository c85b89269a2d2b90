import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileExcludeRules } from '../src/backup/index.ts';
import { backupJob, initJob, restoreJob, type PasswordAccess } from '../src/jobs/index.ts';
import { passwordFromText } from '../src/platform/index.ts';
import { FolderStorage, parseLocation, ServerFiles } from '../src/storage/index.ts';
import { Sshd } from '../test/sshd/sshd.ts';
import { makeData } from './data.ts';
import { median } from './measure.ts';

/*
 * `node bench/sftp-target.ts`: a restore onto Debian's sshd on loopback, beside what it takes without: restic restores into a folder here,
 * and OpenSSH's own programs bring that to the server. Ours runs in this process.
 */
const { values: options } = parseArgs({
  options: {
    'large-mb': { type: 'string', default: '256' },
    'small-files': { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '3' },
    work: { type: 'string', default: tmpdir() },
  },
});

const password = 'bench';
const signal = new AbortController().signal;
const work = mkdtempSync(join(options.work, 'cadangan-bench-target-'));
const sshd = await Sshd.start();
try {
  await sshd.writeKnownHosts();
  console.log(await measured('one large file', { randomMb: Number(options['large-mb']), smallFiles: 0 }));
  console.log(await measured('small files of 8 KiB', { randomMb: 0, smallFiles: Number(options['small-files']) }));
} finally {
  await sshd[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
}

async function measured(what: string, size: { readonly randomMb: number; readonly smallFiles: number }): Promise<string> {
  const source = fresh('source');
  makeData(source, { seed: 1, textMb: 0, smallFileBytes: 8192, ...size });
  const repository = join(fresh('repository'), 'repository');
  const access = accessTo(repository);
  await succeed(initJob(access));
  const rules = await compileExcludeRules({}, { environment: {} });
  await succeed(backupJob(access, { sources: [source], workingFolder: '/', rules, host: 'bench', programVersion: 'bench' }));
  const seen = {
    ours: [] as number[],
    'ours, cpu here': [] as number[],
    restic: [] as number[],
    scp: [] as number[],
    sftp: [] as number[],
  };
  for (let round = 0; round < Number(options.rounds); round++) {
    const cpu = process.cpuUsage();
    const target = `sftp://${sshd.user}@127.0.0.1:${sshd.port}/${join(fresh('ours'), 'target')}`;
    seen.ours.push(await secondsOf(() => succeed(restoreJob(access, { snapshot: `latest:${source}`, target }))));
    const { user, system } = process.cpuUsage(cpu);
    seen['ours, cpu here'].push((user + system) / 1e6);
    const local = fresh('restic');
    seen.restic.push(await secondsOf(() => run('restic', ['-q', '--no-cache', '-r', repository, 'restore', 'latest', '--target', local])));
    seen.scp.push(await secondsOf(() => run('scp', ['-q', '-r', ...ssh('-P'), local, `${sshd.user}@127.0.0.1:${fresh('scp')}`])));
    seen.sftp.push(
      await secondsOf(() => run('sftp', ['-q', ...ssh('-P'), '-b', '-', `${sshd.user}@127.0.0.1:${fresh('sftp')}`], `put -rpf ${local}\n`)),
    );
  }
  const rows = Object.entries(seen).map(([name, seconds]) => `| ${name} | ${cell(seconds)} |`);
  const [ours, put] = [median(seen.ours), median(seen.restic) + median(seen.sftp)];
  const ratio = `| how many times as fast as restic and \`sftp put -f\` one after the other | ${(put / ours).toFixed(2)} x |`;
  return [`| ${what} | time |`, '| --- | --- |', ...rows, ratio, ''].join('\n');
}

function ssh(portOption: string): string[] {
  const known = `UserKnownHostsFile=${join(sshd.home, '.ssh', 'known_hosts')}`;
  return ['-F', 'none', '-i', sshd.keyFile, '-o', known, portOption, String(sshd.port)];
}

function fresh(name: string): string {
  const folder = mkdtempSync(join(work, `${name}-`));
  mkdirSync(folder, { recursive: true });
  return folder;
}

function accessTo(location: string): PasswordAccess {
  const openServer = (target: string): ServerFiles => {
    const parsed = parseLocation(target);
    if (parsed.scheme !== 'sftp') throw new Error(target);
    return new ServerFiles(parsed, { environment: {}, home: sshd.home, systemFolder: join(sshd.folder, 'none') });
  };
  const world = { openStorage: () => new FolderStorage(location), openServer };
  return { location, password: async () => passwordFromText(password), world, signal };
}

async function succeed(job: Promise<{ readonly outcome: string; readonly error?: unknown }>): Promise<void> {
  const { outcome, error } = await job;
  if (outcome !== 'success') throw new Error(outcome, { cause: error });
}

async function run(program: string, args: readonly string[], input = ''): Promise<void> {
  const child = spawn(program, args, { env: { ...process.env, RESTIC_PASSWORD: password }, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(input);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}`);
}

function cell(seconds: readonly number[]): string {
  return `${median(seconds).toFixed(2)} s (${seconds.map((one) => one.toFixed(2)).join(', ')})`;
}

async function secondsOf(use: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await use();
  return (performance.now() - startMs) / 1000;
}
