import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OpenRepositories } from '../../src/service/open-repositories.ts';
import type { OpenedRepository } from '../../src/service/opened-repository.ts';
import { Passwords } from '../../src/service/passwords.ts';
import { isCode, systemRandom } from '../../src/platform/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { EngineStage, password } from '../host/engine-stage.ts';

const minuteMs = 60_000;
const wish = { mayAsk: true, signal: new AbortController().signal };

async function begin(t: TestContext): Promise<{ clock: VirtualClock; repositories: OpenRepositories; location: string; asked: string[] }> {
  const stage = new EngineStage(t);
  await stage.initRepository();
  const clock = new VirtualClock();
  const asked: string[] = [];
  const passwords = new Passwords({
    ask: async ({ location }) => {
      asked.push(location);
      return password;
    },
    sets: () => [],
    environment: {},
  });
  const repositories = new OpenRepositories({ clock, random: systemRandom, openStorage: async (path) => openStorage(path) }, passwords);
  t.after(() => repositories.close());
  return { clock, repositories, location: stage.repository, asked };
}

test('a repository stays open for ten minutes after its last use, and is opened anew without another question', async (t) => {
  const { clock, repositories, location, asked } = await begin(t);
  const use = (): Promise<OpenedRepository> => repositories.use(location, wish, async (opened) => opened);
  const first = await use();
  await clock.advance(9 * minuteMs);
  assert.equal(await use(), first);
  await clock.advance(9 * minuteMs);
  assert.equal(await use(), first, 'each use counts from the beginning');
  await clock.advance(12 * minuteMs);
  const second = await use();
  assert.notEqual(second, first);
  assert.deepEqual(asked, [location]);
  await repositories.forget(location);
  assert.notEqual(await use(), second);
});

test('a repository is not closed while somebody works with it, however long', async (t) => {
  const { clock, repositories, location } = await begin(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun: OpenedRepository | undefined;
  const long = repositories.use(location, wish, async (opened) => {
    begun = opened;
    await promise;
    return opened.storage.list('snapshots');
  });
  while (!begun) await nextTurn();
  await clock.advance(60 * minuteMs);
  assert.equal(await repositories.use(location, wish, async (opened) => opened), begun);
  resolve();
  assert.deepEqual(await long, []);
});

test('what is closed for good opens nothing any more', async (t) => {
  const { repositories, location } = await begin(t);
  await repositories.close();
  await assert.rejects(
    repositories.use(location, wish, async (opened) => opened),
    (error) => isCode(error, 'aborted'),
  );
});
