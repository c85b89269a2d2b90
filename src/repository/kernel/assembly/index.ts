/**
 * What costs CPU and Node does not bring: the Rabin chunker, Poly1305, and what AES-CTR needs around a block cipher.
 * There is no allocator and no runtime. The importer owns the memory: bytes below `heapBase` are this module's tables,
 * everything above is the caller's, and every pointer must leave its whole range inside the memory.
 */
export { setPolynomial } from './rabin-tables';
export { findCut } from './chunker';
export { poly1305 } from './poly1305';
export { equal, fillCounterBlocks, isZero, xorInto } from './bytes';

/** First offset that the caller may use. */
export const heapBase: usize = __heap_base;
