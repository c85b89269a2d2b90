import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import * as vscode from 'vscode';
import { makeRepository, type SuiteRepository } from './suite-repository.ts';

const extensionId = 'cadangan.cadangan';
const configFile = process.env['CADANGAN_CONFIG'] ?? '';

suite('snapshots as files', () => {
  let repository: SuiteRepository;
  let root: vscode.Uri;

  suiteSetup(async () => {
    assert.notEqual(configFile, '', 'the server gives the suites a configuration of their own');
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension);
    repository = makeRepository(extension.extensionPath);
    mkdirSync(dirname(configFile), { recursive: true });
    writeFileSync(
      configFile,
      JSON.stringify({
        version: 1,
        sets: [
          {
            name: 'suite',
            sources: [repository.source],
            repository: { location: repository.location, passwordFile: repository.passwordFile },
          },
        ],
      }),
    );
    await extension.activate();
    await vscode.commands.executeCommand('cadangan.restartEngine');
    root = vscode.Uri.from({ scheme: 'cadangan', authority: `${repository.snapshotId}.${repository.id}`, path: '/' });
  });

  suiteTeardown(() => {
    rmSync(configFile, { force: true });
    repository[Symbol.dispose]();
  });

  const at = (name: string) => root.with({ path: join(repository.source, name) });

  test('folders list, and files read as they were', async () => {
    const entries = await vscode.workspace.fs.readDirectory(at(''));
    assert.deepEqual(entries.map(([name]) => name).toSorted(), ['été.txt', 'ledger.json', 'link', 'many'].toSorted());
    const bytes = await vscode.workspace.fs.readFile(at('ledger.json'));
    assert.equal(new TextDecoder().decode(bytes), '{ "total": 1 }\n');
    assert.equal(new TextDecoder().decode(await vscode.workspace.fs.readFile(at('été.txt'))), 'accents\n');
  });

  test('a document has the language of its name', async () => {
    const document = await vscode.workspace.openTextDocument(at('ledger.json'));
    assert.equal(document.languageId, 'json');
    assert.equal(document.getText(), '{ "total": 1 }\n');
  });

  test('a folder of 2,000 files lists whole', async () => {
    assert.equal((await vscode.workspace.fs.readDirectory(at('many'))).length, 2_000);
  });

  test('stat() tells files, folders and links apart, and what is not there', async () => {
    const { File, Directory, SymbolicLink } = vscode.FileType;
    const types = await Promise.all(
      ['ledger.json', 'many', 'link'].map(async (name) => (await vscode.workspace.fs.stat(at(name))).type & ~0),
    );
    assert.deepEqual(types, [File, Directory, SymbolicLink]);
    await assert.rejects(
      Promise.resolve(vscode.workspace.fs.stat(at('missing'))),
      (error: unknown) => error instanceof vscode.FileSystemError && error.code === 'FileNotFound',
    );
  });

  test('nothing can be written, renamed or deleted', async () => {
    assert.equal(vscode.workspace.fs.isWritableFileSystem('cadangan'), false);
    const isForbidden = (error: unknown) => error instanceof vscode.FileSystemError && error.code === 'NoPermissions';
    await assert.rejects(Promise.resolve(vscode.workspace.fs.writeFile(at('new'), new Uint8Array(1))), isForbidden);
    await assert.rejects(Promise.resolve(vscode.workspace.fs.delete(at('ledger.json'))), isForbidden);
    await assert.rejects(Promise.resolve(vscode.workspace.fs.createDirectory(at('folder'))), isForbidden);
  });

  test('an URI of nobody leads nowhere', async () => {
    for (const uri of [root.with({ authority: 'evil' }), root.with({ authority: `${'0'.repeat(64)}.${repository.id}`, path: '/x' })]) {
      await assert.rejects(
        Promise.resolve(vscode.workspace.fs.readFile(uri)),
        (error: unknown) => error instanceof vscode.FileSystemError && error.code === 'FileNotFound',
        uri.toString(),
      );
    }
  });

  test('a host that was killed comes back for the next request', async () => {
    const pid = hostPid();
    assert.ok(pid !== undefined, 'a host runs');
    process.kill(pid, 'SIGKILL');
    await until(() => hostPid() !== pid);
    const unread = at('many/7.txt');
    assert.equal((await vscode.workspace.fs.readFile(unread)).byteLength, 0);
    assert.notEqual(hostPid(), pid);
  });

  test('a diff of two dates and one with the file on disk open', async () => {
    await vscode.commands.executeCommand(
      'vscode.diff',
      at('ledger.json'),
      vscode.Uri.file(join(repository.source, 'ledger.json')),
      'then ↔ now',
    );
    const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputTextDiff);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  test('a mistake in the configuration stands in the Problems view at its place, and goes when it is mended', async () => {
    const right = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.file(configFile)));
    writeFileSync(configFile, right.replace('"sources"', '"source"'));
    const problems = () => vscode.languages.getDiagnostics(vscode.Uri.file(configFile)).filter(({ source }) => source === 'Cadangan');
    await until(() => problems().some(({ severity }) => severity === vscode.DiagnosticSeverity.Error));
    assert.ok(problems().every(({ range, message }) => range.start.line === 0 && message !== ''));
    writeFileSync(configFile, right);
    await until(() => problems().length === 0);
  });
});

suite('commands', () => {
  test('every command of the manifest is registered', async () => {
    const manifest: unknown = vscode.extensions.getExtension(extensionId)?.packageJSON;
    const contributed = (manifest as { contributes: { commands: readonly { command: string }[] } }).contributes.commands.map(
      ({ command }) => command,
    );
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributed.filter((command) => !registered.has(command)),
      [],
    );
  });
});

/** The host of this window's state folder, if one lives. */
function hostPid(): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(process.env['CADANGAN_STATE'] ?? '', 'host.json'), 'utf8')) as { readonly pid: number };
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
