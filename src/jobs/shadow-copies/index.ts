/**
 * A backup that reads what is open: shadow copies of Windows' volumes, made before the engine looks at the sources and removed behind it.
 */
export { makeShadowCopies, type CopiedVolume, type ShadowCopies } from './shadow-copies.ts';
export type { ShadowWorld } from './run-note.ts';
export { shadowToolsOf, type ShadowTools } from './tools.ts';
