import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { ConfigurationInfo, ConfigurationProblem } from '../../service/index.ts';

/** What is wrong in the configuration file, in the Problems view and as squiggles. */
export class ConfigurationProblems implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('cadangan');

  #shown: ConfigurationInfo | undefined;

  show(info: ConfigurationInfo | undefined): void {
    if (info === undefined || isDeepStrictEqual(info, this.#shown)) return;
    this.#shown = info;
    const { file, problems } = info;
    this.#collection.clear();
    this.#collection.set(vscode.Uri.file(file), problems.map(diagnosticOf));
  }

  dispose(): void {
    this.#collection.dispose();
  }
}

function diagnosticOf({ severity, message, line, column, lengthChars }: ConfigurationProblem): vscode.Diagnostic {
  const range = new vscode.Range(line, column, line, column + Math.max(1, lengthChars));
  const diagnostic = new vscode.Diagnostic(
    range,
    message,
    severity === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning,
  );
  diagnostic.source = 'Cadangan';
  return diagnostic;
}
