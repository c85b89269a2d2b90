import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutputStream } from '../../src/cli/output-stream.ts';
import { printPruned } from '../../src/cli/prune-text.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { inLocale } from '../../src/platform/index.ts';
import type { PruneResult } from '../../src/upkeep/index.ts';
import { ObjectLock } from '../fakes/object-lock.ts';
import { PruneStage } from '../upkeep/prune-stage.ts';

const untilMs = Date.UTC(2126, 11, 30, 10);

/** Of a repository in which two packs are needless and locked. */
async function prunedWithLocks(): Promise<{ readonly result: PruneResult; readonly packs: readonly string[] }> {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const old = await stage.snapshot(await maker.snapshot(await maker.file('old', 'old content')));
  const packs = await stage.names('data');
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new content')));
  await stage.forget(old);
  const lock = new ObjectLock(stage.storage, { nowMs: () => 0 });
  for (const [at, name] of packs.entries()) lock.lock({ kind: 'data', name }, at === 0 ? untilMs : Infinity);
  return { result: await stage.prune(), packs };
}

function printed(result: PruneResult, globals: { readonly json: boolean; readonly verbosity: number }): string {
  let text = '';
  const out: OutputStream = { write: (chunk) => (text += Buffer.from(chunk).toString()) !== '' };
  const terminal = new Terminal(out, out);
  printPruned({ terminal, globals: { quiet: false, ...globals } }, result);
  terminal.flush();
  return text;
}

test('what is locked is counted with the first and last day, and named with --verbose and in JSON', async () => {
  const { result, packs } = await prunedWithLocks();
  const [first = '', second = ''] = packs;
  const short = printed(result, { json: false, verbosity: 0 });
  assert.match(
    short,
    /^2 repository files, .+ that nothing needs: the first cannot be deleted until 30 Dec 2126, .+, the last cannot be deleted: a legal hold/,
  );
  assert.doesNotMatch(short, new RegExp(first));
  const long = printed(result, { json: false, verbosity: 1 });
  assert.match(long, new RegExp(`data/${first}: cannot be deleted until 30 Dec 2126`));
  assert.match(long, new RegExp(`data/${second}: cannot be deleted: a legal hold`));
  const json: { readonly locked: readonly unknown[]; readonly packfiles: { readonly locked: number } } = JSON.parse(
    printed(result, { json: true, verbosity: 0 }),
  );
  assert.deepEqual(
    new Set(json.locked),
    new Set([
      { file: `data/${first}`, until: new Date(untilMs).toISOString() },
      { file: `data/${second}`, until: 'legal-hold' },
    ]),
  );
  assert.equal(json.packfiles.locked, 2);
});

test('in Indonesian, too', async () => {
  const { result } = await prunedWithLocks();
  const text = await inLocale({ language: 'id' }, async () => printed(result, { json: false, verbosity: 0 }));
  assert.match(text, /yang pertama tidak dapat dihapus sampai 30 Des 2126/);
});
