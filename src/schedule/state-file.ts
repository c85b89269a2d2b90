import { dirname, join } from 'node:path';
import { makeOwnFolder, open, replaceFile, stateError, systemCode, type Random } from '../platform/index.ts';
import { applyLine, emptyHistory, type HistoryLine, type HistorySummary, type SetHistory } from './history.ts';
import { formatHistoryLine, parseHistoryLine } from './history-line.ts';

/** A line has about 150 bytes. Beyond, and beyond twice what is worth keeping, the file is written anew. */
const linesMax = 2000;
const fileBytesMax = 32 * 1024 * 1024;

/**
 * What ran when, so that the next host does not start a window twice: `schedule.jsonl` in the state folder, one line per event. Only
 * the host opens it. A line is on the disk before `append` returns; a process that dies leaves whole lines and at most one torn one,
 * which is dropped. The file may be deleted at any time: then open windows run once more, and what was missed before is not known.
 */
export class ScheduleState {
  readonly path: string;
  /** Lines that could not be read when the file was opened, the torn one not counted. */
  readonly unreadableLines: number;
  readonly #random: Random;
  readonly #histories: Map<string, SetHistory>;
  #lineCount: number;
  #rewriteAbove = linesMax;
  /** The file lacks something that memory has, or ends in a torn line. */
  #needsRewrite: boolean;

  private constructor(folder: string, random: Random, content: Content) {
    this.path = statePath(folder);
    this.#random = random;
    this.#histories = content.histories;
    this.#lineCount = content.lineCount;
    this.#needsRewrite = content.isTorn || content.lineCount > linesMax;
    this.unreadableLines = content.unreadableLines;
  }

  /** Makes the folder (0700) when it is not there. @throws `state.unusable` when it or the file cannot be read */
  static async open(folder: string, random: Random): Promise<ScheduleState> {
    try {
      await makeOwnFolder(folder);
      return new ScheduleState(folder, random, parseContent(await readBounded(statePath(folder))));
    } catch (cause) {
      throw stateError(cause, folder, statePath(folder));
    }
  }

  /** The sets of which anything is known, also those that are in the configuration no more. */
  get sets(): string[] {
    return [...this.#histories.keys()];
  }

  historyOf(set: string): SetHistory {
    return this.#histories.get(set) ?? emptyHistory;
  }

  /**
   * Takes lines down. Memory has them in any case; after a failure the next call writes the file as a whole, and so makes up for it. Not to
   * be called while another call is under way. @throws `state.unusable`
   */
  async append(lines: readonly HistoryLine[]): Promise<void> {
    for (const line of lines) this.#histories.set(line.set, applyLine(this.historyOf(line.set), line));
    if (lines.length === 0) return;
    try {
      if (this.#needsRewrite || this.#lineCount + lines.length > this.#rewriteAbove) await this.#rewrite();
      else await this.#appendToFile(lines);
    } catch (cause) {
      this.#needsRewrite = true;
      throw stateError(cause, dirname(this.path), this.path);
    }
  }

  async #appendToFile(lines: readonly HistoryLine[]): Promise<void> {
    await appendDurably(this.path, textOf(lines));
    this.#lineCount += lines.length;
  }

  async #rewrite(): Promise<void> {
    const lines = [...this.#histories].map(([set, history]) => ({ kind: 'summary', set, history }) as const);
    await replaceFile(this.path, textOf(lines), this.#random);
    this.#lineCount = lines.length;
    this.#rewriteAbove = Math.max(linesMax, 2 * lines.length);
    this.#needsRewrite = false;
  }
}

interface Content {
  readonly histories: Map<string, SetHistory>;
  readonly lineCount: number;
  readonly unreadableLines: number;
  readonly isTorn: boolean;
}

function parseContent(text: string): Content {
  const histories = new Map<string, SetHistory>();
  const lines = text.split('\n');
  const isTorn = lines.pop() !== ''; // a whole line ends with a line break
  let unreadableLines = 0;
  for (const text of lines) {
    const line = parseHistoryLine(text);
    if (line) histories.set(line.set, applyLine(histories.get(line.set) ?? emptyHistory, line));
    else unreadableLines += 1;
  }
  return { histories, lineCount: lines.length, unreadableLines, isTorn };
}

/** What is written down, for whoever only wants to know. @throws `state.unusable` when it cannot be read */
export async function readHistories(folder: string): Promise<ReadonlyMap<string, SetHistory>> {
  try {
    return parseContent(await readBounded(statePath(folder))).histories;
  } catch (cause) {
    throw stateError(cause, folder, statePath(folder));
  }
}

/** A file that is not there is empty. One that is far too large to be ours counts as a torn line: it is written anew. */
async function readBounded(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    await using _closing = { [Symbol.asyncDispose]: () => handle.close() };
    return (await handle.stat()).size > fileBytesMax ? 'too large' : await handle.readFile('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

async function appendDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'a', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function textOf(lines: readonly (HistoryLine | HistorySummary)[]): string {
  return lines.map((line) => `${formatHistoryLine(line)}\n`).join('');
}

function statePath(folder: string): string {
  return join(folder, 'schedule.jsonl');
}
