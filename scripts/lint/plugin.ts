/**
 * Rules of this house for oxlint: which room imports which, that clock, chance, editor, operating system and what Windows may refuse for a
 * moment come in through doors, and how wide a line is.
 */
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTranslation, whyForbidden } from './rooms.ts';

const sourceFolder = fileURLToPath(new URL('../../src', import.meta.url));

/** What we use of the syntax tree (ESTree) and of the linter. */
interface SyntaxNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly source?: SyntaxNode | null;
  readonly callee?: SyntaxNode;
  readonly object?: SyntaxNode;
  readonly property?: SyntaxNode;
  readonly imported?: SyntaxNode;
  /** Of a declaration: what is declared, and what it begins as. */
  readonly id?: SyntaxNode;
  readonly init?: SyntaxNode | null;
  /** Of a pattern that takes an object apart. */
  readonly properties?: readonly SyntaxNode[];
  readonly key?: SyntaxNode;
  readonly specifiers?: readonly SyntaxNode[];
  readonly arguments?: readonly SyntaxNode[];
  /** Offsets in the text, the end not included. */
  readonly range: readonly [number, number];
}
interface Context {
  readonly filename: string;
  readonly sourceCode: { readonly text: string };
  report(problem: { readonly message: string; readonly node: SyntaxNode }): void;
}

const rooms = {
  create(context: Context) {
    const from = pathInSources(context.filename);
    if (from === undefined) return {};
    const check = (node: SyntaxNode): void => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string') return;
      const message = whyNot(context.filename, from, specifier);
      if (message !== undefined) context.report({ message, node });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      TSImportType: check,
    };
  },
};

function whyNot(file: string, from: string, specifier: string): string | undefined {
  if (specifier === 'vscode' && !from.startsWith('extension/')) return 'only src/extension/ knows the editor';
  if (!specifier.startsWith('.') || isTranslation(specifier)) return undefined;
  const to = pathInSources(resolve(dirname(file), specifier));
  return to === undefined ? `${specifier} lies outside src/` : whyForbidden(from, to);
}

const clockMessage = 'take a Clock (src/platform) instead: time comes in as a parameter';
const chanceMessage = 'take a Random (src/platform) instead: chance comes in as a parameter';
const forbiddenMembers = new Map([
  ['Date.now', clockMessage],
  ['performance.now', clockMessage],
  ['process.hrtime', clockMessage],
  ['Math.random', chanceMessage],
  ['crypto.getRandomValues', chanceMessage],
  ...['randomBytes', 'randomInt', 'randomUUID', 'randomFill', 'randomFillSync'].map((name) => [`crypto.${name}`, chanceMessage] as const),
]);

const world = {
  create(context: Context) {
    const from = pathInSources(context.filename);
    if (from === undefined || from.startsWith('platform/')) return {};
    const report = (node: SyntaxNode, message: string | undefined): void => {
      if (message !== undefined) context.report({ message, node });
    };
    return {
      MemberExpression: (node: SyntaxNode) => {
        report(node, forbiddenMembers.get(`${node.object?.name ?? ''}.${node.property?.name ?? ''}`));
      },
      NewExpression: (node: SyntaxNode) => {
        const isNow = node.callee?.name === 'Date' && node.arguments?.length === 0;
        report(node, isNow ? clockMessage : undefined);
      },
      // `import { randomBytes } from 'node:crypto'`
      ImportSpecifier: (node: SyntaxNode) => {
        report(node, forbiddenMembers.get(`crypto.${node.imported?.name ?? ''}`));
      },
    };
  },
};

const systemMessage = 'take `system` (src/platform/system.ts) instead: what differs by system has a name there';

/** `process.platform`, `process['platform']`, `const { platform } = process`, `import { platform } from 'node:os'`. */
const oneSystem = {
  create(context: Context) {
    const from = pathInSources(context.filename);
    if (from === undefined || from === 'platform/system.ts') return {};
    const reportIf = (isPlatform: boolean, node: SyntaxNode): void => {
      if (isPlatform) context.report({ message: systemMessage, node });
    };
    return {
      MemberExpression: (node: SyntaxNode) => {
        const isOfSystem = node.object?.name === 'process' || node.object?.name === 'os';
        reportIf(isOfSystem && (node.property?.name ?? node.property?.value) === 'platform', node);
      },
      VariableDeclarator: (node: SyntaxNode) => {
        const names = node.id?.properties?.map(({ key }) => key?.name) ?? [];
        reportIf(node.init?.name === 'process' && names.includes('platform'), node);
      },
      ImportDeclaration: (node: SyntaxNode) => {
        const from = String(node.source?.value);
        const ofOs = /^(?:node:)?os$/.test(from) ? ['platform', 'type', 'version'] : [];
        const names = /^(?:node:)?process$/.test(from) ? ['platform'] : ofOs;
        const isWhole = ({ type, imported }: SyntaxNode): boolean => type !== 'ImportSpecifier' || imported?.name === 'default';
        reportIf(
          node.specifiers?.some(
            (specifier) => names.includes(specifier.imported?.name ?? '') || (ofOs.length > 0 && isWhole(specifier)),
          ) === true,
          node,
        );
      },
    };
  },
};

const patientMessage = 'take it from src/platform/patient-files.ts: on Windows it is refused while another program has the file open';
const patientCalls: ReadonlySet<string> = new Set([
  ...['rename', 'unlink', 'rm', 'rmdir', 'open'].flatMap((name) => [name, `${name}Sync`]),
  'readFile',
  'writeFile',
  'appendFile',
  'createWriteStream',
  'truncate',
  'promises',
  'default',
]);
const fileSystem = /^(?:node:)?fs(?:\/promises)?$/;

/** What renames, removes and opens files comes from one file: not by its name from `node:fs`, and not as a part of all of that. */
const patientFiles = {
  create(context: Context) {
    const from = pathInSources(context.filename);
    if (from === undefined || from === 'platform/patient-files.ts') return {};
    const report = (node: SyntaxNode): void => context.report({ message: patientMessage, node });
    const isOfFiles = (node: SyntaxNode): boolean => fileSystem.test(String(node.source?.value));
    return {
      ImportDeclaration: (node: SyntaxNode) => {
        if (!isOfFiles(node)) return;
        for (const specifier of node.specifiers ?? []) {
          const name = specifier.imported?.name;
          if (specifier.type !== 'ImportSpecifier' || (name !== undefined && patientCalls.has(name))) report(specifier);
        }
      },
      ExportNamedDeclaration: (node: SyntaxNode) => {
        if (isOfFiles(node)) report(node);
      },
      ExportAllDeclaration: (node: SyntaxNode) => {
        if (isOfFiles(node)) report(node);
      },
      ImportExpression: (node: SyntaxNode) => {
        if (isOfFiles(node)) report(node);
      },
      // `require('fs')`, of whatever name, and `process.getBuiltinModule('fs')`
      CallExpression: (node: SyntaxNode) => {
        if (node.arguments?.some(({ value }) => fileSystem.test(String(value)))) report(node);
      },
    };
  },
};

const lineCharsMax = 140;

/** The formatter breaks lines, but neither comments nor literals. A literal may stick out; what stands beside it may not. */
const lines = {
  create(context: Context) {
    const literals: (readonly [number, number])[] = [];
    const keep = (node: SyntaxNode): void => void literals.push(node.range);
    return {
      Literal: keep,
      TemplateElement: keep,
      'Program:exit': (program: SyntaxNode) => {
        let start = 0;
        for (const [index, line] of context.sourceCode.text.split('\n').entries()) {
          const end = start + line.length;
          if (line.length > lineCharsMax && line.length - charsOf(literals, start, end) > lineCharsMax) {
            context.report({
              message: `line ${index + 1} has ${line.length} characters, at most ${lineCharsMax} are read with ease`,
              node: program,
            });
          }
          start = end + 1;
        }
      },
    };
  },
};

/** How many characters from `start` to `end` belong to these ranges. */
function charsOf(ranges: readonly (readonly [number, number])[], start: number, end: number): number {
  return ranges.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, start)), 0);
}

/** With forward slashes, or undefined for a file outside `src/`. */
function pathInSources(file: string): string | undefined {
  const path = relative(sourceFolder, file);
  return path.startsWith('..') ? undefined : path.split(sep).join('/');
}

export default { meta: { name: 'cadangan' }, rules: { rooms, world, 'one-system': oneSystem, 'patient-files': patientFiles, lines } };
