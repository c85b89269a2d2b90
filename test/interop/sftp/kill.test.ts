import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { rounds } from '../../rounds.ts';
import { freshSeed } from '../../seeds.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { compareTrees, describeDifferences } from '../../zoo/compare-trees.ts';
import type { ProgramOptions, Running } from '../programs.ts';
import { Stage } from '../stage.ts';
import type { TestRepository } from '../test-repository.ts';

const mib = 1024 * 1024;
const stage = new Stage();
const kills = rounds({ sample: 4, long: 30 });

describe('a program that is killed while it works on a repository behind an OpenSSH server', needs('restic'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts();
  });
  after(() => sshd[Symbol.asyncDispose]());

  test(
    `${kills} times at random moments of backups and prunes, leaves nothing that restic finds wrong, and the next run is good`,
    needs('sshd'),
    async (t) => {
      const seed = freshSeed();
      t.diagnostic(`seed ${seed}`);
      const random = new SeededRandom(seed);
      const [source, repository] = [stage.folder('source'), await stage.ourRepository()];
      const road = onRoad(sshd, repository);
      const longestMs: Record<Work, number> = { backup: 0, prune: 0 };
      let inTheMiddle = 0;
      // The first of each shows how long they take here.
      for (let turn = -2; turn < kills; turn++) {
        const work: Work = turn % 2 === 0 ? 'backup' : 'prune';
        const story = `seed ${seed}, turn ${turn}: ${work}`;
        fill(source, random);
        if (work === 'prune') {
          await repository.run('cadangan', ['backup', source], road);
          await repository.run('cadangan', ['forget', '--keep-last', '1'], road);
        }
        const afterMs = turn < 0 ? undefined : random.below(Math.ceil(longestMs[work]));
        const { ms, wasKilled } = await killed(
          repository,
          work === 'backup' ? ['backup', source] : ['prune', '--max-unused', '0'],
          road,
          afterMs,
        );
        if (!wasKilled) longestMs[work] = Math.max(longestMs[work], ms);
        else inTheMiddle += 1;
        await repository.run('cadangan', ['unlock'], road);
        assert.deepEqual(repository.namesOf('locks'), [], story);
        assert.match(await repository.run('restic', ['check', '--read-data']), /no errors were found/, story);
      }
      t.diagnostic(`${inTheMiddle} of ${kills} kills hit a run in the middle`);

      const { snapshot_id } = await repository.backup('cadangan', [source], road);
      await repository.run('cadangan', ['prune', '--max-unused', '0'], road);
      await repository.check();
      assert.deepEqual(leftovers(repository.path), [], `seed ${seed}: what was cut short is removed`);
      const target = stage.fresh('restored');
      await repository.run('restic', ['restore', snapshot_id, '--target', target]);
      assert.deepEqual(describeDifferences(compareTrees(source, join(target, source))), [], `seed ${seed}`);
    },
  );
});

type Work = 'backup' | 'prune';

/** How our program reaches a repository of this machine through the server. */
function onRoad({ user, port, home }: Sshd, { path }: TestRepository): ProgramOptions {
  return { env: { RESTIC_REPOSITORY: `sftp://${user}@127.0.0.1:${port}/${path}`, HOME: home } };
}

/** @param afterMs from the lock on; undefined: never */
async function killed(
  repository: TestRepository,
  args: readonly string[],
  road: ProgramOptions,
  afterMs: number | undefined,
): Promise<{ readonly ms: number; readonly wasKilled: boolean }> {
  const running = await locked(repository, args, road);
  const startMs = performance.now();
  const timer = afterMs === undefined ? undefined : setTimeout(() => running.process.kill('SIGKILL'), afterMs);
  const { code, stderr } = await running.ended;
  clearTimeout(timer);
  assert(code === 0 || code === null, `${args.join(' ')} ended with ${String(code)}: ${stderr}`);
  return { ms: performance.now() - startMs, wasKilled: code === null };
}

async function locked(repository: TestRepository, args: readonly string[], road: ProgramOptions): Promise<Running> {
  const running = repository.start('cadangan', args, road);
  while (running.process.exitCode === null && repository.namesOf('locks').length === 0) await delay(2);
  return running;
}

function leftovers(path: string): string[] {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => name).filter((name) => name.includes('-tmp-'));
}

/** New content each time, in part: what was there before is not wanted any more, and lies in packs with what is. */
function fill(folder: string, random: SeededRandom): void {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < 4; i++) if (random.below(2) === 0) writeFileSync(join(folder, `large-${i}`), random.bytes(6 * mib));
  for (let i = 0; i < 100; i++) if (random.below(2) === 0) writeFileSync(join(folder, `small-${i}`), random.bytes(random.below(8000)));
}
