import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import * as vscode from 'vscode';
import { makeRepository, type SuiteRepository } from './suite-repository.ts';

const extensionId = 'cadangan.cadangan';
const configFile = process.env['CADANGAN_CONFIG'] ?? '';

suite('tools for agents', () => {
  let repository: SuiteRepository;

  suiteSetup(async () => {
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
    await vscode.commands.executeCommand('cadangan.refresh');
  });

  suiteTeardown(() => {
    rmSync(configFile, { force: true });
    repository[Symbol.dispose]();
  });

  test('every tool of the manifest is there, with a schema', () => {
    const manifest: unknown = vscode.extensions.getExtension(extensionId)?.packageJSON;
    const contributed = (
      manifest as { contributes: { languageModelTools: readonly { name: string }[] } }
    ).contributes.languageModelTools.map(({ name }) => name);
    const there = vscode.lm.tools.filter(({ name }) => name.startsWith('cadangan_'));
    assert.deepEqual(there.map(({ name }) => name).toSorted(), contributed.toSorted());
    for (const { inputSchema, description } of there) assert.ok(inputSchema !== undefined && description.includes('Read-only.'));
  });

  test('snapshots, versions and records name the record of the run that made them', async () => {
    const records = await ask('cadangan_list_records', { from: '2000-01-01', to: '9000-01-01', kind: 'internal-backup' });
    const [record] = listOf(records, 'records').filter(({ snapshotId }) => snapshotId === repository.snapshotId);
    assert.ok(record !== undefined && typeof record['record'] === 'number', JSON.stringify(records));
    const snapshots = await ask('cadangan_list_snapshots', { limit: 5 });
    assert.deepEqual(
      listOf(snapshots, 'snapshots').map(({ snapshot, record: number }) => [snapshot, number]),
      [[repository.snapshotId, record['record']]],
    );
    const versions = await ask('cadangan_find_versions', { path: join(repository.source, 'ledger.json') });
    assert.deepEqual(
      listOf(versions, 'versions').map(({ sizeBytes, record: number }) => [sizeBytes, number]),
      [[15, record['record']]],
    );
    assert.ok(!JSON.stringify(versions).includes('total": 1'), 'no content');
  });

  test('the status tells of every set, and refuses one that is not there', async () => {
    const status = await ask('cadangan_get_backup_status', {});
    assert.deepEqual(
      listOf(status, 'sets').map(({ set, state }) => [set, state]),
      [['suite', 'never-run']],
    );
    await assert.rejects(ask('cadangan_get_backup_status', { set: 'nobody' }), /nobody/);
  });

  test('what is no day is refused', async () => {
    await assert.rejects(ask('cadangan_list_records', { from: '2026-13-45', to: '2026-13-46' }), /from|2026-11-23/);
  });

  test('the setting turns them off', async () => {
    const settings = vscode.workspace.getConfiguration('cadangan');
    await settings.update('agentTools', 'off', vscode.ConfigurationTarget.Global);
    try {
      await assert.rejects(ask('cadangan_get_backup_status', {}));
    } finally {
      await settings.update('agentTools', undefined, vscode.ConfigurationTarget.Global);
    }
  });
});

async function ask(name: string, input: object): Promise<unknown> {
  const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
  const [part] = content;
  assert.ok(part instanceof vscode.LanguageModelTextPart);
  return JSON.parse(part.value);
}

function listOf(answer: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  return (answer as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>)[name] ?? [];
}
