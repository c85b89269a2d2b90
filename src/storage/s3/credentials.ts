import { join } from 'node:path';
import { CadanganError, type Environment } from '../../platform/index.ts';
import { regionName } from './s3-fault.ts';
import { readProfiles, type Profile } from './shared-files.ts';

/** Whoever asks. The secret signs and is never sent; neither it nor the token may stand in an error or a log. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface CredentialPlaces {
  readonly environment: Environment;
  readonly homeFolder: string;
  /** Of the shared files. Named here, it comes before keys in the environment; default: `AWS_PROFILE`, else `default`. */
  readonly profile?: string | undefined;
  /** Default: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`. */
  readonly credentialsFile?: string | undefined;
}

/**
 * Keys as the tools of AWS find them: a profile that was named, else `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (and
 * `AWS_SESSION_TOKEN`), else the profile of the shared files. They are read once, and again when they are refused: a session is replaced in
 * the file by whoever made it.
 */
export class CredentialSource {
  readonly #places: CredentialPlaces;
  #current: Promise<Credentials> | undefined;

  constructor(places: CredentialPlaces) {
    this.#places = places;
  }

  /** @throws `storage.denied`: there are none, they are incomplete, or of a kind that is not supported */
  current(): Promise<Credentials> {
    return this.#keep((this.#current ??= this.#read()));
  }

  /**
   * After a refusal.
   * @param refused what the request was signed with
   * @returns others, when there are by now; undefined when trying again makes no sense
   */
  async after(refused: Credentials): Promise<Credentials | undefined> {
    const known = await this.current();
    if (!isSame(known, refused)) return known; // somebody else has asked meanwhile
    const read = this.#read();
    this.#current = read;
    const found = await this.#keep(read);
    return isSame(found, refused) ? undefined : found;
  }

  /** The region of the environment or the profile, where one is named that can be one. A file that cannot be read names none. */
  async region(): Promise<string | undefined> {
    const { environment } = this.#places;
    const named = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
    const region = named || (await this.#profileOf(this.#configFile()).catch(() => undefined))?.get('region');
    return region !== undefined && regionName.test(region) ? region : undefined;
  }

  /** A failure is not kept: the file may be right the next time. */
  async #keep(read: Promise<Credentials>): Promise<Credentials> {
    try {
      return await read;
    } catch (error) {
      if (this.#current === read) this.#current = undefined;
      throw error;
    }
  }

  async #read(): Promise<Credentials> {
    const { environment, profile } = this.#places;
    const [accessKeyId, secretAccessKey] = [environment['AWS_ACCESS_KEY_ID'], environment['AWS_SECRET_ACCESS_KEY']];
    if (profile === undefined && (accessKeyId || secretAccessKey))
      return complete({ accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] }, { where: 'environment' });
    const files = [this.#credentialsFile(), this.#configFile()];
    const kept = await Promise.all(files.map((path) => this.#profileOf(path)));
    for (const [at, found] of kept.entries()) {
      if (found?.has('aws_access_key_id') || found?.has('aws_secret_access_key')) return complete(keysOf(found), { path: files[at] });
    }
    const unsupported = kept.flatMap((found) => [...(found?.keys() ?? [])]).find((name) => unsupportedKeys.has(name));
    throw new CadanganError('storage.denied', {
      reason: unsupported === undefined ? 'credentials-missing' : 'credentials-unsupported',
      profile: this.#profileName(),
      ...(unsupported === undefined ? { path: files[0] } : { setting: unsupported }),
    });
  }

  async #profileOf(path: string): Promise<Profile | undefined> {
    return (await readProfiles(path)).get(this.#profileName());
  }

  #profileName(): string {
    return this.#places.profile ?? (this.#places.environment['AWS_PROFILE'] || 'default');
  }

  #credentialsFile(): string {
    const { credentialsFile, environment, homeFolder } = this.#places;
    return credentialsFile ?? (environment['AWS_SHARED_CREDENTIALS_FILE'] || join(homeFolder, '.aws', 'credentials'));
  }

  #configFile(): string {
    return this.#places.environment['AWS_CONFIG_FILE'] || join(this.#places.homeFolder, '.aws', 'config');
  }
}

/** Ways to get keys that we do not go: they are named, so that nobody looks for a slip in the file. */
const unsupportedKeys: ReadonlySet<string> = new Set([
  'sso_session',
  'sso_start_url',
  'role_arn',
  'source_profile',
  'credential_process',
  'credential_source',
  'web_identity_token_file',
  'login_session',
]);

interface FoundKeys {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}

function keysOf(profile: Profile): FoundKeys {
  return {
    accessKeyId: profile.get('aws_access_key_id'),
    secretAccessKey: profile.get('aws_secret_access_key'),
    sessionToken: profile.get('aws_session_token'),
  };
}

/** They go into a header and are signed over: what holds a blank or a line's end was pasted wrong. */
const printable = /^[\x21-\x7e]+$/;

function complete(
  { accessKeyId, secretAccessKey, sessionToken }: FoundKeys,
  where: Readonly<Record<string, string | undefined>>,
): Credentials {
  const isWhole = [accessKeyId ?? '', secretAccessKey ?? '', ...(sessionToken ? [sessionToken] : [])].every((text) => printable.test(text));
  if (!accessKeyId || !secretAccessKey || !isWhole)
    throw new CadanganError('storage.denied', { reason: 'credentials-incomplete', ...where });
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

function isSame(a: Credentials, b: Credentials): boolean {
  return a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey && a.sessionToken === b.sessionToken;
}
