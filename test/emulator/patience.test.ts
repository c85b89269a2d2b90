import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { faultCatalogue, sampleClient, type DriveEmulator } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { DriveWire } from './drive-wire.ts';
import { makeStage, sampleAccount } from './stage.ts';
import { wire, type WireAnswer } from './wire.ts';

const pieceBytes = 256 * 1024;
const triesMax = 200;
const seeds = [11, 12];
const sizes = [0, 1_000, 300_000, 700_000];

/** The faults after which what is stored differs from what was sent, or has no checksum: those need more than patience. */
const needMore = ['upload altered on the way', 'no SHA-256', 'no checksum at all'];

for (const [name, orders] of Object.entries(faultCatalogue)) {
  test(`under "${name}" a client with nothing but patience and reserved ids stores every file once`, async () => {
    for (const seed of seeds) {
      const clock = new VirtualClock();
      await using stage = await makeStage({ seed, clock });
      const { emulator } = stage;
      const client = new PatientClient(emulator, clock, seed);
      const ids = await client.reserve(sizes.length);
      emulator.faults.order(...orders);
      const random = new SeededRandom(seed);
      for (const [index, id] of ids.entries()) {
        const bytes = random.bytes(sizes[index] ?? 0);
        await client.store(id, `f${index}`, bytes, needMore.includes(name));
        await client.read(id, bytes, needMore.includes(name));
      }
      emulator.faults.clear();
      assert.deepEqual((await client.list()).sort(), [...ids].sort(), `seed ${seed}`);
      assert.equal(emulator.person(sampleAccount).files().length, ids.length, `seed ${seed}`);
    }
  });
}

/** The least that a client must do; no waiting, since the emulator does not mind. */
class PatientClient {
  readonly #emulator: DriveEmulator;
  readonly #clock: VirtualClock;
  readonly #refreshToken: string;
  readonly #seed: number;
  #drive: DriveWire;

  constructor(emulator: DriveEmulator, clock: VirtualClock, seed: number) {
    this.#emulator = emulator;
    this.#clock = clock;
    this.#seed = seed;
    this.#refreshToken = emulator.accounts.refreshToken(sampleAccount);
    this.#drive = new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount));
  }

  async reserve(count: number): Promise<readonly string[]> {
    return (await this.#drive.get(`/files/generateIds?count=${count}`)).json.ids;
  }

  async store(id: string, name: string, bytes: Uint8Array, mayDiffer: boolean): Promise<void> {
    for (let tries = 0; tries < triesMax; tries++) {
      const file = await this.#try((drive) => drive.get(`/files/${id}?fields=size,sha256Checksum`));
      if (file?.status === 200) {
        if (!mayDiffer) await this.#waitForChecksum(id, bytes);
        return;
      }
      if (file?.status === 404) await this.#upload(id, name, bytes);
    }
    assert.fail(`${name} was never stored, seed ${this.#seed}`);
  }

  async read(id: string, bytes: Uint8Array, mayDiffer: boolean): Promise<void> {
    for (let tries = 0; tries < triesMax; tries++) {
      const answer = await this.#try((drive) =>
        drive.get(`/files/${id}?alt=media`, bytes.length === 0 ? {} : { Range: `bytes=0-${bytes.length - 1}` }),
      );
      if (answer?.status === (bytes.length === 0 ? 200 : 206) && (mayDiffer || answer.bytes.equals(bytes))) return;
    }
    assert.fail(`${id} was never read as it was, seed ${this.#seed}`);
  }

  async list(): Promise<string[]> {
    return (await this.#drive.list("'root' in parents and trashed = false", '&pageSize=1000')).json.files.map(
      ({ id }: { id: string }) => id,
    );
  }

  async #waitForChecksum(id: string, bytes: Uint8Array): Promise<void> {
    const wanted = createHash('sha256').update(bytes).digest('hex');
    for (let tries = 0; tries < triesMax; tries++) {
      const answer = await this.#try((drive) => drive.get(`/files/${id}?fields=size,sha256Checksum`));
      if (answer?.status === 200 && answer.json.sha256Checksum !== undefined) return assert.equal(answer.json.sha256Checksum, wanted);
      await this.#clock.advance(500);
    }
    assert.fail(`the checksum of ${id} never came, seed ${this.#seed}`);
  }

  /** As far as it gets. */
  async #upload(id: string, name: string, bytes: Uint8Array): Promise<void> {
    const opened = await this.#try((drive) => drive.open({ id, name }));
    let session = opened?.status === 200 ? String(opened.headers.location) : undefined;
    for (let kept = 0, tries = 0; session !== undefined && tries < 50; tries++) {
      const piece = bytes.subarray(kept, kept + pieceBytes);
      const range = bytes.length === 0 ? undefined : `bytes ${kept}-${kept + piece.length - 1}/${bytes.length}`;
      const address: string = session;
      let answer = await this.#try((drive) => drive.put(address, piece, range));
      if (answer?.status === undefined || answer.status >= 500 || answer.status === 403 || answer.status === 429)
        answer = await this.#try((drive) => drive.put(address, new Uint8Array(), `bytes */${bytes.length}`));
      if (answer?.status === 308) {
        kept = Number(/-(\d+)$/.exec(String(answer.headers.range))?.[1] ?? -1) + 1;
        session = answer.headers.location ?? session;
      } else if (answer !== undefined && answer.status < 500 && ![401, 403, 429].includes(answer.status)) session = undefined;
    }
  }

  /** Undefined when the connection broke; a token that ended is fetched anew. */
  async #try(ask: (drive: DriveWire) => Promise<WireAnswer>): Promise<WireAnswer | undefined> {
    try {
      const answer = await ask(this.#drive);
      if (answer.status === 401) await this.#refresh();
      return answer;
    } catch {
      return undefined;
    }
  }

  async #refresh(): Promise<void> {
    const form = {
      client_id: sampleClient.id,
      client_secret: sampleClient.secret,
      grant_type: 'refresh_token',
      refresh_token: this.#refreshToken,
    };
    const answer = await wire(this.#emulator.endpoints.token, { method: 'POST', body: new URLSearchParams(form).toString() }).catch(
      () => undefined,
    );
    if (answer?.status === 200) this.#drive = new DriveWire(this.#emulator.url, answer.json.access_token);
  }
}
