import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { mkdirSync, readdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { test } from 'node:test';
import { passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { makeStage, password, type Stage } from './run-cli.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** Every failure is told on standard error in a sentence and a next step, without a stack, and in JSON in restic's shape. */
async function failsWith(
  stage: Stage,
  code: number,
  sentence: RegExp,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const [forPeople, forPrograms] = await Promise.all([stage.run(args, { environment }), stage.json(args, { environment })]);
  assert.equal(forPeople.code, code, forPeople.stderr);
  assert.match(forPeople.stderr, sentence);
  assert.doesNotMatch(forPeople.stderr, /\n\s+at /, 'no stack trace');
  const last = forPrograms.errors.at(-1);
  assert.deepEqual([forPrograms.code, last?.['message_type'], last?.['code']], [code, 'exit_error', code]);
  assert.match(String(last?.['message']), sentence);
}

test('a wrong password is exit code 12', async (t) => {
  await failsWith(await makeStage(t), 12, /wrong password/, ['snapshots'], { RESTIC_PASSWORD: 'no' });
});

test('a folder that is missing or empty is exit code 10, before a password is asked for', async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('empty'));
  for (const folder of ['missing', 'empty'])
    await failsWith(stage, 10, /There is no repository at/, ['snapshots', '-r', stage.path(folder)], { RESTIC_PASSWORD: '' });
});

test('a repository that somebody holds exclusively is exit code 11, and waiting for it works', async (t) => {
  const stage = await makeStage(t);
  const repository = await Repository.open({ storage: openStorage(stage.repository) }, passwordFromText(password), neverAborted);
  const lock = await repository.lock({ signal: neverAborted, exclusive: true });
  await failsWith(stage, 11, new RegExp(`locked by .*${hostname()}`), ['snapshots']);
  assert.equal((await stage.run(['snapshots', '--no-lock'])).code, 0);
  const waiting = stage.run(['snapshots', '--retry-lock', '1m']);
  await lock[Symbol.asyncDispose]();
  assert.equal((await waiting).code, 0);
});

test('unlock removes the lock of a process that is gone, and --remove-all any', async (t) => {
  const stage = await makeStage(t);
  const repository = await Repository.open({ storage: openStorage(stage.repository) }, passwordFromText(password), neverAborted);
  await using _lock = await repository.lock({ signal: neverAborted, exclusive: true });
  const environment = { CADANGAN_STATE: stage.path('state') };
  assert.match(
    (await stage.run(['unlock'], { environment })).stdout,
    /^The repository .* is .*locked by .*goes by itself at .*; "cadangan unlock --remove-all" removes it at once\.$/m,
  );
  assert.match((await stage.run(['unlock', '--remove-all'], { environment })).stdout, /removed 1 lock/);
  assert.equal((await stage.run(['snapshots'])).code, 0);
  // Whose lock was taken away is a question that auditors ask; where there was none, nothing happened.
  const { messages } = await stage.json(['records', 'list'], { environment });
  assert.deepEqual(messages.filter(({ kind }) => kind === 'unlock').length, 1);
});

test('a truncated key file is named as damage', async (t) => {
  const stage = await makeStage(t);
  const [name = ''] = readdirSync(stage.path('repository', 'keys'));
  const file = stage.path('repository', 'keys', name);
  const bytes = readFileSync(file);
  chmodSync(file, 0o600);
  writeFileSync(file, bytes.subarray(0, bytes.length / 2));
  await failsWith(stage, 1, /The repository is damaged/, ['snapshots']);
  writeFileSync(file, '');
  await failsWith(stage, 1, /The repository is damaged/, ['snapshots']);
});

test('a source that does not exist fails; beside one that does it is an exception', async (t) => {
  const stage = await makeStage(t);
  writeFileSync(stage.path('there'), 'x');
  await failsWith(stage, 1, /Nothing to back up: "nowhere" does not exist/, ['backup', 'nowhere']);
  const { code, stdout, stderr } = await stage.run(['backup', 'there', 'nowhere']);
  assert.equal(code, 3);
  assert.match(stderr, /1 exception:\n.*nowhere: not found/);
  assert.match(stdout, /snapshot [0-9a-f]{8} saved, without what is named above/);
  const { errors } = await stage.json(['backup', 'there', 'nowhere']);
  assert.deepEqual([errors[0]?.['message_type'], errors[0]?.['during'], errors[0]?.['item']], ['error', 'archival', stage.path('nowhere')]);
});

test('a repository inside its own source is refused', async (t) => {
  const stage = await makeStage(t);
  await failsWith(stage, 1, /Refused to back up the repository into itself/, ['backup', stage.folder]);
});

// The kernel's own file system takes no files, not even from root.
test('a place that cannot be written to fails with a typed error', { skip: process.platform !== 'linux' }, async (t) => {
  const stage = await makeStage(t);
  writeFileSync(stage.path('file'), 'x');
  assert.equal((await stage.run(['backup', 'file'])).code, 0);
  await failsWith(stage, 1, /Not allowed to/, ['init', '-r', '/sys/cadangan-test']);
  await failsWith(stage, 1, /Not allowed to/, ['restore', 'latest', '--target', '/sys/cadangan-test']);
});

test('snapshots and paths that are not there are named', async (t) => {
  const stage = await makeStage(t);
  await failsWith(stage, 1, /There is no snapshot "latest"/, ['ls', 'latest']);
  writeFileSync(stage.path('file'), 'x');
  assert.equal((await stage.run(['backup', 'file'])).code, 0);
  await failsWith(stage, 1, /There is no snapshot "abc"/, ['restore', 'abc', '-t', 'out']);
  await failsWith(stage, 1, /"\/none" is not in the snapshot/, ['dump', 'latest', '/none']);
  await failsWith(stage, 1, /it is the whole snapshot/, ['dump', 'latest', '/']);
});

test('a password that is missing, empty, or cannot be had is told apart', async (t) => {
  const stage = await makeStage(t);
  await failsWith(stage, 1, /No password was given/, ['snapshots'], { RESTIC_PASSWORD: '' });
  await failsWith(stage, 1, /the command false failed/, ['snapshots', '--password-command', 'false']);
  writeFileSync(stage.path('empty'), '\n');
  await failsWith(stage, 1, /empty password/i, ['snapshots', '-p', 'empty']);
  await failsWith(stage, 1, /Cannot take the password from "none": not found/, ['snapshots', '-p', 'none']);
  writeFileSync(stage.path('large'), Buffer.alloc((1 << 20) + 1, 'x'));
  await failsWith(stage, 1, /"large": it is too large for a password/, ['snapshots', '-p', 'large']);
  await failsWith(stage, 1, /RESTIC_PASSWORD is not UTF-8 text; a password of other bytes has to stand in a file/, ['snapshots'], {
    RESTIC_PASSWORD: 'p\ufffdss',
  });
  assert.equal(
    (await stage.run(['snapshots'], { environment: { RESTIC_PASSWORD: '' }, input: `${password}\n` })).code,
    0,
    'a pipe may bring it',
  );
});

test('a command line that makes no sense is exit code 1 with a hint', async (t) => {
  const stage = await makeStage(t);
  const lines: readonly (readonly [args: string[], hint: RegExp])[] = [
    [['snapshot'], /Did you mean snapshots\?/],
    [['snapshots', '--jsn'], /Did you mean --json\?/],
    [['backup'], /nothing to back up is named/],
    [['restore', 'latest'], /name the folder to restore into/],
    [['ls'], /missing required argument/],
    [['key', 'steal'], /list, add, remove, passwd/],
    [['snapshots', '--latest', 'all'], /a whole number from 1/],
    [['restore', 'latest', '-t', 'x', '--overwrite', 'maybe'], /always, if-changed, if-newer, never/],
    [['check', '--read-data-subset', 'half'], /n\/t/],
    [['snapshots', '-r', 'sfpt:host:/x'], /not a known scheme/],
    [['backup', 'x', '--time', 'yesterday'], /a time such as/],
  ];
  const runs = await Promise.all(lines.map(([args]) => stage.run(args)));
  for (const [at, [args, hint]] of lines.entries()) {
    assert.equal(runs[at]?.code, 1, args.join(' '));
    assert.match(runs[at]?.stderr ?? '', hint);
  }
});

test('--verbose tells the causes beneath an error', async (t) => {
  const stage = await makeStage(t);
  const { code, stderr } = await stage.run(['snapshots', '-v', '-p', 'missing']);
  assert.equal(code, 1);
  assert.match(stderr, /^ {2}because: Error: ENOENT/m);
});
