import { writeFileSync } from 'node:fs';
import { keepForOwner } from '../../src/platform/index.ts';

/** Writes a secret so that only its owner may read it, which on Windows a mode does not do. @throws the system's error */
export function writeSecretFile(path: string, secret: string | Uint8Array): void {
  writeFileSync(path, secret, { mode: 0o600 });
  keepForOwner(path);
}
