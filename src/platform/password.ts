import { withoutByteOrderMark } from './byte-order-mark.ts';

/**
 * A password: the bytes that scrypt gets, as restic gives them to it. A file or a program may hold any bytes; decoded as UTF-8 those of
 * another encoding would be lost, and make another key than restic's. Nothing is normalised: "é" as one character and as two are two
 * passwords. A type of its own, so that no string becomes one without a decision about its bytes, and none gets into a message.
 */
export type Password = Uint8Array & { readonly __brand: 'Password' };

/** Typed by somebody, or kept as text by the editor: its UTF-8 bytes, with every blank. */
export function passwordFromText(text: string): Password {
  return passwordFromBytes(Buffer.from(text, 'utf8'));
}

/** Exactly these bytes. */
export function passwordFromBytes(bytes: Uint8Array): Password {
  return bytes as Password;
}

/** Makes the password unreadable for whoever looks into this process later. For whoever owns it, when nobody needs it any more. */
export function wipePassword(password: Password): void {
  password.fill(0);
}

/** From the content of a password file: without a byte order mark (UTF-16 becomes UTF-8) and without white space around it. */
export function passwordFromFile(content: Uint8Array): Password {
  return passwordFromOutput(withoutByteOrderMark(content));
}

/**
 * From what a password command printed: without white space around it. restic looks for no byte order mark here.
 * @returns bytes of its own, so that what it was read from can be wiped
 */
export function passwordFromOutput(output: Uint8Array): Password {
  let start = 0;
  let end = output.length;
  for (let width = 1; width > 0; start += width) width = spaceAt(output, start);
  for (let width = 1; width > 0 && end > start; end -= width) width = spaceBefore(output, end);
  return passwordFromBytes(new Uint8Array(output.subarray(start, end)));
}

/** For a page that people read: undefined when the bytes are not UTF-8. */
export function passwordText(password: Password): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password);
  } catch {
    return undefined;
  }
}

/**
 * The UTF-8 bytes of what Go's `strings.TrimSpace` takes away, Unicode's White_Space. JavaScript's `trim` leaves U+0085 and takes U+FEFF;
 * and a byte A0 that is part of no character (a no-break space in Latin-1) is no space.
 */
const space = /^(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)/;
const spaceBytesMax = 3;

/** How many bytes the white space at `at` has; 0 for anything else. Of the password no more than these bytes ever become text. */
function spaceAt(bytes: Uint8Array, at: number): number {
  // One UTF-16 unit a byte, so that a pattern can look at bytes.
  const text = String.fromCharCode(...bytes.subarray(at, at + spaceBytesMax));
  return space.exec(text)?.[0].length ?? 0;
}

/** The same for what ends at `end`. The first byte of a character is never one inside another, so the shortest fit is the only one. */
function spaceBefore(bytes: Uint8Array, end: number): number {
  for (let width = 1; width <= Math.min(spaceBytesMax, end); width += 1) if (spaceAt(bytes, end - width) === width) return width;
  return 0;
}
