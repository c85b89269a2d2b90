import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringFromText, isCode, type ByteString } from '../../src/platform/index.ts';
import { FolderSync } from '../../src/restore/server/folder-sync.ts';
import { SftpFault } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const paths = Array.from({ length: 100 }, (_each, i) => byteStringFromText(`/${i}`));

/** A server that answers for each folder as told. */
function syncWith(answer: (path: ByteString) => SftpFault | undefined): { readonly sync: FolderSync; readonly asked: ByteString[] } {
  const asked: ByteString[] = [];
  const files = {
    location: 'sftp:server:/folder',
    syncFolder: async (path: ByteString) => {
      asked.push(path);
      const fault = answer(path);
      if (fault) throw fault;
    },
  };
  return { sync: new FolderSync(files, neverAborted), asked };
}

test('a server that never syncs folders is asked once', async () => {
  for (const trouble of ['unsupported', 'failed'] as const) {
    const { sync, asked } = syncWith(() => new SftpFault(trouble, 'SSH_FX_FAILURE'));
    await sync.sync(paths);
    await sync.sync(paths);
    assert.deepEqual(asked, ['/0']);
  }
});

test('one that has gone, or may not be opened, is left out alone', async () => {
  for (const fault of [new SftpFault('absent', 'ENOENT'), new SftpFault('denied', 'EACCES')])
    for (const at of ['/0', '/50']) {
      const { sync, asked } = syncWith((path) => (path === at ? fault : undefined));
      await sync.sync(paths);
      assert.deepEqual(asked.toSorted(), paths.toSorted());
    }
});

test('a refusal of a server that has synced before is told', async () => {
  for (const fault of [new SftpFault('failed', 'SSH_FX_FAILURE'), new SftpFault('denied', 'EROFS')]) {
    const { sync } = syncWith((path) => (path === '/1' ? fault : undefined));
    await assert.rejects(sync.sync(paths), (error) => isCode(error, 'target.not-synced') && error.facts.target === 'sftp:server:/folder');
  }
});
