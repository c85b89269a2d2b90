import { createRequire } from 'node:module';
import { assetPath } from '../assets.ts';
import { system } from '../system.ts';

/** The release that `package.json` pins; its functions are called without a check of ours in between. */
const koffiVersion = '3.3.4';

/** What goes into a function of the system and comes out of it: numbers, text, memory of ours, memory of the system (an address). */
export type NativeValue = boolean | number | bigint | string | null | undefined | Uint8Array | NativeOut;
/** Takes an output parameter: one element, which the call replaces. */
export type NativeOut = [number | bigint | null];
export type NativeFunction = (...parameters: NativeValue[]) => unknown;

/** One library of the system. */
export interface NativeLibrary {
  /** @param signature as in C, in koffi's words (koffi.dev, "Function calls"). @throws when the library has no such function */
  func(signature: string): NativeFunction;
}

/** What we use of koffi, which calls functions of the system's libraries (koffi.dev). */
export interface Koffi {
  load(library: string): NativeLibrary;
}

/**
 * The binary of this system beside the bundles, or undefined where the package has none: a universal package, or a system that we call
 * nothing of. The build puts it there (`esbuild.js`). It can be loaded in every thread.
 */
export function loadKoffi(): Koffi | undefined {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)(assetPath(`koffi-${system.platform}-${process.arch}.node`));
  } catch {
    return undefined; // not there, or the system refuses it: what needs it says what is not kept
  }
  return isKoffi(loaded) ? loaded : undefined;
}

function isKoffi(loaded: unknown): loaded is Koffi {
  if (typeof loaded !== 'function' && (typeof loaded !== 'object' || loaded === null)) return false;
  return 'version' in loaded && loaded.version === koffiVersion && 'load' in loaded && typeof loaded.load === 'function';
}
