import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import ssh2 from 'ssh2';
import { speedUp } from '../../../src/storage/sftp/ssh-ciphers.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { makeKey } from '../../sshd/keys.ts';
import { PlainServer } from '../../sshd/plain-server.ts';
import { temporaryFolder } from '../temporary-folder.ts';

describe('the ciphers of a connection', () => {
  async function connected(cipher: 'aes128-gcm@openssh.com' | 'aes256-gcm@openssh.com' | 'aes128-ctr') {
    const temporary = await temporaryFolder();
    for (const name of ['host', 'key']) makeKey(join(temporary.path, name));
    const server = await PlainServer.start({ root: temporary.path, hostKeys: [await readFile(join(temporary.path, 'host'))] });
    const client = new ssh2.Client();
    const privateKey = await readFile(join(temporary.path, 'key'));
    client.connect({ host: '127.0.0.1', port: server.port, username: 'ann', privateKey, algorithms: { cipher: [cipher] } });
    await once(client, 'ready');
    return {
      client,
      [Symbol.asyncDispose]: async () => {
        client.destroy();
        await server[Symbol.asyncDispose]();
        await temporary[Symbol.asyncDispose]();
      },
    };
  }

  /** What the server says to requests of many sizes. */
  async function listed(client: InstanceType<typeof ssh2.Client>): Promise<void> {
    const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
      client.sftp((error, wrapper) => (error ? reject(error) : resolve(wrapper))),
    );
    for (let length = 1; length < 70; length++)
      await new Promise<void>((resolve, reject) =>
        sftp.mkdir('x'.repeat(length), (error) => (error ? reject(new Error(`a name of ${length}`)) : resolve())),
      );
  }

  test('are taken over from the library as it is, and the server understands every packet', async () => {
    for (const cipher of ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'] as const) {
      await using it = await connected(cipher);
      assert.equal(speedUp(it.client, new SeededRandom(1)), true, 'the library has changed: look at lib/protocol/crypto.js');
      const protocol: unknown = Reflect.get(it.client, '_protocol');
      assert(typeof protocol === 'object' && protocol !== null);
      assert.equal(Reflect.get(protocol, '_cipher').constructor.name, 'PacketSealer');
      await listed(it.client);
    }
  });

  test('are left as they are where they are others', async () => {
    await using it = await connected('aes128-ctr');
    assert.equal(speedUp(it.client, new SeededRandom(1)), false);
    await listed(it.client);
  });
});
