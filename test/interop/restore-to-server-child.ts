/**
 * A program for the tests of restores to a server, to be killed. `<repository> <tree> <path on the server> <user> <port> <home>`: restores
 * and reads all of it again, prints `ready` before it starts and its result as JSON behind it.
 */
import process from 'node:process';
import { passwordFromText } from '../../src/platform/index.ts';
import { parseBlobId, Repository } from '../../src/repository/index.ts';
import { restore } from '../../src/restore/index.ts';
import { FolderStorage, ServerFiles } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const [, , repositoryPath = '', tree = '', path = '', user = '', port = '', home = ''] = process.argv;
const repository = await Repository.open({ storage: new FolderStorage(repositoryPath) }, passwordFromText('password'), neverAborted);
await repository.loadIndex({ signal: neverAborted });
const files = new ServerFiles(
  { user, host: '127.0.0.1', port: Number(port), path },
  { environment: {}, home, systemFolder: `${home}/none` },
);
process.stdout.write('ready\n');
const options = { target: path, server: { files }, verify: true, workers: 2, signal: neverAborted };
const { counts, exceptions } = await restore(repository, { tree: parseBlobId(tree) }, options);
await files.close();
process.stdout.write(`${JSON.stringify({ verified: counts.filesVerified, exceptions })}\n`);
