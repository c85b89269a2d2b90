import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commands, settings, views } from '../../src/extension/manifest/contributions.ts';
import { makeManifest } from '../../src/extension/manifest/make-manifest.ts';
import { menus, submenus } from '../../src/extension/manifest/menus.ts';
import { walkthrough } from '../../src/extension/manifest/walkthrough.ts';
import { welcomes } from '../../src/extension/manifest/welcome.ts';

const projectFolder = new URL('../../', import.meta.url);
const manifest = makeManifest();
const allTexts = [...Object.entries(manifest.english), ...Object.entries(manifest.indonesian)];

test('package.json and package.nls*.json are as the typed source makes them', () => {
  const packageJson = readJson('package.json');
  const hint = 'run: node scripts/generate-manifest.ts';
  assert.deepEqual(packageJson['contributes'], JSON.parse(JSON.stringify(manifest.contributes)), hint);
  assert.deepEqual({ displayName: packageJson['displayName'], description: packageJson['description'] }, manifest.about, hint);
  assert.deepEqual(packageJson['activationEvents'], manifest.activationEvents, hint);
  assert.deepEqual(readJson('package.nls.json'), manifest.english, hint);
  assert.deepEqual(readJson('package.nls.id.json'), manifest.indonesian, hint);
});

test('both languages have every text, and none is empty', () => {
  assert.deepEqual(Object.keys(manifest.indonesian), Object.keys(manifest.english));
  for (const [key, text] of allTexts) assert.notEqual(text.trim(), '', key);
});

test('every command that a text or a menu offers exists', () => {
  const offered = [
    ...[...allTexts.map(([, text]) => text), ...welcomes.flatMap(({ contents }) => [contents.en, contents.id])]
      .join('\n')
      .matchAll(/command:([\w.]+)/g),
  ].map(([, id = '']) => id);
  const ofTheEditor = ['workbench.actions.view.problems'];
  const known = new Set([
    ...Object.keys(commands).map((name) => `cadangan.${name}`),
    ...Object.values(views).map(({ id }) => `${id}.focus`),
    ...ofTheEditor,
  ]);
  assert.deepEqual(
    offered.filter((id) => !known.has(id)),
    [],
  );
  assert.ok(offered.length > 10);
});

test('both languages of a text offer the same commands', () => {
  const commandsIn = (text: string | undefined) => [...(text ?? '').matchAll(/command:([\w.]+)/g)].map(([, id]) => id);
  for (const [key, text] of Object.entries(manifest.english)) assert.deepEqual(commandsIn(manifest.indonesian[key]), commandsIn(text), key);
  for (const { contents } of welcomes) assert.deepEqual(commandsIn(contents.id), commandsIn(contents.en));
});

test('a row shows at most three buttons at once, and so does a header', () => {
  // `backUpNow` and `stop`, and the two of the filter, exclude each other by their conditions.
  for (const [place, prefix] of [
    ['view/item/context', 'inline'],
    ['view/title', 'navigation'],
  ] as const) {
    for (const [, entries] of Object.entries(Object.groupBy(menus[place] ?? [], ({ when = '' }) => when))) {
      assert.ok((entries ?? []).filter(({ group = '' }) => group.startsWith(prefix)).length <= 3);
    }
  }
  for (const submenu of Object.values(menus)
    .flat()
    .flatMap((entry) => entry.submenu ?? []))
    assert.ok(submenu in submenus);
});

test('no setting can come from a workspace, and each has a default and words', () => {
  for (const [name, { scope, default: value, description }] of Object.entries(settings)) {
    assert.ok(scope === 'machine' || scope === 'application', name);
    assert.equal(typeof value, 'string');
    assert.notEqual(description.en, description.id);
  }
});

test('titles of commands name what they do: no product, no full stop, an ellipsis where more is asked', () => {
  for (const { title } of Object.values(commands)) {
    for (const text of [title.en, title.id]) assert.doesNotMatch(text, /Cadangan:|[.]$|[\u{1F300}-\u{1FAFF}]/u);
    assert.equal(title.en.endsWith('…'), title.id.endsWith('…'), title.en);
  }
});

test('pictures are there and wear the colours of the theme', () => {
  for (const { picture } of walkthrough.steps) {
    const svg = readFileSync(new URL(picture, projectFolder), 'utf8');
    assert.match(svg, /var\(--vscode-/);
    assert.doesNotMatch(svg, /#[0-9a-fA-F]{3,8}\b|rgb\(|<script|href=/);
  }
  for (const { icon } of Object.values(views)) assert.ok(existsSync(new URL(icon, projectFolder)), icon);
});

function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(file, projectFolder), 'utf8')) as Record<string, unknown>;
}
