import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import * as vscode from 'vscode';

const extensionId = 'cadangan.cadangan';

suite('activation', () => {
  test('the extension is there, runs where the files are, and activates', async () => {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension, `${extensionId} is not installed`);
    assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  test('the editor and its Node are not older than the manifest says', () => {
    const manifest: unknown = vscode.extensions.getExtension(extensionId)?.packageJSON;
    assert.ok(isRecord(manifest) && isRecord(manifest['engines']));
    const floor = String(manifest['engines']['vscode']).replace('^', '');
    assert.ok(vscode.version.localeCompare(floor, 'en', { numeric: true }) >= 0, `${vscode.version} is older than ${floor}`);
    assert.ok(Number.parseInt(process.versions.node, 10) >= 22, process.version);
  });

  test('no proposed API is asked for', () => {
    const manifest: unknown = vscode.extensions.getExtension(extensionId)?.packageJSON;
    assert.ok(isRecord(manifest));
    // This host allows all of it to everybody, so that only the manifest and the compiler can tell.
    assert.equal(manifest['enabledApiProposals'], undefined);
  });
});

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
