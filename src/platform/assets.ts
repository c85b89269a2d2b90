import { fileURLToPath } from 'node:url';

/**
 * The path of a built file, `dist/<name>`, e.g. `kernel.wasm`. The same call serves the sources as Node runs them
 * (`src/platform/assets.ts`, two floors below the project) and a bundle, which lies in `dist/` itself.
 * Says nothing about whether the file exists: `npm run build` makes it.
 */
export function assetPath(name: string): string {
  return pathFrom(import.meta.url, runsFromSources ? `../../dist/${name}` : `./${name}`);
}

/**
 * The path to start a worker thread or a child process from: `src/<room>/<name>.ts` when running from the sources,
 * `dist/<name>.js` in a bundle. Every such entry must also stand in the list of `esbuild.js`.
 */
export function workerPath(room: string, name: string): string {
  return pathFrom(import.meta.url, runsFromSources ? `../${room}/${name}.ts` : `./${name}.js`);
}

// Only the sources end in `.ts`; esbuild makes every bundle a `.js` file.
const runsFromSources = import.meta.url.endsWith('.ts');

function pathFrom(base: string, relative: string): string {
  return fileURLToPath(new URL(relative, base));
}
