import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSuites } from '../../scripts/vscode/build-suites.ts';
import { startChromium } from '../../scripts/vscode/chromium.ts';
import { projectFolder } from '../../scripts/vscode/installed-server.ts';
import { serveVscode, type VscodeServer } from '../../scripts/vscode/serve.ts';
import type { VersionName } from '../../scripts/vscode/versions.ts';
import { resultsVariable, type HostResults } from './host/results.ts';

/** All suites together; a hanging one has its own, shorter limit. */
const suitesTimeoutMs = 10 * 60_000;

/**
 * Opens one window of this VS Code, lets its extension host run all suites on the extension in the project's folder (build first),
 * and returns what became of them.
 * @throws with the host's log when the host ended without results
 */
export async function runSuites(version: VersionName): Promise<HostResults> {
  using suites = await buildSuites();
  using stage = temporaryFolder();
  const resultsFile = join(stage.path, 'results.json');
  // The extension host inherits the server's environment.
  await using server = await serveVscode({ version, testDriver: true, environment: { [resultsVariable]: resultsFile } });
  const window = await openTestWindow(
    server,
    server.url({ folder: server.folders.workspace, extensionDevelopmentPath: projectFolder, extensionTestsPath: suites.entry }),
  );
  // The host says 0 also when it dies early: only the file proves that the suites came to an end.
  if (window.code === 0 && existsSync(resultsFile)) return JSON.parse(readFileSync(resultsFile, 'utf8')) as HostResults;
  const found = existsSync(resultsFile) ? 'results' : 'no results';
  throw new Error(
    [
      `The extension host ended with ${window.code ?? 'a time-out'} and ${found}.`,
      ...window.log.slice(-50),
      server.log().slice(-3_000),
    ].join('\n'),
  );
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'cadangan-suites-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

interface TestWindow {
  /** Undefined when the time was up. */
  readonly code: number | undefined;
  readonly log: readonly string[];
}

/** VS Code calls these two functions of the page, when it was started with its test driver. */
async function openTestWindow(server: VscodeServer, url: string): Promise<TestWindow> {
  await using browser = await startChromium();
  const page = await browser.newPage();
  const log: string[] = [];
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) => {
    const line = `${type}: ${args.map(textOf).join(' ')}`;
    if (!line.includes('Could not locate the bindings file')) log.push(line);
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
  page.once('crash', () => resolve(undefined));
  const timer = setTimeout(() => resolve(undefined), suitesTimeoutMs);
  try {
    await page.goto(url);
    const code = await promise;
    if (code === undefined)
      await page.screenshot({ path: join(projectFolder, 'test', 'e2e', 'shots', `suites ${server.vscodeVersion}.png`) });
    return { code, log };
  } finally {
    clearTimeout(timer);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
