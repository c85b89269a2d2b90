/**
 * A program for the tests of restore, to be killed or to run as another user.
 * `<repository> <target> <tree> [uid [include]]`: restores with every check on, with an include to where it came from, prints `ready`
 * before it starts and its result as JSON behind it.
 */
import process from 'node:process';
import { textOf, passwordFromText } from '../../src/platform/index.ts';
import { parseBlobId, Repository } from '../../src/repository/index.ts';
import { restore } from '../../src/restore/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const [, , repositoryPath = '', target = '', tree = '', user, include] = process.argv;
if (user !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}
const repository = await Repository.open({ storage: new FolderStorage(repositoryPath) }, passwordFromText('password'), neverAborted);
await repository.loadIndex({ signal: neverAborted });
process.stdout.write('ready\n');
const result = await restore(
  repository,
  { tree: parseBlobId(tree) },
  {
    signal: neverAborted,
    target,
    verify: true,
    workers: 2,
    ...(include !== undefined && { includes: [include], keepsFoldersAbove: true }),
  },
);
const exceptions = result.exceptions.map(({ path, reason, detail }) => `${reason} ${textOf(path)} ${detail ?? ''}`);
process.stdout.write(`${JSON.stringify({ counts: result.counts, exceptions })}\n`);
