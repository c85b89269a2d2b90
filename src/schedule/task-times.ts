import { join } from 'node:path';
import * as z from 'zod';
import { readFile, replaceFile, type Random } from '../platform/index.ts';

/** Milliseconds since 1970. */
const content = z.object({ done: z.record(z.string(), z.number()) });

/**
 * When tasks were last done of which nothing else tells: `tasks.json` in the state folder, so that a new host does not do at once what the
 * one before has just done. It may be deleted at any time: then they are done once more.
 */
export class TaskTimes {
  /** By file, of all in this process: what one notes, the next must find when it writes the file anew. */
  static readonly #noting = new Map<string, Promise<void>>();
  readonly #path: string;
  readonly #random: Random;

  constructor(stateFolder: string, random: Random) {
    this.#path = join(stateFolder, 'tasks.json');
    this.#random = random;
  }

  /** Undefined when nobody knows. Never rejects. */
  async lastMs(task: string): Promise<number | undefined> {
    return (await this.#read())[task];
  }

  /** @throws the system's errors */
  async note(task: string, atMs: number): Promise<void> {
    const before = TaskTimes.#noting.get(this.#path) ?? Promise.resolve();
    const noted = before.catch(() => undefined).then(() => this.#write(task, atMs)); // whoever noted that is told of its failure
    TaskTimes.#noting.set(this.#path, noted);
    try {
      await noted;
    } finally {
      if (TaskTimes.#noting.get(this.#path) === noted) TaskTimes.#noting.delete(this.#path);
    }
  }

  async #write(task: string, atMs: number): Promise<void> {
    await replaceFile(this.#path, JSON.stringify({ done: { ...(await this.#read()), [task]: atMs } }), this.#random);
  }

  async #read(): Promise<z.infer<typeof content>['done']> {
    try {
      return content.parse(JSON.parse(await readFile(this.#path, 'utf8'))).done;
    } catch {
      return {}; // none, or none that helps
    }
  }
}
