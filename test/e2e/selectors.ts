/** Text as a string of CSS, for attribute selectors. */
export function cssString(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
