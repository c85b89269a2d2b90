import pMap from 'p-map';
import { throwIfAborted } from '../platform/index.ts';
import type { Metadata } from './metadata.ts';
import type { FilePlan, FolderPlan } from './plan.ts';
import { blobLengths } from './pieces.ts';
import type { RunContext } from './run-context.ts';
import type { ExistingFileJob, FileOutcome } from './worker-jobs.ts';

/** A file of the target to be read, or given metadata, or both. */
interface Request {
  readonly file: FilePlan;
  readonly blobs: ExistingFileJob['blobs'];
  readonly metadata: Metadata | undefined;
}

const filesPerJobMax = 256;
const foldersPerJobMax = 64;
const blobsPerJobMax = 4096;
/** The folders of each are held open. */
const jobsAtOnce = 4;

/**
 * Decides what is still open: files that are already there with the right content need no writing, only, where it differs, their metadata,
 * which they get at once.
 */
export async function settleExisting(files: readonly FilePlan[], context: RunContext): Promise<void> {
  const { repository, dryRun } = context;
  const requests: Request[] = [];
  for (const file of files) {
    const metadata = dryRun || file.existing?.hasMetadata ? undefined : file.metadata;
    if (file.action === 'compare') {
      const blobs = blobLengths(file.content, repository.index);
      if (blobs) requests.push({ file, blobs, metadata });
      else file.action = 'write'; // where it is reported
    } else if (file.action === 'unchanged' && metadata) {
      requests.push({ file, blobs: undefined, metadata });
    }
  }
  await askWorkers(requests, context, ({ file, blobs }, outcome) => {
    if (outcome?.differs || (blobs && outcome?.failure)) file.action = 'write';
    else if (file.action === 'compare') file.action = 'unchanged';
    if (outcome?.failure && !blobs) context.exceptions.add(file.path, 'mode', outcome.failure.detail);
    if (outcome?.problems) context.maker.note(file.path, outcome.problems);
  });
}

/** Reads files again, whole, and compares them with the hashes of their blobs. */
export async function verifyFiles(files: readonly FilePlan[], context: RunContext): Promise<void> {
  const requests = files.map((file) => ({ file, blobs: blobLengths(file.content, context.repository.index) ?? [], metadata: undefined }));
  await askWorkers(requests, context, ({ file }, outcome) => {
    if (outcome) context.exceptions.add(file.path, 'verification', outcome.failure?.detail ?? 'the content differs');
    else context.tally.counts.filesVerified += 1;
  });
}

async function askWorkers(
  requests: readonly Request[],
  context: RunContext,
  answer: (request: Request, outcome: FileOutcome | undefined) => void,
): Promise<void> {
  await pMap(cutJobs(requests), (job) => askWorker(job, context, answer), { concurrency: jobsAtOnce });
  throwIfAborted(context.stop.signal);
}

async function askWorker(
  requests: readonly Request[],
  context: RunContext,
  answer: (request: Request, outcome: FileOutcome | undefined) => void,
): Promise<void> {
  const { handles, pool, stop } = context;
  throwIfAborted(stop.signal);
  const held: FolderPlan[] = [];
  const files: ExistingFileJob[] = [];
  const asked: Request[] = [];
  try {
    for (const request of requests) {
      const { folder, name } = request.file;
      let prefix: ExistingFileJob['prefix'];
      try {
        prefix = handles.acquire(folder).prefix;
      } catch {
        answer(request, { file: 0, differs: true }); // the folder has gone since it was listed
        continue;
      }
      held.push(folder);
      files.push({ prefix, name, blobs: request.blobs, metadata: request.metadata });
      asked.push(request);
    }
    const { outcomes, stopped } = await pool.run({ kind: 'existing', files });
    if (stopped) return;
    const byFile = new Map(outcomes.map((outcome) => [outcome.file, outcome]));
    for (const [number, request] of asked.entries()) answer(request, byFile.get(number));
  } finally {
    for (const folder of held) handles.release(folder);
  }
}

function cutJobs(requests: readonly Request[]): Request[][] {
  const jobs: Request[][] = [];
  let job: Request[] = [];
  let folders = new Set<FolderPlan>();
  let blobs = 0;
  for (const request of requests) {
    job.push(request);
    folders.add(request.file.folder);
    blobs += request.blobs?.length ?? 0;
    if (job.length < filesPerJobMax && folders.size < foldersPerJobMax && blobs < blobsPerJobMax) continue;
    jobs.push(job);
    job = [];
    folders = new Set();
    blobs = 0;
  }
  if (job.length > 0) jobs.push(job);
  return jobs;
}
