/** What each task runs under Node 24, one command after the other; `npm test` runs the first three as well. */
export const tasks = {
  typecheck: [
    ['node_modules/typescript/bin/tsc', '--project', '.'],
    // What runs in a webview sees the browser, and no Node.
    ['node_modules/typescript/bin/tsc', '--project', 'src/extension/dashboard'],
  ],
  lint: [
    ['node_modules/oxfmt/bin/oxfmt', '--check'],
    ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
  ],
  format: [['node_modules/oxfmt/bin/oxfmt']],
  build: [['esbuild.js']],
  package: [['scripts/package.ts']],
  bench: [['esbuild.js'], ['bench/main.ts']],
  // Not a part of `npm test`: thirty test files, one after the other.
  planted: [['esbuild.js'], ['scripts/planted.ts']],
};
