// What a service of the system runs and obeys may be changed by administrators only, and so may all folders above.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { assertAdministratorsOnly, changeableByOthers, type Administrators } from '../../../src/host/system-service/administrators-only.ts';
import { programsOf } from '../../../src/host/system-service/configured-programs.ts';
import { isCode } from '../../../src/platform/index.ts';
import { parseConfiguration } from '../../../src/settings/index.ts';

const posix = { skip: process.platform === 'win32' ? 'Windows has lists of rights, which are not read' : false };
const root = { skip: process.getuid?.() === 0 ? false : 'needs root, to give files to others' };
const me = process.getuid?.() ?? 0;
/** Whoever runs the test, and those of the system. */
const administrators: Administrators = { users: new Set([0, me]), groups: new Set([0, process.getgid?.() ?? 0]) };

function stage(t: TestContext): { readonly folder: string; readonly program: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-safe-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'opt', 'program'), { recursive: true });
  const program = join(folder, 'opt', 'program', 'run.sh');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  return { folder, program };
}

async function unsafe(...paths: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  return (await changeableByOthers(paths, administrators)).map(({ path, reason }) => [path, reason] as const);
}

test('what only administrators can write is safe, also in a folder with the sticky bit', posix, async (t) => {
  const { program } = stage(t); // below /tmp
  assert.deepEqual(await unsafe(program), []);
});

test('a file, or any folder above it, that others can write is named', posix, async (t) => {
  const { folder, program } = stage(t);
  for (const path of [program, join(folder, 'opt', 'program'), join(folder, 'opt'), folder]) {
    const mode = path === program ? 0o755 : 0o700;
    chmodSync(path, mode | 0o002);
    assert.deepEqual(await unsafe(program), [[path, 'everybody may write it']]);
    await assert.rejects(
      assertAdministratorsOnly([program], administrators),
      (error) => isCode(error, 'service.unsafe') && error.facts['path'] === path,
    );
    chmodSync(path, mode);
  }
});

test('a group that may write counts as others, unless it is of administrators', { skip: posix.skip || root.skip }, async (t) => {
  const { program } = stage(t);
  chmodSync(program, 0o775);
  assert.deepEqual(await unsafe(program), []);
  chownSync(program, 0, 1234);
  assert.deepEqual(await unsafe(program), [[program, 'the group 1234 may write it']]);
});

test('what belongs to somebody else is theirs to change', { skip: posix.skip || root.skip }, async (t) => {
  const { folder, program } = stage(t);
  chownSync(join(folder, 'opt'), 1234, 0);
  assert.deepEqual(await unsafe(program), [[join(folder, 'opt'), 'it belongs to the user 1234']]);
});

test('a link is as safe as itself, what it leads to, and the folders of both', posix, async (t) => {
  const { folder, program } = stage(t);
  const current = join(folder, 'current');
  symlinkSync(join('opt', 'program'), current);
  assert.deepEqual(await unsafe(join(current, 'run.sh')), []);
  chmodSync(join(folder, 'opt'), 0o777);
  const found = (await unsafe(join(current, 'run.sh'))).map(([path]) => path);
  assert.deepEqual(found, [join(folder, 'opt')]);
  chmodSync(join(folder, 'opt'), 0o700);
  symlinkSync('b', join(folder, 'a'));
  symlinkSync('a', join(folder, 'b'));
  assert.deepEqual(await unsafe(join(folder, 'a')), [], 'a circle comes to an end');
  assert.deepEqual(await unsafe(join(folder, 'not', 'there'), program), []);
});

test(
  'the programs of a configuration are those of its sets and copies, found as they would be, and the scripts that a shell is given',
  posix,
  async (t) => {
    const { folder, program } = stage(t);
    const { configuration, problems } = parseConfiguration(
      JSON.stringify({
        version: 1,
        sets: [
          {
            name: 'a',
            sources: ['/srv'],
            repository: { location: '/mnt/r', passwordCommand: ['run.sh', '--show'] },
            before: ['/bin/sh', '-e', '/srv/dump.sh'],
            after: ['/usr/bin/touch', '/srv/done'],
          },
          {
            name: 'b',
            sources: ['/srv'],
            repository: { location: '/mnt/r' },
            before: ['/bin/sh', '-ec', 'cd /srv/b && "/srv/b/dump.sh" >/srv/b/out'],
          },
        ],
        googleDrive: { account: 'a@example.com', clientFile: '/etc/client.json' },
        offsiteCopies: [{ name: 'c', repository: '/mnt/r', to: 'gdrive:c', after: ['/usr/bin/logger', 'copied'] }],
      }),
    );
    assert.deepEqual(problems, []);
    const programs = await programsOf(configuration, { PATH: `relative:${join(folder, 'opt', 'program')}` });
    assert.deepEqual(
      programs.toSorted(),
      ['/bin/sh', '/srv/b', '/srv/b/dump.sh', '/srv/b/out', '/srv/dump.sh', '/usr/bin/logger', '/usr/bin/touch', program].toSorted(),
    );
  },
);
