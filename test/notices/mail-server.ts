import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came over the line. */
  readonly raw: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
}

/** A mail server on this machine, with the certificate of an authority that nobody knows. */
export class MailServer implements AsyncDisposable {
  readonly received: ReceivedMail[] = [];
  readonly port: number;
  readonly #server: SMTPServer;

  private constructor(server: SMTPServer, port: number, received: ReceivedMail[]) {
    this.#server = server;
    this.port = port;
    this.received = received;
  }

  static async open(options: SMTPServerOptions): Promise<MailServer> {
    const received: ReceivedMail[] = [];
    const server = new SMTPServer({
      authOptional: true,
      logger: false,
      onAuth: ({ username, password }, _session, done) =>
        username === 'cadangan' && password === mailPassword
          ? done(undefined, { user: username })
          : done(new Error('Invalid username or password')),
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('gone@') ? done(Object.assign(new Error('no such user'), { responseCode: 550 })) : done(),
      onData: (stream, { envelope, secure, user }, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          received.push({
            from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
            to: envelope.rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString('utf8'),
            isSecure: secure,
            user: typeof user === 'string' ? user : undefined,
          });
          done();
        });
      },
      ...options,
    });
    server.on('error', () => undefined); // of a client that does not trust it
    const listening = server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const address = listening.address();
    return new MailServer(server, typeof address === 'object' && address !== null ? address.port : 0, received);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export const mailPassword = 'geheim-4711-canary';

/** An authority, and the certificate that it gave `localhost`; made by `openssl`. */
export function makeAuthority(folder: string): { readonly caFile: string; readonly key: string; readonly cert: string } {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...ec, '-subj', '/CN=Company', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', ...ec, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost\n');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.pem');
  return { caFile: at('ca.pem'), key: readFileSync(at('server.key'), 'utf8'), cert: readFileSync(at('server.pem'), 'utf8') };
}
