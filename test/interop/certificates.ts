import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files. */
export interface Certified {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Certificates {
  /** Of the authority that vouches for both. */
  readonly authorityFile: string;
  /** Of 127.0.0.1. */
  readonly server: Certified;
  readonly client: Certified;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority that nobody else knows, and whom it vouches for; `openssl` makes them. @param folder for the files */
export function makeCertificates(folder: string): Certificates {
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  openssl('req', '-x509', ...newKey, '-days', '30', '-subj', '/CN=Company', '-keyout', 'authority.key', '-out', 'authority.pem');
  const vouchFor = (name: string, extensions: string): Certified => {
    writeFileSync(join(folder, `${name}.ext`), extensions);
    openssl('req', '-new', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '30'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return { certificateFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
  };
  return {
    authorityFile: join(folder, 'authority.pem'),
    server: vouchFor('server', 'subjectAltName=IP:127.0.0.1\n'),
    client: vouchFor('client', 'extendedKeyUsage=clientAuth\n'),
  };
}
