import type { Environment } from '../platform/index.ts';

/**
 * What programs of the configuration get: our own environment without what makes Electron a plain Node, which would break a program that is
 * built on Electron.
 */
export function childEnvironment(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('ELECTRON_')),
  );
}
