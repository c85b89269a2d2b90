// Writes the JSON Schema of the configuration file; a test compares it with what stands there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { makeJsonSchema } from '../src/settings/index.ts';

mkdirSync(new URL('../schemas/', import.meta.url), { recursive: true });
writeFileSync(new URL('../schemas/cadangan-config.schema.json', import.meta.url), `${JSON.stringify(makeJsonSchema(), undefined, 2)}\n`);
