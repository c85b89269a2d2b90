import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at its first size. It doubles when much survives a collection, up to 100 MB of address space that is touched in turn,
 * and a run that makes a few short-lived objects for each of a million files gains nothing by it (measured: 40 MB less, no slower).
 * To be called once, when the process starts; worker threads have `resourceLimits`.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
