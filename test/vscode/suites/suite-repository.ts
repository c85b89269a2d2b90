import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SuiteRepository extends Disposable {
  readonly location: string;
  readonly id: string;
  readonly snapshotId: string;
  readonly source: string;
  readonly passwordFile: string;
}

/** A repository with one snapshot, made by the command line that is packaged with the extension. */
export function makeRepository(extensionPath: string): SuiteRepository {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-suite-')));
  const [location, source, passwordFile] = [join(root, 'repository'), join(root, 'source'), join(root, 'password')];
  mkdirSync(join(source, 'many'), { recursive: true });
  writeFileSync(passwordFile, 'kuda lari di pantai pagi', { mode: 0o600 });
  writeFileSync(join(source, 'ledger.json'), '{ "total": 1 }\n');
  writeFileSync(join(source, 'été.txt'), 'accents\n');
  symlinkSync('ledger.json', join(source, 'link'));
  for (let file = 0; file < 2_000; file++) writeFileSync(join(source, 'many', `${file}.txt`), '');
  const cli = (...args: readonly string[]) =>
    execFileSync(
      process.execPath,
      [join(extensionPath, 'dist', 'cli.js'), '--json', '--repo', location, '--password-file', passwordFile, ...args],
      { encoding: 'utf8', env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } },
    );
  const { id } = JSON.parse(cli('init')) as { id: string };
  cli('backup', source);
  const [snapshot] = JSON.parse(cli('snapshots')) as readonly { id: string }[];
  if (snapshot === undefined) throw new Error('the backup left no snapshot');
  return {
    location,
    id,
    snapshotId: snapshot.id,
    source,
    passwordFile,
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
