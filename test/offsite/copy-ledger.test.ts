import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CopyLedger } from '../../src/offsite/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import { failsWith } from '../storage/conformance.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const keyOf = (digit: string): string => `data/${digit.repeat(64)}`;
const entry = { sizeBytes: 9, createdMs: 1, proof: 'read', isOurs: true } as const;

test('a line that the full disk has cut short takes none with it that comes after', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'ledger');
  const options = { about: 'x', random: systemRandom };
  const ledger = await CopyLedger.open(path, options);
  await ledger.set(keyOf('a'), entry);
  const handle = await open(path, 'a');
  const full = t.mock.method(
    Object.getPrototypeOf(handle) as typeof handle,
    'appendFile',
    async function (this: typeof handle, line: string | Uint8Array) {
      await this.write(String(line).slice(0, 20));
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    },
    { times: 1 },
  );
  await assert.rejects(ledger.set(keyOf('b'), entry), failsWith('state.unusable'));
  full.mock.restore();
  await ledger.set(keyOf('c'), entry);
  await ledger.set(keyOf('d'), entry);
  await Promise.all([ledger.close(), handle.close()]);
  const again = await CopyLedger.open(path, options);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((digit) => again.get(keyOf(digit))),
    [entry, undefined, entry, entry],
  );
  await again.close();
});
