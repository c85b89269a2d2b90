import { bytesOf, textOf, type ByteString, system, systemOf } from '../platform/index.ts';

/**
 * Why a name that is harmless in a snapshot cannot be a file's name on this system, or undefined when it can. On Windows such names do not
 * fail: they write to a device, to a stream of another file, to another folder, or under a trimmed name.
 */
export function impossibleName(name: ByteString, platform: NodeJS.Platform = system.platform): string | undefined {
  if (platform !== 'win32' && platform !== 'darwin') return undefined;
  if (!isUtf8(name)) return 'not UTF-8';
  return platform === 'win32' ? impossibleOnWindows(name) : undefined;
}

/** Two names that a file system without case takes for one have the same key. Names are folded as the file systems of `platform` do it. */
export function foldedName(name: ByteString, platform: NodeJS.Platform = system.platform): string {
  return systemOf(platform).foldedName(textOf(name));
}

const forbiddenOnWindows = /[<>:"/\\|?*\x00-\x1f]/;
// "Naming Files, Paths, and Namespaces": also with an extension, and with superscript digits.
const deviceName = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:\.|\s*$)/i;

function impossibleOnWindows(name: ByteString): string | undefined {
  const text = textOf(name);
  const forbidden = forbiddenOnWindows.exec(text);
  if (forbidden) return `holds ${JSON.stringify(forbidden[0])}`;
  if (/[. ]$/.test(text)) return 'ends with a dot or space';
  if (deviceName.test(text)) return 'names a device';
  return text.length > 255 ? 'longer than 255' : undefined;
}

function isUtf8(name: ByteString): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(name));
    return true;
  } catch {
    return false;
  }
}
