import { readFile } from '../../platform/index.ts';
import { keyTypeOf } from './known-hosts.ts';
import { SftpFault } from './sftp-fault.ts';

/** A list in OpenSSH's binary form begins with it (PROTOCOL.krl). */
const binaryMagic = 'SSHKRL\n\0';

/**
 * The keys of RevokedHostKeys, one a line. As OpenSSH has it, no host is trusted while such a file cannot be read.
 * @throws the system's error; SftpFault `unsupported` for a list in binary form
 */
export async function readRevokedKeys(files: readonly string[]): Promise<Buffer[]> {
  const keys: Buffer[] = [];
  for (const file of files) {
    const bytes = await readFile(file);
    if (bytes.toString('latin1', 0, binaryMagic.length) === binaryMagic)
      throw new SftpFault('unsupported', `RevokedHostKeys (${file}) is a binary list, which is not supported; one key a line is`);
    for (const line of bytes.toString('utf8').split(/\r?\n/)) {
      const [type, encoded = ''] = line.trim().split(/[ \t]+/);
      const key = Buffer.from(encoded, 'base64');
      if (keyTypeOf(key) === type) keys.push(key);
    }
  }
  return keys;
}
