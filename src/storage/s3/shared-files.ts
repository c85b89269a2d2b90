import { CadanganError, readFile, systemCode } from '../../platform/index.ts';

/** The settings of one profile, as they stand in a file: names in small letters, values without blanks around them. */
export type Profile = ReadonlyMap<string, string>;

// A file of keys has some lines.
const fileBytesMax = 1024 * 1024;

/**
 * The profiles of a file of the AWS tools (`~/.aws/credentials`, `~/.aws/config`); none where there is no file. In the second one all but
 * `default` are written `[profile NAME]`.
 * @throws `storage.denied` with the file's path when it cannot be read
 */
export async function readProfiles(path: string): Promise<ReadonlyMap<string, Profile>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = systemCode(error);
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return new Map();
    throw new CadanganError('storage.denied', { reason: 'credentials-unreadable', path, why: reason }, { cause: error });
  }
  return parseProfiles(bytes.subarray(0, fileBytesMax).toString('utf8'));
}

/** Lines that are indented belong to the one before (`s3 =` with settings of its own), and mean nothing to us. */
export function parseProfiles(text: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|[\r\n]/)) {
    const section = /^\[\s*(?:profile\s+)?["']?([^\]"']*?)["']?\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      current = profiles.get(section) ?? new Map<string, string>();
      profiles.set(section, current);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals <= 0 || /^[\s#;]/.test(line)) continue;
    const value = line.slice(equals + 1).replace(/\s[#;].*$/, '');
    current?.set(line.slice(0, equals).trim().toLowerCase(), value.trim());
  }
  return profiles;
}
