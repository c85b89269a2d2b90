import { join } from 'node:path';
import * as z from 'zod';
import { readFile, replaceFile, type Random } from '../platform/index.ts';
import { seenHistories } from './protocol/work.ts';

const seen = seenHistories.extend({ seenMs: z.number() });
const content = z.object({ version: z.literal(1), repositories: z.array(seen.extend({ key: z.string() })) });

export type RememberedLook = z.infer<typeof seen>;

/**
 * Who backed up into which repository when somebody last looked: `servers.json` in the state folder, so that after a restart, too, it is
 * known of when what is known is. It may be deleted at any time.
 */
export class ServersMemory {
  readonly #path: string;
  readonly #random: Random;

  constructor(stateFolder: string, random: Random) {
    this.#path = join(stateFolder, 'servers.json');
    this.#random = random;
  }

  /** By the key of the repository; nothing where there is none that helps. Never rejects. */
  async read(): Promise<ReadonlyMap<string, RememberedLook>> {
    try {
      const { repositories } = content.parse(JSON.parse(await readFile(this.#path, 'utf8')));
      return new Map(repositories.map(({ key, ...look }) => [key, look]));
    } catch {
      return new Map();
    }
  }

  /** @throws the system's errors */
  async write(looks: ReadonlyMap<string, RememberedLook>): Promise<void> {
    const repositories = [...looks].map(([key, look]) => ({ key, ...look }));
    await replaceFile(this.#path, JSON.stringify({ version: 1, repositories }), this.#random);
  }
}
