import { CadanganError, type Random } from '../../platform/index.ts';
import { fingerprintOf, judgeHost, keyTypeOf, knownName, knownTypes, readKnownHosts, rememberHost, type KnownHost } from './known-hosts.ts';
import { readRevokedKeys } from './revoked-keys.ts';
import type { SftpAccess } from './sftp-access.ts';
import type { SshSettings } from './ssh-config.ts';

/** Of those that the library has; SHA-1 signatures come last, for servers that are too old for others. */
const hostKeyAlgorithms = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
} as const;

type KeyType = keyof typeof hostKeyAlgorithms;
export type HostKeyAlgorithm = (typeof hostKeyAlgorithms)[KeyType][number];

const keyTypes: readonly KeyType[] = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

/** Keys that somebody confirmed while a storage is open, by the names of their hosts. */
export type ConfirmedHosts = Map<string, Buffer>;

interface HostLists {
  readonly known: readonly KnownHost[];
  readonly revoked: readonly Buffer[];
}

/** Whether the server at the other end of one connection is who it should be. */
export class HostCheck {
  readonly #settings: SshSettings;
  readonly #access: SftpAccess;
  readonly #known: readonly KnownHost[];
  readonly #revoked: readonly Buffer[];
  readonly #confirmed: ConfirmedHosts;
  readonly #name: string;
  /** The key that was found good; at a later exchange of keys it must be the same. */
  #accepted: Buffer | undefined;
  #isNew = false;

  private constructor(settings: SshSettings, access: SftpAccess, confirmed: ConfirmedHosts, lists: HostLists) {
    this.#settings = settings;
    this.#access = access;
    this.#confirmed = confirmed;
    this.#known = lists.known;
    this.#revoked = lists.revoked;
    this.#name = knownName(settings.hostName, settings.port, settings.hostKeyAlias);
  }

  /** @throws the system's error when the known hosts or the revoked keys cannot be read; SftpFault for a form that is not supported */
  static async of(settings: SshSettings, access: SftpAccess, confirmed: ConfirmedHosts): Promise<HostCheck> {
    const files = [...userFilesOf(settings, access), ...settings.systemKnownHostsFiles];
    const lists = { known: await readKnownHosts(files), revoked: await readRevokedKeys(settings.revokedHostKeysFiles) };
    return new HostCheck(settings, access, confirmed, lists);
  }

  /** Those first that the host is known by: a server has several keys, and one that was never seen would look like another server's. */
  algorithms(): HostKeyAlgorithm[] {
    const types = knownTypes(this.#known, this.#name);
    const known = keyTypes.filter((type) => types.includes(type));
    return [...known, ...keyTypes.filter((type) => !known.includes(type))].flatMap(
      (type): readonly HostKeyAlgorithm[] => hostKeyAlgorithms[type],
    );
  }

  /** Whether it is the one that this connection has shown before. */
  hasAccepted(key: Buffer): boolean {
    return this.#accepted?.equals(key) === true;
  }

  /** Resolves when the key is good. @throws `storage.unknown-host`, `storage.host-changed` */
  async accept(key: Buffer): Promise<void> {
    if (this.hasAccepted(key)) return;
    if (this.#accepted !== undefined) throw this.#changed(key, 'the key changed while connected', {});
    if (this.#revoked.some((revoked) => revoked.equals(key))) throw this.#changed(key, 'the key is revoked (RevokedHostKeys)', {});
    const verdict = judgeHost(this.#known, this.#name, key);
    if (verdict.kind === 'revoked') throw this.#changed(key, 'the key is revoked', whereOf(verdict.known));
    if (verdict.kind === 'changed')
      throw this.#changed(key, undefined, {
        ...whereOf(verdict.known),
        knownFingerprint: fingerprintOf(verdict.known.key),
        knownKeyType: verdict.known.keyType,
      });
    if (verdict.kind === 'unknown' && !this.#isConfirmed(key)) {
      await this.#askFor(key, verdict.isVouchedFor);
      this.#isNew = true;
    }
    this.#accepted = Buffer.from(key);
  }

  /** Once the server has proven that it has the key that somebody confirmed. @throws the system's error */
  async remember(random: Random): Promise<void> {
    const key = this.#accepted;
    if (!this.#isNew || key === undefined) return;
    this.#isNew = false;
    this.#confirmed.set(this.#name, key);
    const write = (file: string): Promise<void> => rememberHost(file, this.#name, key, { isHashed: this.#settings.hashKnownHosts, random });
    const [first] = userFilesOf(this.#settings, this.#access);
    const { ownKnownHostsFile } = this.#access;
    if (ownKnownHostsFile === undefined) return first === undefined ? undefined : write(first);
    await (first === undefined ? write(ownKnownHostsFile) : write(first).catch(() => write(ownKnownHostsFile)));
  }

  /** Whether somebody said so before, and nobody could write it down. */
  #isConfirmed(key: Buffer): boolean {
    const confirmed = this.#confirmed.get(this.#name);
    if (confirmed === undefined || confirmed.equals(key)) return confirmed !== undefined;
    throw this.#changed(key, 'another key was confirmed before', {
      knownFingerprint: fingerprintOf(confirmed),
      knownKeyType: keyTypeOf(confirmed) ?? 'unknown',
    });
  }

  async #askFor(key: Buffer, isVouchedFor: boolean): Promise<void> {
    const { hostName: host, port, isStrict } = this.#settings;
    const shown = { host, port, keyType: keyTypeOf(key) ?? 'unknown', fingerprint: fingerprintOf(key) };
    const confirm = isStrict ? undefined : this.#access.confirmHost;
    if (confirm !== undefined && (await confirm(shown))) return;
    const why = isVouchedFor ? { reason: 'a certificate authority is known for it, and certificates of hosts are not supported' } : {};
    throw new CadanganError('storage.unknown-host', { ...shown, ...why, ...unheededOf(this.#settings) });
  }

  #changed(key: Buffer, reason: string | undefined, facts: Readonly<Record<string, string | number>>): CadanganError {
    const { hostName: host, port } = this.#settings;
    const shown = { host, port, keyType: keyTypeOf(key) ?? 'unknown', fingerprint: fingerprintOf(key) };
    return new CadanganError('storage.host-changed', { ...shown, ...facts, reason, ...unheededOf(this.#settings) });
  }
}

/** Where new hosts are written, first to last. */
function userFilesOf({ knownHostsFiles }: SshSettings, { knownHostsFile, ownKnownHostsFile }: SftpAccess): readonly string[] {
  return [
    ...(knownHostsFile === undefined ? knownHostsFiles : [knownHostsFile]),
    ...(ownKnownHostsFile === undefined ? [] : [ownKnownHostsFile]),
  ];
}

/** What stands in the configuration and is not heeded; it may be why this host is not the one that was meant. */
export function unheededOf({ ignored }: SshSettings): { readonly unheeded?: readonly string[] } {
  return ignored.length === 0 ? {} : { unheeded: ignored };
}

function whereOf({ file, line }: KnownHost): { readonly file: string; readonly line: number } {
  return { file, line };
}
