// Imitates the programs of Windows that make shadow copies, after their documentation: `shadow-tool.mjs TOOL FOLDER ARGUMENTS`.
// A "volume" is FOLDER/volumes/C, a copy of it lies in FOLDER/copies/N, and what they did stands in FOLDER/did.
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [tool, folder, ...args] = process.argv.slice(2);
const device = (number) => `\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy${number}`;
const idOf = (number) => `{3808876B-C176-4E48-B7AE-${String(number).padStart(12, '0')}}`;
const did = (what) => appendFileSync(join(folder, 'did'), `${what}\n`);
const wish = (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined);

function copyOf(letter) {
  mkdirSync(join(folder, 'copies'), { recursive: true });
  const number = readdirSync(join(folder, 'copies')).length + 1;
  cpSync(join(folder, 'volumes', letter), join(folder, 'copies', String(number)), { recursive: true, preserveTimestamps: true });
  did(`made ${letter} ${number}`);
  return number;
}

async function untilWished(name) {
  while (wish(name) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
}

if (tool === 'powershell') {
  if (args[0] !== '-EncodedCommand') throw new Error('it would need rules of quotation');
  const script = Buffer.from(args[1], 'base64').toString('utf16le');
  const made = /Volume = '(.):\\'; Context = 'ClientAccessible'/.exec(script);
  const removed = /Filter "(ID=[^"]*)" \| Remove-CimInstance/.exec(script);
  if (made) {
    const code = wish(`refuses-${made[1]}`);
    if (wish('fails') !== undefined) {
      process.stdout.write('Get-CimInstance : Access is denied.\r\n');
      process.stderr.write('#< CLIXML\r\n<Objs>Access is denied.</Objs>');
      process.exit(1);
    }
    if (code !== undefined) {
      console.log(`code ${code}`);
      process.exit(1);
    }
    if (wish('slow') !== undefined) {
      writeFileSync(join(folder, 'began'), '');
      await untilWished('goes-on');
    }
    const number = copyOf(made[1]);
    console.log(`${idOf(number)} %CADANGAN_${made[1]}%\r\n${device(number)}\r`);
  } else if (removed) {
    if (wish('keeps') !== undefined) process.exit(1);
    for (const [, number] of removed[1].matchAll(/0*(\d+)\}/g)) {
      rmSync(join(folder, 'copies', number), { recursive: true, force: true });
      mkdirSync(join(folder, 'copies', `gone-${number}`), { recursive: true }); // numbers are not given twice
      did(`removed ${number}`);
    }
  }
} else if (tool === 'cmd') {
  const [, link, to] = /^mklink \/d (\S+) (\S+)\\$/.exec(args.join(' '));
  symlinkSync(join(folder, 'copies', /\d+$/.exec(to)[0]), link);
} else if (tool === 'diskshadow') {
  const script = readFileSync(args[1], 'latin1');
  const volumes = [...script.matchAll(/add volume (.): alias (\w+)/g)];
  did(`diskshadow ${volumes.map(([, letter]) => letter).join(' ')}`);
  writeFileSync(/set metadata "([^"]*)"/.exec(script)[1], '');
  console.log('Microsoft DiskShadow versi 1.0\r\n-> set context persistent');
  const refused = volumes.find(([, letter]) => wish(`no-writers-${letter}`) !== undefined);
  if (refused) {
    console.log('Volume tidak didukung.');
    process.exit(1);
  }
  for (const [, letter, alias] of volumes) {
    const number = copyOf(letter);
    console.log(`Alias ${alias} for shadow ID ${idOf(number)} set as environment variable.`);
    console.log(`\t* ID Salinan bayangan = ${idOf(number)}\t\t%${alias}%`);
    console.log(`\t\t- Kumpulan: {7A3E1C0D-52A8-4C84-9F1F-1C86E9A4AF01}\t%VSS_SHADOW_SET%`);
    console.log(`\t\t- Nama perangkat: ${device(number)}\r\n`);
  }
}
