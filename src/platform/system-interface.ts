import type { posix } from 'node:path';
import type { Environment } from './environment.ts';

/** What differs from system to system, by what it means and not by its name: `system.posix.ts`, `system.windows.ts`. */
export interface System {
  /** As Node names it: for what is of one system alone, such as its service manager. */
  readonly platform: NodeJS.Platform;
  /** Paths begin with a drive or a share, names are UTF-16. What parses paths takes it as a parameter, so that it is tested everywhere. */
  readonly isWindows: boolean;
  /** `/proc` and what else is Linux's own: names looked up in an open folder, priorities of I/O, arguments as bytes. */
  readonly isLinux: boolean;
  /** The rules of its paths. */
  readonly path: typeof posix;
  /** The bits of a mode say who may do what, and owners are numbers. Else lists of rights do, which Node does not read. */
  readonly hasModes: boolean;
  /** Whether its usual file systems take `A` and `a` for one name. A certain folder is to be asked itself, where it may be. */
  readonly foldsNames: boolean;
  /** A child can lead a group, which is signalled as one. */
  readonly hasProcessGroups: boolean;
  /** A folder can be opened, so that its names can be synced to the disk. */
  readonly opensFolders: boolean;
  /** A read-only file can be replaced and removed, as far as its folder allows. */
  readonly replacesReadOnly: boolean;
  /** Nobody renames, replaces or removes a file that another program has open, unless that one shares it: see `patience.ts`. */
  readonly holdsOpenFiles: boolean;
  /** For `open`, beside `O_RDONLY`: that a FIFO under the name of a file does not make us wait. */
  readonly openAtOnce: number;
  /** What a name that only one process has is made of (`exclusive-name.ts`). */
  readonly exclusiveNames: 'abstract' | 'pipe' | 'file';
  /** Ctrl-C, a service manager's request to end, a closed terminal, Ctrl-Break of Windows. */
  readonly stopSignals: readonly NodeJS.Signals[];
  /** Node's own program, without its folder. */
  readonly nodeProgram: string;
  /** The variable that names the home folder. */
  readonly homeVariable: string;
  /** Of the group that may become an administrator without being asked, and owns folders of the system; 0 alone where there is none. */
  readonly administratorGroups: readonly number[];

  /** What two names have in common that its usual file systems take for one. */
  foldedName(name: string): string;
  /** The mode that restic stores, of what Node's `stat` says: type and 12 bits, as `st_mode`. */
  storedMode(mode: number): number;
  /** When it was, of what Node's `stat` says, nanoseconds since 1970. */
  statTimeNs(ns: bigint): bigint;
  /** Where this system has the files of programs. Folders below the home folder are made by `ofHome`. */
  filesOfPrograms(kind: 'config' | 'state' | 'cache', environment: Environment, ofHome: (...names: readonly string[]) => string): string;
}
