import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CadanganError, fileError, stateError, stateErrorIn, systemOf } from '../../src/platform/index.ts';

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

test('an error about a file of the state is known by its path, however that is written', () => {
  const told = (path: string, folder: string, on: typeof windows) => codeOf(stateErrorIn(refusal('EPERM', path), folder, on));
  assert.equal(told('C:\\ProgramData\\Cadangan\\state\\host.json', 'c:/ProgramData/cadangan/state', windows), 'state.unusable');
  assert.equal(told('\\\\?\\C:\\s\\x', 'C:\\s', windows), 'state.unusable');
  assert.equal(told('C:\\state\\x', 'C:\\s', windows), undefined);
  assert.deepEqual(
    [told('/s/x', '/s', linux), told('/s', '/s', linux), told('/state/x', '/s', linux)],
    ['state.unusable', 'state.unusable', undefined],
  );
  assert.equal(codeOf(stateErrorIn(refusal('EBUSY', 'C:\\s\\x'), 'C:\\s', windows)), 'file.in-use');
});
