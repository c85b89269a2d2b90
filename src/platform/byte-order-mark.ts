const mark = { utf8: '\xef\xbb\xbf', utf16BigEndian: '\xfe\xff', utf16LittleEndian: '\xff\xfe' } as const;

/**
 * The bytes of a text file as restic takes them (its `internal/textfile`): a byte order mark is taken away, and what stands behind one of
 * UTF-16 becomes UTF-8. Without a mark the bytes are as they are, whatever their encoding.
 */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  const first = Buffer.from(bytes.subarray(0, 3)).toString('latin1');
  if (first.startsWith(mark.utf8)) return bytes.subarray(3);
  if (first.startsWith(mark.utf16LittleEndian)) return utf8OfUtf16(Buffer.from(bytes.subarray(2)));
  if (first.startsWith(mark.utf16BigEndian)) return utf8OfUtf16(bytesSwapped(bytes.subarray(2)));
  return bytes;
}

/** What a text file is in: its byte order mark says whether it is UTF-16, as Windows PowerShell's `>` and old editors write it. */
export function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const first = Buffer.from(bytes.subarray(0, 2)).toString('latin1');
  return first === mark.utf16LittleEndian ? 'utf-16le' : first === mark.utf16BigEndian ? 'utf-16be' : 'utf-8';
}

/** Its text without the mark. Nothing is guessed of bytes that are none. @throws Node's `ERR_ENCODING_INVALID_ENCODED_DATA` */
export function textOfFile(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
}

/** A pair of surrogates; or two second halves in a row: for those Go's decoder (golang.org/x/text/encoding/unicode) writes one U+FFFD. */
const pairOrSecondHalves = /([\ud800-\udbff][\udc00-\udfff])|[\udc00-\udfff]{2}/g;

/** @param units little-endian. What is no character becomes U+FFFD, a single byte at the end as well. */
function utf8OfUtf16(units: Buffer): Uint8Array {
  const text = units.toString('utf16le').replace(pairOrSecondHalves, (_found, pair?: string) => pair ?? '\ufffd');
  // Writing UTF-8 makes U+FFFD of halves that stand alone.
  return Buffer.from(units.length % 2 === 0 ? text : `${text}\ufffd`, 'utf8');
}

function bytesSwapped(bytes: Uint8Array): Buffer {
  const swapped = Buffer.from(bytes);
  swapped.subarray(0, swapped.length - (swapped.length % 2)).swap16();
  return swapped;
}
