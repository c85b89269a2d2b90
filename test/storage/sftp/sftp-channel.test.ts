import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteStringFromText } from '../../../src/platform/index.ts';
import { ServerLine } from '../../../src/storage/sftp/server-line.ts';
import { isTrouble } from '../../../src/storage/sftp/sftp-fault.ts';
import { SftpLine } from '../../../src/storage/sftp/sftp-line.ts';
import { answers, field, requests, u32 } from '../../../src/storage/sftp/sftp-packet.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { ok, packet, scriptedChannel, type Answer, type Script } from '../../sshd/scripted-channel.ts';

const random = new SeededRandom(20261130);
const content = Buffer.from(random.bytes(700_000));
const handle = Buffer.from('h');
const eof: Answer = [answers.status, u32(1), field(Buffer.from('end')), field(Buffer.from('en'))];

/** Gives `content`, at most so much at once. */
function reader(bytesMax: number): Script {
  return (kind, body) => {
    assert.equal(kind, requests.read);
    body.field();
    const at = Number(body.u64());
    const bytes = content.subarray(at, at + Math.min(bytesMax, body.u32()));
    return bytes.length === 0 ? eof : [answers.data, field(bytes)];
  };
}

describe('the channel of SFTP', () => {
  test('bytes of a file come into the memory that they are for, however the answers are cut', async () => {
    for (const chunkBytes of [1, 2, 3, 7, 13, 14, 1000, 32_768, Infinity]) {
      const { channel } = await scriptedChannel(reader(chunkBytes < 1000 ? 997 : 200_000), { chunkBytes });
      const lengthBytes = chunkBytes < 1000 ? 3000 : 650_000;
      const target = new Uint8Array(lengthBytes + 10).fill(0x55);
      assert.equal(await new SftpLine(channel).read(handle, target, 123, lengthBytes, neverAborted), lengthBytes);
      assert(Buffer.from(target.subarray(0, lengthBytes)).equals(content.subarray(123, 123 + lengthBytes)), `chunks of ${chunkBytes}`);
      assert(target.subarray(lengthBytes).every((byte) => byte === 0x55));
    }
  });

  test('the end of a file is found, also in the middle of a piece', async () => {
    const { channel } = await scriptedChannel(reader(10_000));
    const target = new Uint8Array(50_000);
    assert.equal(await new SftpLine(channel).read(handle, target, 690_000, 50_000, neverAborted), 10_000);
    assert.equal(await new SftpLine(channel).read(handle, target, 700_000, 50_000, neverAborted), 0);
  });

  test('what is written arrives as it is, from shared memory too', async () => {
    const arrived = Buffer.alloc(content.length);
    const { channel } = await scriptedChannel((kind, body) => {
      assert.equal(kind, requests.write);
      assert(body.field().equals(handle));
      const at = Number(body.u64());
      body.field().copy(arrived, at);
      assert(body.isAtEnd);
      return ok;
    });
    const shared = new Uint8Array(new SharedArrayBuffer(content.length));
    shared.set(content);
    await new SftpLine(channel).write(handle, shared, neverAborted);
    assert(arrived.equals(content));
  });

  test('an answer that does not hold together ends the connection, and is written nowhere', async () => {
    const target = new Uint8Array(100).fill(0x55);
    const lies: readonly [string, Script][] = [
      ['more than was asked for', () => [answers.data, field(content.subarray(0, 101))]],
      ['a length that is not that of its packet', () => [answers.data, u32(50), content.subarray(0, 51)]],
      ['no length at all', () => [answers.data, Buffer.alloc(2)]],
      ['an answer to nothing', (_kind, _body, id) => packet(answers.data, id + 1, field(content.subarray(0, 10)))],
      ['a packet of no bytes', () => u32(0)],
      ['a packet larger than any', () => u32(0x7fffffff)],
      ['a status of no bytes', () => [answers.status]],
    ];
    for (const [what, script] of lies) {
      const { channel, failed } = await scriptedChannel(script);
      await assert.rejects(new SftpLine(channel).read(handle, target, 0, 100, neverAborted), (error) => isTrouble(error, 'lost'), what);
      assert.equal(failed()?.reason, 'EPROTO', what);
      assert(
        target.every((byte) => byte === 0x55),
        what,
      );
    }
  });

  test('an answer of another kind is a fault of that call alone', async () => {
    const { channel, failed } = await scriptedChannel((kind) => (kind === requests.stat ? ok : [answers.handle, field(handle)]));
    const line = new SftpLine(channel);
    await assert.rejects(line.stat('x'), (error) => isTrouble(error, 'failed'));
    assert((await line.open('x')).equals(handle));
    await assert.rejects(line.remove('x'), (error) => isTrouble(error, 'failed'));
    assert.equal(failed(), undefined);
  });

  test('an aborted read leaves the memory alone, and what still comes is passed over', async () => {
    let asked = 0;
    const { channel, send } = await scriptedChannel((kind, _body, id) => {
      if (kind === requests.stat) return [answers.attrs, u32(0)];
      asked = id;
      return undefined;
    });
    const target = new Uint8Array(100).fill(0x55);
    const stop = new AbortController();
    const read = channel.read(handle, 0, target, stop.signal);
    const answer = packet(answers.data, asked, field(content.subarray(0, 100)));
    send(answer.subarray(0, 50));
    stop.abort();
    target.fill(0xaa);
    send(answer.subarray(50));
    await new SftpLine(channel).stat('x');
    assert.equal(await read, 100);
    assert(target.every((byte) => byte === 0xaa));
  });

  test('a folder that is gone while it is listed is no empty folder', async () => {
    const { channel } = await scriptedChannel((kind) =>
      kind === requests.opendir ? [answers.handle, field(handle)] : [answers.status, u32(2)],
    );
    await assert.rejects(new SftpLine(channel).list('x', neverAborted), (error) => isTrouble(error, 'failed'));
    const path = byteStringFromText('x');
    await assert.rejects(new ServerLine(channel).list(path, neverAborted), (error) => isTrouble(error, 'failed'));
  });
});
