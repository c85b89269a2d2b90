import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedVersion, versionNames } from '../../scripts/vscode/versions.ts';
import { needsVscode } from './needs-vscode.ts';
import { repeatResults } from './repeat-results.ts';
import { runSuites } from './run-suites.ts';

for (const version of versionNames) {
  const { vscode } = pinnedVersion(version);
  test(`the suites run in the extension host of VS Code ${vscode}`, needsVscode(version), async (context) => {
    const results = await runSuites(version);
    assert.equal(results.vscodeVersion, vscode);
    await repeatResults(context, results);
  });
}
