import type * as vscode from 'vscode';
import type { Engine } from './engine.ts';
import type { Passwords } from './editor/passwords.ts';
import type { DriveModel } from './models/drive.ts';
import type { RecordPages } from './editor/record-pages.ts';
import type { RecordsModel } from './models/records.ts';
import type { Repositories } from './models/repositories.ts';
import type { ServersModel } from './models/servers.ts';
import type { SetsModel } from './models/sets.ts';
import type { ResultDocuments } from './editor/result-documents.ts';

/** What every command and view works with. */
export interface App {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: Engine;
  readonly passwords: Passwords;
  readonly sets: SetsModel;
  readonly drive: DriveModel;
  readonly repositories: Repositories;
  readonly servers: ServersModel;
  readonly records: RecordsModel;
  readonly recordPages: RecordPages;
  readonly results: ResultDocuments;
  /** Names of sets whose run somebody started in this window and waits for: its end is told there. */
  readonly awaitedRuns: Set<string>;
}
