import assert from 'node:assert/strict';
import { test } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { pinnedVersion } from '../../scripts/vscode/versions.ts';

test('the floor that is tested has the version that the manifest allows, and the types are its own', () => {
  const minor = pinnedVersion('floor').vscode.replace(/\.\d+$/, '');
  assert.equal(manifest.engines.vscode, `^${minor}.0`);
  assert.equal(manifest.devDependencies['@types/vscode'], `${minor}.0`);
});
