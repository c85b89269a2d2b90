// A reporter of node:test for Windows' Node: one event a line as JSON, in the shape that `test-tally.mjs` reads on the other side.
export default async function* tellEvents(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, nesting, skip, todo, details } = data;
    const error = details.error && { failureType: details.error.failureType };
    yield `${JSON.stringify({ type, data: { name, nesting, skip, todo, details: { type: details.type, error } } })}\n`;
  }
}
