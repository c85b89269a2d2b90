import { bytesOf, byteStringFromBytes, type ByteString } from '../../platform/index.ts';

/*
 * Names in snapshots are bytes, paths of URIs are text. A byte that is no UTF-8 becomes a character of a private area, U+F780 to U+F7FF; a
 * name that really has such a character gets each of its bytes written so. Every name thus has one text, and the text gives it back.
 */
const privateArea = 0xf700;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of a name or path of a snapshot. `bytesOfText` is its inverse. */
export function textOfBytes(name: ByteString): string {
  if (!/[^\x00-\x7f]/.test(name)) return name;
  const bytes = bytesOf(name);
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    if (character === undefined) {
      text += String.fromCharCode(privateArea + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += character;
      at += lengthFrom(bytes[at] ?? 0);
    }
  }
  return text;
}

export function bytesOfText(text: string): ByteString {
  const parts = text.split(/([\uf780-\uf7ff])/);
  return byteStringFromBytes(
    Buffer.concat(parts.map((part, at) => (at % 2 === 1 ? Buffer.of(part.charCodeAt(0) - privateArea) : Buffer.from(part)))),
  );
}

/** The character whose UTF-8 begins at `at`; undefined when there is none, or when it is of the private area. */
function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const length = lengthFrom(bytes[at] ?? 0);
  if (length === 0 || at + length > bytes.length) return undefined;
  try {
    // A byte order mark is taken away by the decoder, and is a character here.
    const character =
      length === 3 && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf
        ? '\ufeff'
        : decoder.decode(bytes.subarray(at, at + length));
    return /[\uf780-\uf7ff]/.test(character) ? undefined : character;
  } catch {
    return undefined;
  }
}

/** How many bytes a character takes that begins with this one; 0 when none can. */
function lengthFrom(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}
