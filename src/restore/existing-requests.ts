import pMap from 'p-map';
import { throwIfAborted } from '../platform/index.ts';
import type { ExistingOutcome, ExistingRequest } from './destination.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { FolderPlan } from './plan.ts';
import type { ExistingFileJob } from './worker-jobs.ts';
import type { WorkerPool } from './worker-pool.ts';

const filesPerJobMax = 256;
const foldersPerJobMax = 64;
const blobsPerJobMax = 4096;
/** The folders of each are held open. */
const jobsAtOnce = 4;

export interface AskContext {
  readonly handles: FolderHandles;
  readonly pool: WorkerPool;
  readonly stop: AbortSignal;
}

type Answer = (request: ExistingRequest, outcome: ExistingOutcome | undefined) => void;

/** Has workers look at files of this machine. @throws `aborted` */
export async function askWorkers(requests: readonly ExistingRequest[], context: AskContext, answer: Answer): Promise<void> {
  await pMap(cutJobs(requests), (job) => askWorker(job, context, answer), { concurrency: jobsAtOnce });
  throwIfAborted(context.stop);
}

async function askWorker(requests: readonly ExistingRequest[], { handles, pool, stop }: AskContext, answer: Answer): Promise<void> {
  throwIfAborted(stop);
  const held: FolderPlan[] = [];
  const files: ExistingFileJob[] = [];
  const asked: ExistingRequest[] = [];
  try {
    for (const request of requests) {
      const { folder, name } = request.file;
      let prefix: ExistingFileJob['prefix'];
      try {
        prefix = handles.acquire(folder).prefix;
      } catch {
        answer(request, { differs: true }); // the folder has gone since it was listed
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

function cutJobs(requests: readonly ExistingRequest[]): ExistingRequest[][] {
  const jobs: ExistingRequest[][] = [];
  let job: ExistingRequest[] = [];
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
