import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { once, Stage } from './stage.ts';
import { password, TestRepository, type Program } from './test-repository.ts';

const stage = new Stage();
const both: readonly Program[] = ['restic', 'cadangan'];

/** Made by `cadangan init` itself, with the key's full cost. */
const repository = once(async () => {
  const made = TestRepository.at(stage.fresh('repository'));
  await made.run('cadangan', ['init']);
  return made;
});

function passwordFile(content: string): string {
  const path = stage.fresh('password');
  writeFileSync(path, content);
  return path;
}

async function assertOpens(shared: TestRepository, withPassword: string, opens: boolean): Promise<void> {
  const lists = await Promise.all(
    both.map((program) => shared.attempt(program, ['key', 'list'], { env: { RESTIC_PASSWORD: withPassword } })),
  );
  assert.deepEqual(
    lists.map(({ code }) => code),
    opens ? [0, 0] : [1, 12],
    `${withPassword}: ${lists.map(({ stderr }) => stderr).join()}`,
  );
}

test('restic opens what "cadangan init" made, and finds nothing wrong', needs('restic'), async () => {
  const shared = await repository();
  await shared.check();
  await assertOpens(shared, password, true);
  await assertOpens(shared, 'wrong', false);
});

for (const adder of both) {
  test(`a password that ${adder} added opens the repository for both`, needs('restic'), async () => {
    const added = `\u5bc6\u7801 of ${adder}`;
    const shared = await repository();
    await shared.run(adder, ['key', 'add', '--new-password-file', passwordFile(`${added}\n`)]);
    await assertOpens(shared, added, true);
  });

  test(`a password that ${adder} changed opens the repository for both, and the old one no more`, needs('restic'), async () => {
    const shared = await repository();
    const [old, changed] = [`\u5bc6\u7801 of ${adder}`, `changed by ${adder}`];
    await shared.run(adder, ['key', 'passwd', '--new-password-file', passwordFile(changed)], { env: { RESTIC_PASSWORD: old } });
    await assertOpens(shared, changed, true);
    await assertOpens(shared, old, false);
  });
}

test('both list the same keys', needs('restic'), async () => {
  const shared = await repository();
  const lists = await Promise.all(both.map((program) => shared.run(program, ['key', 'list', '--json'])));
  const [theirs, ours] = lists.map((list) => (JSON.parse(list) as { id: string }[]).toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  assert.deepEqual(ours, theirs);
  assert.equal(ours?.length, 3);
});

for (const [adder, remover] of [
  ['restic', 'cadangan'],
  ['cadangan', 'restic'],
] as const) {
  test(`a key of ${adder} that ${remover} removed opens nothing any more`, needs('restic'), async () => {
    const shared = await repository();
    const before = shared.namesOf('keys');
    const list: readonly { current: boolean; id: string }[] = JSON.parse(
      await shared.run('cadangan', ['key', 'list', '--json'], { env: { RESTIC_PASSWORD: `changed by ${adder}` } }),
    );
    const id = list.find(({ current }) => current)?.id ?? assert.fail('no current key');
    await shared.run(remover, ['key', 'remove', id]);
    assert.deepEqual(
      shared.namesOf('keys'),
      before.filter((name) => !name.startsWith(id)),
    );
    await assertOpens(shared, `changed by ${adder}`, false);
  });
}

test('the key in use cannot be removed, and a truncated key file keeps nobody out', needs('restic'), async () => {
  const shared = await repository();
  const [last = ''] = shared.namesOf('keys');
  assert.equal((await shared.attempt('cadangan', ['key', 'remove', last])).code, 1);
  assert.deepEqual(shared.namesOf('keys'), [last]);
  for (const [name, content] of [
    ['0', ''],
    ['f', '{"created":"2026-0'],
  ] as const)
    writeFileSync(join(shared.path, 'keys', name.repeat(64)), content);
  assert.equal((await shared.attempt('cadangan', ['snapshots'])).code, 0);
  const { code, stderr } = await shared.attempt('cadangan', ['key', 'list']);
  assert.equal(code, 3);
  assert.match(stderr, /00000000[^]*ffffffff/);
});
