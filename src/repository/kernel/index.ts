/**
 * Kernel: what costs CPU for each byte of a backup, in WebAssembly. The chunker, Poly1305, and what AES-CTR needs around
 * a block cipher; and the chunker's polynomials, in plain TypeScript, because they are needed once.
 *
 *     module = loadKernelModule()                 // compiled once, posted to workers
 *     kernel = new Kernel(module, { memoryBytes })
 *     input = kernel.reserve(bytes)               // read the file right into kernel.memory at `input`
 *     kernel.setPolynomial(polynomial)
 *     length = kernel.findCut(input, available)   // 0: read more
 */
export { Kernel, loadKernelModule, type KernelModule } from './kernel.ts';
export { checkPolynomial, formatPolynomial, isIrreducible, parsePolynomial, randomPolynomial, type Polynomial } from './polynomial.ts';
