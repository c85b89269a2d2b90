import { spawnSync } from 'node:child_process';
import debianPackages from '../scripts/debian-packages.json' with { type: 'json' };

/**
 * Options for a test that runs another program: `test('...', needs('restic'), async () => {...})`. Where the program is
 * missing the test is skipped with the command that brings it; with CI=true the run counts that as a failure.
 */
export function needs(program: keyof typeof debianPackages): { readonly skip: string | false } {
  const finder = process.platform === 'win32' ? 'where' : 'which';
  const isThere = spawnSync(finder, [program], { stdio: 'ignore' }).status === 0;
  return { skip: isThere ? false : `needs ${program}: sudo apt-get install ${debianPackages[program]}` };
}
