import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleAccount, sampleClient } from '../drive-emulator/index.ts';
import { TlsProxy } from '../google/tls-proxy.ts';
import { needs } from '../needs.ts';
import { copyPath, OffsiteStage } from '../offsite/offsite-stage.ts';
import { jsonLines, start, type Ran } from './programs.ts';

const skip = [needs('rclone'), needs('restic'), needs('openssl')].find((need) => need.skip !== false) ?? { skip: false };

test('stock rclone and restic open, check and unlock the copy, as the guide says', skip, async (t) => {
  await using stage = await OffsiteStage.open(7);
  await stage.backup(3, 300_000);
  const latest = await stage.backup(2, 100_000);
  await stage.sync();
  await using proxy = await TlsProxy.open(stage.folder, stage.emulator.url);
  const config = join(stage.folder, 'rclone.conf');
  const token = {
    access_token: 'x',
    token_type: 'Bearer',
    refresh_token: stage.emulator.accounts.refreshToken(sampleAccount),
    expiry: '2020-01-01T00:00:00Z',
  };
  // The stanza of docs/google-drive.md, and what "rclone config reconnect" adds to it.
  const stanza = ['type = drive', `client_id = ${sampleClient.id}`, `client_secret = ${sampleClient.secret}`, 'scope = drive.file'];
  writeFileSync(config, ['[cadangan]', ...stanza, `token = ${JSON.stringify(token)}`, ''].join('\n'));
  const env = {
    HTTPS_PROXY: proxy.address,
    RCLONE_CA_CERT: proxy.authorityFile,
    RCLONE_CONFIG: config,
    RCLONE_LOW_LEVEL_RETRIES: '1',
    RCLONE_DRIVE_PACER_MIN_SLEEP: '1ms',
    RESTIC_PASSWORD: 'password',
  };
  const restic = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await start('restic', ['--no-cache', '-r', `rclone:cadangan:${copyPath}`, ...args], { env }).ended;
    assert.equal(ran.code, 0, `restic ${args.join(' ')}: ${ran.stderr}`);
    return ran;
  };

  await t.test('what lies there is what the repository has', async () => {
    const { code, stdout, stderr } = await start('rclone', ['lsf', '-R', '--files-only', `cadangan:${copyPath}`], { env }).ended;
    assert.equal(code, 0, stderr);
    const files = stdout
      .toString()
      .trim()
      .split('\n')
      .filter((file) => !file.startsWith('cadangan-'));
    assert.deepEqual(files.sort(), stage.sourceFiles.toSorted());
  });
  await t.test('snapshots', async () => {
    const { stdout } = await restic('snapshots', '--json');
    const listed: unknown = JSON.parse(stdout.toString());
    assert.ok(Array.isArray(listed) && listed.length === 2);
    assert.match(stdout.toString(), new RegExp(latest));
  });
  await t.test('check --read-data, with a lock of its own', async () => {
    assert.match((await restic('check', '--read-data')).stdout.toString(), /no errors were found/);
  });
  await t.test('restore', async () => {
    const { stdout } = await restic('restore', 'latest', '--target', join(stage.folder, 'restored'), '--json');
    assert.ok(jsonLines(stdout.toString()).length > 0 || stdout.toString().includes('restoring'));
  });
  await t.test('unlock takes away a lock that a killed restic left', async () => {
    const lock = start('restic', ['--no-cache', '-r', `rclone:cadangan:${copyPath}`, 'check', '--read-data'], { env });
    for (;;) {
      if (stage.person.find(`${copyPath}/locks`)[0] !== undefined && locks(stage) > 0) break;
      await new Promise((done) => setTimeout(done, 5));
    }
    lock.process.kill('SIGKILL');
    await lock.ended.catch(() => undefined);
    assert.equal(locks(stage), 1);
    await restic('unlock', '--remove-all');
    assert.equal(locks(stage), 0);
  });
  stage.assertWhole();
});

function locks(stage: OffsiteStage): number {
  const [folder] = stage.person.find(`${copyPath}/locks`);
  return stage.person.files().filter(({ parent, id }) => parent === folder?.id && stage.person.find(stage.person.pathOf(id)).length > 0)
    .length;
}
