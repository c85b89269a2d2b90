/**
 * restic's data formats (repository version 2) as pure functions: bytes in, checked values out, and back to the same bytes.
 * No keys, no storage, no compression here: "bytes" are the plaintext of a blob or file.
 *
 * What comes in is untrusted. Whatever it holds, the only error is `repository.damaged` (or `repository.unsupported` for a
 * version we do not know). What goes out is asserted.
 */
export * from './ids.ts';
export * from './go-json.ts';
export { goQuote, goUnquote } from './go-quote.ts';
export * from './timestamp.ts';
export * from './file-mode.ts';
export * from './node.ts';
export { serializeNode } from './node-writer.ts';
export * from './tree.ts';
export * from './windows-attributes.ts';
export * from './snapshot.ts';
export type { SnapshotSummary } from './snapshot-summary.ts';
export * from './config.ts';
export * from './pack-header.ts';
export * from './index-file.ts';
export * from './index-scanner.ts';
export * from './lock-file.ts';
export * from './key-file.ts';
