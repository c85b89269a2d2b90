import { assetPath, readFile } from '../../platform/index.ts';

/** Whether a letter can be printed. @param codePoint of Unicode */
export type Letters = (codePoint: number) => boolean;

/** The letters that all the fonts of forms have, as `writePdf` embeds them. @throws the system's errors */
export async function fontLetters(): Promise<Letters> {
  const fonts = await Promise.all(['Regular', 'Medium'].map((name) => readFile(assetPath(`fonts/Roboto-${name}.ttf`))));
  const each = fonts.map(lettersOf);
  return (codePoint) => each.every((has) => has(codePoint));
}

/**
 * Letters that no font has are written out (`[U+4E2D]`): a box says nothing, two of them cannot be told apart, and an auditor looks for a
 * file by its name. So are control characters and marks that turn the reading direction round, which would make a name look like another.
 */
export function printable(text: string, has: Letters): string {
  // Intl writes narrow blanks between figures and words, which our fonts do not have.
  return [...text.replaceAll('\u202f', '\u00a0')].map((letter) => (isShown(letter, has) ? letter : `[U+${hexOf(letter)}]`)).join('');
}

const hidden = /[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

function isShown(letter: string, has: Letters): boolean {
  return !hidden.test(letter) && has(letter.codePointAt(0) ?? 0);
}

function hexOf(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/**
 * Read from the table `cmap` in format 4, which every font for Windows has (OpenType, "cmap – Character to Glyph Index Mapping Table"):
 * segments of codes up to U+FFFF. What lies behind is taken for missing.
 */
function lettersOf(font: Buffer): Letters {
  const table = tableOf(font, 'cmap');
  const count = table.readUInt16BE(2);
  const offsets = Array.from({ length: count }, (_, at) => table.readUInt32BE(8 + 8 * at));
  const map = offsets.map((offset) => table.subarray(offset)).find((one) => one.readUInt16BE(0) === 4);
  if (map === undefined) throw new Error('a font of the forms has no cmap of format 4');
  const segments = map.readUInt16BE(6); // in bytes of a column of 16-bit values
  const at = (column: number, segment: number): number => map.readUInt16BE(14 + column * segments + (column > 0 ? 2 : 0) + segment);
  const has = new Set<number>();
  for (let segment = 0; segment < segments; segment += 2) {
    const [end, start, delta, range] = [at(0, segment), at(1, segment), at(2, segment), at(3, segment)];
    for (let code = start; code <= end && code !== 0xffff; code++) {
      const place = 16 + 3 * segments + segment + range + 2 * (code - start);
      const glyph = range === 0 ? (code + delta) & 0xffff : map.readUInt16BE(place);
      if (glyph !== 0) has.add(code);
    }
  }
  return (codePoint) => has.has(codePoint);
}

function tableOf(font: Buffer, name: string): Buffer {
  const count = font.readUInt16BE(4);
  for (let at = 12; at < 12 + 16 * count; at += 16)
    if (font.toString('latin1', at, at + 4) === name) return font.subarray(font.readUInt32BE(at + 8));
  throw new Error(`a font of the forms has no table ${name}`);
}
