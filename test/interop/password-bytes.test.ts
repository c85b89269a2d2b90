import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { start, startCadangan } from './programs.ts';
import { Stage } from './stage.ts';
import { TestRepository, type Program } from './test-repository.ts';

const stage = new Stage();
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const pairs = [
  ['cadangan', 'restic'],
  ['restic', 'cadangan'],
] as const satisfies (readonly [Program, Program])[];

/** A name, and what is in the file or comes out of the program. */
const contents: readonly (readonly [name: string, content: Uint8Array])[] = [
  ['Latin-1', bytes('p\xe4ssw\xf6rd\n')],
  ['UTF-16 with the little end first', Buffer.from('\ufeffpässwörd 😀\r\n', 'utf16le')],
  ['UTF-16 with the big end first', Buffer.from('\ufeffpässwörd 😀\r\n', 'utf16le').swap16()],
  ['UTF-16 that is no text', bytes('\xff\xfea\0\x00\xdc\x00\xdcb\0\x00\xd8c\0d')],
  ['UTF-8 with a byte order mark', Buffer.from('\ufeffpässwörd\r\n')],
  ['UTF-8 with white space of Unicode around it', Buffer.from('\u3000\u00a0pässwörd\u00a0\u0085\r\n')],
  ['U+FEFF at its end, which is no white space', Buffer.from('pässwörd\ufeff\n')],
  ['the no-break space and the next line of Latin-1', bytes('secret\xa0\x85\n')],
  ['invalid UTF-8', bytes('\xfe\xc3(\xe2\x80\xf0\x9f\x98\n')],
  ['NUL bytes and a line end inside', bytes('a\0b\nc\0\n')],
  ['a decomposed letter', Buffer.from('e\u0301')],
];

function fileOf(content: Uint8Array): string {
  const path = stage.fresh('password');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

/**
 * Made by `init` with this password. (`restic key add --new-password-file` of 0.14 leaves the byte order mark in it, which later versions
 * do not.)
 */
async function madeBy(maker: Program, password: readonly string[]): Promise<TestRepository> {
  const repository = TestRepository.at(stage.fresh('repository'));
  await repository.run(maker, ['init', ...password]);
  return repository;
}

for (const [maker, reader] of pairs) {
  for (const [name, content] of contents) {
    test(`a repository that ${maker} made with a password file opens with ${reader}: ${name}`, needs('restic'), async () => {
      const password = ['--password-file', fileOf(content)];
      await (await madeBy(maker, password)).run(reader, ['snapshots', ...password]);
    });
  }

  // A byte order mark is nothing special there, so these are bytes like any other.
  for (const [name, content] of contents.slice(0, 2)) {
    test(`a repository that ${maker} made with a password command opens with ${reader}: ${name}`, needs('restic'), async () => {
      const password = ['--password-command', `cat ${fileOf(content)}`];
      await (await madeBy(maker, password)).run(reader, ['snapshots', ...password]);
    });
  }
}

test('a password that was added and one that was changed open with restic by the same files', needs('restic'), async () => {
  const [added, changed] = [fileOf(bytes('p\xe4ss\n')), fileOf(Buffer.from('\ufeffpäss\0.', 'utf16le'))];
  const repository = await stage.ourRepository();
  await repository.run('cadangan', ['key', 'add', '--new-password-file', added]);
  await repository.run('restic', ['snapshots', '--password-file', added]);
  await repository.run('cadangan', ['key', 'passwd', '--password-file', added, '--new-password-file', changed]);
  await repository.run('restic', ['snapshots', '--password-file', changed]);
});

for (const way of ['passwordFile', 'passwordCommand'] as const) {
  test(`a configured set opens a repository of restic with a Latin-1 password, by its ${way}`, needs('restic'), async () => {
    const file = fileOf(bytes('p\xe4ssw\xf6rd\xa0\n'));
    const repository = await madeBy('restic', ['--password-file', file]);
    const folder = stage.folder('configured');
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'file'), 'x');
    const password = way === 'passwordFile' ? { passwordFile: file } : { passwordCommand: ['cat', file] };
    const set = { name: 'data', sources: [join(folder, 'data')], repository: { location: repository.path, ...password } };
    writeFileSync(join(folder, 'cadangan.jsonc'), JSON.stringify({ version: 1, sets: [set] }));
    const env = { CADANGAN_CONFIG: join(folder, 'cadangan.jsonc'), CADANGAN_STATE: join(folder, 'state') };
    const { code, stderr } = await startCadangan(['backup', 'data'], { env }).ended;
    assert.equal(code, 0, stderr);
    assert.match(await repository.run('restic', ['snapshots', '--password-file', file]), /1 snapshots/);
  });
}

test(
  'a variable that is not UTF-8 makes no repository that restic cannot open: it is refused, with what to do',
  needs('restic'),
  async () => {
    const path = stage.fresh('from-a-variable');
    const script = `export RESTIC_PASSWORD="$(printf 'p\\344ss')"; exec "$0" "$@"`;
    const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
    const { code, stderr } = await start('sh', ['-c', script, process.execPath, cli, 'init', '-r', path], {}).ended;
    assert.equal(code, 1);
    assert.match(stderr, /RESTIC_PASSWORD is not UTF-8 text.*has to stand in a file/);
    assert.equal((await start('ls', [path], {}).ended).code, 2, 'nothing was made');
  },
);

test('a location in a file of UTF-16 is read as restic reads it', needs('restic'), async () => {
  const repository = await stage.ourRepository();
  const file = fileOf(Buffer.from(`\ufeff${repository.path}\r\n`, 'utf16le'));
  const env = { RESTIC_PASSWORD_FILE: fileOf(Buffer.from('a password with spaces, \u00e9 and \u{1f511}')) };
  for (const run of [
    start('restic', ['--no-cache', 'snapshots', '--repository-file', file], { env }),
    startCadangan(['snapshots', '--repository-file', file], { env }),
  ]) {
    const { code, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
  }
});
