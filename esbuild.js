// Makes dist/: the kernel (AssemblyScript to WebAssembly), then one CommonJS bundle per entry point.
// @ts-check
'use strict';
const { execFileSync } = require('node:child_process');
const {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { join } = require('node:path');
const esbuild = require('esbuild');

/**
 * Every program, worker thread, child process, and what is loaded only when it is needed: dist/<name>.js from its source.
 * Keep in step with `workerPath()`.
 */
const entries = {
  'cli-start': 'src/cli/start.ts',
  'cli-main': 'src/cli/main.ts',
  extension: 'src/extension/extension.ts',
  host: 'src/host/host-main.ts',
  'backup-worker': 'src/backup/backup-worker.ts',
  'restore-worker': 'src/restore/restore-worker.ts',
  'check-worker': 'src/upkeep/check-worker.ts',
  'prune-worker': 'src/upkeep/prune-worker.ts',
  'document-writers': 'src/records/document-writers.ts',
};

/** Pages of webviews: dist/<name>.js and dist/<name>.css, for the browser, with all that they need. */
const pages = { dashboard: 'src/extension/dashboard/dashboard.ts' };

/** Fonts of the forms that go into PDF files, embedded by pdfmake. */
const fontFolder = 'node_modules/pdfmake/fonts/Roboto';

/** Bundles are CommonJS, which has no `import.meta`; a constant in front of each stands for it. */
const importMeta = 'const importMetaUrl=require("node:url").pathToFileURL(__filename).href;';
/** Which pdfkit puts into PDF/A; it looks for it beside the bundle. */
const colourProfile = 'data/sRGB_IEC61966_2_1.icc';
const googleBytesMax = 400_000;

/**
 * What ssh2 would use where somebody has compiled it, and does without: then its ciphers are Node's own, which are as fast. To it they look
 * as if nobody had. @type {import('esbuild').Plugin}
 */
const nothingCompiled = {
  name: 'nothing compiled',
  setup(build) {
    build.onResolve({ filter: /^cpu-features$|\/sshcrypto\.node$/ }, ({ path }) => ({ path, namespace: 'nothing-compiled' }));
    build.onLoad({ filter: /.*/, namespace: 'nothing-compiled' }, () => ({ contents: "throw new Error('not compiled')" }));
  },
};

/** The program itself: not bundled, since it has to run in a Node that cannot read a bundle. */
const launcher = 'dist/cli.js';

main().catch((error) => {
  // esbuild has already shown what is wrong with a source.
  if (!('errors' in error)) console.error(error);
  process.exitCode = 1;
});

async function main() {
  process.chdir(__dirname);
  mkdirSync('dist', { recursive: true });
  compileKernel();
  cpSync(fontFolder, 'dist/fonts', { recursive: true });
  mkdirSync('dist/data', { recursive: true });
  copyFileSync(`node_modules/pdfkit/js/${colourProfile}`, `dist/${colourProfile}`);
  copyFileSync('docs/verify-records.py', 'dist/verify-records.py');
  copyFileSync('src/cli/launch.cjs', launcher);
  chmodSync(launcher, 0o755);
  const { koffiBinary, koffiTargets } = await import('./scripts/koffi-binary.ts');
  const binaries = koffiTargets.flatMap((target) => copyKoffi(target, koffiBinary(target)));
  const present = Object.entries(entries).filter(([, source]) => existsSync(source));
  const results = await Promise.all([...present.map(([name, source]) => bundle(name, source)), bundlePages()]);
  const inputs = Object.assign({}, ...results.map((result) => result.metafile.inputs));
  const outputs = Object.assign({}, ...results.map((result) => result.metafile.outputs));
  writeFileSync('dist/meta.json', JSON.stringify({ inputs, outputs }));
  writeFileSync('dist/third-party-notices.txt', noticesOf(Object.keys(inputs)));
  const sizes = Object.entries(outputs).filter(([file]) => file.endsWith('.js'));
  assertGoogleIsSmall(outputs);
  console.log(sizes.map(([file, { bytes }]) => `${file} ${Math.ceil(bytes / 1024)} KiB`).join(', '));
  removeOthers([
    launcher,
    'dist/data',
    'dist/fonts',
    'dist/kernel.wasm',
    'dist/verify-records.py',
    'dist/meta.json',
    'dist/third-party-notices.txt',
    ...binaries,
    ...Object.keys(outputs),
  ]);
}

/** @param {string} target @param {string | undefined} source @returns {string[]} what is in dist/ of it */
function copyKoffi(target, source) {
  if (source === undefined) return [];
  const copy = `dist/koffi-${target}.node`;
  // As a new file: one that a running program has loaded must not change.
  copyFileSync(source, `${copy}-new`);
  renameSync(`${copy}-new`, copy);
  return [copy];
}

/**
 * Google's libraries come by a deep path that is no promise: were it to lead to the whole of them, every start would take half a second
 * longer.
 * @param {Record<string, { inputs: Record<string, { bytesInOutput: number }> }>} outputs
 */
function assertGoogleIsSmall(outputs) {
  for (const [file, { inputs }] of Object.entries(outputs)) {
    const ofGoogle = Object.entries(inputs).filter(([input]) => /node_modules\/(?:googleapis|google-|gaxios|gcp-)/.test(input));
    const bytes = ofGoogle.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
    if (bytes > googleBytesMax) throw new Error(`${file} has ${bytes} bytes of Google's libraries`);
  }
}

/** Its flags are in `asconfig.json`, beside its source. */
function compileKernel() {
  const config = 'src/repository/kernel/asconfig.json';
  if (!existsSync(config)) return;
  execFileSync(process.execPath, ['node_modules/assemblyscript/bin/asc.js', '--config', config], { stdio: 'inherit' });
}

/** @param {string} name @param {string} source */
async function bundle(name, source) {
  const result = await esbuild.build({
    entryPoints: { [name]: source },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['vscode'],
    plugins: [nothingCompiled],
    mainFields: ['module', 'main'], // the other form of jsonc-parser loads its parts by names that no bundler sees
    minify: true,
    sourcemap: 'linked',
    legalComments: 'none', // the notices file carries the whole licences
    metafile: true,
    logLevel: 'warning',
    define: {
      'import.meta.url': 'importMetaUrl',
      'import.meta.filename': '__filename',
      'import.meta.dirname': '__dirname',
    },
    banner: { js: importMeta },
  });
  return result;
}

/** @returns {Promise<import('esbuild').BuildResult<{ metafile: true }>>} */
function bundlePages() {
  return esbuild.build({
    entryPoints: pages,
    outdir: 'dist',
    bundle: true,
    platform: 'browser',
    target: 'chrome138', // of VS Code 1.103, the oldest that we run in
    format: 'iife',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
}

/** Afterwards, so that whoever runs from dist/ meanwhile keeps what it needs. @param {string[]} current */
function removeOthers(current) {
  for (const name of readdirSync('dist')) {
    if (!current.includes(`dist/${name}`)) rmSync(join('dist', name), { recursive: true });
  }
}

/** The licences of the packages whose code is in a bundle, as they ask for. @param {string[]} inputs */
function noticesOf(inputs) {
  const folders = inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  const sections = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const own = readdirSync(folder)
      .filter((n) => /^licen[cs]e(?:\.(?:md|txt|mit))?$/i.test(n))
      .map((n) => join(folder, n));
    // Some packages leave out the licence that their repository has; then it stands here.
    const file = [...own, `scripts/licences/${name.replace('/', '+')}.txt`].find(existsSync);
    if (file === undefined) throw new Error(`${name} is bundled and has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(file, 'utf8').trim()}\n`;
  });
  const fonts = `Roboto, a family of fonts\n\n${readFileSync('scripts/licences/Roboto.txt', 'utf8').trim()}\n`;
  const koffi = `koffi, in the packages for Windows (MIT)\n\n${readFileSync('scripts/licences/koffi.txt', 'utf8').trim()}\n`;
  return ['Cadangan contains code of these packages.\n', ...sections, fonts, koffi].join(`\n${'-'.repeat(80)}\n\n`);
}
