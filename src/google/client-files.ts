import { createPrivateKey, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { CadanganError, readFile, systemCode, textOfFile } from '../platform/index.ts';
import type { OAuthClient } from './drive-api.ts';
import { isRecord, text } from './drive-item.ts';

/** A robot account's key, as Google's console gives it. */
export interface ServiceAccountKey {
  readonly emailAddress: string;
  readonly keyId: string | undefined;
  readonly privateKey: KeyObject;
}

const fileBytesMax = 64 * 1024;

/**
 * Reads the file of an OAuth client (`client_secret_….json`). The addresses in it are not used: tokens go to Google's own only.
 * @throws `drive.not-set-up` with `path` and `reason`
 */
export async function readOAuthClient(path: string): Promise<OAuthClient> {
  const content = await readJson(path);
  if (isRecord(content['web'])) throw unusable(path, 'it is a client of the type "Web application"; make one of the type "Desktop app"');
  const client = isRecord(content['installed']) ? content['installed'] : undefined;
  const clientId = text(client?.['client_id']);
  if (clientId === undefined) throw unusable(path, 'it is not the file of an OAuth client');
  return { clientId, clientSecret: text(client?.['client_secret']) };
}

/** @throws `drive.not-set-up` with `path` and `reason`, never with anything of the key */
export async function readServiceAccountKey(path: string): Promise<ServiceAccountKey> {
  const content = await readJson(path);
  const [emailAddress, pem] = [text(content['client_email']), content['private_key']];
  if (content['type'] !== 'service_account' || emailAddress === undefined || typeof pem !== 'string')
    throw unusable(path, 'it is not the key file of a service account');
  return { emailAddress, keyId: text(content['private_key_id']), privateKey: privateKeyOf(path, pem) };
}

function privateKeyOf(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw unusable(path, 'its private key cannot be read'); // the cause may quote it
  }
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    if ((await stat(path)).size > fileBytesMax) throw unusable(path, 'it is too large');
    const content: unknown = JSON.parse(textOfFile(await readFile(path)));
    if (isRecord(content)) return content;
  } catch (error) {
    if (error instanceof CadanganError) throw error;
    const code = systemCode(error);
    throw unusable(path, code === undefined || code.startsWith('ERR_') ? 'it is not JSON' : code);
  }
  throw unusable(path, 'it is not JSON');
}

function unusable(path: string, reason: string): CadanganError {
  return new CadanganError('drive.not-set-up', { path, reason: `${path}: ${reason}` });
}
