import * as vscode from 'vscode';
import { protocol, type ServersReport } from '../../service/index.ts';
import { errorDataOf } from '../editor/show-error.ts';
import type { Engine } from '../engine.ts';
import { serversStateOf, type ServersState } from '../presentation/server-row.ts';
import { Refresher } from './refresher.ts';

/** The servers that back up into the known repositories, as the engine last told them. */
export class ServersModel implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #refresher = new Refresher(() => this.#fetch());
  readonly #subscriptions: vscode.Disposable[];
  #report: ServersReport | undefined;
  #error: unknown;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#subscriptions = [this.#refresher, engine.onDidChangeServers(this.#refresher.soon)];
  }

  /** Undefined as long as nobody has told. */
  get report(): ServersReport | undefined {
    return this.#report;
  }

  get state(): ServersState {
    return serversStateOf(this.#report, this.#error === undefined ? undefined : errorDataOf(this.#error));
  }

  /** Why the state is `failed` or `refused`. */
  get error(): unknown {
    return this.#error;
  }

  /** Asks the first time for what is known, and has the repositories looked at: what is seen there comes as it is seen. Does not throw. */
  async load(): Promise<ServersReport | undefined> {
    if (this.state === 'unknown') {
      await this.#refresher.refresh();
      if (this.#report !== undefined) void this.look(); // who is told nothing is not told of a look either
    }
    return this.#report;
  }

  /** Has every repository looked at, now. Does not throw; see `state`. */
  async look(): Promise<void> {
    await this.#ask(() => this.#engine.request(protocol.lookAtServers, undefined, { isQuiet: true }));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #fetch(): Promise<void> {
    return this.#ask(() => this.#engine.request(protocol.listServers, undefined, { isQuiet: true }));
  }

  async #ask(request: () => Promise<ServersReport>): Promise<void> {
    try {
      this.#report = await request();
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
    }
    this.#changed.fire();
  }
}
