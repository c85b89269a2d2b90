/** A thread for the tests of the blob index: claims every id of its list and answers with those that it got; and adds what it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { BlobIndex, type BlobId, type SharedBlobIndex } from '../../src/repository/index.ts';

const start: { readonly shared: SharedBlobIndex; readonly ids: readonly BlobId[]; readonly ready: SharedArrayBuffer } = workerData;
const index = new BlobIndex(start.shared);
const ready = new Int32Array(start.ready);
// All begin together: otherwise the first is done before the second has started.
Atomics.add(ready, 0, 1);
Atomics.notify(ready, 0);
for (let seen = Atomics.load(ready, 0); seen < 2; seen = Atomics.load(ready, 0)) Atomics.wait(ready, 0, seen);
const got = start.ids.filter((id) => index.claim('data', id));
parentPort?.postMessage(got);
