import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeJsonSchema } from '../../src/settings/index.ts';

test('the schema in schemas/ is the one that the source makes', () => {
  const committed: unknown = JSON.parse(readFileSync(new URL('../../schemas/cadangan-config.schema.json', import.meta.url), 'utf8'));
  assert.deepEqual(committed, JSON.parse(JSON.stringify(makeJsonSchema())), 'run: node scripts/generate-config-schema.ts');
});

test('every key has a description for completion and hovers', () => {
  const missing: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      if (name === 'properties' && typeof child === 'object' && child !== null) {
        for (const [key, property] of Object.entries(child))
          if (typeof (property as { description?: unknown }).description !== 'string') missing.push(`${path}.${key}`);
      }
      if (!['examples', 'default', 'defaultSnippets'].includes(name)) visit(child, `${path}.${name}`);
    }
  };
  visit(makeJsonSchema(), '');
  assert.deepEqual(missing, []);
});

test('keys that nobody knows are marked', () => {
  const text = JSON.stringify(makeJsonSchema());
  assert.equal(text.match(/"properties"/g)?.length, text.match(/"additionalProperties":false/g)?.length);
});
