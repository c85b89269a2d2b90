import * as vscode from 'vscode';
import { protocol, type CopyInfo, type DriveStatus } from '../../engine/index.ts';
import type { Engine } from '../engine.ts';

const refreshDelayMs = 300;
const nothing: DriveStatus = { state: 'not-configured', isServiceAccount: false, copies: [] };

/** Google Drive as the engine last told it: the account and the off-site copies. */
export class DriveModel implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  #status: DriveStatus | undefined;
  #error: unknown;
  #loading: Promise<void> | undefined;
  #isStale = false;
  #timer: NodeJS.Timeout | undefined;
  /** Somebody wants to see it; before that, changes are not worth a request. */
  #isWanted = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#subscriptions = [engine.onDidChangeDrive(() => this.#soon())];
  }

  get status(): DriveStatus {
    return this.#status ?? nothing;
  }

  get copies(): readonly CopyInfo[] {
    return this.status.copies;
  }

  /** For conditions in the manifest. */
  get state(): DriveStatus['state'] | 'unknown' | 'failed' {
    return this.#error === undefined ? (this.#status?.state ?? 'unknown') : 'failed';
  }

  find(name: string): CopyInfo | undefined {
    return this.copies.find((copy) => copy.name === name);
  }

  /** Asks the first time. Does not throw; without an engine there is nothing to see. */
  async load(): Promise<DriveStatus> {
    if (this.#status === undefined) await this.refresh();
    return this.status;
  }

  /** Asks again; an answer on its way may be older than the wish. */
  async refresh(): Promise<void> {
    this.#isWanted = true;
    this.#isStale = this.#loading !== undefined;
    this.#loading ??= this.#fetch().finally(() => (this.#loading = undefined));
    await this.#loading;
    if (this.#isStale) await this.refresh();
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
      this.#status = await this.#engine.ask(protocol.driveStatus, { isQuiet: true });
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
    }
    this.#changed.fire();
  }
}
