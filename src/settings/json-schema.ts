import * as z from 'zod';
import { fileSchema } from './schema.ts';

/**
 * The JSON Schema (draft 7) of the configuration file, for completion, hovers and squiggles in editors. It says the same as the check of
 * the program, but for what stands between keys (a window or a reaction to changes, unique names).
 */
export function makeJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-7', io: 'input', override: ({ jsonSchema }) => withoutNoise(jsonSchema) });
  return {
    ...schema,
    title: 'Cadangan configuration',
    description: 'The backup sets of this server. Passwords never stand in this file.',
    // Keywords of VS Code's own JSON support.
    allowTrailingCommas: true,
    defaultSnippets: [{ label: 'Backup set', description: 'A file with one backup set', body: { version: 1, sets: [exampleSet] } }],
  };
}

const exampleSet = {
  name: '${1:name}',
  sources: ['${2:/srv/data}'],
  repository: { location: '${3:/mnt/backup/repository}' },
  schedule: { window: '${4:21:00-23:00}' },
};

/** Bounds that only say that numbers are exact. */
function withoutNoise(schema: { maximum?: unknown; minimum?: unknown }): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
