import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const projectFolder = join(import.meta.dirname, '..', '..');
const program = join(projectFolder, 'dist', 'cli.js');

test('a Node without zstd is told of in both languages, and nothing else is loaded', async () => {
  await using folder = await temporaryFolder();
  const older = join(folder.path, 'older.cjs');
  writeFileSync(older, "delete require('node:zlib').createZstdCompress;");
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', older, program, '--version'], { encoding: 'utf8' });
  assert.deepEqual([status, stdout], [1, '']);
  const [english, indonesian, ...others] = stderr.split('\n');
  assert.match(english ?? '', /^Cadangan needs Node\.js 22\.15 or newer.* this is v\d/);
  assert.match(indonesian ?? '', /^Cadangan memerlukan Node\.js 22\.15 atau lebih baru.* ini v\d/);
  assert.deepEqual(others, ['']);
  assert.match(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' }), /^cadangan \d/);
});

test('what is said there is what the package asks for, in a syntax that every Node reads', () => {
  const { engines } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { engines: { node: string } };
  assert.equal(engines.node, '>=22.15.0 <23 || >=23.8.0');
  const text = readFileSync(program, 'utf8').replaceAll(/\/\/.*/g, '');
  assert.doesNotMatch(text, /=>|`|\b(?:const|let|class|async|await|import)\b|\?\.|\?\?|\.\.\.|require\('node:/);
});
