import { findChromium } from '../../scripts/vscode/chromium.ts';
import { installedServer } from '../../scripts/vscode/installed-server.ts';
import { pinnedVersion, type VersionName } from '../../scripts/vscode/versions.ts';

/**
 * Options for a test that opens a window of this VS Code. Where the editor or the browser is missing the test is skipped with the
 * command that brings it; with CI=true the run counts that as a failure.
 */
export function needsVscode(version: VersionName): { readonly skip: string | false } {
  if (installedServer(version) === undefined) {
    return { skip: `needs VS Code ${pinnedVersion(version).vscode}: node scripts/vscode/provide-server.ts ${version}` };
  }
  return { skip: findChromium() === undefined ? 'needs Chromium: sudo apt-get install chromium' : false };
}
