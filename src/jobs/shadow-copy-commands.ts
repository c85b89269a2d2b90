/*
 * What makes and removes shadow copies of volumes (VSS), as Microsoft documents it: `diskshadow` of Windows Server, and the class
 * Win32_ShadowCopy by PowerShell where that is not there. Pure: texts, and what they answer.
 */

/** A volume as it was at one moment. */
export interface ShadowCopy {
  /** `{...}` */
  readonly id: string;
  /** Of the volume, in upper case. */
  readonly drive: string;
  /** `\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy7` */
  readonly device: string;
}

/**
 * A script for `diskshadow /s`, which makes copies of all at the same moment, with the writers of databases and virtual machines. There is
 * no `begin backup`: with it Exchange would take the run for its own full backup and cut off its logs.
 * @param metadataFile it writes its description of the copies there; without a name into the current folder
 */
export function diskshadowScript(drives: readonly string[], metadataFile: string): string {
  const volumes = drives.map((drive) => `add volume ${checked(drive)}: alias ${aliasOf(drive)}`);
  return [`set metadata "${metadataFile}"`, 'set context persistent', ...volumes, 'create', ''].join('\r\n');
}

/** `create` lists each copy by its id with the alias behind it, then its device: those words are not translated. */
export function parseDiskshadow(output: string, drives: readonly string[]): ShadowCopy[] {
  return drives.flatMap((drive) => {
    const listed = new RegExp(`(\\{[0-9a-f-]{36}\\})\\s+%${aliasOf(drive)}%`, 'i').exec(output);
    const device = listed && deviceIn(output.slice(listed.index));
    return listed?.[1] !== undefined && device ? [{ id: listed[1], drive, device }] : [];
  });
}

/**
 * Makes a copy of one volume where there is no `diskshadow`. It waits for no writer: what it has is as after a power failure, which file
 * systems and databases are made for.
 */
export function makeCommand(drive: string): readonly string[] {
  return powershell(
    [
      `$ErrorActionPreference = 'Stop'`,
      `$made = Invoke-CimMethod -ClassName Win32_ShadowCopy -MethodName Create -Arguments @{ Volume = '${checked(drive)}:\\'; Context = 'ClientAccessible' }`,
      `if ($made.ReturnValue -ne 0) { Write-Output "code $($made.ReturnValue)"; exit 1 }`,
      `$copy = Get-CimInstance -ClassName Win32_ShadowCopy -Filter "ID='$($made.ShadowID)'"`,
      `Write-Output "$($copy.ID) %${aliasOf(drive)}% $($copy.DeviceObject)"`,
    ].join('\n'),
  );
}

/** Removes copies, whoever made them. One that is gone already is no failure. */
export function removeCommand(ids: readonly string[]): readonly string[] {
  const filter = ids.map((id) => `ID='${checkedId(id)}'`).join(' OR ');
  return powershell(
    `$ErrorActionPreference = 'Stop'\nGet-CimInstance -ClassName Win32_ShadowCopy -Filter "${filter}" | Remove-CimInstance`,
  );
}

export function isShadowId(id: string): boolean {
  return /^\{[0-9a-f-]{36}\}$/i.test(id);
}

/** As UTF-16 and base64 no shell or quote is in its way (about_PowerShell_exe, `-EncodedCommand`). */
function powershell(script: string): readonly string[] {
  const encoded = Buffer.from(script, 'utf16le').toString('base64');
  return ['powershell.exe', '-NoProfile', '-NonInteractive', '-EncodedCommand', encoded];
}

function deviceIn(text: string): string | undefined {
  return /\\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy\d+/i.exec(text)?.[0];
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
