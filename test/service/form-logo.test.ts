import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLogo } from '../../src/service/form-logo.ts';

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('a logo is a whole PNG or JPEG of up to 1 MiB; anything else is said to be none, and stops no form', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-logo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const read = (bytes: Buffer) => {
    writeFileSync(join(folder, 'logo'), bytes);
    return readLogo(join(folder, 'logo'));
  };
  const unusable = { unusable: join(folder, 'logo') };
  assert.deepEqual(await read(png), { mediaType: 'image/png', bytes: png });
  const jpeg = Buffer.from('ffd8ffe000104a464946ffd9', 'hex');
  assert.deepEqual(await read(jpeg), { mediaType: 'image/jpeg', bytes: jpeg });
  assert.deepEqual(await read(png.subarray(0, -3)), unusable);
  assert.deepEqual(await read(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')), unusable);
  assert.deepEqual(await read(Buffer.alloc(0)), unusable);
  assert.deepEqual(await read(Buffer.concat([png.subarray(0, 8), Buffer.alloc(1024 * 1024), png.subarray(-8)])), unusable);
  assert.deepEqual(await readLogo(join(folder, 'missing.png')), { unusable: join(folder, 'missing.png') });
  assert.deepEqual(await readLogo(folder), { unusable: folder });
  assert.equal(await readLogo(undefined), undefined);
});
