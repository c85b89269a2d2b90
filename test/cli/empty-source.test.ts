import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeSecretFile } from '../platform/secret-file.ts';
import { literally, makeStage, password, type Message, type Stage } from './run-cli.ts';

/** A set of two sources that was backed up once; then one of them is as a disk leaves it that is not mounted. */
async function unmountedStage(
  t: TestContext,
): Promise<{ readonly stage: Stage; readonly disk: string; readonly environment: Readonly<Record<string, string>> }> {
  const stage = await makeStage(t);
  const [disk, other] = [stage.path('disk'), stage.path('other')];
  for (const source of [disk, other]) {
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'x');
  }
  writeSecretFile(stage.path('password'), password);
  const set = {
    name: 'accounting',
    sources: [disk, other],
    repository: { location: stage.repository, passwordFile: stage.path('password') },
  };
  writeFileSync(stage.path('config.jsonc'), JSON.stringify({ version: 1, sets: [set] }));
  const environment = {
    RESTIC_REPOSITORY: '',
    RESTIC_PASSWORD: '',
    CADANGAN_CONFIG: stage.path('config.jsonc'),
    CADANGAN_STATE: stage.path('state'),
  };
  const { code, stderr } = await stage.run(['backup', 'accounting'], { environment });
  assert.equal(code, 0, stderr);
  rmSync(join(disk, 'file'));
  return { stage, disk, environment };
}

test('a source that became empty is the first thing said, in both languages, and the exit code is 3, night after night', async (t) => {
  const { stage, disk, environment } = await unmountedStage(t);
  const english = await stage.run(['backup', 'accounting'], { environment });
  assert.equal(english.code, 3);
  const [first, ...others] = english.stderr.split('\n');
  assert.match(
    first ?? '',
    new RegExp(
      `^Source "${literally(disk)}" is empty: snapshot [0-9a-f]{8}, \\d{4}-\\d\\d-\\d\\d, had files in it; is the disk mounted\\?$`,
    ),
  );
  assert.doesNotMatch(others.join('\n'), /exception/, 'it is said once');
  assert.match(english.stdout, /snapshot [0-9a-f]{8} saved, without what is named above/);
  const indonesian = await stage.run(['backup', 'accounting', '--lang', 'id', '--quiet'], { environment });
  assert.equal(indonesian.code, 3);
  assert.match(
    indonesian.stderr,
    new RegExp(
      `^Sumber "${literally(disk)}" kosong: snapshot [0-9a-f]{8}, \\d{4}-\\d\\d-\\d\\d, masih memuat berkas; apakah disknya terpasang\\?\n`,
    ),
  );
  assert.equal((await stage.json(['snapshots'])).messages.flat().length, 3);
});

test("programs are told in restic's shape, and the record says so", async (t) => {
  const { stage, disk, environment } = await unmountedStage(t);
  const { code, messages, errors } = await stage.json(['backup', 'accounting'], { environment });
  assert.equal(code, 3);
  assert.equal(messages.at(-1)?.['message_type'], 'summary');
  const record = (await stage.json(['records', 'list'], { environment })).messages.findLast(({ kind }) => kind === 'internal-backup');
  const [exception] = (record?.['exceptions'] ?? []) as readonly Message[];
  assert.deepEqual(
    [record?.['result'], record?.['exceptionCount'], record?.['exceptions']],
    ['success-with-exceptions', 1, [{ ...exception, weight: 'lost' }]],
  );
  assert.deepEqual([exception?.['item'], exception?.['kind']], [disk, 'source-empty']);
  assert.equal(typeof record?.['snapshotId'], 'string');
  const plain = await stage.json(['backup', disk], {
    environment: { ...environment, RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password },
  });
  assert.equal(plain.code, 3);
  for (const told of [errors, plain.errors]) {
    const { during, item, error } = told.find((message) => message['message_type'] === 'error') ?? {};
    assert.deepEqual([during, item], ['archival', disk]);
    assert.match(JSON.stringify(error), /^\{"message":"is empty \(snapshot [0-9a-f]{8}, .* had files in it; is the disk mounted\?\)"\}$/);
  }
});

test('an empty folder at its first backup is a success with a hint', async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('inbox'));
  const { code, stderr } = await stage.run(['backup', 'inbox']);
  assert.equal(code, 0);
  assert.match(stderr, /source ".*inbox" is empty, and no snapshot has ever had a file of it/);
  const { messages } = await stage.json(['backup', 'inbox']);
  assert.deepEqual(messages.at(-1)?.['empty_sources'], [stage.path('inbox')]);
});

test('the source beside others whose exceptions have their own list', async (t) => {
  const { stage, disk, environment } = await unmountedStage(t);
  rmSync(stage.path('other'), { recursive: true });
  const { code, stderr } = await stage.run(['backup', 'accounting'], { environment });
  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`^Source "${literally(disk)}" is empty: [^\n]*\n1 exception:\n  [^\n]*other: not found`));
});
