import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import {
  keepForOwner,
  namesInFolder,
  open,
  readFile,
  replaceFile,
  rm,
  systemCode,
  unlink,
  writeWhole,
  type Clock,
  type Random,
} from '../../platform/index.ts';
import { hasEnded, parseIdentity, thisProcess } from '../../records/index.ts';
import { copiesIn, linkCommand, refusalIn, removeScript, type ShadowCopy } from './commands.ts';
import { runTool, type ShadowTools, type Tool } from './tools.ts';

/** Where and with what shadow copies are made. */
export interface ShadowWorld {
  readonly stateFolder: string;
  /** Undefined where the system has no shadow copies. */
  readonly tools: ShadowTools | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

type NoteWorld = Pick<ShadowWorld, 'stateFolder' | 'clock' | 'random'> & { readonly tools: ShadowTools };

const noteSchema = z.object({ owner: z.string(), sinceMs: z.number(), drives: z.array(z.string().regex(/^[A-Z]$/)) });

type Note = z.output<typeof noteSchema>;

/** A program that a killed run has started goes on without it, and may tell of a copy later: no longer than this. */
const workMsMax = 60 * 60_000;

/** Notes of runs of this process that are not over. */
const held = new Set<string>();

/**
 * What one run makes, in `shadow-copies/` of the state folder: `NAME.json` says whose it is, before anything is made, and the folder `NAME`
 * has what the programs said and the links to the copies. The programs write there themselves, so that the next run knows of copies whose
 * own run was killed while they were made.
 */
export class RunNote {
  readonly #world: NoteWorld;
  readonly #name: string;
  readonly #note: Note;
  #attempts = 0;

  private constructor(world: NoteWorld, name: string, note: Note) {
    this.#world = world;
    this.#name = name;
    this.#note = note;
  }

  /** @throws the system's errors: then nothing may be made, since nobody would know of it */
  static async begin(world: NoteWorld, drives: readonly string[]): Promise<RunNote> {
    const name = Buffer.from(world.random.fill(new Uint8Array(8))).toString('hex');
    const note = { owner: JSON.stringify(thisProcess()), sinceMs: nowMs(world.clock), drives: [...drives] };
    const run = new RunNote(world, name, note);
    held.add(name);
    try {
      await replaceFile(`${run.#folder}.json`, JSON.stringify(note), world.random);
      await mkdir(run.#folder, { mode: 0o700 });
      keepForOwner(run.#folder);
      return run;
    } catch (error) {
      held.delete(name);
      throw error;
    }
  }

  /** Of runs that are over, or whose process has certainly ended. A note that is none names nothing. @throws the system's errors */
  static async left(world: NoteWorld): Promise<RunNote[]> {
    const names = (await namesInFolder(folderOf(world))).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
    const notes = await Promise.all(names.map(async (name) => ({ name, note: await readNote(join(folderOf(world), `${name}.json`)) })));
    return notes.flatMap(({ name, note }) => (note && isLeft(name, note) ? [new RunNote(world, name, note)] : []));
  }

  /** Has a program make copies. @returns those that it says it has made; why not all of them */
  async make(
    drives: readonly string[],
    tool: Tool,
    args: readonly string[],
  ): Promise<{ readonly copies: readonly ShadowCopy[]; readonly failure: string | undefined }> {
    this.#attempts += 1;
    const output = join(this.#folder, `${this.#attempts}.out`);
    const failure = await this.#runInto(output, tool, args);
    const said = await readOutput(output);
    return { copies: copiesIn(said, drives), failure: failure && (refusalIn(said) ?? failure) };
  }

  async #runInto(output: string, tool: Tool, args: readonly string[]): Promise<string | undefined> {
    const file = await open(output, 'wx', 0o600);
    try {
      return await runTool(tool, args, this.#world.tools, { folder: this.#folder, output: file.fd });
    } finally {
      await file.close();
    }
  }

  /** For a program that is run by `make`: it sees the file in the folder that it runs in. @throws the system's errors */
  async write(name: string, text: string): Promise<void> {
    await writeWhole(join(this.#folder, name), { random: this.#world.random, forOwner: true }, (file) => file.writeFile(text));
  }

  /** @returns the link to the root of a copy, or undefined where the system refuses it */
  async link({ drive, device }: ShadowCopy): Promise<string | undefined> {
    // cmd.exe has no share as its current folder: it would make the link somewhere else.
    if (device === undefined || this.#folder.startsWith('\\\\')) return undefined;
    const { tools } = this.#world;
    const failure = await runTool(tools.cmd, linkCommand(drive, device), tools, { folder: this.#folder, output: 'ignore' });
    return failure === undefined ? join(this.#folder, drive) : undefined;
  }

  /**
   * Removes the copies and what tells of them. What cannot be removed stays noted for the next run, and so does what a program that goes on
   * may still tell of. @throws nothing
   */
  async clear(): Promise<void> {
    held.delete(this.#name);
    try {
      if (await this.#removeCopies()) await this.#forget();
    } catch {
      // The next run tries it again.
    }
  }

  get #folder(): string {
    return join(folderOf(this.#world), this.#name);
  }

  /** The links first: they lead nowhere when the copies are gone. @returns whether there is and will be none */
  async #removeCopies(): Promise<boolean> {
    const { tools, clock } = this.#world;
    const { drives, sinceMs, owner } = this.#note;
    const names = await namesInFolder(this.#folder);
    for (const name of names.filter((one) => drives.includes(one))) await unlink(join(this.#folder, name));
    const outputs = await Promise.all(names.filter((name) => name.endsWith('.out')).map((name) => readOutput(join(this.#folder, name))));
    const copies = outputs.flatMap((output) => copiesIn(output, drives));
    const made = new Set(copies.map(({ drive }) => drive));
    const mayCome = !isOurs(owner) && drives.some((drive) => !made.has(drive)) && nowMs(clock) - sinceMs < workMsMax;
    if (copies.length === 0) return !mayCome;
    const script = removeScript(copies.map(({ id }) => id));
    const failure = await runTool(tools.powershell, script, tools, { folder: this.#folder, output: 'ignore' });
    return failure === undefined && !mayCome;
  }

  async #forget(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await rm(`${this.#folder}.json`, { force: true });
  }
}

function folderOf({ stateFolder }: NoteWorld): string {
  return join(stateFolder, 'shadow-copies');
}

function nowMs(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
}

function isOurs(owner: string): boolean {
  return owner === JSON.stringify(thisProcess());
}

function isLeft(name: string, { owner }: Note): boolean {
  if (isOurs(owner)) return !held.has(name);
  const identity = parseIdentity(owner);
  return identity !== undefined && hasEnded(identity);
}

async function readNote(file: string): Promise<Note | undefined> {
  try {
    return noteSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Programs of Windows write the code page of the console, or UTF-16; what is looked for is ASCII. */
async function readOutput(file: string): Promise<string> {
  const bytes = await readFile(file);
  return bytes.toString(bytes.includes(0) ? 'utf16le' : 'utf8');
}
