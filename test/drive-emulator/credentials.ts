import { generateKeyPairSync } from 'node:crypto';
import type { Endpoints } from './emulator.ts';
import type { ClientOptions, ServiceAccountOptions } from './options.ts';

/** The file that Google's console gives for a client. It holds secrets only of the emulator. */
export function clientFileOf(client: ClientOptions, endpoints?: Endpoints): Record<string, unknown> {
  return {
    installed: {
      client_id: client.id,
      project_id: client.project ?? 'company-backup',
      auth_uri: endpoints?.auth ?? 'https://accounts.google.com/o/oauth2/auth',
      token_uri: endpoints?.token ?? 'https://oauth2.googleapis.com/token',
      auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
      client_secret: client.secret,
      redirect_uris: ['http://localhost'],
    },
  };
}

export type ServiceAccountKey = Readonly<Record<string, string>>;

/** A service account with a fresh key: what the emulator must know, and the key file that the console gives. */
export function makeServiceAccount(
  email: string,
  project = 'company-backup',
): { readonly account: ServiceAccountOptions; readonly keyFile: ServiceAccountKey } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const keyFile = {
    type: 'service_account',
    project_id: project,
    private_key_id: '0123456789abcdef',
    private_key: privateKey,
    client_email: email,
    client_id: '104729000000000000000',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
    universe_domain: 'googleapis.com',
  };
  return { account: { email, publicKey, project }, keyFile };
}
