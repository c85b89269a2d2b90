import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  DriveFolder,
  openUploadJournal,
  sourceOfBytes,
  type DriveClientOptions,
  type RepositoryFile,
  type UploadJournal,
  type UploadSource,
} from '../../src/google/index.ts';
import { CadanganError, isAbort, isCode, system, systemClock, type ErrorCode } from '../../src/platform/index.ts';
import { folderType, sampleAccount, sampleClient, type DriveEmulator } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { driveStage, plantAt, quick } from './drive-stage.ts';

const mib = 1024 * 1024;
const kib = 1024;
const smallPieces = { pieceSizes: { firstBytes: 256 * kib, bytesMax: 256 * kib } } satisfies Partial<DriveClientOptions>;
const random = new SeededRandom(31);

function pack(sizeBytes: number): {
  readonly file: RepositoryFile & { readonly kind: 'data' };
  readonly bytes: Uint8Array;
  readonly path: string;
} {
  const bytes = random.bytes(sizeBytes);
  const name = createHash('sha256').update(bytes).digest('hex');
  return { bytes, file: { kind: 'data', name }, path: `R/data/${name.slice(0, 2)}/${name}` };
}

function failsWith(code: ErrorCode, pattern = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isCode(error, code), `wanted ${code}, got ${String(error)}`);
    assert.match(error.message, pattern);
    return true;
  };
}

/** A journal in a file, and what opens it again as another process would. */
async function journalFile(): Promise<{ readonly path: string; open(): Promise<UploadJournal> } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'cadangan-journal-'));
  const path = join(folder, 'uploads.jsonl');
  const opened: UploadJournal[] = [];
  return {
    path,
    open: async () => {
      for (const journal of opened.splice(0)) await journal.close();
      const journal = await openUploadJournal(path);
      opened.push(journal);
      return journal;
    },
    [Symbol.asyncDispose]: async () => {
      for (const journal of opened) await journal.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Stops being readable after some bytes: what a killed process looks like to Google. */
function cutAfter(bytes: Uint8Array, cutBytes: number): UploadSource {
  return {
    sizeBytes: bytes.length,
    read: async (offset, lengthBytes) => {
      if (offset + lengthBytes > cutBytes) throw new Error('killed');
      return bytes.subarray(offset, offset + lengthBytes);
    },
  };
}

async function idsAt(drive: DriveEmulator, path: string): Promise<string[]> {
  return drive
    .person(sampleAccount)
    .find(path)
    .map(({ id }) => id);
}

describe('an upload', () => {
  test('that was killed goes on in another process where it was', async () => {
    await using stage = await driveStage({ client: smallPieces });
    await using journal = await journalFile();
    const { file, bytes, path } = pack(2 * mib);
    const first = new DriveFolder(stage.client, 'R', { journal: await journal.open() });
    await first.create();
    await assert.rejects(first.upload(file, cutAfter(bytes, mib)), /killed/);
    assert.deepEqual(await idsAt(stage.drive, path), [], 'nothing is there before the last byte');
    stage.drive.log.clear();

    const { proof, wasThere } = await new DriveFolder(stage.another(), 'R', { journal: await journal.open() }).upload(
      file,
      sourceOfBytes(bytes),
    );
    assert.deepEqual([proof, wasThere], ['sha256', false]);
    assert.equal(stage.drive.log.receivedBytes, mib);
    assert.equal(stage.drive.log.count({ operation: 'upload.open' }), 0);
    if (system.hasModes) assert.equal((await stat(journal.path)).mode & 0o077, 0);
  });

  test('whose end nobody heard of is found by its id, also when no list shows it', async () => {
    await using stage = await driveStage({ client: { patience: { firstWaitMsMax: 1, waitMsMax: 1, transientTries: 1 } } });
    await using journal = await journalFile();
    const { file, bytes, path } = pack(300 * kib);
    const first = new DriveFolder(stage.client, 'R', { journal: await journal.open() });
    await first.create();
    await first.upload(pack(10).file, sourceOfBytes(new Uint8Array())).catch(() => undefined);
    stage.drive.faults.order({ fault: 'lost-answer', on: 'upload.final' });
    await assert.rejects(first.upload(file, sourceOfBytes(bytes)), failsWith('drive.unavailable'));
    assert.equal((await idsAt(stage.drive, path)).length, 1);
    stage.drive.log.clear();

    stage.drive.faults.order({ fault: 'empty-list', times: null });
    const folderIds = await idsAt(stage.drive, 'R');
    const second = new DriveFolder(stage.another(), 'R', { journal: await journal.open(), knownIds: folderIds });
    const { wasThere } = await second.upload(file, sourceOfBytes(bytes));
    assert.equal(wasThere, true);
    assert.equal(stage.drive.log.receivedBytes, 0);
    assert.equal((await idsAt(stage.drive, path)).length, 1);
  });

  test('starts anew under the same id when the session is over, and under another when the file was deleted', async () => {
    await using stage = await driveStage({ client: smallPieces });
    await using journal = await journalFile();
    const { file, bytes, path } = pack(mib);
    const first = new DriveFolder(stage.client, 'R', { journal: await journal.open() });
    await first.create();
    await assert.rejects(first.upload(file, cutAfter(bytes, 512 * kib)), /killed/);
    await stage.drive.stop();
    await stage.drive.start({ sessions: 'lost' });
    const { item } = await new DriveFolder(stage.another(), 'R', { journal: await journal.open() }).upload(file, sourceOfBytes(bytes));
    assert.deepEqual(await idsAt(stage.drive, path), [item.id]);

    await stage.drive.person(sampleAccount).remove(item.id);
    const again = await new DriveFolder(stage.another(), 'R', { journal: await journal.open() }).upload(file, sourceOfBytes(bytes));
    assert.notEqual(again.item.id, item.id);
    assert.equal(again.wasThere, false);
  });

  test('goes on after a connection on which nothing moves any more', async () => {
    await using stage = await driveStage({ client: { ...smallPieces, idleMsMax: 1_000 } });
    const { file, bytes, path } = pack(mib);
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    stage.drive.faults.order(
      { fault: 'hang', on: ['upload.piece', 'upload.final'], afterBytes: 100_000, after: 1 },
      { fault: 'hang', on: 'files.download' },
    );
    const { item } = await folder.upload(file, sourceOfBytes(bytes));
    assert.equal((await idsAt(stage.drive, path)).length, 1);
    assert.ok(Buffer.from(await folder.readRange(item, 0, bytes.length)).equals(bytes));
    assert.equal(stage.drive.faults.happened, 2);
  });

  test('of a file that is there already sends nothing, whoever put it there', async () => {
    await using stage = await driveStage();
    const { file, bytes, path } = pack(1000);
    await plantAt(stage.drive, path, bytes);
    const { wasThere } = await new DriveFolder(stage.client, 'R').upload(file, sourceOfBytes(bytes));
    assert.equal(wasThere, true);
    assert.equal(stage.drive.log.count({ operation: 'upload.open' }), 0);
  });

  test('replaces what has the name and other bytes, and leaves that in the trash', async () => {
    await using stage = await driveStage();
    const { file, bytes, path } = pack(1000);
    const wrong = await plantAt(stage.drive, path, random.bytes(1000));
    const { item, wasThere } = await new DriveFolder(stage.client, 'R').upload(file, sourceOfBytes(bytes));
    assert.equal(wasThere, false);
    assert.deepEqual(await idsAt(stage.drive, path), [item.id]);
    assert.equal(
      stage.drive
        .person(sampleAccount)
        .files()
        .find(({ id }) => id === wrong.id)?.explicitlyTrashed,
      true,
    );
  });

  test('of a config leaves another one alone, which may be that of another repository', async () => {
    await using stage = await driveStage();
    const other = await plantAt(stage.drive, 'R/config', random.bytes(150));
    const { item, wasThere } = await new DriveFolder(stage.client, 'R').upload(
      { kind: 'config', name: '' },
      sourceOfBytes(random.bytes(150)),
    );
    assert.equal(wasThere, false);
    assert.deepEqual((await idsAt(stage.drive, 'R/config')).toSorted(), [other.id, item.id].toSorted());
  });

  test('to another place is sent there, although the same journal knows that it is done in the first', async () => {
    await using stage = await driveStage();
    await using journal = await journalFile();
    const { file, bytes, path } = pack(1000);
    for (const place of ['R', 'S']) {
      const folder = new DriveFolder(stage.another(), place, { journal: await journal.open() });
      await folder.create();
      assert.equal((await folder.upload(file, sourceOfBytes(bytes))).wasThere, false, place);
    }
    assert.deepEqual([(await idsAt(stage.drive, path)).length, (await idsAt(stage.drive, path.replace('R/', 'S/'))).length], [1, 1]);
  });

  test('notes whose a file is, for programs with the same client id', async () => {
    await using stage = await driveStage();
    const { file, bytes } = pack(1000);
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    await folder.upload(file, sourceOfBytes(bytes), { mark: 'a'.repeat(64) });
    assert.deepEqual(
      (await new DriveFolder(stage.another(), 'R').listAll()).files.map(({ mark }) => mark),
      ['a'.repeat(64)],
    );
  });

  test('of a file whose copy is in the trash makes a new one', async () => {
    await using stage = await driveStage();
    const { file, bytes, path } = pack(1000);
    const old = await plantAt(stage.drive, path, bytes);
    stage.drive.person(sampleAccount).trash(old.id);
    const { item } = await new DriveFolder(stage.client, 'R').upload(file, sourceOfBytes(bytes));
    assert.deepEqual(await idsAt(stage.drive, path), [item.id]);
    assert.notEqual(item.id, old.id);
  });

  test('that Google stores wrongly again and again is removed and named; a source that is wrong is told apart', async () => {
    await using stage = await driveStage();
    const { file, bytes, path } = pack(1000);
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    stage.drive.faults.order({ fault: 'rot', visible: true, times: null });
    await assert.rejects(folder.upload(file, sourceOfBytes(bytes)), failsWith('drive.altered'));
    stage.drive.faults.clear();
    await assert.rejects(folder.upload(file, sourceOfBytes(random.bytes(1000))), failsWith('repository.damaged', /hash/));
    assert.deepEqual(await idsAt(stage.drive, path), []);
    assert.equal((await folder.upload(file, sourceOfBytes(bytes))).proof, 'sha256');
  });

  test('without a SHA-256 is proved by MD5, and without that it is unconfirmed', async () => {
    await using stage = await driveStage();
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    const upload = async (...fields: string[]): Promise<string> => {
      const { file, bytes } = pack(1000);
      stage.drive.faults.order({ fault: 'lacks', fields });
      return (await folder.upload(file, sourceOfBytes(bytes))).proof;
    };
    assert.equal(await upload('sha256Checksum'), 'md5');
    assert.equal(await upload('sha256Checksum', 'md5Checksum'), 'unconfirmed');
  });

  test('stops when the storage is full, at its beginning and at its end, and does not try again by itself', async () => {
    await using stage = await driveStage();
    const { file, bytes } = pack(1000);
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    stage.drive.person(sampleAccount).setLimit(500);
    await assert.rejects(folder.upload(file, sourceOfBytes(bytes)), failsWith('drive.full', /storageQuotaExceeded/));
    stage.drive.person(sampleAccount).setLimit(null);
    stage.drive.faults.order({ fault: 'refuse', reason: 'storageQuotaExceeded', on: 'upload.final' });
    await assert.rejects(folder.upload(file, sourceOfBytes(bytes)), failsWith('drive.full'));
    assert.equal(stage.drive.log.count({ operation: 'upload.open' }), 2);
    assert.equal((await folder.upload(file, sourceOfBytes(bytes))).proof, 'sha256');
  });

  test("tells the day's volume from an ordinary rate limit by how long it lasts while other requests pass", async () => {
    await using stage = await driveStage({ emulator: { limits: { dailyUploadBytes: 1500 } }, client: { dailyVolumeAfterMs: 200 } });
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    const [first, second, third] = [pack(1000), pack(1000), pack(1000)];
    await folder.upload(first.file, sourceOfBytes(first.bytes));
    await folder.upload(second.file, sourceOfBytes(second.bytes));
    const startMs = systemClock.monotonicMs();
    await assert.rejects(folder.upload(third.file, sourceOfBytes(third.bytes)), failsWith('drive.daily-volume', /backup@company/));
    assert.ok(systemClock.monotonicMs() - startMs >= 200);
    stage.drive.limits.dailyUploadBytes = 1e9;
    await folder.upload(third.file, sourceOfBytes(third.bytes));
  });

  test('that is stopped leaves nothing under the name, or the whole file', async () => {
    await using stage = await driveStage({ client: smallPieces });
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    for (let pieces = 0; pieces < 5; pieces++) {
      const { file, bytes, path } = pack(mib);
      const stop = new AbortController();
      const source: UploadSource = {
        sizeBytes: bytes.length,
        read: async (offset, lengthBytes) => {
          if (offset === pieces * 256 * kib) setTimeout(() => stop.abort(), pieces);
          return bytes.subarray(offset, offset + lengthBytes);
        },
      };
      const error: unknown = await folder.upload(file, source, { signal: stop.signal }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) assert.ok(isAbort(error), inspect(error));
      assert.equal((await idsAt(stage.drive, path)).length, error === undefined ? 1 : 0);
    }
  });

  test('keeps its secrets in the journal, which only this user can read', async () => {
    await using stage = await driveStage({ client: smallPieces });
    await using journal = await journalFile();
    const { file, bytes } = pack(mib);
    const folder = new DriveFolder(stage.client, 'R', { journal: await journal.open() });
    await folder.create();
    stage.drive.faults.order({ fault: 'refuse', reason: 'insufficientFilePermissions', on: 'upload.piece' });
    const error: unknown = await folder.upload(file, sourceOfBytes(bytes)).catch((reason: unknown) => reason);
    assert.ok(error instanceof CadanganError && error.code === 'drive.denied');
    assert.match(await readFile(journal.path, 'utf8'), /upload_id/);
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error.facts)} ${String(error.cause)}`, /upload_id/);
    if (system.hasModes) assert.equal((await stat(journal.path)).mode & 0o777, 0o600); // elsewhere as the folder is that it lies in
  });
});

describe('a folder on Drive', () => {
  test('with several files of one name has one, that which fits its name', async () => {
    await using stage = await driveStage();
    const { file, bytes, path } = pack(1000);
    await plantAt(stage.drive, path, random.bytes(1000));
    const right = await plantAt(stage.drive, path, bytes);
    await stage.drive.person(sampleAccount).double(right.id);
    const folder = new DriveFolder(stage.client, 'R');
    const [best, ...others] = await folder.find(file, 0);
    assert.equal(best?.id, right.id);
    assert.equal(others.length, 2);
    assert.equal((await folder.listAll()).files.filter(({ name }) => name === file.name).length, 3);
    assert.ok(Buffer.from(await folder.readRange(best!, 0, 1000)).equals(bytes));
  });

  test('of which there are several is their union, and the oldest is written to', async () => {
    await using stage = await driveStage();
    const person = stage.drive.person(sampleAccount);
    const [one, two, three] = [pack(10), pack(20), pack(30)];
    await plantAt(stage.drive, one.path, one.bytes);
    const [oldRoot] = person.find('R');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const newRoot = await person.plant({ name: 'R', mimeType: folderType, client: sampleClient.id });
    const data = await person.plant({ name: 'data', parent: newRoot.id, mimeType: folderType, client: sampleClient.id });
    const pair = await person.plant({ name: two.file.name.slice(0, 2), parent: data.id, mimeType: folderType, client: sampleClient.id });
    await person.plant({ name: two.file.name, parent: pair.id, bytes: two.bytes, client: sampleClient.id });
    const folder = new DriveFolder(stage.client, 'R');
    const { files, folderIds } = await folder.listAll();
    assert.deepEqual(files.map(({ name }) => name).toSorted(), [one.file.name, two.file.name].toSorted());
    assert.deepEqual(folderIds, [oldRoot?.id, newRoot.id]);
    assert.equal((await folder.find(two.file, 0)).length, 1);
    const { item } = await folder.upload(three.file, sourceOfBytes(three.bytes));
    assert.equal(person.pathOf(item.id), three.path);
    assert.ok(
      person
        .files()
        .filter(({ parent }) => parent === oldRoot?.id)
        .some(({ name }) => name === 'data'),
    );
  });

  test('leaves strangers alone, and names them', async () => {
    await using stage = await driveStage();
    const person = stage.drive.person(sampleAccount);
    const { path, bytes, file } = pack(10);
    const right = await plantAt(stage.drive, path, bytes);
    await plantAt(stage.drive, 'R/data/notes.txt', bytes);
    await plantAt(stage.drive, 'R/keys/../x', bytes);
    await plantAt(stage.drive, `R/keys/${file.name}/inside`, bytes);
    await plantAt(stage.drive, 'Elsewhere/config', bytes);
    await person.plant({
      name: file.name,
      shortcutTo: right.id,
      client: sampleClient.id,
      ...(right.parent === undefined ? {} : { parent: right.parent }),
    });
    const { files } = await new DriveFolder(stage.client, 'R').listAll();
    const strangers = files.filter(({ file: known }) => known === undefined).map(({ path: at }) => at);
    assert.deepEqual(strangers.toSorted(), ['data/notes.txt', `keys/${file.name}/inside`, 'keys/../x'].toSorted());
  });

  test('that is gone is not empty', async () => {
    await using stage = await driveStage();
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    assert.deepEqual(await folder.listAll(), {
      exists: true,
      folderIds: await idsAt(stage.drive, 'R'),
      hasDoubledFolders: false,
      files: [],
    });
    const [id = ''] = await idsAt(stage.drive, 'R');
    stage.drive.person(sampleAccount).trash(id);
    const { file, bytes } = pack(10);
    assert.equal((await folder.listAll()).exists, false);
    await assert.rejects(folder.upload(file, sourceOfBytes(bytes)), failsWith('drive.not-found', /missing=folder/));
    await assert.rejects(folder.listKind('keys'), failsWith('drive.not-found', /missing=folder/));
    assert.deepEqual(await idsAt(stage.drive, 'R'), [], 'no new one hides that the old one is away');
  });

  test('that went to the trash while it was being written to gets nothing more', async () => {
    await using stage = await driveStage();
    const [one, two] = [pack(10), pack(10)];
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    await folder.upload(one.file, sourceOfBytes(one.bytes));
    stage.drive.person(sampleAccount).trash((await idsAt(stage.drive, 'R'))[0] ?? '');
    await assert.rejects(folder.upload(two.file, sourceOfBytes(two.bytes)), failsWith('drive.not-found', /missing=folder/));
  });

  test('is known again by its ids after somebody has renamed or moved it', async () => {
    await using stage = await driveStage();
    const { file, bytes } = pack(10);
    const folder = new DriveFolder(stage.client, 'Backup/R');
    await folder.create();
    await folder.upload(file, sourceOfBytes(bytes));
    const { folderIds } = await folder.listAll();
    stage.drive.person(sampleAccount).rename(folderIds[0] ?? '', 'Renamed');
    assert.equal((await new DriveFolder(stage.another(), 'Backup/R').listAll()).exists, false);
    const again = await new DriveFolder(stage.another(), 'Backup/R', { knownIds: folderIds }).listAll();
    assert.deepEqual(
      again.files.map(({ name }) => name),
      [file.name],
    );
  });

  test('shows at once what was stored and removed by us, however late the lists are', async () => {
    await using stage = await driveStage({ emulator: { lags: { parentMs: 3_600_000 } } });
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    const [one, two] = [pack(10), pack(20)];
    await folder.upload(one.file, sourceOfBytes(one.bytes));
    const { item } = await folder.upload(two.file, sourceOfBytes(two.bytes));
    folder.forget();
    assert.deepEqual((await folder.listAll()).files.map(({ name }) => name).toSorted(), [one.file.name, two.file.name].toSorted());
    assert.equal((await folder.upload(one.file, sourceOfBytes(one.bytes))).wasThere, true);
    await folder.remove(item.id);
    folder.forget();
    assert.deepEqual(
      (await folder.listAll()).files.map(({ name }) => name),
      [one.file.name],
    );
    assert.deepEqual(await folder.find(two.file, 0), []);
  });

  test('says what Google refuses to give', async () => {
    await using stage = await driveStage();
    const { file, bytes } = pack(1000);
    const folder = new DriveFolder(stage.client, 'R');
    await folder.create();
    const { item } = await folder.upload(file, sourceOfBytes(bytes));
    stage.drive.faults.order({ fault: 'refuse', reason: 'downloadQuotaExceeded', on: 'files.download' });
    await assert.rejects(folder.readRange(item, 0, 10), failsWith('drive.download-refused', /downloadQuotaExceeded/));
    stage.drive.faults.order({ fault: 'refuse', reason: 'cannotDownloadAbusiveFile', on: 'files.download', times: 2 });
    await assert.rejects(folder.readRange(item, 0, 10), failsWith('drive.download-refused', /cannotDownloadAbusiveFile/));
    stage.drive.person(sampleAccount).flag(item.id);
    assert.equal((await folder.readRange(item, 0, 10)).length, 10, 'its owner may have it all the same');
  });

  test('names a project in which the Drive API is not enabled', async () => {
    await using stage = await driveStage();
    stage.drive.faults.order({ fault: 'refuse', reason: 'accessNotConfigured', times: null });
    await assert.rejects(stage.client.account(), failsWith('drive.not-set-up', /API/));
  });

  test('is read without more requests than files of a list need', async () => {
    await using stage = await driveStage({ client: quick });
    const folder = new DriveFolder(stage.client, 'R');
    for (let i = 0; i < 30; i++) {
      const { path, bytes } = pack(10 + i);
      await plantAt(stage.drive, path, bytes);
    }
    assert.equal((await folder.listAll()).files.length, 30);
    const lists = stage.drive.log.count({ operation: 'files.list' });
    assert.ok(lists <= 2, `${lists} lists`);
  });
});

test('a file that somebody has renamed or moved since it was listed is not where it should be, and is sent again', async () => {
  await using stage = await driveStage();
  const person = stage.drive.person(sampleAccount);
  const first = new DriveFolder(stage.client, 'R');
  await first.create();
  for (const [at, misplace] of [
    (id: string) => person.rename(id, 'old'),
    (id: string) => person.move(id, person.find('R/index')[0]?.id ?? ''),
  ].entries()) {
    const { file, bytes } = pack(10 + at);
    const { item } = await first.upload(file, sourceOfBytes(bytes));
    const other = new DriveFolder(stage.another(), 'R');
    assert.equal((await other.find(file, 0)).length, 1);
    misplace(item.id);
    assert.equal((await other.upload(file, sourceOfBytes(bytes))).wasThere, false);
  }
});
