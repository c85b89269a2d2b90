// What an administrator does by hand where a service is installed stands in the history of the service.
import assert from 'node:assert/strict';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { recordsIn } from '../../records/some-records.ts';
import { runCli, type CliRun } from '../../cli/run-cli.ts';
import { asRoot, GroupStage, member, withSets } from './group-stage.ts';

/** A machine with a service whose account is another user than root. */
class AdministratorStage extends GroupStage {
  readonly config = join(this.root, 'etc/cadangan/cadangan.jsonc');

  static async with(t: TestContext): Promise<AdministratorStage> {
    const stage = new AdministratorStage(t);
    await withSets(stage);
    mkdirSync(dirname(stage.config), { recursive: true });
    writeFileSync(stage.config, readFileSync(stage.configFile), { mode: 0o644 });
    for (const name of ['', 'service.json']) chownSync(join(stage.state, name), member.uid, member.uid);
    return stage;
  }

  /** As root, with a state and a configuration of root's own. */
  run(...args: readonly string[]): Promise<CliRun> {
    const environment = {
      ...this.environment,
      CADANGAN_STATE: this.path('state'),
      CADANGAN_CONFIG: this.configFile,
      RESTIC_REPOSITORY: this.repository,
      RESTIC_PASSWORD_FILE: this.path('password'),
    };
    return runCli(args, { environment, cwd: this.folder });
  }

  /** What the service could not write, or remove. */
  foreign(): readonly string[] {
    const names = ['.', ...readdirSync(this.state, { recursive: true, encoding: 'utf8' })];
    return names.filter((name) => lstatSync(join(this.state, name)).uid !== member.uid);
  }

  async kinds(): Promise<readonly string[]> {
    return (await recordsIn(this.state)).map(({ kind }) => kind);
  }
}

test(
  "what root does by hand while the service does not run is recorded in the service's history, and every file stays its account's",
  asRoot,
  async (t) => {
    const stage = await AdministratorStage.with(t);
    for (const args of [
      ['backup', stage.source],
      ['check'],
      ['restore', 'latest', '--target', stage.path('out')],
      ['drill', 'data', '--files', '1'],
      ['records', 'open', '--text', 'no key in the safe', '--name', 'H. Agus', '--position', 'Direktur'],
      ['records', 'verify'],
    ]) {
      if (args[0] === 'drill') {
        // Of the set, which has a snapshot of its own.
        const made = await stage.run('backup', stage.source, '--tag', 'data');
        assert.equal(made.code, 0, made.stderr);
      }
      const { code, stderr } = await stage.run(...args);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    }
    assert.deepEqual(
      (await stage.kinds()).filter((kind) => kind !== 'configuration-change'),
      ['history-start', 'internal-backup', 'check', 'internal-restore', 'internal-backup', 'drill', 'nonconformity-opened'],
    );
    for (const { kind, operator } of await recordsIn(stage.state))
      if (kind !== 'history-start') assert.equal(operator.user, userInfo().username, `${kind} says who`);
    assert.deepEqual(stage.foreign(), []);
    assert.ok(existsSync(join(stage.state, 'records/evidence')));
    assert.equal(existsSync(stage.path('state')), false, "root's own history does not begin");
    assert.equal(statSync(stage.path('out')).uid, 0, 'what is restored is written with the rights of root');

    const listed = await stage.run('records', 'list', '--json');
    assert.deepEqual(
      listed.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { readonly kind: string }).kind),
      await stage.kinds(),
    );
  },
);

test('what root does by hand while the service runs is written by its host', asRoot, async (t) => {
  const stage = await AdministratorStage.with(t);
  await stage.serve();
  const { code, stderr } = await stage.run('check');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^The service is of version 0\.0\.0, this is \d.*"cadangan service install" brings it to this one\.$/m);
  const indonesian = await stage.run('schedule', 'status', '--lang', 'id');
  assert.equal(indonesian.stderr.match(/Layanan memakai versi 0\.0\.0/g)?.length, 1, 'once');
  assert.equal((await stage.run('schedule', 'status', '--quiet')).stderr, '');
  assert.ok((await stage.kinds()).includes('check'));
  // That host is this process, which is root; the command itself would have left them to the account.
  const [month = ''] = readdirSync(join(stage.state, 'records')).filter((name) => name.endsWith('.jsonl'));
  assert.equal(statSync(join(stage.state, 'records', month)).uid, 0);
  const [check] = (await recordsIn(stage.state)).filter(({ kind }) => kind === 'check');
  assert.deepEqual([check?.operator.user, check?.operator.via], [userInfo().username, 'command-line']);
});

test('who names a state, or wants no service, has his own history', asRoot, async (t) => {
  const stage = await AdministratorStage.with(t);
  const named = { CADANGAN_STATE: stage.path('state'), CADANGAN_CONFIG: stage.configFile };
  for (const more of [{}, { CADANGAN_SERVICE: '' }]) {
    const environment = { ...named, ...more, RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD_FILE: stage.path('password') };
    assert.equal((await runCli(['check'], { environment })).code, 0);
    assert.deepEqual(await stage.kinds(), []);
    assert.ok((await recordsIn(stage.path('state'))).some(({ kind }) => kind === 'check'));
    rmSync(stage.path('state'), { recursive: true });
  }
});
