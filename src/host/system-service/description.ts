import type { ServiceRights } from './rights.ts';

/** What the texts of all managers are made of. */
export interface ServiceDescription {
  /** Program and arguments, each whole. */
  readonly command: readonly string[];
  /** The account that it runs as. */
  readonly account: string;
  readonly stateFolder: string;
  readonly runtimeFolder: string | undefined;
  readonly rights: ServiceRights;
}
