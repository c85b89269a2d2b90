// A company's share, played through: its main server with Windows goes to `\\backup...\cadangan` every night of a month.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { startCadangan } from '../interop/programs.ts';
import { needs } from '../needs.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { giveToWindows, makeShare, needsWindows, prefixFolder } from './wine.ts';
import { password, restic, WindowsServer } from './windows-server.ts';

type Contents = ReadonlyMap<string, string | null>;

/** Hostile on Windows, harmless on Linux: a device, a stream, another folder, a name that is trimmed, one that is taken for another. */
const linuxNames = ['aux.txt', 'laporan.txt:rahasia', '..\\..\\keluar.txt', 'akhir.', 'spasi ', 'Nama.txt', 'nama.TXT', 'tab\there', 'a"b'];

/** A whole number from 0 on, below `below`. */
function draw(random: SeededRandom, below: number): number {
  return random.uint32() % below;
}

/** The working days of an office: files come, grow, move and go. */
class Office {
  readonly #server: WindowsServer;
  readonly #random: SeededRandom;
  #made = 0;

  constructor(server: WindowsServer, random: SeededRandom) {
    this.#server = server;
    this.#random = random;
    for (let at = 0; at < 12; at++) this.#make();
  }

  day(): void {
    for (let works = 3 + draw(this.#random, 5); works > 0; works--) this.#work();
    giveToWindows(this.#server.host('data'));
  }

  get now(): Contents {
    return this.#server.contentOf('data');
  }

  #work(): void {
    const files = [...this.now].flatMap(([path, content]) => (content === null ? [] : [path]));
    const file = this.#server.host(join('data', files[draw(this.#random, files.length)] ?? ''));
    const kind = draw(this.#random, 10);
    if (kind < 4 || files.length < 6) this.#make();
    else if (kind < 7) writeFileSync(file, this.#random.bytes(1 + draw(this.#random, 20_000)));
    else if (kind < 9) renameSync(file, `${file}.${this.#made++}`);
    else rmSync(file);
  }

  #make(): void {
    const folder = ['Keuangan', 'Keuangan/Pajak 2026', 'Gudang – stok', 'Persönal', '資料'][draw(this.#random, 5)] ?? '';
    this.#server.write(`data/${folder}/${this.#made++} berkas.dat`, this.#random.bytes(1 + draw(this.#random, 50_000)));
  }
}

/** Drive `D:` of Windows' programs, of this test alone. @returns its folder of this side */
function makeDriveD(t: TestContext): string {
  const [drive, folder] = [join(prefixFolder, 'dosdevices', 'd:'), join(prefixFolder, 'drive_d')];
  if (existsSync(drive)) throw new Error('there is a drive D: already');
  mkdirSync(folder);
  giveToWindows(folder);
  symlinkSync('../drive_d', drive);
  t.after(() => {
    rmSync(drive);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}

/** Content of every file below a folder. */
function contentOf(folder: string): Contents {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), entry.isFile() ? readFileSync(path, 'latin1') : null];
    }),
  );
}

async function cadangan(repository: string, args: readonly string[], env: Record<string, string>, expected = 0): Promise<string> {
  const { code, stdout, stderr } = await startCadangan([...args, '-r', repository], { env: { RESTIC_PASSWORD: password, ...env } }).ended;
  const said = `${String(stdout)}${String(stderr)}`;
  assert.equal(code, expected, `${args.join(' ')}: ${said}`);
  return said;
}

describe('a company whose main server has Windows', needsWindows, () => {
  test('every night of a month goes to a share; any date comes back to D:, on Windows and on Linux', needs('restic'), async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const server = new WindowsServer(t);
    const [share, driveD] = [join(makeShare(t, 'backup-of-company', 'cadangan'), 'server'), makeDriveD(t)];
    const at = ['--repo', String.raw`\\backup-of-company\cadangan\server`, '--password-file', server.windows('password')];
    await server.run(['init', ...at]);
    const office = new Office(server, random);
    const nights: { readonly snapshot: string; readonly contents: Contents }[] = [];
    for (let night = 1; night <= rounds({ sample: 8, long: 30 }); night++) {
      office.day();
      const time = `2026-11-${String(night).padStart(2, '0')} 21:00:00`;
      // A person types the drive in either case: it is one history.
      const source = night % 2 === 0 ? server.windows('data') : server.windows('data').replace('C:', 'c:');
      const done = await server.last(['backup', source, '--time', time, ...at]);
      if (night > 1) assert.ok(Number(done['files_unmodified']) > 0, `night ${night} read everything again`);
      nights.push({ snapshot: String(done['snapshot_id']), contents: office.now });
    }
    assert.equal(restic(share, ['snapshots', '--json', '--path', `${server.windows('data')}`]).match(/"short_id"/g)?.length, nights.length);
    restic(share, ['check', '--read-data']);

    const chosen = [0, draw(random, nights.length), nights.length - 1];
    for (const number of new Set(chosen)) {
      const { snapshot, contents } = nights[number] ?? assert.fail();
      const [target, inside] = [`pulih-${number}`, server.inSnapshot('data').slice(1)];
      await server.run(['restore', snapshot, '--target', `D:\\${target}`, ...at]);
      assert.deepEqual(contentOf(join(driveD, target, inside)), contents, `night ${number + 1} on Windows`);
      const [ours, resticsOwn] = [server.host(`linux-${number}`), server.host(`restic-${number}`)];
      const told = await cadangan(share, ['restore', snapshot, '--target', ours], { CADANGAN_STATE: server.host('state-here') }, 3);
      assert.match(told, /1 exception:\n.*Windows attributes were not set \(windows\.[^)]*: of this and all others\)\n/);
      assert.deepEqual(contentOf(join(ours, inside)), contents, `night ${number + 1} on Linux`);
      restic(share, ['restore', snapshot, '--target', resticsOwn]);
      assert.deepEqual(contentOf(join(resticsOwn, inside)), contents, `night ${number + 1} by restic`);
      for (const [path, content] of contents)
        if (content !== null) {
          const times = [driveD, server.folder.host].map(
            (base, side) => statSync(join(base, side === 0 ? target : `linux-${number}`, inside, path)).mtimeMs,
          );
          assert.equal(Math.trunc(times[0] ?? 0), Math.trunc(times[1] ?? 1), `the time of ${path}`);
        }
    }
  });

  test('what a Linux server backed up is restored on Windows: hostile names stay away, each by its name, and nothing escapes', async (t) => {
    const server = new WindowsServer(t);
    const source = server.host('of-linux');
    server.write('of-linux/Keuangan/neraca.txt', 'neraca');
    for (const name of linuxNames) server.write(`of-linux/${name}`, `isi ${name}`);
    server.write('of-linux/con/di dalam.txt', 'tiga');
    writeFileSync(Buffer.from(`${source}/\xff\xfe.txt`, 'latin1'), 'bukan UTF-8');
    const repository = server.host('repository');
    const env = { CADANGAN_STATE: server.host('state-here') };
    await cadangan(repository, ['init'], env);
    await cadangan(repository, ['backup', source], env);
    giveToWindows(repository);
    const outside = new Set(readdirSync(server.folder.host));
    const ran = await server.start(server.onRepository('restore', `latest:${source}`, '--target', server.windows('pulih'))).ended;
    assert.notEqual(ran.code, 0, 'what could not be restored is no success');
    const restored = contentOf(server.host('pulih'));
    assert.equal(restored.get('Keuangan/neraca.txt'), 'neraca');
    const twins = [...restored.keys()].filter((name) => name.toLowerCase() === 'nama.txt');
    assert.deepEqual([[...restored.keys()].sort(), twins.length], [['Keuangan', 'Keuangan/neraca.txt', ...twins].sort(), 1]);
    const said = ran.stdout + ran.stderr;
    for (const name of [
      'aux.txt',
      'rahasia',
      'keluar.txt',
      'akhir.',
      'spasi',
      'here',
      'di dalam.txt',
      twins[0] === 'Nama.txt' ? 'nama.TXT' : 'Nama.txt',
    ])
      assert.ok(said.includes(name), `${name} is not named in ${said}`);
    assert.deepEqual(new Set(readdirSync(server.folder.host).filter((name) => name !== 'pulih' && name !== 'state')), outside);
  });
});
