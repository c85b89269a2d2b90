import { stat } from 'node:fs/promises';
import { CadanganError, exposureOf, readFile, replaceFile, rm, systemCode, systemRandom, type Random } from '../platform/index.ts';
import { isRecord, text } from './drive-item.ts';
import type { DriveAccount } from './drive-api.ts';

/** A sign-in as it is kept. Whoever has it can act for the account, within what this program made. */
export interface StoredSignIn {
  /** The registered program that the token belongs to: another one cannot use it. */
  readonly clientId: string;
  readonly refreshToken: string;
  readonly account: DriveAccount;
  /** RFC 3339. */
  readonly signedInAt: string;
}

/** Where a sign-in is kept: the editor's secret storage, or a file of this user. */
export interface CredentialStore {
  /** undefined: nobody is signed in. @throws `drive.signed-out` when it must not be used, e.g. because others can read it */
  load(): Promise<StoredSignIn | undefined>;
  save(signIn: StoredSignIn): Promise<void>;
  clear(): Promise<void>;
}

const exposedByMode = 'others can read the file; run "chmod 600" on it and sign in again';
const exposedByRights = 'others can read the file; take the right from them and sign in again';
const fileBytesMax = 64 * 1024;

/** A file that only this user can read (mode 0600; on Windows by the list of its rights). */
export class CredentialFile implements CredentialStore {
  readonly path: string;
  readonly #random: Random;

  constructor(path: string, options: { readonly random?: Random } = {}) {
    this.path = path;
    this.#random = options.random ?? systemRandom;
  }

  async load(): Promise<StoredSignIn | undefined> {
    try {
      const { size } = await stat(this.path);
      const exposure = await exposureOf(this.path);
      if (exposure !== undefined && exposure !== 'unknown') throw this.#unusable('mode' in exposure ? exposedByMode : exposedByRights);
      if (size > fileBytesMax) throw this.#unusable('the file is too large');
      const signIn = parseSignIn(await readFile(this.path, 'utf8'));
      if (!signIn) throw this.#unusable('the file is damaged');
      return signIn;
    } catch (error) {
      if (error instanceof CadanganError) throw error;
      if (systemCode(error) === 'ENOENT') return undefined;
      throw this.#unusable(systemCode(error) ?? 'it cannot be read', error);
    }
  }

  /** Replaces the file as a whole, so that a crash leaves the old sign-in or the new one. */
  async save(signIn: StoredSignIn): Promise<void> {
    try {
      await replaceFile(this.path, `${JSON.stringify({ version: 1, ...signIn }, undefined, 2)}\n`, this.#random);
    } catch (error) {
      throw new CadanganError(
        'drive.sign-in-failed',
        { path: this.path, reason: `the sign-in cannot be kept (${systemCode(error) ?? 'unknown'})` },
        { cause: error },
      );
    }
  }

  async clear(): Promise<void> {
    await rm(this.path, { force: true });
  }

  #unusable(reason: string, cause?: unknown): CadanganError {
    return new CadanganError('drive.signed-out', { path: this.path, reason }, cause === undefined ? {} : { cause });
  }
}

/** For secrets that are kept as one text. undefined when it is no sign-in of ours. */
export function parseSignIn(json: string): StoredSignIn | undefined {
  const value = parsed(json);
  if (!isRecord(value) || !isRecord(value['account'])) return undefined;
  const [clientId, refreshToken, signedInAt] = [text(value['clientId']), text(value['refreshToken']), text(value['signedInAt'])];
  const emailAddress = text(value['account']['emailAddress']);
  if (clientId === undefined || refreshToken === undefined || emailAddress === undefined) return undefined;
  const account = {
    emailAddress,
    permissionId: text(value['account']['permissionId']) ?? '',
    displayName: text(value['account']['displayName']) ?? '',
  };
  return { clientId, refreshToken, account, signedInAt: signedInAt ?? '' };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
