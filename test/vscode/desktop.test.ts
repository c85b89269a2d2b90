import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSuites } from '../../scripts/vscode/build-suites.ts';
import { provideDesktop, runInDesktop } from '../../scripts/vscode/electron.ts';
import { pinnedVersion, versionNames } from '../../scripts/vscode/versions.ts';
import { resultsVariable, type HostResults } from './host/results.ts';
import { repeatResults } from './repeat-results.ts';

for (const version of versionNames) {
  test(`the suites run in desktop VS Code ${pinnedVersion(version).vscode}`, async (context) => {
    const desktop = await provideDesktop(version);
    if ('missing' in desktop) return context.skip(desktop.missing);
    using suites = await buildSuites();
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-suites-'));
    try {
      const resultsFile = join(folder, 'results.json');
      await runInDesktop(desktop.executable, suites.entry, { [resultsVariable]: resultsFile });
      await repeatResults(context, JSON.parse(readFileSync(resultsFile, 'utf8')) as HostResults);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
