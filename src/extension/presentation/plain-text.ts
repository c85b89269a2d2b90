/** One line without control characters: names of files may hold anything. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, '\ufffd');
}

/** As `oneLine`, and without what reorders or hides text: whoever may write into a repository names himself as he likes. */
export function harmless(text: string): string {
  return text.replaceAll(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, '\ufffd');
}
