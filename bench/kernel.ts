import { hash } from 'node:crypto';
import { Kernel, loadKernelModule, randomPolynomial } from '../src/repository/kernel/index.ts';
import { systemRandom } from '../src/platform/index.ts';

/** Prints what one thread does with the kernel: the best of several runs, because the machine is never idle. */
const mib = 1024 * 1024;
const kernel = new Kernel(loadKernelModule(), { memoryBytes: 17 * mib });
const key = kernel.reserve(48);
const input = kernel.reserve(8 * mib);
const other = kernel.reserve(8 * mib);
for (let at = input; at < input + 8 * mib; at += 65536) systemRandom.fill(kernel.memory.subarray(at, at + 65536));
kernel.setPolynomial(randomPolynomial(systemRandom));

report('findCut, bytes tested', 0.5 * mib, () => noCut(kernel.findCut(input, 1 * mib)));
report('findCut, fed 64 KiB at a time', 0.5 * mib, () => {
  for (let length = mib / 2; length < mib; length += 65536) noCut(kernel.findCut(input, length + 65536, length));
});
for (const length of [64, 512, 4096, 8192, mib, 8 * mib]) {
  report(`poly1305 of ${length} bytes`, length, () => kernel.poly1305(input, length, key, key + 16, key + 32));
}
for (const length of [8192, mib]) {
  report(`xor of ${length} bytes`, length, () => kernel.xor(other, input, length));
  report(`fillCounterBlocks of ${length} bytes`, length, () => kernel.fillCounterBlocks(other, length / 16, key));
  report(`equal of ${length} bytes`, length, () => kernel.equal(input, input, length));
}
kernel.memory.fill(0, other, other + mib);
report('isZero of 1 MiB', mib, () => kernel.isZero(other, mib));
report('for comparison: SHA-256 of 1 MiB', mib, () => hash('sha256', kernel.memory.subarray(input, input + mib)));

function report(what: string, bytes: number, run: () => unknown): void {
  const turns = Math.max(1, Math.floor(mib / bytes));
  let bestMs = Infinity;
  for (let sample = 0; sample < 40; sample++) {
    const start = performance.now();
    for (let turn = 0; turn < turns; turn++) run();
    bestMs = Math.min(bestMs, (performance.now() - start) / turns);
  }
  console.log(`${what.padEnd(36)} ${(bytes / bestMs / 1e6).toFixed(2).padStart(6)} GB/s  ${(bestMs * 1000).toFixed(2).padStart(9)} us`);
}

/** Half of all random megabytes have one: draw again until this one has none, so that all of it is tested. */
function noCut(cut: number): void {
  if (cut !== 0) systemRandom.fill(kernel.memory.subarray(input + cut - 64, input + cut));
}
