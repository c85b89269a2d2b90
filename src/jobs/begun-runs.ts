import { join } from 'node:path';
import * as z from 'zod';
import { CadanganError, namesInFolder, readFile, replaceFile, rm, systemCode, type Random } from '../platform/index.ts';
import { contentSchema, hasEnded, parseIdentity, thisProcess, type RecordContent, type RecordHistory } from '../records/index.ts';
import { reasonOf } from './record-about.ts';

const begunSchema = z.object({ process: z.unknown(), content: contentSchema });

/** Every run has an id, by which its record is found. */
type Begun = RecordContent & { readonly run: string };

export interface BegunRun {
  readonly note: (more: Partial<RecordContent>) => Promise<void>;
  readonly end: () => Promise<void>;
}

/**
 * Runs that have begun and left no record yet: one file each in `begun/` of the state folder, with what is known of the run and with the
 * process that makes it. When that has ended and the file is still there, the run was killed; whoever looks next records it.
 */
export class BegunRuns {
  readonly #folder: string;
  readonly #history: RecordHistory;
  readonly #random: Random;

  constructor(stateFolder: string, history: RecordHistory, random: Random) {
    this.#folder = join(stateFolder, 'begun');
    this.#history = history;
    this.#random = random;
  }

  /**
   * @returns `end`, to be called when the record of the run is written, and `note`, which adds to what is known of it.
   * @throws the system's errors, as both of them do
   */
  async begin(content: Begun): Promise<BegunRun> {
    const path = join(this.#folder, `${randomName(this.#random)}.json`);
    const write = (known: Begun): Promise<void> =>
      this.#history.writing(() => replaceFile(path, JSON.stringify({ process: thisProcess(), content: known }), this.#random));
    await write(content);
    return {
      note: (more) => write({ ...content, ...more, run: content.run }),
      end: () => this.#history.writing(() => rm(path, { force: true })),
    };
  }

  /** What is known of the runs that have no record yet, also of those whose process is gone. @throws the system's errors */
  async all(): Promise<readonly RecordContent[]> {
    const names = (await namesInFolder(this.#folder)).filter((name) => name.endsWith('.json'));
    const notes = await Promise.all(names.map((name) => readNote(join(this.#folder, name))));
    return notes.flatMap((note) => note?.content ?? []);
  }

  /** Records the runs whose process is gone, each once. @throws as `RecordHistory.update` */
  async recordLost(): Promise<void> {
    const lost = await this.#lost();
    if (lost.length === 0) return;
    await this.#history.update(async ({ append, records }) => {
      const known = new Set<string>();
      for await (const { run } of records()) if (run !== undefined) known.add(run);
      for (const name of await this.#lost()) {
        const path = join(this.#folder, name);
        const content = (await readNote(path))?.content;
        if (content !== undefined && !known.has(content.run ?? '')) await append(interrupted(content));
        await rm(path, { force: true });
      }
    });
  }

  /** Names of files. */
  async #lost(): Promise<string[]> {
    const names = (await namesInFolder(this.#folder)).filter((name) => name.endsWith('.json'));
    const isLost = async (name: string): Promise<boolean> => {
      const identity = parseIdentity(JSON.stringify((await readNote(join(this.#folder, name)))?.process ?? null));
      return identity !== undefined && hasEnded(identity);
    };
    const found = await Promise.all(names.map(async (name) => ((await isLost(name)) ? [name] : [])));
    return found.flat();
  }
}

/** One that no other run has. */
export function randomName(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(16))).toString('hex');
}

function interrupted(content: RecordContent): RecordContent {
  const error = new CadanganError('host.lost', { reason: 'the process that worked on the repository ended' });
  return { ...content, result: 'stopped', reason: reasonOf(error), exceptions: [], exceptionCount: 0 };
}

/** Undefined for what is no such file: somebody else's, one of a version to come, or one whose run has just ended. */
async function readNote(path: string): Promise<z.output<typeof begunSchema> | undefined> {
  try {
    return begunSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
