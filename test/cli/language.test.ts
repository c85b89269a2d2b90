import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeStage } from './run-cli.ts';

test('the language is that of --lang, else of CADANGAN_LANG, else of the configuration, else of the system', async (t) => {
  const stage = await makeStage(t);
  const configuration = stage.path('cadangan.jsonc');
  writeFileSync(configuration, '{ "version": 1, "language": "id" } // for everybody on this server');
  const system = { LANG: 'id_ID.UTF-8' };
  const english = /^There is no snapshot/;
  const indonesian = /^Tidak ada snapshot/;
  const cases: readonly (readonly [args: string[], environment: Record<string, string>, said: RegExp])[] = [
    [[], {}, english],
    [[], system, indonesian],
    [[], { ...system, LC_ALL: 'en_US.UTF-8' }, english],
    [[], { CADANGAN_CONFIG: configuration }, indonesian],
    [[], { CADANGAN_CONFIG: configuration, CADANGAN_LANG: 'en' }, english],
    [['--lang', 'id'], { CADANGAN_LANG: 'en' }, indonesian],
    [['--lang=en'], system, english],
    [['--lang', 'auto'], system, indonesian],
  ];
  for (const [args, environment, said] of cases) {
    const { code, stderr } = await stage.run(['ls', 'latest', ...args], { environment });
    assert.equal(code, 1);
    assert.match(stderr, said, JSON.stringify([args, environment]));
  }
});

test('what programs read does not depend on the language of the system, unless it is asked for', async (t) => {
  const stage = await makeStage(t);
  const environment = { LANG: 'id_ID.UTF-8' };
  assert.match(String((await stage.json(['ls', 'latest'], { environment })).errors[0]?.['message']), /^There is no snapshot/);
  assert.match(String((await stage.json(['ls', 'latest', '--lang', 'id'], { environment })).errors[0]?.['message']), /^Tidak ada snapshot/);
});

test('a backup, its listing and a restore speak Indonesian throughout', async (t) => {
  const stage = await makeStage(t);
  const environment = { CADANGAN_LANG: 'id' };
  writeFileSync(stage.path('laporan.txt'), 'x'.repeat(3000));
  const backup = await stage.run(['backup', 'laporan.txt'], { environment });
  assert.match(backup.stdout, /tanpa snapshot induk: semua berkas dibaca\n\nBerkas: +1 baru, +0 berubah, +0 tetap\nFolder: /);
  assert.match(backup.stdout, /diproses 1 berkas, 2,930 KiB dalam \d+:\d\d\nsnapshot [0-9a-f]{8} disimpan\n/);
  assert.match((await stage.run(['snapshots'], { environment })).stdout, /^ID +Waktu +Host +Tag +Lokasi +Ukuran\n[^]*\n1 snapshot\n$/);
  const restored = await stage.run(['restore', 'latest', '--target', stage.path('tujuan')], { environment });
  assert.match(restored.stdout, /dipulihkan 1 berkas, \d+ folder, 0 tautan: 2,930 KiB dalam/);
});

test('the help of a command has no word of the parser in another language', async (t) => {
  const stage = await makeStage(t);
  const { stdout } = await stage.run(['key', '--help'], { environment: { CADANGAN_LANG: 'id' } });
  assert.match(stdout, /\(pilihan: "list", "add", "remove", "passwd"\)/);
  assert.doesNotMatch(stdout, /choices:|default:/);
});

test('a language that nobody speaks is refused', async (t) => {
  const { code, stderr } = await (await makeStage(t)).run(['ls', 'latest', '--lang', 'xx']);
  assert.equal(code, 1);
  assert.match(stderr, /--lang xx.*one of auto, en, id is wanted/);
});
