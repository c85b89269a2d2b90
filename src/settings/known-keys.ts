import { fileSchema } from './schema.ts';

/** The keys that the file format has at `path` (`['sets', 0, 'schedule']`); none where there is no object. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = fileSchema;
  for (const part of path)
    schema = typeof part === 'number' ? fieldOf(unwrapped(schema), 'element') : fieldOf(fieldOf(unwrapped(schema), 'shape'), part);
  const shape = fieldOf(unwrapped(schema), 'shape');
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
}

/** zod wraps a schema for each thing added to it: optional, default, a check, a transformation (`in` is what goes into it). */
function unwrapped(schema: unknown): unknown {
  const definition = fieldOf(schema, 'def');
  const inner = fieldOf(definition, 'innerType') ?? fieldOf(definition, 'in');
  return inner === undefined ? schema : unwrapped(inner);
}

function fieldOf(value: unknown, name: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
