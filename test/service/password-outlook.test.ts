// A set that nobody can give a password for at night is told where it is written, not at 21:00.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inLocale } from '../../src/platform/index.ts';
import { credentialName } from '../../src/service/index.ts';
import { PasswordOutlook } from '../../src/service/password-outlook.ts';
import { describeProblem, loadConfiguration, type Problem } from '../../src/settings/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const unix = { skip: process.platform === 'win32' && 'lists of rights of Windows are not read' };

interface Stage {
  readonly path: (name: string) => string;
  readonly clock: VirtualClock;
  /** What is told of these sets, each on a line of its own from the second on. */
  readonly told: (sets: readonly object[], environment?: Readonly<Record<string, string>>) => Promise<readonly Problem[]>;
}

function stageOf(t: TestContext): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-outlook-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  const clock = new VirtualClock();
  const told: Stage['told'] = async (sets, environment = {}) => {
    const lines = sets.map((set, at) => JSON.stringify({ name: `set-${at}`, sources: [folder], ...set })).join(',\n');
    writeFileSync(path('c.jsonc'), `{ "version": 1, "sets": [\n${lines}\n] }`);
    return new PasswordOutlook({ clock, environment }).problemsOf(await loadConfiguration(path('c.jsonc')));
  };
  return { path, clock, told };
}

const schedule = { window: '21:00-23:00' };
const location = '/mnt/backup/repository';

test('a set that runs by itself and names no way to its password is warned of at its repository', async (t) => {
  const { told, path } = stageOf(t);
  const sets = [
    { repository: { location } },
    { repository: { location }, schedule },
    { repository: { location, passwordCommand: ['pass', 'show', 'backup'] }, schedule },
    { repository: { location }, schedule: { onChange: {} } },
  ];
  const problems = await told(sets);
  assert.deepEqual(
    problems.map(({ severity, code, line, set, path: at }) => [severity, code, line, set, at]),
    [
      ['warning', 'password-unattended', 3, 'set-1', 'sets[1].repository'],
      ['warning', 'password-unattended', 5, 'set-3', 'sets[3].repository'],
    ],
  );
  const [line = ''] = readFileSync(path('c.jsonc'), 'utf8').split('\n').slice(2);
  const { column = 0, length = 0 } = problems[0] ?? {};
  assert.equal(line.slice(column - 1, column - 1 + length), '"repository"');
});

test('a password file that is not there, or that others may read, is told with the time at which it was looked at', unix, async (t) => {
  const { told, path, clock } = stageOf(t);
  for (const name of ['good', 'open']) writeFileSync(path(name), 'canary-7f3a91-password', { mode: 0o600 });
  chmodSync(path('open'), 0o640);
  const files = ['good', 'open', 'gone'].map((name) => ({ repository: { location, passwordFile: path(name) }, schedule }));
  const problems = await told(files);
  assert.deepEqual(
    problems.map(({ severity, code, line, path: at }) => [severity, code, line, at]),
    [
      ['warning', 'password-file-exposed', 3, 'sets[1].repository.passwordFile'],
      ['warning', 'password-file-missing', 4, 'sets[2].repository.passwordFile'],
    ],
  );
  assert.equal(problems[0]?.facts['at'], Number(clock.nowNs() / 1_000_000n));
  const sentences = (language: 'en' | 'id') => inLocale({ language, timeZone: 'UTC' }, () => problems.map(describeProblem));
  const [exposed = '', missing = ''] = sentences('en');
  assert.match(exposed, /^Others may read ".*open" \(mode 0640, looked at \d+ \w+ \d{4}, \d\d:\d\d\)/);
  assert.match(missing, /^There is no file ".*gone" \(looked at \d+ \w+ \d{4}, \d\d:\d\d\)\.$/);
  assert.match(sentences('id').join(), /Orang lain boleh membaca.*Tidak ada berkas/s);
  assert.doesNotMatch(JSON.stringify(problems), /canary/);

  chmodSync(path('open'), 0o600);
  writeFileSync(path('gone'), 'x', { mode: 0o600 });
  assert.deepEqual(await told(files), [], 'it is looked at each time');
});

test('a file that the service manager hands over need not be there', unix, async (t) => {
  const { told, path } = stageOf(t);
  mkdirSync(path('credentials'));
  writeFileSync(path(`credentials/${credentialName(path('gone'))}`), 'secret');
  const set = { repository: { location, passwordFile: path('gone') }, schedule };
  assert.deepEqual(await told([set], { CREDENTIALS_DIRECTORY: path('credentials') }), []);
  assert.equal((await told([set])).length, 1);
});

test('a pipe that nobody writes to is looked at, and not read', unix, async (t) => {
  const { told, path } = stageOf(t);
  execFileSync('mkfifo', ['-m', '600', path('pipe')]);
  assert.deepEqual(await told([{ repository: { location, passwordFile: path('pipe') }, schedule }]), []);
});
