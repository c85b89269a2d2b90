import { writeFileSync } from 'node:fs';
import { keepForOwner } from '../../src/platform/index.ts';

/** Writes a password or another secret so that only its owner may read it: a mode does that, but not on Windows. */
export function writeSecretFile(path: string, secret: string | Uint8Array): void {
  writeFileSync(path, secret, { mode: 0o600 });
  keepForOwner(path);
}
