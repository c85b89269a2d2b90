/** Where a set stands in the text of the configuration: the offset of its name's value. Undefined when it is not found. */
export function offsetOfSet(text: string, name: string): number | undefined {
  const quoted = JSON.stringify(name).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const match = new RegExp(`"name"\\s*:\\s*${quoted}`).exec(text);
  return match === null ? undefined : match.index;
}

/** What a configuration file begins with when there is none. @param timeZone of the server; undefined when it has none that is known */
export function emptyConfiguration(timeZone: string | undefined): string {
  return `{
  "version": 1,
${timeZone === undefined ? '' : `  "timeZone": ${JSON.stringify(timeZone)},\n`}  "sets": [
  ]
}
`;
}
