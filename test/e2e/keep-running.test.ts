import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsVscode } from '../vscode/needs-vscode.ts';
import { hostOf, until } from './engines.ts';
import { prepareSet } from './prepared-set.ts';
import { openStage } from './stage.ts';

/** crontab(1) of a user that nobody else has: it prints, and takes from its input, this one file. */
const crontabProgram = `#!/bin/sh
case "$1" in
  -l) if [ -f "$0.lines" ]; then cat "$0.lines"; else echo "no crontab for you" >&2; exit 1; fi ;;
  -) cat > "$0.new" && mv "$0.new" "$0.lines" ;;
  *) exit 2 ;;
esac
`;

const choices = needsVscode('newest');
const cronOnly = existsSync('/run/systemd/system')
  ? 'this machine has systemd, whose units of a user are not a test’s to change'
  : undefined;

test(
  'a service of this user is installed from the window, serves it, and goes on when the window is closed',
  { ...choices, skip: cronOnly ?? choices.skip },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'cadangan-keep-'));
    const programs = join(home, 'bin');
    const crontab = join(programs, 'crontab');
    mkdirSync(programs);
    writeFileSync(crontab, crontabProgram, { mode: 0o755 });
    let service: number | undefined;
    await using stage = await openStage({
      environment: { XDG_DATA_HOME: join(home, 'data') },
      // A shell for logging in would put the machine's own programs first.
      settings: {
        'terminal.integrated.env.linux': { PATH: `${programs}:${process.env['PATH']}` },
        'terminal.integrated.profiles.linux': { sh: { path: '/bin/sh' } },
        'terminal.integrated.defaultProfile.linux': 'sh',
      },
    });
    const { stateFolder } = stage.server.folders;
    const set = prepareSet(stage);
    try {
      const window = await stage.openWindow();
      const shot = window.story('keep running,');
      await window.openContainer('Cadangan');
      await window.view('Backup Sets').waitFor('Accounting');
      const ofWindow = hostOf(stateFolder);

      await window.run('Cadangan: Keep Running When VS Code Is Closed…');
      await window.quickInput.waitForRow('This user');
      assert.match((await window.quickInput.input.getAttribute('placeholder')) ?? '', /Who is to keep the schedule running/);
      await shot('who');
      await window.quickInput.choose('This user');
      await until(
        'cron has a line for the service',
        () => existsSync(`${crontab}.lines`) && readFileSync(`${crontab}.lines`, 'utf8').includes('# end: Cadangan'),
      );
      await shot('installed');

      // What cron would do: at most five minutes later the guard's line, in a shell with nothing of the window's environment.
      const line = readFileSync(`${crontab}.lines`, 'utf8')
        .split('\n')
        .find((each) => each.startsWith('*/5 '));
      const command = (line ?? '').replace(/^(?:\S+ ){5}/, '').replaceAll('\\%', '%');
      spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'ignore', env: { HOME: home, PATH: '/usr/bin:/bin' } }).unref();
      await until('the service took the place of the window’s host', () => (hostOf(stateFolder) ?? ofWindow) !== ofWindow);
      service = hostOf(stateFolder);
      await window.run('Cadangan: Back Up Now');
      await window.quickInput.choose('Accounting');
      await window.notifications.waitFor('Accounting is backed up');
      await shot('backed up by the service');
      assert.equal(hostOf(stateFolder), service, 'the window started none of its own');
      await window.close();
      assert.equal(hostOf(stateFolder), service);

      const next = await stage.openWindow({ folder: set.source });
      await next.openContainer('Cadangan');
      await next.view('Snapshots').waitFor('Today');
      assert.equal(hostOf(stateFolder), service);
    } catch (error) {
      throw new Error(await stage.evidence('keep running'), { cause: error });
    } finally {
      if (service !== undefined) process.kill(service, 'SIGTERM');
      rmSync(home, { recursive: true, force: true, maxRetries: 5 }); // the service may be on its way out
    }
  },
);
