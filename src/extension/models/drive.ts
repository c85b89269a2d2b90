import * as vscode from 'vscode';
import { protocol, type CopyInfo, type DriveStatus } from '../../service/index.ts';
import type { Engine } from '../engine.ts';
import { Refresher } from './refresher.ts';

const nothing: DriveStatus = { state: 'not-configured', isServiceAccount: false, copies: [] };

/** Google Drive as the engine last told it: the account and the off-site copies. */
export class DriveModel implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #refresher = new Refresher(() => this.#fetch());
  readonly #subscriptions: vscode.Disposable[];
  #status: DriveStatus | undefined;
  #error: unknown;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#subscriptions = [this.#refresher, engine.onDidChangeDrive(this.#refresher.soon)];
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

  refresh(): Promise<void> {
    return this.#refresher.refresh();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #fetch(): Promise<void> {
    try {
      this.#status = await this.#engine.request(protocol.driveStatus, undefined, { isQuiet: true });
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
    }
    this.#changed.fire();
  }
}
