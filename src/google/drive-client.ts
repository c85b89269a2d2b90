import { isCode, orAborted, systemClock, systemRandom, type Clock, type Pace, type Random } from '../platform/index.ts';
import { defaultPatience, type Patience, type Wait } from './attempts.ts';
import type { ServiceAccountKey } from './client-files.ts';
import type { CredentialStore } from './credential-store.ts';
import { DriveApi, type AboutDrive, type DriveAccount, type OAuthClient, type StorageQuota } from './drive-api.ts';
import { googleEndpoints, type GoogleEndpoints } from './endpoints.ts';
import { driveFaultOf, DriveFault, isRefusedRequest } from './fault.ts';
import { HttpPlane } from '../http/index.ts';
import { defaultPacing, Pacer, type Pacing } from './pacer.ts';
import { defaultPieceSizes, PieceBuffers, type PieceSizes } from './piece-buffers.ts';
import { downloadRange, type RangeRequest } from './range-download.ts';
import type { DriveItem } from './remote-file.ts';
import { uploadResumable, type UploadTask } from './resumable-upload.ts';
import { GoogleSession } from './session.ts';
import { ServiceAccountTokens, SignInTokens } from './token-source.ts';
import { dailyVolumeAfterMs, UploadGate } from './upload-gate.ts';
import { Wire, type CallFacts } from './wire.ts';

/** How we prove who we are: a person's sign-in with the company's OAuth client, or the key of a service account. */
export type GoogleCredentials =
  | { readonly kind: 'sign-in'; readonly client: OAuthClient; readonly store: CredentialStore }
  | { readonly kind: 'service-account'; readonly key: ServiceAccountKey };

export interface DriveClientOptions {
  readonly credentials: GoogleCredentials;
  /** The one account that is accepted. */
  readonly designatedAccount: string;
  /** Folders are looked for in this shared drive instead of the account's own. */
  readonly sharedDriveId?: string | undefined;
  readonly endpoints?: GoogleEndpoints | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly pacing?: Partial<Pacing> | undefined;
  readonly patience?: Partial<Patience> | undefined;
  readonly pieceSizes?: PieceSizes | undefined;
  /** How long uploads are refused for the rate before that counts as the day's volume. */
  readonly dailyVolumeAfterMs?: number | undefined;
  /** No byte for so long: the connection is given up. */
  readonly idleMsMax?: number | undefined;
  /** How fast bytes of files may go. */
  readonly pace?: Pace | undefined;
  /** Told before each wait for Google. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
}

const idsAtOnce = 100;
const listRestartsMax = 3;
const parentTries = 4;

/**
 * One account on Google Drive. Everything that goes there goes through here: with the designated account's token only, under the quota, and
 * repeated while that makes sense. All calls may run side by side.
 */
export class DriveClient {
  readonly endpoints: GoogleEndpoints;
  readonly clock: Clock;
  /** The folder that paths begin in. */
  readonly topId: string;
  readonly wire: Wire;
  readonly api: DriveApi;
  readonly #session: GoogleSession;
  readonly #plane: HttpPlane;
  readonly #buffers: PieceBuffers;
  readonly #gate: UploadGate;
  readonly #closing = new AbortController();
  #ids: string[] = [];
  #reserving: Promise<void> | undefined;

  constructor(options: DriveClientOptions) {
    const { credentials, designatedAccount, sharedDriveId } = options;
    this.endpoints = options.endpoints ?? googleEndpoints;
    this.clock = options.clock ?? systemClock;
    this.topId = sharedDriveId ?? 'root';
    this.#plane = new HttpPlane({
      errorOf: driveFaultOf,
      proxy: this.endpoints.proxy,
      ...(options.idleMsMax === undefined ? {} : { idleMsMax: options.idleMsMax }),
      ...(options.pace && { pace: options.pace }),
    });
    this.api = new DriveApi(this.endpoints, sharedDriveId);
    const source =
      credentials.kind === 'sign-in'
        ? new SignInTokens(this.endpoints, credentials.client, credentials.store, designatedAccount)
        : new ServiceAccountTokens(this.endpoints, credentials.key, designatedAccount, this.#plane, this.clock);
    this.#session = new GoogleSession(source, this.api, designatedAccount, this.clock);
    this.wire = new Wire({
      plane: this.#plane,
      session: this.#session,
      pacer: new Pacer(this.clock, { ...defaultPacing, ...options.pacing }),
      patience: { ...defaultPatience, ...options.patience },
      clock: this.clock,
      random: options.random ?? systemRandom,
      onWait: options.onWait,
    });
    this.#buffers = new PieceBuffers(options.pieceSizes ?? defaultPieceSizes);
    const probe = (signal: AbortSignal | undefined): Promise<unknown> =>
      this.wire.once('read', signal, (token) => this.api.about(token, signal));
    this.#gate = new UploadGate(this.clock, designatedAccount, probe, options.dailyVolumeAfterMs ?? dailyVolumeAfterMs);
  }

  /**
   * Whose account this is, asked anew; call it before every run.
   * @throws `drive.wrong-account` naming both, `drive.signed-out`, `drive.not-set-up`, `drive.unavailable`, `aborted`
   */
  async account(signal?: AbortSignal): Promise<DriveAccount> {
    return (await this.about(signal)).account;
  }

  async storageQuota(signal?: AbortSignal): Promise<StorageQuota> {
    return (await this.about(signal)).quota;
  }

  /** Both in one request. */
  async about(signal?: AbortSignal): Promise<AboutDrive> {
    const about = await this.wire.call('read', {}, signal, (token) => this.api.about(token, signal));
    this.#session.check(about.account);
    return about;
  }

  /** Everything that `query` finds, each once; undefined asks for everything this program can see. @throws when it cannot be had whole */
  async list(query: string | undefined, facts: CallFacts, signal?: AbortSignal): Promise<DriveItem[]> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.#listOnce(query, facts, signal);
      } catch (error) {
        // A page token grows old, and is then refused like any other mistake in a request.
        if (!isRefusedRequest(error) || error.facts['page'] === undefined || restarts >= listRestartsMax) throw error;
      }
    }
  }

  /** undefined: there is none, or it is not visible to this program. In the trash it is still there. */
  get(id: string, facts: CallFacts, signal?: AbortSignal): Promise<DriveItem | undefined> {
    return this.wire.callOrGone('read', facts, signal, (token) => this.api.get(token, id, signal));
  }

  /** Makes a folder; repeated or not, one. @throws `drive.not-found` when the folder above is not there; `drive.full`, `drive.denied` … */
  async createFolder(name: string, parentId: string, facts: CallFacts, signal?: AbortSignal): Promise<DriveItem> {
    const id = await this.reserveId(signal);
    const attempts = this.wire.attempts(facts, signal);
    for (let misses = 0; ;) {
      try {
        return await this.wire.once('create', signal, (token) => this.api.createFolder(token, { id, name, parentId }, signal));
      } catch (error) {
        const fault = error instanceof DriveFault ? error : undefined;
        const existing = fault?.kind === 'conflict' ? await this.get(id, facts, signal) : undefined;
        if (existing) return existing;
        const maybeLate = fault?.kind === 'gone' && ++misses < parentTries;
        await this.wire.recover(
          attempts,
          maybeLate ? new DriveFault('transient', { status: 404, reason: 'the folder above is not there yet' }) : error,
        );
      }
    }
  }

  /** Google keeps it for 30 days; until then it counts against the storage. Gone already is no error. */
  async trash(id: string, facts: CallFacts = {}, signal?: AbortSignal): Promise<void> {
    await this.wire.callOrGone('write', facts, signal, (token) => this.api.trash(token, id, signal));
  }

  /**
   * Moves it from a folder into another one; where it is not in the first any more, perhaps since this moment, nothing happens.
   * @throws `drive.denied` …
   */
  async move(id: string, fromId: string, toId: string, facts: CallFacts = {}, signal?: AbortSignal): Promise<void> {
    await this.wire.callOrGone('write', facts, signal, async (token) => {
      const { parents } = await this.api.get(token, id, signal);
      if (parents.includes(fromId)) await this.api.change(token, id, { fromId, toId }, signal);
    });
  }

  async rename(id: string, name: string, facts: CallFacts = {}, signal?: AbortSignal): Promise<void> {
    await this.wire.call('write', facts, signal, (token) => this.api.change(token, id, { name }, signal));
  }

  /** For good, with everything below it; to the trash where this account may do no more. Gone already is no error. */
  async remove(id: string, facts: CallFacts = {}, signal?: AbortSignal): Promise<void> {
    try {
      await this.wire.callOrGone('write', facts, signal, (token) => this.api.delete(token, id, signal));
    } catch (error) {
      if (!isCode(error, 'drive.denied')) throw error;
      await this.trash(id, facts, signal);
    }
  }

  /** An id under which something may be made. What is made under it a second time is refused, so nothing is made twice. */
  async reserveId(signal?: AbortSignal): Promise<string> {
    for (;;) {
      const id = this.#ids.pop();
      if (id !== undefined) return id;
      this.#reserving ??= this.#reserve().finally(() => {
        this.#reserving = undefined;
      });
      await orAborted(this.#reserving, signal);
    }
  }

  upload(task: UploadTask): Promise<DriveItem> {
    return uploadResumable({ wire: this.wire, api: this.api, endpoints: this.endpoints, buffers: this.#buffers, gate: this.#gate }, task);
  }

  download(request: RangeRequest): Promise<void> {
    return downloadRange(this.wire, this.endpoints, request);
  }

  /** Ends what goes on for several callers. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends everything that goes on and lets go of connections. No call may follow. */
  close(): void {
    this.#closing.abort();
    this.#plane.close();
  }

  async #listOnce(query: string | undefined, facts: CallFacts, signal: AbortSignal | undefined): Promise<DriveItem[]> {
    const found = new Map<string, DriveItem>();
    let pageToken: string | undefined;
    let page = 0;
    do {
      const pageFacts = page++ === 0 ? facts : { ...facts, page: String(page) };
      const asked = pageToken;
      const answer = await this.wire.call('list', pageFacts, signal, (token) => this.api.list(token, { query, pageToken: asked, signal }));
      for (const item of answer.items) found.set(item.id, item);
      pageToken = answer.nextPageToken;
    } while (pageToken !== undefined);
    return [...found.values()];
  }

  async #reserve(): Promise<void> {
    const signal = this.closing;
    this.#ids.push(...(await this.wire.call('read', {}, signal, (token) => this.api.generateIds(token, idsAtOnce, signal))));
  }
}
