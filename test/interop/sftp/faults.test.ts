import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileExcludeRules } from '../../../src/backup/index.ts';
import { backupJob, checkJob, initJob, pruneJob, restoreJob, type PasswordAccess } from '../../../src/jobs/index.ts';
import { isCode, passwordFromText, systemClock, systemRandom } from '../../../src/platform/index.ts';
import { openSftp, RetryingStorage, type Storage } from '../../../src/storage/index.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { freshSeed } from '../../seeds.ts';
import { CutLine } from '../../sshd/cut-line.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { startRestic } from '../programs.ts';
import { usualPolicy } from '../../upkeep/prune-stage.ts';
import { SmallDisk } from '../small-disk.ts';
import { Stage } from '../stage.ts';

const mib = 1024 * 1024;
const password = 'kata sandi';
const stage = new Stage();

describe('a repository behind an OpenSSH server', needs('restic'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts(`* ${await sshd.hostKey()}\n`);
  });
  after(() => sshd[Symbol.asyncDispose]());

  function accessTo(path: string, port: number): PasswordAccess {
    const { user, home, folder } = sshd;
    const openStorage = (): Storage => {
      const storage = openSftp({ user, host: '127.0.0.1', port, path }, { environment: {}, home, systemFolder: join(folder, 'none') });
      const patience = { tries: 100, firstWaitMsMax: 20, waitMsMax: 100 };
      return new RetryingStorage(storage, { clock: systemClock, random: systemRandom, patience });
    };
    return {
      location: openStorage().location,
      password: async () => passwordFromText(password),
      world: { openStorage },
      signal: neverAborted,
    };
  }

  async function backUp(access: PasswordAccess, source: string) {
    const rules = await compileExcludeRules({}, { environment: {} });
    return backupJob(access, { sources: [source], workingFolder: '/', rules, host: 'srv-uji', workerCount: 1, programVersion: 'test' });
  }

  async function resticFindsNothing(path: string): Promise<void> {
    const { code, stdout, stderr } = await startRestic(['-r', path, 'check', '--read-data'], { env: { RESTIC_PASSWORD: password } }).ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout.toString(), /no errors were found/);
  }

  test('over a line that is cut again and again is backed up to, pruned, checked and restored from', needs('sshd'), async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const [path, source] = [stage.fresh('repository'), stage.folder('source')];
    await using line = await CutLine.to(sshd.port);
    const access = accessTo(path, line.port);
    assert.equal((await initJob(access)).outcome, 'success');

    // A pack of a few megabytes must get through between two cuts now and then.
    let cuts = 0;
    const cutAgain = async (): Promise<void> => {
      await line.cutAfter(10_000 + random.below(12 * mib), random.below(2) === 0 ? 'reset' : 'end');
      cuts += 1;
      return cutAgain();
    };
    cutAgain().catch(() => undefined); // ends with the line
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 30; i++) if (random.below(2) === 0) writeFileSync(join(source, `file-${i}`), random.bytes(random.below(mib / 2)));
      assert.equal((await backUp(access, source)).outcome, 'success', `seed ${seed}, round ${round}`);
    }
    assert.equal((await pruneJob(access, { policy: { ...usualPolicy, removeAtOnce: true }, workerCount: 1 })).outcome, 'success');
    assert.equal((await checkJob(access, { readData: 'all', workerCount: 1 })).outcome, 'success');
    const target = stage.fresh('target');
    assert.equal((await restoreJob(access, { snapshot: 'latest', target })).outcome, 'success');
    line.keepWhole();
    t.diagnostic(`cut ${cuts} times`);
    assert(cuts > 0, `${cuts} cuts`);
    const contentOf = (folder: string): string[] =>
      readdirSync(folder).map((name) => `${name} ${readFileSync(join(folder, name)).toString('base64')}`);
    assert.deepEqual(contentOf(join(target, source)), contentOf(source), `seed ${seed}`);
    await resticFindsNothing(path);
  });

  test(
    'on a disk that becomes full is sound, says what is missing, and takes the next backup when there is room',
    needs('sshd'),
    async (t) => {
      const path = stage.fresh('disk');
      const disk = SmallDisk.mount(path, 24);
      if (typeof disk === 'string') return t.skip(disk);
      const random = new SeededRandom(16);
      const [access, source] = [accessTo(join(path, 'repository'), sshd.port), stage.folder('source')];
      writeFileSync(join(source, 'small'), random.bytes(mib));
      assert.equal((await initJob(access)).outcome, 'success');
      assert.equal((await backUp(access, source)).outcome, 'success');
      mkdirSync(join(source, 'large'));
      for (let i = 0; i < 8; i++) writeFileSync(join(source, 'large', String(i)), random.bytes(8 * mib));
      const full = await backUp(access, source);
      assert.equal(full.outcome, 'failed');
      assert(isCode(full.error, 'storage.full'), String(full.error));
      await resticFindsNothing(join(path, 'repository'));
      disk.grow(160);
      assert.equal((await backUp(access, source)).outcome, 'success');
      await resticFindsNothing(join(path, 'repository'));
    },
  );
});
