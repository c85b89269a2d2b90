import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { previewRows } from '../../src/extension/presentation/restore-choice.ts';
import { byteStringFromBytes, byteStringFromText, fsPath, joinBytes, snapshotRoot } from '../../src/platform/index.ts';
import { EngineStage } from '../host/engine-stage.ts';

test(
  'the preview shows every name as it is: accents, other scripts, an emoji, and U+FFFD for each byte that is no UTF-8',
  { skip: process.platform !== 'linux' && 'names as bytes' },
  async (t) => {
    const stage = new EngineStage(t);
    const texts = ['Laporan Keuangan – März 2026 é 数据.xlsx', 'e\u0301te\u0301.md', '📒 kas.txt', 'dua\nbaris.txt'];
    for (const text of texts) stage.write(text, text);
    writeFileSync(fsPath(joinBytes(byteStringFromText(stage.source), byteStringFromBytes(Buffer.from('rusak-\xff.bin', 'latin1')))), '');
    await stage.initRepository();
    stage.configure();
    const { client } = stage.window();
    await client.request(protocol.startBackup, { set: 'data' });
    const folder = stage.path('Tujuan é');
    mkdirSync(join(folder, 'data', '📒 kas.txt'), { recursive: true });

    const preview = await client.request(protocol.previewRestore, {
      location: stage.repository,
      snapshot: 'latest',
      paths: [snapshotRoot],
      target: { kind: 'folder', folder },
      overwrite: 'if-changed',
    });

    const groups = previewRows(preview, false).map(({ heading, rows }) => ({
      heading,
      rows: rows.map(({ label, description }) => `${label}: ${description}`),
    }));
    const files = ['Laporan Keuangan – März 2026 é 数据.xlsx', 'dua\ufffdbaris.txt', 'e\u0301te\u0301.md', 'rusak-\ufffd.bin'];
    assert.deepEqual(groups, [
      { heading: 'Preview', rows: ['4 files to write: 69 B', '0 files to overwrite: ', '0 files to leave as they are: '] },
      { heading: 'Exceptions', rows: ['/data/📒 kas.txt: was not written: something else is in its place (a folder)'] },
      { heading: 'Files', rows: files.map((name) => `${join(folder, 'data', name)}: is written`) },
    ]);
  },
);
