import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { cliEnvironment, main, makeStage, password, type Stage } from './run-cli.ts';

/*
 * Names are bytes. Node decodes the arguments and the working folder as UTF-8 and makes U+FFFD of what is none, and so names the neighbour
 * of what was meant: beside each such name here lies that neighbour.
 */
const raw = Buffer.from([0x63, 0x61, 0x66, 0xe9]); // `café` in Latin-1
const neighbour = 'caf\ufffd';

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Node cannot hand on such arguments: a shell does, from the text with its `%`. */
function runRaw(stage: Stage, words: string, folder = "'.'"): Promise<Ended> {
  const script = `cd "$(printf ${folder})" && N="$(printf 'caf\\351')" && "$NODE" --disable-warning=ExperimentalWarning "$MAIN" ${words}`;
  const env = {
    ...cliEnvironment(),
    NODE: process.execPath,
    MAIN: main,
    CADANGAN_STATE: stage.path('state'),
    RESTIC_REPOSITORY: stage.repository,
    RESTIC_PASSWORD: password,
  };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', script], { cwd: stage.folder, env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? null : 0, output: stdout + stderr }),
    );
  });
}

async function rawStage(t: TestContext): Promise<Stage> {
  const stage = await makeStage(t);
  const at = (...names: Buffer[]): Buffer => Buffer.concat([Buffer.from(`${stage.folder}/`), ...names]);
  mkdirSync(at(raw));
  mkdirSync(stage.path(neighbour));
  writeFileSync(at(raw, Buffer.from('/'), raw), 'meant');
  writeFileSync(stage.path(neighbour, neighbour), 'neighbour');
  writeFileSync(stage.path(neighbour, 'other'), 'neighbour');
  return stage;
}

const options = { skip: process.platform !== 'linux' };

test('a path on the command line that is not UTF-8 is taken as it is, in a backup, a listing, a dump and a restore', options, async (t) => {
  const stage = await rawStage(t);
  const backup = await runRaw(stage, 'backup "$PWD/$N"');
  assert.equal(backup.code, 0, backup.output);
  assert.match((await runRaw(stage, 'ls latest')).output, /^".*\/caf\\xe9\/caf\\xe9"$/m);
  assert.doesNotMatch((await runRaw(stage, 'ls latest')).output, /other/);

  const dumped = await runRaw(stage, 'dump latest "$PWD/$N/$N"');
  assert.deepEqual(dumped, { code: 0, output: 'meant' });
  const inside = await runRaw(stage, 'ls latest "$PWD/$N"');
  assert.equal(inside.code, 0, inside.output);
  assert.match(inside.output, /caf\\xe9\/caf\\xe9"$/m);
  assert.match((await runRaw(stage, 'find "$N"')).output, /caf\\xe9\/caf\\xe9"$/m);

  const restored = await runRaw(stage, 'restore "latest:$PWD/$N" -t "out/$N" --include "$N"');
  assert.equal(restored.code, 0, restored.output);
  assert.match(restored.output, /out\/caf\\xe9"/);
  assert.deepEqual(readdirSync(stage.path('out'), 'buffer'), [raw]);
  const file = Buffer.concat([Buffer.from(`${stage.path('out')}/`), raw, Buffer.from('/'), raw]);
  assert.equal(readFileSync(file, 'utf8'), 'meant');
  const { code, output } = await runRaw(stage, 'restore latest -t all --exclude "$N"');
  assert.equal(code, 0, output);
  assert.deepEqual(readdirSync(stage.path('all', stage.folder), 'buffer'), []);
});

test('the folder that a command is run in may have such a name, and so may the files that options name', options, async (t) => {
  const stage = await rawStage(t);
  const { code, output } = await runRaw(stage, 'backup .', "'caf\\351'");
  assert.equal(code, 0, output);
  const relative = await runRaw(stage, 'ls latest');
  assert.match(relative.output, /^"\/caf\\xe9"$/m);
  assert.doesNotMatch(relative.output, /other/);

  const at = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${stage.folder}/`), name, Buffer.from('.list')]);
  writeFileSync(at(raw), Buffer.concat([Buffer.from(`${stage.folder}/`), raw, Buffer.from('\n')]));
  writeFileSync(at(Buffer.from(neighbour)), stage.path(neighbour));
  for (const option of ['--files-from', '--files-from-verbatim']) {
    const listed = await runRaw(stage, `backup ${option} "$N.list" --host ${option.slice(2)}`);
    assert.equal(listed.code, 0, listed.output);
    const listing = await runRaw(stage, `ls latest --host ${option.slice(2)}`);
    assert.match(listing.output, /\/caf\\xe9\/caf\\xe9"$/m);
    assert.doesNotMatch(listing.output, /other/);
  }
  writeFileSync(Buffer.concat([at(raw), Buffer.from('.password')]), `${password}\n`);
  const byFile = await runRaw(stage, 'snapshots -p "$N.list.password"');
  assert.equal(byFile.code, 0, byFile.output);
});

test('where only text can be meant, other bytes are refused with words', options, async (t) => {
  const stage = await rawStage(t);
  for (const words of ['snapshots -r "$N"', 'backup other --host "$N"', 'backup other --tag "$N"', 'snapshots "$N"', 'drill "$N"']) {
    const { code, output } = await runRaw(stage, words);
    assert.equal(code, 1, `${words}: ${output}`);
    assert.match(output, /it is not UTF-8 text/, words);
    assert.deepEqual(
      readdirSync(stage.folder).filter((name) => name === 'state'),
      [],
      words,
    );
  }
});

test('a record names such a path so that it can be read, and as no other', options, async (t) => {
  const stage = await rawStage(t);
  assert.equal((await runRaw(stage, 'backup "$PWD/$N"')).code, 0);
  const { output } = await runRaw(stage, 'records list --json');
  assert.match(output, /caf\\\\xe9/);
  const verified = await runRaw(stage, 'records verify');
  assert.equal(verified.code, 0, verified.output);
});
