import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { serveVscode } from '../../scripts/vscode/serve.ts';
import { needsVscode } from './needs-vscode.ts';

/** Far above what it takes: the guard's own limit is 12 s. */
const patienceMs = 180_000;

test('a server answers only who knows its secret', needsVscode('newest'), async () => {
  await using server = await serveVscode({ version: 'newest' });
  assert.equal(await statusOf(`http://127.0.0.1:${server.port}/`), 403);
  assert.equal(await statusOf(server.url()), 302, 'it gives a cookie for the secret and goes on without it in the address');
});

test('a server that was stopped is gone, and so are its folders', needsVscode('newest'), async () => {
  const server = await serveVscode({ version: 'newest' });
  await server.stop();
  assert.equal(await statusOf(server.url()), undefined);
  assert.equal(existsSync(server.folders.root), false);
});

test('a server ends when the process that started it is killed', needsVscode('newest'), async () => {
  const script = `import { serveVscode } from ${JSON.stringify(new URL('../../scripts/vscode/serve.ts', import.meta.url).href)};
    const server = await serveVscode({ version: 'newest' });
    console.log(JSON.stringify([server.url(), server.folders.root]));
    setInterval(() => undefined, 60_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  const [url, root] = JSON.parse(line) as [string, string];
  try {
    assert.equal(await statusOf(url), 302);
  } finally {
    parent.kill('SIGKILL');
  }
  const deadlineMs = performance.now() + patienceMs;
  while ((await statusOf(url)) !== undefined || existsSync(root)) {
    assert.ok(performance.now() < deadlineMs, 'it is still there');
    await wait(100);
  }
});

/** Undefined when nobody listens. */
async function statusOf(url: string): Promise<number | undefined> {
  return await fetch(url, { redirect: 'manual' }).then(
    (response) => response.status,
    () => undefined,
  );
}
