/** One line without control characters: names of files may hold anything. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, '\ufffd');
}
