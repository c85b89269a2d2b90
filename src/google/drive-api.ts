import { isRecord, isId, itemFields, parseItem, text, wholeNumber } from './drive-item.ts';
import type { GoogleEndpoints } from './endpoints.ts';
import { faultOf, strangersFault } from './answer-fault.ts';
import { DriveFault, networkFault } from './fault.ts';
import type { DriveLibrary, OAuthLibrary } from './google-library.ts';
import { folderType, type DriveItem } from './remote-file.ts';

/** The one permission we ask for: files that this program made. It is enough for everything, and needs no audit by Google. */
export const driveScope = 'https://www.googleapis.com/auth/drive.file';

export interface DriveAccount {
  readonly emailAddress: string;
  /** Stays when the address is renamed. */
  readonly permissionId: string;
  readonly displayName: string;
}

export interface StorageQuota {
  /** Absent: unlimited, or shared with an organisation. */
  readonly limitBytes: number | undefined;
  readonly usedBytes: number;
  readonly usedInTrashBytes: number;
}

export interface AboutDrive {
  readonly account: DriveAccount;
  readonly quota: StorageQuota;
}

export interface ItemPage {
  readonly items: readonly DriveItem[];
  readonly nextPageToken: string | undefined;
}

/** What Google gave for a code, a refresh token or a signed key. */
export interface TokenAnswer {
  readonly accessToken: string;
  readonly lifetimeMs: number;
  readonly refreshToken: string | undefined;
  /** What the person really agreed to; boxes can be un-ticked. */
  readonly scopes: readonly string[];
}

/** The program as the company registered it with Google. The secret of an installed program is sent, but it is not confidential. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

const callMsMax = 60_000;
const pageSize = 1000;

/**
 * Single requests, without retries: each either answers or throws a `DriveFault`. A signal that is aborted shows as `DriveFault` too; ask
 * it first.
 */
export class DriveApi {
  readonly #endpoints: GoogleEndpoints;
  readonly #sharedDriveId: string | undefined;
  #library: Promise<DriveLibrary> | undefined;

  constructor(endpoints: GoogleEndpoints, sharedDriveId?: string) {
    this.#endpoints = endpoints;
    this.#sharedDriveId = sharedDriveId;
  }

  async about(token: string, signal?: AbortSignal): Promise<AboutDrive> {
    const { user, storageQuota } = await said(async () =>
      (await this.#drive()).about.get({ fields: 'user(emailAddress,permissionId,displayName),storageQuota' }, call(token, signal)),
    );
    const emailAddress = text(user?.emailAddress);
    if (emailAddress === undefined) throw unusable('about without an address');
    return {
      account: { emailAddress, permissionId: text(user?.permissionId) ?? '', displayName: text(user?.displayName) ?? '' },
      quota: {
        limitBytes: wholeNumber(storageQuota?.limit),
        usedBytes: wholeNumber(storageQuota?.usage) ?? 0,
        usedInTrashBytes: wholeNumber(storageQuota?.usageInDriveTrash) ?? 0,
      },
    };
  }

  /** One page. Only the absence of the next token is the end: a page may be empty. */
  async list(
    token: string,
    options: { readonly query: string | undefined; readonly pageToken: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<ItemPage> {
    const { query, pageToken, signal } = options;
    const page = await said(async () =>
      (await this.#drive()).files.list(
        {
          ...(query === undefined ? {} : { q: query }),
          ...(pageToken === undefined ? {} : { pageToken }),
          ...(this.#sharedDriveId === undefined ? {} : { corpora: 'drive', driveId: this.#sharedDriveId }),
          pageSize,
          fields: `nextPageToken,incompleteSearch,files(${itemFields})`,
          supportsAllDrives: true,
          includeItemsFromAllDrives: true,
        },
        call(token, signal),
      ),
    );
    if (page.incompleteSearch === true) throw unusable('incomplete search');
    if (!Array.isArray(page.files)) throw unusable('a list without files');
    return { items: page.files.flatMap((file) => parseItem(file) ?? []), nextPageToken: text(page.nextPageToken) };
  }

  async get(token: string, id: string, signal?: AbortSignal): Promise<DriveItem> {
    return itemOf(
      await said(async () =>
        (await this.#drive()).files.get({ fileId: id, fields: itemFields, supportsAllDrives: true }, call(token, signal)),
      ),
    );
  }

  /** @param id reserved before, so that a repeat answers 409 instead of making a second folder */
  async createFolder(
    token: string,
    folder: { readonly id: string; readonly name: string; readonly parentId: string },
    signal?: AbortSignal,
  ): Promise<DriveItem> {
    const requestBody = { id: folder.id, name: folder.name, parents: [folder.parentId], mimeType: folderType };
    return itemOf(
      await said(async () =>
        (await this.#drive()).files.create({ requestBody, fields: itemFields, supportsAllDrives: true }, call(token, signal)),
      ),
    );
  }

  async trash(token: string, id: string, signal?: AbortSignal): Promise<void> {
    const answer = await said(async () =>
      (await this.#drive()).files.update(
        { fileId: id, requestBody: { trashed: true }, fields: 'id', supportsAllDrives: true },
        call(token, signal),
      ),
    );
    if (answer.id !== id) throw unusable('an answer without a file');
  }

  /** Into another folder, or under another name. */
  async change(
    token: string,
    id: string,
    change: { readonly name?: string; readonly fromId?: string; readonly toId?: string },
    signal?: AbortSignal,
  ): Promise<DriveItem> {
    const { name, fromId, toId } = change;
    return itemOf(
      await said(async () =>
        (await this.#drive()).files.update(
          {
            fileId: id,
            requestBody: name === undefined ? {} : { name },
            ...(fromId !== undefined && { removeParents: fromId }),
            ...(toId !== undefined && { addParents: toId }),
            fields: itemFields,
            supportsAllDrives: true,
          },
          call(token, signal),
        ),
      ),
    );
  }

  /** For good, with everything below it. */
  async delete(token: string, id: string, signal?: AbortSignal): Promise<void> {
    const { status, headers } = await answered(async () =>
      (await this.#drive()).files.delete({ fileId: id, supportsAllDrives: true }, call(token, signal)),
    );
    // Google has nothing to say to that.
    if (status !== 204) throw strangersFault({ status, header: headerOf(headers) });
  }

  async generateIds(token: string, count: number, signal?: AbortSignal): Promise<string[]> {
    const { ids } = await said(async () =>
      (await this.#drive()).files.generateIds({ count, space: 'drive', type: 'files' }, call(token, signal)),
    );
    const usable = Array.isArray(ids) ? ids.filter(isId) : [];
    if (usable.length === 0) throw unusable('no ids');
    return usable;
  }

  #drive(): Promise<DriveLibrary> {
    return (this.#library ??= import('./google-library.ts').then(({ makeDriveLibrary }) => makeDriveLibrary(this.#endpoints)));
  }
}

/** The token endpoints, for one registered program. */
export class OAuthApi {
  readonly #endpoints: GoogleEndpoints;
  readonly #client: OAuthClient;
  #library: Promise<OAuthLibrary> | undefined;

  constructor(endpoints: GoogleEndpoints, client: OAuthClient) {
    this.#endpoints = endpoints;
    this.#client = client;
  }

  /** The address of the page of consent. */
  async consentUrl(options: {
    readonly redirectUri: string;
    readonly state: string;
    readonly codeChallenge: string;
    readonly loginHint: string;
  }): Promise<string> {
    const { sha256Challenge } = await import('./google-library.ts');
    return (await this.#oauth()).generateAuthUrl({
      access_type: 'offline',
      // Without it Google gives no refresh token to who agreed before.
      prompt: 'consent',
      scope: driveScope,
      redirect_uri: options.redirectUri,
      state: options.state,
      code_challenge: options.codeChallenge,
      code_challenge_method: sha256Challenge,
      login_hint: options.loginHint,
    });
  }

  async exchangeCode(code: string, codeVerifier: string, redirectUri: string): Promise<TokenAnswer> {
    return tokenAnswer(
      await answered(async () => (await (await this.#oauth()).getToken({ code, codeVerifier, redirect_uri: redirectUri })).tokens),
    );
  }

  async refresh(refreshToken: string): Promise<TokenAnswer> {
    const library = await this.#oauth();
    library.setCredentials({ refresh_token: refreshToken });
    return tokenAnswer(await answered(async () => (await library.refreshAccessToken()).credentials));
  }

  /** Ends all grants of this person to the company's project, on other machines too. */
  async revoke(token: string): Promise<void> {
    await said(async () => (await this.#oauth()).revokeToken(token));
  }

  #oauth(): Promise<OAuthLibrary> {
    return (this.#library ??= import('./google-library.ts').then(({ makeOAuthLibrary }) =>
      makeOAuthLibrary(this.#endpoints, this.#client, callMsMax),
    ));
  }
}

/** Reads what the token endpoint says; also for the requests that the library does not know. */
export function tokenAnswer(value: unknown): TokenAnswer {
  const fields = isRecord(value) ? value : {};
  const accessToken = text(fields['access_token']);
  if (accessToken === undefined) throw unusable('no token in the answer');
  // The library turns `expires_in` into a time of its own clock. How long a token lasts is all the same: a 401 renews it.
  const seconds = typeof fields['expires_in'] === 'number' && fields['expires_in'] > 0 ? fields['expires_in'] : defaultLifetimeSeconds;
  return {
    accessToken,
    lifetimeMs: seconds * 1000,
    refreshToken: text(fields['refresh_token']),
    scopes: (text(fields['scope']) ?? '').split(' ').filter(Boolean),
  };
}

const defaultLifetimeSeconds = 3599;

function call(token: string, signal: AbortSignal | undefined) {
  return { headers: { Authorization: `Bearer ${token}` }, timeout: callMsMax, ...(signal ? { signal } : {}) };
}

interface Reply<T> {
  readonly data: T;
  readonly status: number;
  readonly headers: unknown;
}

async function said<T>(request: () => Promise<Reply<T>>): Promise<T> {
  const reply = await answered(request);
  // Google says an error by the status.
  if (!isRecord(reply.data) || 'error' in reply.data) throw strangersFault({ status: reply.status, header: headerOf(reply.headers) });
  return reply.data;
}

async function answered<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw libraryFault(error);
  }
}

/** The library's errors keep the whole request, tokens included; nothing of it goes on. */
function libraryFault(error: unknown): DriveFault {
  if (error instanceof DriveFault) return error;
  const response = isRecord(error) && isRecord(error['response']) ? error['response'] : undefined;
  if (response && typeof response['status'] === 'number') {
    return faultOf({ status: response['status'], header: headerOf(response['headers']), body: parsed(response['data']) });
  }
  const code = isRecord(error) ? (text(error['code']) ?? text(error['name'])) : undefined;
  return networkFault(code ?? 'no answer');
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}

function headerOf(headers: unknown): (name: string) => string | undefined {
  return (name) => (hasGet(headers) ? (headers.get(name) ?? undefined) : undefined);
}

function hasGet(headers: unknown): headers is { get(name: string): string | null } {
  return typeof headers === 'object' && headers !== null && 'get' in headers && typeof headers.get === 'function';
}

function itemOf(value: unknown): DriveItem {
  const item = parseItem(value);
  if (!item) throw unusable('an answer without a file');
  return item;
}

/** A success that says nothing usable counts as trouble of the service. */
function unusable(reason: string): DriveFault {
  return networkFault(reason);
}
