import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Terminal } from '../../src/cli/terminal.ts';
import { cliEnvironment, main, makeStage, password, type Stage } from './run-cli.ts';

/*
 * A full disk behind `>` is not a reader that has left: what was asked for goes on, and the end says that its output is not whole.
 */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function inShell(stage: Stage, script: string): Promise<Ended> {
  const env = {
    ...cliEnvironment(),
    CLI: `${process.execPath} --disable-warning=ExperimentalWarning ${main}`,
    CADANGAN_STATE: stage.path('state'),
    RESTIC_REPOSITORY: stage.repository,
    RESTIC_PASSWORD: password,
  };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', script], { cwd: stage.folder, env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const options = { skip: !existsSync('/dev/full') };

test('a list whose output fails ends with an error that says so, also where only its end did not fit', options, async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('source'));
  for (let number = 0; number < 300; number++) writeFileSync(stage.path('source', `file-${number}`), '');
  assert.equal((await stage.run(['backup', 'source'])).code, 0);
  for (const words of ['snapshots', 'ls latest', 'version', 'snapshots --json', 'help']) {
    const { code, stderr } = await inShell(stage, `$CLI ${words} >/dev/full`);
    assert.equal(code, 1, `${words}: ${stderr}`);
    assert.match(stderr, /Standard output could not be written whole: no space left\./, words);
    assert.equal(stderr.includes('"message_type":"exit_error"'), words.includes('--json'), words);
  }
  // A limit of the shell for files cuts the write short before it refuses the next.
  const cut = await inShell(stage, `trap '' XFSZ; ulimit -f 1; $CLI ls latest > out`);
  assert.equal(cut.code, 1, cut.stderr);
  assert.match(cut.stderr, /Standard output could not be written whole/);
});

test('a backup whose log is full goes on, leaves its snapshot and its record, and does not end as a success', options, async (t) => {
  const stage = await makeStage(t);
  writeFileSync(stage.path('file'), 'x');
  const { code, stderr } = await inShell(stage, '$CLI backup file --json >/dev/full');
  assert.equal(code, 1, stderr);
  assert.match(stderr, /"message_type":"exit_error","code":1,"message":"Standard output could not be written whole/);
  const { stdout } = await stage.run(['snapshots', '--json']);
  assert.equal(JSON.parse(stdout).length, 1);
  assert.match((await inShell(stage, '$CLI records list')).stdout, /Success/i);
});

test('a reader that has left ends a command quietly', { skip: process.platform === 'win32' }, async (t) => {
  const stage = await makeStage(t);
  const { stderr } = await inShell(stage, '$CLI help | true');
  assert.equal(stderr, '');
});

test('bytes that cannot be written are an error of their own; a closed pipe is an interruption', async () => {
  const failing = (code: string) => ({
    write: (_chunk: string | Uint8Array, done?: (error?: Error | null) => void) => {
      done?.(Object.assign(new Error(code), { code }));
      return true;
    },
  });
  const good = { write: (_chunk: string | Uint8Array, done?: () => void) => (done?.(), true) };
  await assert.rejects(new Terminal(failing('ENOSPC'), good).writeBytes(new Uint8Array(1)), { code: 'output.failed' });
  await assert.rejects(new Terminal(failing('EPIPE'), good).writeBytes(new Uint8Array(1)), { code: 'aborted' });
});

test(
  'a report goes through a link to its file, and into a pipe or a device as it is; nothing is put in their place or beside them',
  { skip: process.platform === 'win32' },
  async (t) => {
    const stage = await makeStage(t);
    mkdirSync(stage.path('out'));
    mkdirSync(stage.path('elsewhere'));
    assert.equal((await inShell(stage, '$CLI backup out')).code, 0);
    const report = (output: string, more = '') => inShell(stage, `cd out && $CLI records report --format csv -o ${output} ${more}`);
    execFileSync('ln', ['-s', '../elsewhere/real.csv', stage.path('out', 'link.csv')]);
    execFileSync('ln', ['-s', 'link.csv', stage.path('out', 'second.csv')]);
    for (const _again of [1, 2]) {
      const { code, stderr } = await report('second.csv');
      assert.equal(code, 0, stderr);
    }
    const content = readFileSync(stage.path('elsewhere', 'real.csv'), 'utf8');
    assert.deepEqual(readdirSync(stage.path('out')).sort(), ['link.csv', 'second.csv']);
    assert.deepEqual(readdirSync(stage.path('elsewhere')), ['real.csv']);

    execFileSync('ln', ['-s', '/dev/null', stage.path('out', 'null.csv')]);
    for (const output of ['/dev/null', 'null.csv']) {
      const { code, stdout, stderr } = await report(output);
      assert.deepEqual([code, stdout], [0, ''], stderr);
      assert.match(stderr, /wrote/);
    }
    assert.equal(statSync('/dev/null').isCharacterDevice(), true);
    // Others may come and go there meanwhile: disks, terminals.
    assert.deepEqual(
      readdirSync('/dev').filter((name) => name.includes('null')),
      ['null'],
    );

    const lines = (text: string) => text.split('\n').length;
    const piped = await report('/dev/stdout', '| cat');
    assert.equal(lines(piped.stdout), lines(content), piped.stderr);
    writeFileSync(stage.path('log'), 'before\n');
    const appended = await report('/dev/stdout', '>> ../log');
    assert.equal(appended.code, 0, appended.stderr);
    assert.equal(lines(readFileSync(stage.path('log'), 'utf8')), lines(content) + 1);

    execFileSync('mkfifo', [stage.path('fifo')]);
    const reader = spawn('cat', [stage.path('fifo')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let read = '';
    reader.stdout.setEncoding('utf8').on('data', (text: string) => (read += text));
    const closed = new Promise((resolve) => reader.once('close', resolve));
    assert.equal((await report('../fifo')).code, 0);
    await closed;
    assert.equal(lines(read), lines(content));
    assert.equal(statSync(stage.path('fifo')).isFIFO(), true);

    const full = await report('/dev/full');
    assert.equal(full.code, 1);
    assert.match(full.stderr, /Cannot write "\/dev\/full": no space left/);
  },
);
