import versions from './versions.json' with { type: 'json' };

/** The oldest VS Code that the manifest allows, and the newest that is tested. */
export type VersionName = 'floor' | 'newest';

export const versionNames: readonly VersionName[] = ['floor', 'newest'];

/** A package of the npm registry, held by the hash of its tarball. */
export interface PinnedPackage {
  /** `name@version` */
  readonly package: string;
  readonly integrity: string;
}

/** What makes one VS Code: its server, and the Node that its desktop edition has inside. */
export interface PinnedVersion {
  readonly vscode: string;
  readonly server: PinnedPackage;
  /** Undefined on systems that no package brings it for. */
  readonly node: PinnedPackage | undefined;
}

export function pinnedVersion(name: VersionName): PinnedVersion {
  const { vscode, server, node } = versions[name];
  const systems: Readonly<Record<string, PinnedPackage>> = node;
  return { vscode, server, node: systems[`${process.platform}-${process.arch}`] };
}
