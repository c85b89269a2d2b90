import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobId } from '../../../src/repository/format/index.ts';
import { parseSnapshot, serializeSnapshot } from '../../../src/repository/format/index.ts';
import { expectDamaged } from './expect-damaged.ts';

const tree = 'c29449be20857f72a8facf9e46fec31e05b8222229558a417bf7a6e77f22e58e';
const parent = '6d53e78e9737bbda1586f67a04f5d74ead20b5fa139779a8b17b4d9bb6e5b706';
// From the repository in test/fixtures/restic/tiny-0.14.
const fromRestic = `{"time":"2026-11-23T07:27:42.705828831Z","parent":"${parent}","tree":"${tree}","paths":["/tmp/rv/tinysrc"],"hostname":"srv-contoh","username":"root","tags":["uji"]}`;

const roundTrip = (text: string): string => Buffer.from(serializeSnapshot(parseSnapshot(Buffer.from(text)))).toString('utf8');

test("restic's snapshot is read, and written back byte for byte", () => {
  const snapshot = parseSnapshot(Buffer.from(fromRestic));
  assert.deepEqual(snapshot, {
    time: '2026-11-23T07:27:42.705828831Z',
    parent,
    tree,
    paths: ['/tmp/rv/tinysrc'],
    hostname: 'srv-contoh',
    username: 'root',
    uid: 0,
    gid: 0,
    excludes: [],
    tags: ['uji'],
  });
  assert.equal(roundTrip(fromRestic), fromRestic);
});

test('every field has its place, and unknown ones survive', () => {
  const summary =
    '{"backup_start":"2026-11-23T14:00:00+07:00","backup_end":"2026-11-23T14:01:00+07:00","files_new":1,"files_changed":2,"files_unmodified":3,"dirs_new":4,"dirs_changed":5,"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,"data_added":9,"data_added_packed":10,"total_files_processed":11,"total_bytes_processed":12,"later":1.50}';
  const text = `{"time":"2026-11-23T14:01:00+07:00","tree":"${tree}","paths":["C:\\\\srv"],"uid":1000,"gid":1000,"excludes":["*.tmp"],"tags":["a"],"original":"${parent}","program_version":"restic 0.18.0","summary":${summary},"extra":{"n":18446744073709551615}}`;
  assert.equal(roundTrip(text), text);
  const { summary: read } = parseSnapshot(Buffer.from(text));
  assert.equal(read?.totalBytesProcessed, 12);
});

test('a summary that cannot be read does not hide the snapshot and does not get lost', () => {
  const text = `{"time":"2026-11-23T14:01:00+07:00","tree":"${tree}","paths":[],"summary":{"files_new":"many"}}`;
  assert.equal(parseSnapshot(Buffer.from(text)).summary, undefined);
  assert.equal(roundTrip(text), text);
});

test('paths and tags with odd characters are escaped as Go does', () => {
  const snapshot = { ...parseSnapshot(Buffer.from(fromRestic)), tree: tree as BlobId, paths: ['/a<b>&"\\\n'] };
  const bytes = serializeSnapshot(snapshot);
  assert(Buffer.from(bytes).toString('utf8').includes('["/a\\u003cb\\u003e\\u0026\\"\\\\\\n"]'));
  assert.deepEqual(parseSnapshot(bytes), snapshot);
});

test('a snapshot without a tree, or with fields of the wrong kind, is damaged', () => {
  expectDamaged(() => parseSnapshot(Buffer.from('')), /empty/);
  expectDamaged(() => parseSnapshot(Buffer.from('{"time":"2026-11-23T14:01:00Z","tree":null}')), /tree/);
  for (const field of ['"paths":"x"', '"paths":[1]', '"uid":-1', '"time":"now"', '"parent":"x"', '"hostname":[]', '"tags":{}']) {
    expectDamaged(() => parseSnapshot(Buffer.from(`{"tree":"${tree}",${field}}`)));
  }
});
