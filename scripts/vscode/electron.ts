import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { cacheFolder, projectFolder } from './installed-server.ts';
import { pinnedVersion, type VersionName } from './versions.ts';

/** Where the network drops everything silently, a download would wait for ever. */
const downloadTimeoutMs = 5 * 60_000;

/**
 * The program of desktop VS Code in this version: kept in the cache, else downloaded by Microsoft's test runner.
 * @returns why not, where downloads do not work
 */
export async function provideDesktop(name: VersionName): Promise<{ readonly executable: string } | { readonly missing: string }> {
  const cachePath = join(cacheFolder, 'desktop');
  mkdirSync(cachePath, { recursive: true });
  const timeUp = AbortSignal.timeout(downloadTimeoutMs);
  try {
    const download = downloadAndUnzipVSCode({ version: pinnedVersion(name).vscode, cachePath });
    const limit = new Promise<never>((_resolve, reject) => timeUp.addEventListener('abort', () => reject(new Error('it took too long'))));
    return { executable: await Promise.race([download, limit]) };
  } catch (error) {
    return {
      missing: `desktop VS Code ${pinnedVersion(name).vscode} cannot be downloaded: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/**
 * Runs suites in the extension host of desktop VS Code, with a profile of its own. Needs a screen.
 * @param suites the module whose `run()` runs them
 * @throws when the editor ends with another code than 0
 */
export async function runInDesktop(executable: string, suites: string, environment: Readonly<Record<string, string>>): Promise<void> {
  // Short: on macOS the profile holds a socket, whose path has a limit of 103 bytes.
  const profile = mkdtempSync(join(tmpdir(), 'cdg-'));
  const workspace = join(profile, 'workspace');
  mkdirSync(workspace);
  try {
    await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: projectFolder,
      extensionTestsPath: suites,
      extensionTestsEnv: {
        CADANGAN_CONFIG: join(profile, 'config', 'cadangan.json'),
        CADANGAN_STATE: join(profile, 'state'),
        ...environment,
      },
      launchArgs: [
        workspace,
        '--disable-workspace-trust',
        '--disable-extensions',
        '--skip-welcome',
        '--skip-release-notes',
        '--disable-telemetry',
        '--disable-updates',
        `--user-data-dir=${join(profile, 'data')}`,
        `--extensions-dir=${join(profile, 'extensions')}`,
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    });
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}
