import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CadanganError, fileError, stateError, systemOf } from '../../src/platform/index.ts';

const [windows, linux] = [systemOf('win32'), systemOf('linux')];

function refusal(code: string, path: string): Error {
  return Object.assign(new Error(code), { code, path });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof CadanganError ? error.code : undefined;
}

test('EBUSY is of a file that another program has open on Windows alone: elsewhere it is of a mount point or a share', () => {
  const busy = refusal('EBUSY', '/mnt/share/data/ab');
  assert.deepEqual(
    [codeOf(fileError(busy, '/mnt/share', linux)), codeOf(stateError(busy, '/mnt', '/mnt', linux))],
    ['storage.unreachable', 'state.unusable'],
  );
  assert.deepEqual(
    [codeOf(fileError(busy, '/mnt/share', windows)), codeOf(stateError(busy, '/mnt', '/mnt', windows))],
    ['file.in-use', 'file.in-use'],
  );
});
