import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { aroundRun, type AroundRun, type JobResult } from '../../src/jobs/index.ts';
import { CadanganError, isCode, system, systemClock, type Clock } from '../../src/platform/index.ts';
import { isAlive, until } from '../host/engine-stage.ts';

/** Five seconds of patience are a tenth of one here. */
const hurried: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * 50,
  sleep: (ms, signal) => systemClock.sleep(ms / 50, signal),
};
/** So is what a program is given to end in its own way; the half minute that the one after a stopped run has stays what it is. */
const hurriedGrace: Clock = { ...hurried, sleep: (ms, signal) => (ms < 30_000 ? hurried : systemClock).sleep(ms, signal) };
const node = (script: string, ...args: string[]): readonly string[] => [process.execPath, '-e', script, ...args];
const good: JobResult<{ readonly files: number }> = {
  job: 'backup',
  outcome: 'success',
  exceptions: [],
  exceptionCount: 0,
  startedAt: '2026-11-23T21:00:00Z',
  endedAt: '2026-11-23T21:00:01Z',
  details: { files: 7 },
};
const around = (more: Partial<AroundRun>): AroundRun => ({
  programs: {},
  job: 'backup',
  clock: systemClock,
  environment: { PATH: process.env['PATH'] },
  facts: { SET: 'data', RUN: 'run 1', TRIGGER: 'schedule' },
  signal: new AbortController().signal,
  ...more,
});

test('the programs around a run are told what it is and what came of it, and no secret', async () => {
  const told = node(`
    const own = Object.entries(process.env).filter(([name]) => name.startsWith('CADANGAN_'));
    console.log(JSON.stringify(Object.fromEntries(own)), process.env.MINE, ...Object.keys(process.env).filter((name) => /^(restic|aws|rclone|credentials)_/i.test(name)));
  `);
  const secrets = {
    RESTIC_PASSWORD: 'geheim',
    RESTIC_REST_PASSWORD: 'geheim',
    AWS_SECRET_ACCESS_KEY: 'geheim',
    AWS_SESSION_TOKEN: 'geheim',
    RCLONE_CONFIG_PASS: 'geheim',
    RCLONE_CONFIG_NAS_PASS: 'geheim',
    CREDENTIALS_DIRECTORY: '/run/credentials/x',
  };
  const environment = { PATH: process.env['PATH'], ...secrets, MINE: 'mine' };
  const result = await aroundRun(
    around({ programs: { before: told, after: told }, environment }),
    async () => good,
    ({ files }) => ({ FILES: files }),
  );
  const [before = '', after = ''] = (result.programs ?? []).map(({ output }) => output);
  const ofRun = { CADANGAN_JOB: 'backup', CADANGAN_SET: 'data', CADANGAN_RUN: 'run 1', CADANGAN_TRIGGER: 'schedule' };
  assert.deepEqual(JSON.parse(before.slice(0, before.indexOf('}') + 1)), { CADANGAN_WHEN: 'before', ...ofRun });
  assert.deepEqual(JSON.parse(after.slice(0, after.indexOf('}') + 1)), {
    CADANGAN_WHEN: 'after',
    ...ofRun,
    CADANGAN_OUTCOME: 'success',
    CADANGAN_EXCEPTIONS: '0',
    CADANGAN_FILES: '7',
  });
  for (const output of [before, after]) assert.match(output, /\} mine\n$/);
});

test('a program before that fails, is not there or takes too long keeps the run from being made, and the one after runs all the same', async () => {
  const after = node('console.log(process.env.CADANGAN_OUTCOME, process.env.CADANGAN_ERROR)');
  let made = 0;
  const cases = [
    [node('console.error("no database"); process.exit(3)'), 'exit code 3', 'no database\n'],
    [['/nobody/has/this'], 'ENOENT', ''],
    [[`${process.execPath}/below`], system.isWindows ? 'ENOENT' : 'ENOTDIR', ''], // which Node throws on POSIX instead of telling
    [['C:\\nowhere\\dump.cmd'], system.isWindows ? 'Windows runs a batch file only as an argument of "cmd.exe /c"' : 'ENOENT', ''],
    [node('setInterval(() => {}, 1000)'), 'it took longer than it may', undefined],
  ] as const;
  for (const [before, reason, output] of cases) {
    const programs = { before, beforeLimitMinutes: reason.startsWith('it took') ? 1 : 60, after };
    const result = await aroundRun(around({ programs, clock: hurried }), async () => ({
      ...good,
      outcome: (made += 1) > 0 ? 'success' : 'failed',
    }));
    const error = result.error instanceof CadanganError ? result.error : undefined;
    assert.deepEqual([result.outcome, error?.code, error?.facts['reason']], ['failed', 'command.failed', reason]);
    const told = result.programs?.map(({ when, failure, output: said }) => [when, failure, said]);
    assert.deepEqual(told, [
      ['before', reason, output ?? told?.[0]?.[2]],
      ['after', undefined, 'failed command.failed\n'],
    ]);
  }
  assert.equal(made, 0);
});

test('the program after runs after a run that threw, that was stopped, or that could not even be prepared', async () => {
  const after = node('console.log(process.env.CADANGAN_OUTCOME, process.env.CADANGAN_ERROR)');
  const before = node('process.exit()');
  const said = async (more: Partial<AroundRun>, work: () => Promise<JobResult<unknown>>): Promise<unknown> => {
    const { programs } = await aroundRun(around({ programs: { before, after }, ...more }), work);
    return programs?.map(({ when, output }) => `${when}: ${output.trim()}`);
  };
  const thrown = () => Promise.reject(new CadanganError('storage.full', {}));
  assert.deepEqual(await said({}, thrown), ['before: ', 'after: failed storage.full']);
  const stopped = async () => ({ ...good, outcome: 'stopped' as const, error: new CadanganError('aborted') });
  assert.deepEqual(await said({}, stopped), ['before: ', 'after: stopped aborted']);
  const hold = () => Promise.reject(new CadanganError('repository.missing', {}));
  assert.deepEqual(await said({ hold }, async () => good), ['after: failed repository.missing']);
});

test(
  'a program that is stopped goes with all that it has started, also what will not end by itself',
  { skip: process.platform === 'win32' },
  async (t) => {
    const pids = join(temporary(t), 'pids');
    const stubborn = `process.on('SIGTERM', () => {}); require('node:fs').appendFileSync(process.argv[1], process.pid + '\\n'); setInterval(() => {}, 1000);`;
    const before = node(
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}, process.argv[1]], { stdio: 'ignore' }); ${stubborn}`,
      pids,
    );
    const stopping = new AbortController();
    const after = node('console.log(process.env.CADANGAN_OUTCOME)');
    const running = aroundRun(around({ programs: { before, after }, signal: stopping.signal, clock: hurriedGrace }), async () => good);
    const known = (): number[] => (existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n').map(Number) : []);
    await until(() => known().length === 2, 'both run');
    stopping.abort(new CadanganError('aborted', { reason: 'user' }));
    const result = await running;
    assert.deepEqual([result.outcome, result.programs?.map(({ output }) => output)], ['stopped', ['', 'stopped\n']]);
    await until(() => !known().some(isAlive), 'both are gone');
  },
);

test('the end of a long output is kept; a program that left another running is not waited for', async (t) => {
  const pidFile = join(temporary(t), 'pid');
  const leaves = node(
    `const wait = 'setTimeout(() => {}, 600_000)';
     const left = require('node:child_process').spawn(process.execPath, ['-e', wait], { stdio: 'inherit', detached: true }); left.unref();
     require('node:fs').writeFileSync(process.argv[1], String(left.pid));
     for (let line = 0; line < 20_000; line++) console.log('line ' + line);`,
    pidFile,
  );
  const lines: string[] = [];
  const { programs } = await aroundRun(around({ programs: { before: leaves }, onLine: (line) => lines.push(line) }), async () => good);
  process.kill(Number(readFileSync(pidFile, 'utf8')));
  const output = programs?.[0]?.output ?? '';
  assert.ok(output.endsWith('line 19998\nline 19999\n') && output.length === 16 * 1024, output.slice(-100));
  assert.deepEqual([lines.length, lines[0]], [1000, 'line 0']);
});

test('a program after that fails makes an exception of a good run', async () => {
  const result = await aroundRun(around({ programs: { after: node('process.exit(4)') } }), async () => good);
  assert.deepEqual(
    [result.outcome, result.exceptionCount, result.exceptions.map(({ kind, reason, weight }) => [kind, reason, weight])],
    ['success-with-exceptions', 1, [['after-command', 'exit code 4', 'note']]],
  );
});

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-around-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a program that may not be run is not run: before a run it fails, after it is an exception, and the report says why', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-vet-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const mark = join(folder, 'has-run');
  const marks = node(`require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`);
  const seen: (readonly string[])[] = [];
  const vet = async (command: readonly string[]): Promise<void> => {
    seen.push(command);
    throw new CadanganError('service.unsafe', { path: '/srv/dump.sh', reason: 'everybody may write it' });
  };
  const failed = await aroundRun(around({ programs: { before: marks }, vet }), async () => assert.fail('the run was made'));
  const noted = await aroundRun(around({ programs: { after: marks }, vet }), async () => good);
  const why = 'service.unsafe: /srv/dump.sh: everybody may write it';
  assert.deepEqual([failed.outcome, isCode(failed.error, 'service.unsafe'), failed.programs?.[0]?.failure], ['failed', true, why]);
  assert.deepEqual([noted.outcome, noted.exceptions[0]?.reason], ['success-with-exceptions', why]);
  assert.deepEqual([existsSync(mark), seen], [false, [marks, marks]]);
});
