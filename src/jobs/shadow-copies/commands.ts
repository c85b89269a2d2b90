/*
 * What makes and removes shadow copies of volumes (VSS), as Microsoft documents it: `diskshadow` of Windows Server, the class
 * Win32_ShadowCopy by PowerShell where that is not there, and `mklink`. Pure: texts, and what they answer.
 */

/** A volume as it was at one moment. */
export interface ShadowCopy {
  /** `{...}` */
  readonly id: string;
  /** Of the volume, in upper case. */
  readonly drive: string;
  /** `\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy7`; undefined of one that the program told no more of. */
  readonly device: string | undefined;
}

/** What `Create` of Win32_ShadowCopy says (Microsoft, "Create method of the Win32_ShadowCopy class"), beside 0 for success. */
const refusals: ReadonlyMap<number, string> = new Map([
  [1, 'shadow copies take the rights of an administrator'],
  [3, 'the volume was not found'],
  [4, 'the volume has no shadow copies'],
  [6, 'there is not enough room for a shadow copy'],
  [7, 'the volume is in use'],
  [8, 'the volume has as many shadow copies as it can have'],
  [9, 'another shadow copy is being made'],
]);

/**
 * A script for `diskshadow /s`, which makes copies of all at the same moment, with the writers of databases and virtual machines. There is
 * no `begin backup`: with it Exchange would take the run for its own full backup and cut off its logs. diskshadow reads it in the code page
 * of the machine, so it has ASCII only: names of files are seen from the folder that diskshadow runs in.
 * @param metadataFile it writes its description of the copies there
 */
export function diskshadowScript(drives: readonly string[], metadataFile: string): string {
  const volumes = drives.map((drive) => `add volume ${checked(drive)}: alias ${aliasOf(drive)}`);
  return [`set metadata "${metadataFile}"`, 'set context persistent', ...volumes, 'create', ''].join('\r\n');
}

/**
 * Makes a copy of one volume where there is no `diskshadow`. It waits for no writer: what it has is as after a power failure, which file
 * systems and databases are made for. Its id is told at once: who is ended then leaves no copy that nobody knows of.
 */
export function makeScript(drive: string): readonly string[] {
  return encoded(
    [
      `$made = Invoke-CimMethod -ClassName Win32_ShadowCopy -MethodName Create -Arguments @{ Volume = '${checked(drive)}:\\'; Context = 'ClientAccessible' }`,
      `if ($made.ReturnValue -ne 0) { Write-Output "code $($made.ReturnValue)"; exit 1 }`,
      `Write-Output "$($made.ShadowID) %${aliasOf(drive)}%"`,
      `$copy = Get-CimInstance -ClassName Win32_ShadowCopy -Filter "ID='$($made.ShadowID)'"`,
      `Write-Output $copy.DeviceObject`,
    ].join('\n'),
  );
}

/**
 * The copies that a program says it has made: each by its id with the alias behind it, then its device. Those words are not translated.
 * A device behind the alias of the next one is not that of this one.
 */
export function copiesIn(output: string, drives: readonly string[]): ShadowCopy[] {
  return drives.flatMap((drive) => {
    const listed = new RegExp(`(\\{[0-9a-f-]{36}\\})\\s+%${aliasOf(drive)}%`, 'i').exec(output);
    const id = listed?.[1];
    if (listed === null || id === undefined || !isShadowId(id)) return [];
    const behind = output.slice(listed.index + listed[0].length).split(/%CADANGAN_/i, 1)[0] ?? '';
    return [{ id, drive, device: /\\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy\d+/i.exec(behind)?.[0] }];
  });
}

/** Why a program made none, as far as it says: its last words, without the XML of PowerShell's progress. */
export function refusalIn(output: string): string | undefined {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const last = lines.filter((line) => line !== '' && !line.startsWith('#<') && !line.startsWith('<')).at(-1);
  const code = /^code (\d+)$/.exec(last ?? '')?.[1];
  return code === undefined ? last : (refusals.get(Number(code)) ?? `Windows says ${code}`);
}

/** Removes copies, whoever made them. One that is gone already is no failure. */
export function removeScript(ids: readonly string[]): readonly string[] {
  const filter = ids.map((id) => `ID='${checkedId(id)}'`).join(' OR ');
  return encoded(`Get-CimInstance -ClassName Win32_ShadowCopy -Filter "${filter}" | Remove-CimInstance`);
}

/**
 * For cmd.exe: a link to the root of a copy. With the backslash at its end the target is the root folder, without it the volume, which
 * nobody may open as a folder (restic, internal/fs/file_windows.go, `fixpath`).
 * @param link a plain name: of words without a space none is quoted, and before a quotation mark libuv would double the backslash
 */
export function linkCommand(link: string, device: string): readonly string[] {
  return ['mklink', '/d', link, `${device}\\`];
}

function isShadowId(id: string): boolean {
  return /^\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i.test(id);
}

/** As UTF-16 and base64 no shell or quote is in its way (about_PowerShell_exe, `-EncodedCommand`). */
function encoded(script: string): readonly string[] {
  const whole = `$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'\n${script}`;
  return ['-EncodedCommand', Buffer.from(whole, 'utf16le').toString('base64')];
}

function aliasOf(drive: string): string {
  return `CADANGAN_${drive}`;
}

function checked(drive: string): string {
  if (!/^[A-Z]$/.test(drive)) throw new Error(`${drive} is no letter of a drive`);
  return drive;
}

function checkedId(id: string): string {
  if (!isShadowId(id)) throw new Error(`${id} is no id of a shadow copy`);
  return id;
}
