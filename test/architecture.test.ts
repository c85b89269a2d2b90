import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isTranslation, whyForbidden } from '../scripts/lint/rooms.ts';

/** Files of `src/` with what each imports, both as paths inside `src/`; type imports count too. */
type ImportGraph = ReadonlyMap<string, readonly string[]>;

const graph = readImportGraph();

test('no room imports from above it, from a neighbour, or past the door of another room', () => {
  assert.deepEqual(forbiddenImports(graph), []);
});

test('no file imports itself in a circle', () => {
  assert.deepEqual(findCycle(graph), []);
});

test('only the extension imports the editor', () => {
  const users = [...readSources()].filter(([, text]) => specifiersOf(text).includes('vscode')).map(([file]) => file);
  assert.deepEqual(
    users.filter((file) => !file.startsWith('extension/')),
    [],
  );
});

test('only the host knows how the channel speaks: the service would serve over any other', () => {
  const users = [...readSources()].filter(([, text]) => specifiersOf(text).some((specifier) => specifier.startsWith('vscode-jsonrpc')));
  assert.deepEqual(
    users.map(([file]) => file).filter((file) => !file.startsWith('host/')),
    [],
  );
});

test('one file asks which system it runs on: what differs by system stands behind one interface', () => {
  assert.deepEqual(
    [...readSources()].filter(([, text]) => asksForPlatform.test(text)).map(([file]) => file),
    ['platform/system.ts'],
  );
  for (const asking of [
    'process.platform',
    "process['platform']",
    'const { argv, platform } = process',
    "import { platform } from 'node:os'",
  ])
    assert.match(asking, asksForPlatform);
  assert.doesNotMatch('/** As `process.platform` says. */\nsystem.platform', asksForPlatform);
});

/** In code; a name in backticks stands in a comment. */
const asksForPlatform =
  /(?<!`)\b(?:process|os)(?:\.platform|\[['"]platform['"]\])|\{[^{}]*\bplatform\b[^{}]*\}\s*=\s*process\b|import \{[^{}]*\bplatform\b[^{}]*\} from '(?:node:)?(?:os|process)'/;

test('one file renames, removes and opens files: on Windows that takes patience', () => {
  assert.deepEqual(
    [...readSources()].filter(([, text]) => hasNoPatience.test(text)).map(([file]) => file),
    ['platform/patient-files.ts'],
  );
  for (const bare of [
    "import { readFile, unlink } from 'node:fs/promises'",
    "import {\n  openSync,\n} from 'node:fs'",
    "import fs from 'node:fs'",
    "import * as fs from 'node:fs/promises'",
    "import { promises } from 'node:fs'",
    "const { rm } = await import('node:fs/promises')",
    "import { readFile as read } from 'fs/promises'",
    "import { default as fs } from 'node:fs'",
    "export { rename } from 'node:fs/promises'",
    "const fs = process.getBuiltinModule('node:fs')",
    "createRequire(import.meta.url)('fs')",
  ])
    assert.match(bare, hasNoPatience);
  const patient = "import { readFileSync, type RmOptions } from 'node:fs';\nimport { open, readFile } from '../platform/index.ts'";
  assert.doesNotMatch(patient, hasNoPatience);
});

/** Of `node:fs`: a call that Windows refuses while another program has the file open, or all of it under a name. */
const hasNoPatience = new RegExp(
  [
    String.raw`import (?:\w+|\* as \w+|\{[^{}]*\b(?:promises|default|readFile|writeFile|appendFile|(?:rename|unlink|rm|rmdir|open)(?:Sync)?)\b[^{}]*\})`,
    String.raw`export (?:\*|\{[^{}]*\})`,
  ]
    .map((clause) => String.raw`${clause} from '(?:node:)?fs(?:\/promises)?'`)
    .concat(String.raw`\('(?:node:)?fs(?:\/promises)?'\)`)
    .join('|'),
);

test('where people are talked to nothing is called bytes by a cast: a text that is decoded twice shows no name as it is', () => {
  // Bytes come from the rooms below, or through a schema (`service/protocol/`); the rest is made by the functions of `platform/`.
  const casts = [...readSources()]
    .filter(([file, text]) => /^(?:service|host|extension|cli)\//.test(file) && /\bas (?:readonly )?ByteString\b/.test(text))
    .map(([file]) => file);
  assert.deepEqual(casts, []);
});

test('a planted violation of each kind is found', () => {
  const planted = (from: string, to: string): string[] => forbiddenImports(new Map([[from, [to]]]));
  assert.equal(planted('storage/a.ts', 'backup/index.ts').length, 1, 'upward');
  assert.equal(planted('backup/a.ts', 'restore/index.ts').length, 1, 'neighbour');
  assert.equal(planted('backup/a.ts', 'repository/pack.ts').length, 1, 'past the door');
  assert.equal(planted('backup/a.ts', 'kitchen/index.ts').length, 1, 'a room without a floor');
  assert.deepEqual(planted('backup/deep/a.ts', 'repository/index.ts'), []);
  const circle = new Map([
    ['a.ts', ['b.ts']],
    ['b.ts', ['c.ts']],
    ['c.ts', ['b.ts']],
  ]);
  assert.deepEqual(findCycle(circle), ['b.ts', 'c.ts', 'b.ts']);
});

test('the reader of imports sees every form of import, and the real sources have some', () => {
  const text = [
    "import './a.ts';",
    "import { b,\n  type B } from './b.ts';",
    "export * from './c.ts';",
    "const d = await import('./d.ts');",
    "type E = import('./e.ts').E;",
    ' * import { x } from "./comment.ts"; is an example',
  ].join('\n');
  assert.deepEqual(specifiersOf(text).sort(), ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
  assert.ok([...graph.values()].flat().length > 0);
});

function forbiddenImports(imports: ImportGraph): string[] {
  return [...imports].flatMap(([from, targets]) =>
    targets.flatMap((to) => {
      const reason = whyForbidden(from, to);
      return reason === undefined ? [] : [`${from} imports ${to}: ${reason}`];
    }),
  );
}

/** The files of one circle, first and last the same; empty when there is none. */
function findCycle(imports: ImportGraph): string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    const start = path.indexOf(file);
    if (start >= 0) return [...path.slice(start), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function readImportGraph(): ImportGraph {
  const edges = [...readSources()].map(([file, text]) => {
    const relative = specifiersOf(text).filter((specifier) => specifier.startsWith('.') && !isTranslation(specifier));
    return [file, relative.map((specifier) => posix.join(posix.dirname(file), specifier))] as const;
  });
  return new Map(edges);
}

function readSources(): ReadonlyMap<string, string> {
  const folder = fileURLToPath(new URL('../src/', import.meta.url));
  const files = globSync('**/*.ts', { cwd: folder }).map((file) => file.split(sep).join('/'));
  // AssemblyScript is a program of its own; nothing here imports it.
  const ours = files.filter((file) => !file.startsWith('repository/kernel/assembly/'));
  return new Map(ours.map((file) => [file, readFileSync(`${folder}${file}`, 'utf8')]));
}

/** Statements begin a line, so examples in comments do not count; dynamic and type imports may stand anywhere in one. */
function specifiersOf(text: string): string[] {
  const statement = /^(?:import|export)\s(?:[^'";=]*?\sfrom\s*)?['"]([^'"]+)['"]/gm;
  const call = /^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [statement, call].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
}
