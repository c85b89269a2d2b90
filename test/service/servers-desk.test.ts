// Who backs up into the known repositories: looks side by side, of which each has a time.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CadanganError, isCode, systemRandom } from '../../src/platform/index.ts';
import type { SeenHistories } from '../../src/service/protocol/work.ts';
import { ServersDesk, type ServersWish } from '../../src/service/servers-desk.ts';
import { ServersMemory } from '../../src/service/servers-memory.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const seen = (host: string): SeenHistories => ({
  histories: [{ host, paths: ['/srv'], snapshotCount: 1, newest: { id: 'a', timeMs: 0 } }],
  notNamed: 0,
  unreadable: 0,
});

type Answer = (signal: AbortSignal) => Promise<SeenHistories>;

const never: Answer = () => new Promise(() => undefined);

/** A desk whose repositories answer as they are told to. */
class Stage {
  readonly clock = new VirtualClock();
  readonly folder = mkdtempSync(join(tmpdir(), 'cadangan-servers-'));
  readonly answers = new Map<string, Answer>();
  readonly asked: string[] = [];
  readonly errors: unknown[] = [];
  changes = 0;
  locations: readonly string[] = ['/a', '/b'];
  readonly desk: ServersDesk;
  readonly #t: TestContext;
  readonly #state: string;

  constructor(t: TestContext, stateIn: (folder: string) => string = (folder) => folder) {
    this.#t = t;
    this.#state = stateIn(this.folder);
    this.desk = this.another();
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** As the next process would have it. */
  another(): ServersDesk {
    const desk = new ServersDesk({
      clock: this.clock,
      locations: () => this.locations,
      look: (location, { signal }) => {
        this.asked.push(location);
        return this.answers.get(location)?.(signal) ?? Promise.resolve(seen(`of ${location}`));
      },
      memory: new ServersMemory(this.#state, systemRandom),
      onError: (error) => this.errors.push(error),
      onChange: () => (this.changes += 1),
    });
    this.#t.after(() => desk.close());
    return desk;
  }

  wish(signal = new AbortController().signal): ServersWish {
    return { signal };
  }

  /** `[location, what it is, who is there]` */
  async looks(desk = this.desk): Promise<readonly (readonly unknown[])[]> {
    return (await desk.looks()).map(({ location, isCurrent, isLooking, error, histories }) => [
      location,
      isLooking ? 'looking' : error instanceof CadanganError ? error.code : isCurrent ? 'current' : 'not current',
      ...histories.map(({ host }) => host),
    ]);
  }
}

/** What has an answer has it by then. */
async function settled(): Promise<void> {
  for (let moment = 0; moment < 20; moment++) await nextTurn();
}

test('one repository that hangs holds up no other, and is one that could not be looked at after a minute', async (t) => {
  const stage = new Stage(t);
  let stopped = false;
  stage.answers.set('/a', (signal) => {
    signal.addEventListener('abort', () => (stopped = true));
    return never(signal);
  });
  const looking = stage.desk.look(stage.wish());
  await settled();
  assert.deepEqual(await stage.looks(), [
    ['/a', 'looking'],
    ['/b', 'current', 'of /b'],
  ]);
  await stage.clock.advance(minuteMs);
  await looking;
  assert.deepEqual(await stage.looks(), [
    ['/a', 'storage.unreachable'],
    ['/b', 'current', 'of /b'],
  ]);
  assert.equal(stopped, true, 'whoever looks there is told to stop');
  assert.equal(stage.clock.sleeping, 0, 'no time limit is left over');
});

test('a look that fails keeps what was seen before, with its time, and claims nothing by it', async (t) => {
  const stage = new Stage(t);
  await stage.desk.look(stage.wish());
  const [before] = await stage.desk.looks();
  await stage.clock.advance(hourMs);
  stage.answers.set('/a', () => Promise.reject(new CadanganError('password.missing', { location: '/a' })));
  await stage.desk.look(stage.wish());
  const [after] = await stage.desk.looks();
  assert.deepEqual([after?.seenMs, after?.isCurrent, after?.histories[0]?.host], [before?.seenMs, false, 'of /a']);
  assert.equal(isCode(after?.error, 'password.missing'), true);
  stage.answers.delete('/a');
  await stage.desk.look(stage.wish());
  assert.deepEqual((await stage.looks())[0], ['/a', 'current', 'of /a']);
});

test('who asks while a look goes on waits for the same one; a repository that several sets name is looked at once', async (t) => {
  const stage = new Stage(t);
  stage.locations = ['/a', '/a/', '/./a', 'gdrive:'];
  const { promise, resolve } = Promise.withResolvers<SeenHistories>();
  stage.answers.set('/a', () => promise);
  const both = [stage.desk.look(stage.wish()), stage.desk.look(stage.wish())];
  await settled();
  resolve(seen('of /a'));
  await Promise.all(both);
  assert.equal(stage.asked.filter((location) => location === '/a').length, 1);
});

test('a look that nobody waits for any more is stopped, and says nothing about the repository', async (t) => {
  const stage = new Stage(t);
  stage.locations = ['/a'];
  stage.answers.set('/a', never);
  const [one, other] = [new AbortController(), new AbortController()];
  const both = [stage.desk.look(stage.wish(one.signal)), stage.desk.look(stage.wish(other.signal))];
  await settled();
  one.abort();
  await assert.rejects(both[0] ?? Promise.resolve(), (error) => isCode(error, 'aborted'));
  assert.deepEqual(await stage.looks(), [['/a', 'looking']], 'somebody still waits');
  other.abort();
  await assert.rejects(both[1] ?? Promise.resolve(), (error) => isCode(error, 'aborted'));
  await settled();
  assert.deepEqual(await stage.looks(), [['/a', 'not current']]);
  stage.answers.delete('/a');
  await stage.desk.look(stage.wish());
  assert.deepEqual(await stage.looks(), [['/a', 'current', 'of /a']]);
});

test('the next process knows what was seen, and of when; after a day nobody knows it any more', async (t) => {
  const stage = new Stage(t);
  await stage.desk.look(stage.wish());
  await stage.desk.close();
  const next = stage.another();
  assert.deepEqual(await stage.looks(next), [
    ['/a', 'current', 'of /a'],
    ['/b', 'current', 'of /b'],
  ]);
  await stage.clock.advance(24 * hourMs + 1);
  assert.deepEqual(
    (await stage.looks(next)).map(([, state]) => state),
    ['not current', 'not current'],
  );
  assert.equal((await next.looks())[0]?.seenMs, Date.UTC(2026, 7, 3, 14));
  assert.deepEqual(stage.asked, ['/a', '/b'], 'remembering looks at nothing');
});

test('a repository that is configured no more is forgotten; a file that cannot be understood is none', async (t) => {
  const stage = new Stage(t);
  await stage.desk.look(stage.wish());
  stage.locations = ['/b'];
  assert.deepEqual(await stage.looks(), [['/b', 'current', 'of /b']]);
  await stage.desk.look(stage.wish());
  await stage.desk.close();
  const file = join(stage.folder, 'servers.json');
  assert.doesNotMatch(readFileSync(file, 'utf8'), /of \/a/);
  for (const content of ['', '{', '{"version":2,"repositories":[]}', '{"version":1,"repositories":[{"key":1}]}']) {
    writeFileSync(file, content);
    assert.deepEqual(await stage.looks(stage.another()), [['/b', 'not current']]);
  }
});

test('what cannot be remembered is told, and known all the same', async (t) => {
  const stage = new Stage(t, (folder) => join(folder, 'a file', 'state'));
  writeFileSync(join(stage.folder, 'a file'), '');
  await stage.desk.look(stage.wish());
  await stage.desk.close();
  assert.equal(stage.errors.length, 2);
  assert.deepEqual((await stage.looks())[0], ['/a', 'current', 'of /a']);
});

test('whoever ends the desk waits for no repository', async (t) => {
  const stage = new Stage(t);
  stage.answers.set('/a', never);
  const looking = stage.desk.look(stage.wish());
  await settled();
  await stage.desk.close();
  await looking;
  assert.deepEqual((await stage.looks())[0], ['/a', 'not current']);
  assert.ok(stage.changes > 0);
});
