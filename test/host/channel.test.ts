import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { ResponseError } from 'vscode-jsonrpc';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { Channel, type ChannelOptions } from '../../src/host/channel.ts';
import { CadanganError, isCode } from '../../src/platform/index.ts';
import { HostError } from '../../src/host/index.ts';
import { protocol, type RunProgress } from '../../src/service/index.ts';
import { change } from '../../src/service/procedure.ts';

const entry = { name: 'a', label: 'a', type: 'file', size: 1, mtime: 'm', ctime: 'c', mode: 420, user: 'root' };
const folder = {
  location: '/r',
  snapshot: 'latest',
  path: protocol.statEntry.params.parse({ location: '/r', snapshot: '1', path: '/' }).path,
};
const progress: RunProgress = { job: 'check', elapsedMs: 1, filesDone: 2, bytesDone: 3, errorCount: 0, currentPath: '' };
const result = {
  job: 'check',
  outcome: 'success',
  startedAt: '',
  endedAt: '',
  exceptions: [],
  exceptionCount: 0,
  files: 0,
  bytes: 0,
  bytesAdded: 0,
} as const;

/** Both ends of a connection that ends with the test. */
function pair(t: TestContext, options: ChannelOptions = {}): readonly [client: Channel, service: Channel] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const connections = [
    createMessageConnection(new StreamMessageReader(back), new StreamMessageWriter(there)),
    createMessageConnection(new StreamMessageReader(there), new StreamMessageWriter(back)),
  ] as const;
  for (const connection of connections) {
    connection.listen();
    t.after(() => connection.dispose());
  }
  return [new Channel(connections[0]), new Channel(connections[1], { scrub: (text) => text.replaceAll('secret', '***'), ...options })];
}

test('an answer is taken as it was declared: fields that nobody knows are dropped, and one that is not so is an error', async (t) => {
  const [client, service] = pair(t);
  let answer: unknown = { ...entry, news: 'of a newer service' };
  service.handle(protocol.statEntry.name, async () => answer);
  assert.deepEqual(await client.request(protocol.statEntry, folder), entry);
  for (const wrong of [{ ...entry, size: '1' }, { ...entry, name: '\u{1f600}' }, undefined, 'a'])
    await t.test(JSON.stringify(wrong) ?? 'nothing', async () => {
      answer = wrong;
      await assert.rejects(
        client.request(protocol.statEntry, folder),
        (error) => error instanceof HostError && error.code === 'internal' && error.message.includes('snapshots/stat'),
      );
    });
});

test('parameters that are not as declared never reach who answers', async (t) => {
  const [client, service] = pair(t);
  let asked = 0;
  service.answer(protocol.recentRuns, async () => (asked++, []));
  await assert.rejects(client.request(protocol.recentRuns, { limit: 1e9 }), (error) => {
    assert.ok(error instanceof ResponseError);
    assert.deepEqual(protocol.errorData.parse(error.data).facts['argument'], 'limit');
    return true;
  });
  assert.equal(asked, 0);
  assert.deepEqual(await client.request(protocol.recentRuns, { limit: 1 }), []);
});

test('what takes nothing and gives nothing is asked and told, though JSON has no undefined', async (t) => {
  const [client, service] = pair(t);
  const nothing = change('nothing');
  let done = 0;
  service.answer(nothing, async (params) => {
    assert.equal(params, undefined);
    done += 1;
  });
  assert.equal(await client.request(nothing, undefined), undefined);
  assert.equal(done, 1);
  const heard = new Promise((resolve) => client.hear(protocol.setsChanged, resolve));
  service.tell(protocol.setsChanged, undefined);
  assert.equal(await heard, undefined);
});

test('progress comes to whoever asked for it, and to nobody else', async (t) => {
  const [client, service] = pair(t);
  service.answer(protocol.startCheck, async (params, { onProgress }) => {
    assert.deepEqual(params, { location: '/r', readData: false }, 'the token is the affair of the channel');
    onProgress(progress);
    return result;
  });
  const seen: RunProgress[] = [];
  const params = { location: '/r', readData: false };
  await Promise.all([
    client.request(protocol.startCheck, params),
    client.request(protocol.startCheck, params, { onProgress: (step) => seen.push(step) }),
  ]);
  assert.deepEqual(seen, [progress]);
});

test('a request that is cancelled ends with `aborted`, and no password leaves in an error or a log', async (t) => {
  const [client, service] = pair(t);
  const cancel = new AbortController();
  service.answer(protocol.recentRuns, async (_, { signal }) => {
    cancel.abort();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw signal.reason;
  });
  const codeOf = (error: unknown): unknown => error instanceof ResponseError && protocol.errorData.parse(error.data).code;
  await assert.rejects(
    client.request(protocol.recentRuns, { limit: 1 }, { signal: cancel.signal }),
    (error) => codeOf(error) === 'aborted',
  );

  const logged = new Promise<protocol.LogLine>((resolve) => client.hear(protocol.log, resolve));
  service.answer(protocol.listSets, () => Promise.reject(new Error('the secret is out')));
  await assert.rejects(client.request(protocol.listSets, undefined), /^[^s]*the \*\*\* is out$/);
  assert.doesNotMatch((await logged).message, /secret/);
});

test('who asks somebody that is gone has no answer, instead of waiting', async (t) => {
  const [client, service] = pair(t);
  const wish = { location: '/r', wasWrong: false, mayAsk: true };
  client.answer(protocol.password, async () => 'known');
  assert.equal(await service.ask(protocol.password, wish), 'known');
  client.answer(protocol.password, () => new Promise(() => undefined));
  const waiting = service.ask(protocol.password, wish);
  service.abandonQuestions();
  assert.equal(await waiting, undefined);
  service.close();
  assert.equal(await service.ask(protocol.password, wish), undefined);
});

test('a question is taken back with its signal, also from somebody who takes no notice', async (t) => {
  const [client, service] = pair(t);
  const wish = { location: '/r', wasWrong: false, mayAsk: true };
  const leaving = new AbortController();
  const asked = Promise.withResolvers<AbortSignal>();
  client.answer(protocol.password, (_, { signal }) => (asked.resolve(signal), new Promise(() => undefined)));
  const waiting = service.ask(protocol.password, wish, leaving.signal);
  const question = await asked.promise;
  leaving.abort();
  await assert.rejects(waiting, (error) => isCode(error, 'aborted'));
  if (!question.aborted) await new Promise((resolve) => question.addEventListener('abort', resolve));
  await assert.rejects(service.ask(protocol.password, wish, leaving.signal), (error) => isCode(error, 'aborted'));
});

for (const believesReasons of [true, false])
  test(`why a request is cancelled is ${believesReasons ? 'known to a process of ours' : 'not believed of anybody'}`, async (t) => {
    const [client, service] = pair(t, { believesReasons });
    for (const reason of ['window-end', 'shutdown', 'gives-way', 'user'] as const) {
      const cancel = new AbortController();
      const seen = Promise.withResolvers<unknown>();
      service.answer(protocol.startCheck, async (_, { signal }) => {
        cancel.abort(new CadanganError('aborted', {}, { cause: new CadanganError('aborted', { reason }) })); // heard of another
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        seen.resolve(signal.reason);
        throw signal.reason;
      });
      await assert.rejects(client.request(protocol.startCheck, { location: '/r', readData: false }, { signal: cancel.signal }));
      const reached = await seen.promise;
      assert.ok(reached instanceof CadanganError);
      assert.equal(reached.facts['reason'], believesReasons ? reason : 'user');
    }
  });
