/**
 * A program for the tests: backs a folder up into a repository in memory and prints what came of it, as JSON. `--no-extra-verify` as in the
 * product.
 */
import { CadanganError } from '../../src/platform/index.ts';
import { newRepository } from '../repository/new-repository.ts';
import { readSnapshot, runBackup } from './run-backup.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const [, , source = '', option] = process.argv;
const { repository, storage } = await newRepository();
const code = (error: unknown): string => (error instanceof CadanganError ? error.code : String(error));
const outcome = await runBackup(repository, [source], { extraVerify: option !== '--no-extra-verify' }).then(
  async ({ tree, issueCount }) => ({
    result: 'done',
    issueCount,
    reading: await readSnapshot(repository, tree).then(() => 'complete', code),
  }),
  (error: unknown) => ({ result: code(error) }),
);
const snapshots = (await storage.list('snapshots', neverAborted)).length;
process.stdout.write(`${JSON.stringify({ ...outcome, snapshots })}\n`);
