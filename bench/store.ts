import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openStorageAt } from '../src/jobs/index.ts';
import { serializeIndexFile, type IndexPack } from '../src/repository/format/index-file.ts';
import { listSnapshots, parseBlobId, parsePackId, saveSnapshot, type Repository } from '../src/repository/index.ts';
import { RepositoryMaker } from '../test/fakes/repository-maker.ts';
import { SeededRandom } from '../test/fakes/seeded-random.ts';
import { neverAborted } from '../test/fakes/never-aborted.ts';
import { measure, type Command } from './measure.ts';

/*
 * What one store carries: many servers, each with a snapshot and an index file a night, all in one repository, and then one more backup
 * of a single file, by Cadangan and by restic: `node bench/store.ts [--blobs 1000000] [--servers 8] [--nights 365] [--location s3:...]`.
 * Index and snapshots are real; the packs that they name are not there, since nobody reads them. Keys of an object store come from the
 * environment.
 */
const { values: options } = parseArgs({
  options: {
    blobs: { type: 'string', default: '1000000' },
    servers: { type: 'string', default: '8' },
    nights: { type: 'string', default: '365' },
    rounds: { type: 'string', default: '3' },
    location: { type: 'string' },
  },
});
const [blobs, servers, nights, rounds] = [options.blobs, options.servers, options.nights, options.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];
const blobsAPack = 17;
const blobBytes = 900_000;
const firstMs = Date.UTC(2025, 11, 1, 14);
const dayMs = 86_400_000;

const work = mkdtempSync(join(tmpdir(), 'cadangan-bench-store-'));
const location = options.location ?? join(work, 'repository');
const source = join(work, 'source');
const random = new SeededRandom(1);

try {
  mkdirSync(source);
  writeFileSync(join(source, 'file.txt'), 'one file\n');
  await make();
  console.log(`\n${blobs} blobs, ${servers} servers, ${nights} nights, ${location.replace(/:.*/, '')}\n`);
  console.log('| | tool | wall, round by round | peak memory |\n| --- | --- | --- | --- |');
  const cli = [process.execPath, fileURLToPath(new URL('../dist/cli.js', import.meta.url))];
  for (const [step, ...args] of [
    ['list the snapshots', 'snapshots', '--json'],
    ['back up one file', 'backup', '--host', 'srv-01', source],
  ] as const) {
    await row(step, 'restic, without a cache', ['restic', '--no-cache', '-r', location, ...args]);
    await row(step, 'restic, with a cache', ['restic', '-r', location, ...args]);
    await row(step, 'Cadangan', [...cli, '-r', location, ...args]);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function row(step: string, tool: string, argv: readonly string[]): Promise<void> {
  const env = {
    RESTIC_PASSWORD: 'password',
    RESTIC_CACHE_DIR: join(work, 'cache'),
    CADANGAN_STATE: join(work, 'state'),
    CADANGAN_CONFIG: join(work, 'none.jsonc'),
  };
  const command: Command = { argv, env };
  const seconds: string[] = [];
  let peakMib = 0;
  for (let round = 0; round < rounds; round++) {
    const measured = await measure(command);
    seconds.push(measured.wallSeconds.toFixed(2));
    peakMib = Math.max(peakMib, measured.peakMib);
  }
  console.log(`| ${step} | ${tool} | ${seconds.join(', ')} s | ${peakMib.toFixed(0)} MiB |`);
}

async function make(): Promise<void> {
  const storage = await openStorageAt(location, { settings: undefined, stateFolder: join(work, 'state'), environment: process.env });
  try {
    const maker = await RepositoryMaker.create(storage);
    const { repository } = maker;
    const { tree } = await maker.snapshot();
    const each = Math.ceil(blobs / (servers * nights));
    for (let night = 0; night < nights; night++) {
      for (let server = 1; server <= servers; server++) {
        await saveIndex(repository, each);
        const time = new Date(firstMs + night * dayMs + server * 1000).toISOString();
        const hostname = `srv-${String(server).padStart(2, '0')}`;
        const who = { hostname, username: 'root', uid: 0, gid: 0, excludes: [], tags: [], paths: [`/srv/data-${server}`] };
        await saveSnapshot(repository, { time, tree, ...who }, neverAborted);
      }
      if (night % 50 === 49) process.stderr.write(`${night + 1} nights\n`);
    }
    assert.equal((await listSnapshots(repository, neverAborted)).length, servers * nights);
  } finally {
    await storage.close();
  }
}

/** Names of blobs are as even as hashes. */
async function saveIndex(repository: Repository, count: number): Promise<void> {
  const packs: IndexPack[] = [];
  for (let at = 0; at < count; at += blobsAPack) {
    packs.push({
      id: parsePackId(name()),
      blobs: Array.from({ length: Math.min(blobsAPack, count - at) }, (_, blob) => ({
        type: 'data',
        id: parseBlobId(name()),
        offset: blob * blobBytes,
        length: blobBytes,
        uncompressedLength: 2 * blobBytes,
      })),
    });
  }
  await repository.saveUnpacked('index', serializeIndexFile(packs), neverAborted);
}

function name(): string {
  return Buffer.from(random.bytes(32)).toString('hex');
}
