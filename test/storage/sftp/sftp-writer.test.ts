import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrouble } from '../../../src/storage/sftp/sftp-fault.ts';
import { SftpLine } from '../../../src/storage/sftp/sftp-line.ts';
import { answers, field, requests, u32, type PacketReader } from '../../../src/storage/sftp/sftp-packet.ts';
import { SftpPlace } from '../../../src/storage/sftp/sftp-place.ts';
import { SftpWriter } from '../../../src/storage/sftp/sftp-writer.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { ok, scriptedChannel, type Answer } from '../../sshd/scripted-channel.ts';

const extensions = ['fsync@openssh.com', 'posix-rename@openssh.com'];
const failure: Answer = [answers.status, u32(4)];
const absent: Answer = [answers.status, u32(2)];
const folder: Answer = [answers.attrs, u32(4), u32(0o040700)];
const file = { kind: 'data', name: 'ab'.repeat(32) } as const;

/** A server that opens whatever it is asked for; `answer` may say otherwise. What was asked is kept, folders by their names. */
async function stage(answer: (request: string, path: string) => Answer | undefined) {
  const asked: string[] = [];
  const said = (request: string, path: string, otherwise: Answer): Answer => {
    asked.push(`${request} ${path}`.trim());
    return answer(request, path) ?? otherwise;
  };
  const extended = (body: PacketReader): Answer => {
    const name = body.field().toString();
    return name.startsWith('fsync') ? said('sync', body.field().toString(), ok) : said(name, '', ok);
  };
  const { channel } = await scriptedChannel(
    (kind, body) => {
      if (kind === requests.extended) return extended(body);
      const path = body.field().toString();
      if (kind === requests.open) return said(body.u32() === 1 ? 'open' : 'create', path, [answers.handle, field(Buffer.from(path))]);
      if (kind === requests.stat) return said('stat', path, folder);
      if (kind === requests.mkdir) return said('mkdir', path, ok);
      return ok;
    },
    { extensions },
  );
  return { asked, line: new SftpLine(channel), writer: new SftpWriter(new SftpPlace('/r'), new SeededRandom(1)) };
}

describe('writing to a server', () => {
  test('a folder whose sync fails is trouble where it was synced before, and the next one is synced again', async () => {
    let isBroken = false;
    const { asked, line, writer } = await stage((request) => (isBroken && request === 'sync' ? failure : undefined));
    await writer.syncFolder(line, '/r/keys');
    isBroken = true;
    await assert.rejects(writer.syncFolder(line, '/r/keys'), (error) => isTrouble(error, 'failed'));
    isBroken = false;
    asked.length = 0;
    await writer.syncFolder(line, '/r/index');
    assert.deepEqual(asked, ['open /r/index', 'sync /r/index']);
  });

  test('of a server that opens no folders none is synced, and it is asked once', async () => {
    const { asked, line, writer } = await stage((request) => (request === 'open' ? failure : undefined));
    await writer.syncFolder(line, '/r/keys');
    await writer.syncFolder(line, '/r/keys');
    assert.deepEqual(asked, ['open /r/keys']);
  });

  test('a folder that was dropped is made again, and its name is safe before a file is in it', async () => {
    let isMade = false;
    const { asked, line, writer } = await stage((request, path) => {
      if (request === 'mkdir') isMade = true;
      return request === 'create' && path.startsWith('/r/data/ab/') && !isMade ? absent : undefined;
    });
    await writer.writeTemporary(line, file, new Uint8Array(10), neverAborted);
    const shown = asked.map((request) => request.replace(/(-tmp-).*/, '$1').replace(file.name, 'pack'));
    assert.deepEqual(shown, [
      'create /r/data/ab/pack-tmp-',
      'stat /r/data',
      'mkdir /r/data/ab',
      'open /r/data',
      'sync /r/data',
      'open /r',
      'sync /r',
      'create /r/data/ab/pack-tmp-',
      'sync /r/data/ab/pack-tmp-',
    ]);
  });
});
