/** How many columns of a terminal `text` takes: two for East Asian wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** `text` filled with spaces, on the right or with `right` on the left. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + fill : fill + text;
}

/** The end of `text` matters for paths, so what is too long is cut at the beginning, behind an ellipsis. */
export function cutStart(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    used += displayWidthOfOne(segment);
    if (used > width) break;
    kept = segment + kept;
  }
  return width > 0 ? `…${kept}` : '';
}

const ascii = /^[\x20-\x7e]*$/;
const segmenter = new Intl.Segmenter();
// Unicode's East Asian Width has no property in regular expressions; these scripts and blocks are what is wide in practice.
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u;

function displayWidthOfOne(segment: string): number {
  return wide.test(segment) ? 2 : 1;
}
