/** The tokens of jsonc-parser's scanner that we look for. It declares them as a constant enum, which Node's type stripping cannot read. */
export const token = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  lineComment: 12,
  blockComment: 13,
  end: 17,
} as const;
