import { systemCode, type Clock, type Environment, exposureOf, type Exposure } from '../platform/index.ts';
import { passwordWaysOf, type LoadedConfiguration, type PasswordWay, type Problem } from '../settings/index.ts';
import { credentialOf } from './credential.ts';

export interface PasswordOutlookWorld {
  readonly clock: Clock;
  readonly environment: Environment;
}

/** A file on a dead mount is looked at by nobody who waits. */
const lookMsMax = 1_000;

/** What is known beforehand of the passwords that nobody is there to give: which sets would fail at night. Reads no password. */
export class PasswordOutlook {
  readonly #world: PasswordOutlookWorld;
  /** Also those that do not come back: another look at the same file would hold another thread. */
  readonly #looks = new Map<string, Promise<FileLook>>();

  constructor(world: PasswordOutlookWorld) {
    this.#world = world;
  }

  /** @returns those of the file, and warnings at the places where it names its passwords; in the order of the file. Never rejects */
  async problemsOf(loaded: LoadedConfiguration): Promise<readonly Problem[]> {
    const found = await Promise.all(passwordWaysOf(loaded).map((way) => this.#problemOf(way)));
    return [...loaded.problems, ...found.flat()].toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  async #problemOf({ file, warn }: PasswordWay): Promise<readonly Problem[]> {
    if (file === undefined) return [warn('password-unattended', {})];
    const looked = await this.#lookInTime(file);
    const facts = { file, at: Number(this.#world.clock.nowNs() / 1_000_000n) };
    if (looked === 'missing') return [warn('password-file-missing', facts)];
    if (looked === 'unknown') return [warn('password-file-unchecked', facts)];
    return looked === undefined || looked === 'good' ? [] : [warn('password-file-exposed', { ...facts, ...looked })];
  }

  async #lookInTime(file: string): Promise<FileLook | undefined> {
    const done = new AbortController();
    const late = this.#world.clock.sleep(lookMsMax, done.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      return await Promise.race([this.#look(file), late]);
    } finally {
      done.abort();
    }
  }

  #look(file: string): Promise<FileLook> {
    const going = this.#looks.get(file);
    if (going !== undefined) return going;
    const look = lookAt(file, this.#world.environment).finally(() => this.#looks.delete(file));
    this.#looks.set(file, look);
    return look;
  }
}

type FileLook = 'good' | 'missing' | 'unknown' | Exposure;

/** What may not be looked at by us may be good for whoever runs the set. */
async function lookAt(file: string, environment: Environment): Promise<FileLook> {
  try {
    return (await exposureOf(file)) ?? 'good';
  } catch (error) {
    const isMissing = systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR';
    return isMissing && (await credentialOf(file, environment)) === undefined ? 'missing' : 'good';
  }
}
