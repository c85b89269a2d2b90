import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commandThatPrints, runCli, type CliRun } from '../cli/run-cli.ts';
import { contentOf } from '../restore/temporary-target.ts';
import { needs } from '../needs.ts';
import { Sshd } from '../sshd/sshd.ts';
import { Stage } from './stage.ts';

const stage = new Stage();

describe('cadangan restore --target sftp:', needs('sshd'), () => {
  let sshd: Sshd;
  let repository: string;
  before(async () => {
    sshd = await Sshd.start();
    const lines = ['Host arsip', 'HostName 127.0.0.1', `Port ${sshd.port}`, `User ${sshd.user}`, ''];
    writeFileSync(join(sshd.home, '.ssh', 'config'), lines.join('\n'), { mode: 0o600 });
    const source = stage.folder('source');
    mkdirSync(join(source, 'sub'));
    writeFileSync(join(source, 'sub', 'file'), 'content');
    writeFileSync(join(source, 'empty'), '');
    repository = stage.fresh('repository');
    assert.equal((await run(['init'])).code, 0);
    assert.equal((await run(['backup', source])).code, 0);
    folder = source;
  });
  after(() => sshd[Symbol.asyncDispose]());
  let folder = '';
  const state = stage.folder('state');

  function run(args: readonly string[]): Promise<CliRun> {
    const environment = { HOME: sshd.home, CADANGAN_STATE: state };
    return runCli(['-r', repository, '--password-command', commandThatPrints('kata'), ...args], { environment });
  }

  test('refuses an unknown server where nobody can be asked, and restores onto a known one by its name in ~/.ssh/config', async () => {
    const target = join(stage.folder('around'), 'target');
    const refused = await run(['restore', `latest:${folder}`, '--target', `sftp:arsip:${target}`]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /SHA256:/);
    assert.equal(existsSync(target), false);
    await sshd.writeKnownHosts();

    const { code, stdout, stderr } = await run(['restore', `latest:${folder}`, '--target', `sftp:arsip:${target}`, '--verify']);

    assert.equal(code, 0, stderr);
    assert.match(stdout, /restored 2 files, 1 folder.*\n.*2 files verified/);
    assert.match(stdout, /whole seconds in their times/);
    assert.deepEqual(contentOf(target), { empty: '', sub: '/', 'sub/file': 'content' });
  });

  test('leaves a record that names the server as where it went', async () => {
    await sshd.writeKnownHosts();
    const target = join(stage.folder('around'), 'target');
    assert.equal((await run(['restore', `latest:${folder}`, '--target', `sftp:arsip:${target}`, '--request', 'Budi'])).code, 0);
    const records = join(state, 'records');
    const files = readdirSync(records, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.jsonl'));
    const last = files
      .flatMap((name) => readFileSync(join(records, name), 'utf8').trimEnd().split('\n'))
      .filter((line) => line.includes(target))
      .at(-1);
    assert(last !== undefined, files.join());
    assert.match(last, new RegExp(`"destination":\\{"location":"sftp:arsip:${target}"\\}`));
    assert.match(last, /"success"/);
  });

  test('says what can be a target, for a place that keeps repositories only', async () => {
    for (const target of ['s3:https://host/bucket', 'rest:https://host/', 'gdrive:Folder', 'rclone:remote:path']) {
      const { code, stderr } = await run(['restore', 'latest', '--target', target]);
      assert.notEqual(code, 0);
      assert.match(stderr, /sftp:user@host:\/path/, stderr);
    }
    const { code, stderr } = await run(['restore', 'latest', '--target', 'sftp:no-path']);
    assert.notEqual(code, 0);
    assert.match(stderr, /colon is missing/);
  });
});
