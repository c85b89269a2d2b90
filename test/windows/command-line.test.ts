import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, linkSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { firstSeed } from '../seeds.ts';
import { giveToWindows, makeShare, needsWindows } from './wine.ts';
import { restic, WindowsServer } from './windows-server.ts';

/** The command line as it is packaged, in Windows' Node: what it writes is judged on this side, by stock restic and by comparing bytes. */

/** A folder as an office has it: names of other scripts, a path longer than Windows' 260 units, what is empty, large, linked, old. */
function fillData(server: WindowsServer): void {
  const random = new SeededRandom(firstSeed());
  const long = Array.from({ length: 6 }, (_, at) => `${at}`.repeat(60)).join('/');
  server.write('data/Laporan Keuangan/Q1 – über.txt', 'laporan\r\n'.repeat(3_000));
  server.write('data/日本語/資料.txt', '資料');
  server.write(`data/${long}/far.txt`, 'far');
  server.write('data/empty.txt', '');
  server.write('data/large.bin', random.bytes(3_000_000));
  mkdirSync(server.host('data/nothing in it'));
  writeFileSync(server.host('data/read-only.txt'), 'nobody changes this');
  chmodSync(server.host('data/read-only.txt'), 0o444);
  linkSync(server.host('data/large.bin'), server.host('data/linked.bin'));
  utimesSync(server.host('data/empty.txt'), 1_000_000_000, 1_000_000_000.25);
  giveToWindows(server.host('data'));
}

describe('the packaged command line in Windows', needsWindows, () => {
  test('backs a set up, checks, restores, drills and keeps records; restic reads what it wrote', needs('restic'), async (t) => {
    const server = new WindowsServer(t);
    fillData(server);
    await server.run(server.onRepository('init'));
    const first = await server.last(['backup', 'accounting']);
    assert.deepEqual([first['message_type'], first['files_new']], ['summary', 7], JSON.stringify(first));
    appendFileSync(server.host('data/empty.txt'), 'no more');
    const second = await server.last(['backup', 'accounting']);
    assert.deepEqual([second['files_changed'], second['files_unmodified']], [1, Number(first['files_new']) - 1], JSON.stringify(second));
    await server.run(server.onRepository('check', '--read-data'));
    await server.run(server.onRepository('restore', 'latest', '--target', server.windows('restored')));
    assert.deepEqual(server.contentOf(`restored${server.inSnapshot('data')}`), server.contentOf('data'));
    await server.run(['drill']);
    assert.deepEqual(readdirSync(server.host('scratch')), [], 'a drill leaves nothing behind');
    const { stdout } = await server.run(['records', 'verify']);
    assert.match(stdout, /Intact/);

    const repository = server.host('repository');
    restic(repository, ['check', '--read-data']);
    assert.match(restic(repository, ['ls', 'latest']), new RegExp(`^${server.inSnapshot('data/日本語/資料.txt')}$`, 'm'));
    restic(repository, ['restore', 'latest', '--target', server.host('by-restic')]);
    const folder = statSync(server.host(`by-restic${server.inSnapshot('data')}`));
    assert.equal(folder.mode & 0o777, 0o777, 'as restic has the folders of Windows: whoever restores on Linux can enter them');
    assert.deepEqual(server.contentOf(`by-restic${server.inSnapshot('data')}`), server.contentOf('data'));
  });

  test('a share is backed up to another share and restored from there; restic reads it', needs('restic'), async (t) => {
    const server = new WindowsServer(t);
    const [source, destination] = [makeShare(t, 'nas-of-lane', 'office'), makeShare(t, 'backup-of-lane', 'cadangan')];
    mkdirSync(join(source, 'docs', 'März'), { recursive: true });
    writeFileSync(join(source, 'docs', 'März', 'surat.txt'), 'surat');
    giveToWindows(source);
    const repository = { location: String.raw`\\backup-of-lane\cadangan\server`, passwordFile: server.windows('password') };
    server.configure({}, { sources: [String.raw`\\nas-of-lane\office\docs`], repository });
    const there = ['--repo', repository.location, '--password-file', repository.passwordFile];
    await server.run(['init', ...there]);
    assert.equal((await server.last(['backup', 'accounting']))['files_new'], 1);
    await server.run(['restore', 'latest', '--target', server.windows('out'), ...there]);
    const restored = [...server.contentOf('out')].filter(([, content]) => content !== null);
    assert.deepEqual(restored, [['nas-of-lane/office/docs/März/surat.txt', 'surat']]);
    const ofRestic = restic(join(destination, 'server'), ['ls', 'latest']).split('\n');
    assert.ok(ofRestic.includes('/nas-of-lane/office/docs/März/surat.txt'), ofRestic.join('\n'));
    restic(join(destination, 'server'), ['check', '--read-data']);
  });
});
