import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CredentialFile } from '../src/google/index.ts';
import { clientFileOf, sampleAccount, sampleClient, startDriveEmulator } from '../test/drive-emulator/index.ts';
import { folderBytes } from './measure.ts';

/*
 * What a copy to Google Drive costs this machine: `node bench/offsite.ts [--mb 2000] [--work FOLDER] [--out FILE]`, after `npm run build`.
 * The built command line copies a repository to the emulator over loopback, which runs in this process; only the child is measured.
 */
const { values: options } = parseArgs({
  options: { mb: { type: 'string', default: '2000' }, work: { type: 'string', default: tmpdir() }, out: { type: 'string' } },
});
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const work = mkdtempSync(join(options.work, 'cadangan-bench-offsite-'));
const password = 'bench';

interface Usage {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

try {
  const report = await run();
  if (options.out !== undefined) writeFileSync(options.out, report);
  console.log(report);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function run(): Promise<string> {
  const [source, repository] = [join(work, 'source'), join(work, 'repository')];
  const files = makeSource(source, Number(options.mb));
  const env = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: password };
  must(['init', '-q'], env);
  must(['backup', '-q', source], env);
  rmSync(join(source, 'large'), { recursive: true });
  await using drive = await startDriveEmulator({ folder: join(work, 'drive') });
  const settings = {
    ...env,
    CADANGAN_CONFIG: join(work, 'cadangan.jsonc'),
    CADANGAN_STATE: join(work, 'state'),
    CADANGAN_GOOGLE_ENDPOINT: drive.url,
  };
  writeFileSync(join(work, 'client.json'), JSON.stringify(clientFileOf(sampleClient)));
  writeFileSync(
    settings.CADANGAN_CONFIG,
    JSON.stringify({
      version: 1,
      googleDrive: { account: sampleAccount, clientFile: join(work, 'client.json') },
      offsiteCopies: [{ name: 'bench', repository, to: 'gdrive:Bench/r' }],
    }),
  );
  await new CredentialFile(join(settings.CADANGAN_STATE, 'google-sign-in.json')).save({
    clientId: sampleClient.id,
    refreshToken: drive.accounts.refreshToken(sampleAccount),
    account: { emailAddress: sampleAccount, permissionId: '', displayName: '' },
    signedInAt: '2026-11-01T00:00:00Z',
  });

  let atOnce = 0;
  const counting = setInterval(() => {
    const open = drive.log.entries
      .slice(-100)
      .filter(({ operation, status, receivedBytes }) => operation.startsWith('upload.') && status === 0 && receivedBytes > 0);
    atOnce = Math.max(atOnce, open.length);
  }, 10);
  const sync = await usageOf(['offsite', 'sync', '-q'], settings);
  clearInterval(counting);
  const repositoryBytes = folderBytes(repository);
  const again = await usageOf(['offsite', 'sync', '-q'], settings);
  const hashSeconds = hashCost(repositoryBytes);

  const before = drive.log.entries.length;
  const restore = await usageOf(
    ['restore', 'latest', '-q', '-r', 'gdrive:Bench/r', '--include', files.one, '--target', join(work, 'out')],
    settings,
  );
  const downloads = drive.log.entries.slice(before).filter(({ operation }) => operation === 'files.download');
  const downloadedBytes = downloads.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  const metadataBytes = ['index', 'snapshots', 'keys'].reduce(
    (sum, kind) => sum + folderBytes(join(repository, kind)),
    statSync(join(repository, 'config')).size,
  );
  if (!readFileSync(join(work, 'out', files.one)).equals(files.content)) throw new Error('the restored file differs');

  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    '# What an off-site copy costs',
    '',
    `${mb(repositoryBytes)} in ${countFiles(join(repository, 'data'))} packs, on loopback, the built command line.`,
    '',
    '| | wall | CPU | peak memory |',
    '| --- | --- | --- | --- |',
    `| first copy | ${sync.wallSeconds.toFixed(1)} s | ${sync.cpuSeconds.toFixed(2)} s | ${sync.peakMib.toFixed(0)} MiB |`,
    `| nothing to do | ${again.wallSeconds.toFixed(1)} s | ${again.cpuSeconds.toFixed(2)} s | ${again.peakMib.toFixed(0)} MiB |`,
    `| restore of one file of ${mb(files.content.length)} from the copy | ${restore.wallSeconds.toFixed(1)} s | ${restore.cpuSeconds.toFixed(2)} s | ${restore.peakMib.toFixed(0)} MiB |`,
    '',
    `SHA-256 of the same bytes: ${hashSeconds.toFixed(2)} s of CPU; the first copy costs ${(sync.cpuSeconds / hashSeconds).toFixed(2)} times that.`,
    `Uploads at once, at most: ${atOnce}. The pace of Google's accounts (2 new files a second) holds the first copy up, not the machine.`,
    `The restore downloaded ${mb(downloadedBytes)} in ${downloads.length} requests: the file is ${mb(files.content.length)}, keys, config, snapshots and indexes ${mb(metadataBytes)}.`,
    '',
  ].join('\n');
}

/** Bytes that neither compress nor repeat, in files of 16 MB, and one of 1 MB that is restored. */
function makeSource(folder: string, megabytes: number): { readonly one: string; readonly content: Buffer } {
  mkdirSync(join(folder, 'large'), { recursive: true });
  const block = Buffer.alloc(16_000_000);
  for (let number = 0; number * 16 < megabytes; number++) writeFileSync(join(folder, 'large', String(number)), randomFillSync(block));
  const content = randomFillSync(Buffer.alloc(1_000_000));
  writeFileSync(join(folder, 'one'), content);
  return { one: join(folder, 'one'), content };
}

function must(args: readonly string[], env: Readonly<Record<string, string>>): void {
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { env: { ...process.env, ...env }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
}

/** CPU time and peak memory as the kernel counts them for the process and all its threads, read until it ends. */
async function usageOf(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Usage> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let [ticks, peakKib, errors] = [0, 0, ''];
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const timer = setInterval(() => {
    try {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      ticks = Number(fields[11]) + Number(fields[12]);
      peakKib = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peakKib);
    } catch {
      // it just ended
    }
  }, 5);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${errors.slice(-2000)}`);
  return { wallSeconds: (performance.now() - startMs) / 1000, cpuSeconds: ticks / 100, peakMib: peakKib / 1024 };
}

/** In memory, without reading: what nobody can do without. */
function hashCost(bytes: number): number {
  const piece = randomFillSync(Buffer.alloc(16 << 20));
  const start = process.cpuUsage();
  const hash = createHash('sha256');
  for (let done = 0; done < bytes; done += piece.length) hash.update(piece.subarray(0, Math.min(piece.length, bytes - done)));
  hash.digest();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function countFiles(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
