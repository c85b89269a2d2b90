import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectFolder } from './installed-server.ts';
import { makeWorkFolder } from './work-folder.ts';

/** Suites made ready for the extension host. */
export interface BuiltSuites extends Disposable {
  /** The module whose `run()` runs them: what `extensionTestsPath` names. */
  readonly entry: string;
}

/**
 * Bundles `test/vscode/suites/*.ts` and the module that runs them: the extension host of the floor has Node 22.17, which does not take
 * TypeScript. They lie inside the project, because VS Code decides by the path of a module whose `vscode` it gets: so a suite
 * that replaces a function of `vscode.window` replaces it for the extension too.
 */
export async function buildSuites(): Promise<BuiltSuites> {
  const folder = makeWorkFolder('suites');
  const suites = globSync('test/vscode/suites/*.suite.ts', { cwd: projectFolder }).sort();
  await build({
    absWorkingDir: projectFolder,
    entryPoints: ['test/vscode/host/index.ts', ...suites],
    outbase: 'test/vscode',
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return { entry: join(folder, 'host', 'index.js'), [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
