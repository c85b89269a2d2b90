import { isIP } from 'node:net';
import type { SMTPSentMessageInfo, SMTPTransportOptions } from 'nodemailer';
import { authorities } from '../http/index.ts';
import { CadanganError, orAborted, readFile, systemCode, systemPath } from '../platform/index.ts';
import type { AlertReceiver, MailServer } from '../settings/index.ts';
import { subjectOf, type Message } from './message.ts';
import { htmlText, plainText } from './message-forms.ts';

export interface MailRoad {
  readonly server: MailServer;
  readonly password: string | undefined;
  readonly signal: AbortSignal;
}

const stepMsMax = 30_000;
const saidCharsMax = 200;

/** @returns what of it was refused, where others have it. @throws as `sendMessage` */
export async function sendMail(
  message: Message,
  { name, to = [] }: Pick<AlertReceiver, 'name' | 'to'>,
  { server, password, signal }: MailRoad,
): Promise<CadanganError | undefined> {
  // Loaded by who sends mail alone: it takes a fifteenth of a second.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(await optionsOf(server, password));
  try {
    const sending: Promise<SMTPSentMessageInfo> = transport.sendMail({
      from: { name: `Cadangan ${message.from}`, address: server.from },
      to: [...to],
      subject: subjectOf(message),
      text: plainText(message),
      html: htmlText(message),
      messageId: `<${message.id}@${server.from.split('@').at(-1) ?? ''}>`,
      // No person sent it, and no program shall answer (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Cadangan-Id': message.id },
    });
    const { rejected } = await orAborted(sending, signal);
    return rejected.length === 0 ? undefined : new CadanganError('alert.refused', { receiver: name, reason: rejected.join(', ') });
  } catch (error) {
    throw mailError(name, error);
  } finally {
    transport.close();
  }
}

/**
 * TLS is required but for a server on this machine: nodemailer goes on in clear text where a server, or whoever stands between, offers no
 * STARTTLS, unless `requireTLS` is set.
 */
async function optionsOf({ host, port, security, user, caFile }: MailServer, password: string | undefined): Promise<SMTPTransportOptions> {
  const isTls = security === 'tls';
  const isHere = isThisMachine(host);
  const own = caFile === undefined ? [] : [await readFile(systemPath(caFile), 'utf8')];
  return {
    host,
    port: port ?? (isTls ? 465 : 587),
    secure: isTls,
    // What a mail server on this machine shows is a certificate that nobody vouches for; who names one wants it looked at.
    requireTLS: !isTls && (!isHere || caFile !== undefined),
    ignoreTLS: !isTls && isHere && caFile === undefined,
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    tls: { ca: [...authorities(), ...own], minVersion: 'TLSv1.2', ...(isIP(host) === 0 && { servername: host }) },
    connectionTimeout: stepMsMax,
    greetingTimeout: stepMsMax,
    socketTimeout: stepMsMax,
    dnsTimeout: stepMsMax,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** A name that begins like an address of this machine may lead anywhere. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** An answer of the server is a refusal; all else did not come to one. What it says of a password is left out. */
function mailError(receiver: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CadanganError) return error;
  const code = systemCode(error) ?? 'unknown';
  const status = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : undefined;
  // Who says no to STARTTLS may be somebody on the way.
  if (status === undefined || code === 'ETLS') {
    // A certificate's fault is a sentence of OpenSSL behind a general code.
    const reason = ['ESOCKET', 'ETLS', 'ECONNECTION'].includes(code) ? `${code}: ${error.message.slice(0, saidCharsMax)}` : code;
    return new CadanganError('alert.unreachable', { receiver, reason });
  }
  const said = code !== 'EAUTH' && 'response' in error && typeof error.response === 'string' ? error.response : `${code} ${status}`;
  return new CadanganError('alert.refused', { receiver, reason: said.replaceAll(/\s+/g, ' ').slice(0, saidCharsMax) });
}
