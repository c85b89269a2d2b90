/**
 * What a path of Windows says (Microsoft: "File path formats on Windows systems", "Naming Files, Paths, and Namespaces"). `rest` are the
 * names behind, separated by `/`, as they were written.
 */
export type WindowsPath =
  /** From a drive or a share on. `root` ends with `/`; `rootNames` are `['C']`, whatever the case that was written, or server and share. */
  | { readonly kind: 'absolute'; readonly root: string; readonly rootNames: readonly string[]; readonly rest: string }
  /** `C:docs`: from the folder on that is the current one of the drive. */
  | { readonly kind: 'of-drive'; readonly drive: string; readonly rest: string }
  /** `\docs`: from the drive or share on that the current folder lies on. */
  | { readonly kind: 'of-root'; readonly rest: string }
  | { readonly kind: 'relative'; readonly rest: string }
  /** Nothing that a snapshot could name. */
  | { readonly kind: 'unusable'; readonly reason: string };

/**
 * Takes apart what a person or another program wrote, with either slash. `\\?\C:\x` is `C:\x`, and `\\?\UNC\server\share\x` is
 * `\\server\share\x`.
 */
export function parseWindowsPath(path: string): WindowsPath {
  const slashed = slashedWindowsPath(path);
  // `\\.\` and what is left of `\\?\` (volumes, GLOBALROOT), and `\??\`, which is the kernel's own word for both.
  const isOfDevice = /^(?:\/\/[.?]|\/\?\?)(?:\/|$)/.test(slashed);
  if (isOfDevice) return { kind: 'unusable', reason: 'it is a path of a device, not of a drive or share' };
  if (slashed.startsWith('//')) return parseShare(slashed);
  const [, letter, rest = ''] = /^([A-Za-z]):(.*)$/s.exec(slashed) ?? [];
  if (letter === undefined) return { kind: slashed.startsWith('/') ? 'of-root' : 'relative', rest: slashed };
  // Windows does not tell `c:` from `C:`, but writes it large; editors and shells do as they like.
  const drive = letter.toUpperCase();
  // `C:` alone is the drive: restic adds the separator (internal/archiver/archiver.go, `resolveRelativeTargets`).
  if (rest !== '' && !rest.startsWith('/')) return { kind: 'of-drive', drive, rest };
  return { kind: 'absolute', root: `${drive}:/`, rootNames: [drive], rest };
}

function parseShare(slashed: string): WindowsPath {
  const [, server = '', share = '', rest = ''] = /^\/\/([^/]+)\/+([^/]+)(.*)$/s.exec(slashed) ?? [];
  if (isNoName(server) || isNoName(share)) return { kind: 'unusable', reason: 'it names no share of a server' };
  return { kind: 'absolute', root: `//${server}/${share}/`, rootNames: [server, share], rest };
}

function isNoName(name: string): boolean {
  return name === '' || name === '.' || name === '..';
}

/** With `/` between the names and without the `\\?\` that only says how long a path may be. */
export function slashedWindowsPath(path: string): string {
  const slashed = path.replaceAll('\\', '/');
  return slashed.replace(/^\/\/\?\/(?:(UNC)\/|(?=[A-Za-z]:(?:\/|$)))/i, (_prefix, share?: string) => (share === undefined ? '' : '//'));
}
