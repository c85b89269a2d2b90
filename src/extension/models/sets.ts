import * as vscode from 'vscode';
import { protocol, type ConfigurationInfo, type RunProgress, type SetInfo } from '../../engine/index.ts';
import type { Engine } from '../engine.ts';
import type { SetsState } from '../manifest/contributions.ts';
import { rateOf } from '../model/run-text.ts';

/** How soon after a change the list is asked for again; runs change it all the time. */
const refreshDelayMs = 400;

/** The backup sets as the engine last told them; views and the status bar draw from here. */
export class SetsModel implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  #sets: readonly SetInfo[] = [];
  #state: SetsState = 'unknown';
  #error: unknown;
  #configuration: ConfigurationInfo | undefined;
  #loading: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Somebody wants to see them; before that, changes are not worth a request. */
  #isWanted = false;
  readonly #lastProgress = new Map<string, RunProgress>();
  readonly #rates = new Map<string, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#subscriptions = [engine.onDidChangeSets(() => this.#soon()), engine.onDidChangeConfiguration(() => this.#soon())];
  }

  get sets(): readonly SetInfo[] {
    return this.#sets;
  }

  get state(): SetsState {
    return this.#state;
  }

  /** Why the state is `failed`. */
  get error(): unknown {
    return this.#error;
  }

  /** What the sets are read from, and what is wrong there. */
  get configuration(): ConfigurationInfo | undefined {
    return this.#configuration;
  }

  /** Bytes a second of the sets that run. */
  get rates(): ReadonlyMap<string, number> {
    return this.#rates;
  }

  find(name: string): SetInfo | undefined {
    return this.#sets.find((set) => set.name === name);
  }

  /** Locations of all sets, each once. */
  get locations(): readonly string[] {
    return [...new Set(this.#sets.map(({ location }) => location))];
  }

  /** Asks for them the first time, and returns them. Does not throw; see `state`. After a failure only `refresh` asks again. */
  async load(): Promise<readonly SetInfo[]> {
    if (this.#state === 'unknown') await this.refresh();
    return this.#sets;
  }

  /** Asks again. What an answer on its way says may be older than the wish: then another one follows it, for all who wish meanwhile. */
  async refresh(): Promise<void> {
    this.#isWanted = true;
    if (this.#loading === undefined) {
      this.#loading = this.#fetch().finally(() => (this.#loading = undefined));
      return this.#loading;
    }
    this.#following ??= this.#loading.then(() => {
      this.#following = undefined;
      return this.refresh();
    });
    await this.#following;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #soon(): void {
    if (!this.#isWanted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, refreshDelayMs);
  }

  async #fetch(): Promise<void> {
    try {
      // An engine that has just started tells of later changes only.
      this.#configuration = await this.#engine.ask(protocol.configuration, { isQuiet: true });
      this.#sets = await this.#engine.ask(protocol.listSets, { isQuiet: true });
      this.#state = this.#sets.length > 0 ? 'some' : isBroken(this.#configuration) ? 'broken' : 'none';
      this.#error = undefined;
    } catch (error) {
      this.#state = 'failed';
      this.#error = error;
    }
    this.#noteRates();
    this.#changed.fire();
  }

  #noteRates(): void {
    for (const { name, running } of this.#sets) {
      if (running === undefined) {
        this.#lastProgress.delete(name);
        this.#rates.delete(name);
        continue;
      }
      const rate = rateOf(this.#lastProgress.get(name), running);
      if (rate !== undefined) this.#rates.set(name, rate);
      this.#lastProgress.set(name, running);
    }
  }
}

/** Whether sets may be missing because they could not be read, so that "nothing is protected" would be a guess. */
function isBroken({ problems }: ConfigurationInfo): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
