import * as vscode from 'vscode';
import { protocol, type ConfigurationInfo, type RunProgress, type SetInfo } from '../../service/index.ts';
import type { Engine } from '../engine.ts';
import type { SetsState } from '../manifest/contributions.ts';
import { rateOf } from '../presentation/run-text.ts';
import { Refresher } from './refresher.ts';

/** The backup sets as the engine last told them; views and the status bar draw from here. */
export class SetsModel implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #refresher = new Refresher(() => this.#fetch());
  readonly #subscriptions: vscode.Disposable[];
  #sets: readonly SetInfo[] = [];
  #state: SetsState = 'unknown';
  #error: unknown;
  #configuration: ConfigurationInfo | undefined;
  readonly #lastProgress = new Map<string, RunProgress>();
  readonly #rates = new Map<string, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#subscriptions = [
      this.#refresher,
      engine.onDidChangeSets(this.#refresher.soon),
      engine.onDidChangeConfiguration(this.#refresher.soon),
    ];
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

  refresh(): Promise<void> {
    return this.#refresher.refresh();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #fetch(): Promise<void> {
    try {
      // An engine that has just started tells of later changes only.
      this.#configuration = await this.#engine.request(protocol.configuration, undefined, { isQuiet: true });
      this.#sets = await this.#engine.request(protocol.listSets, undefined, { isQuiet: true });
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
