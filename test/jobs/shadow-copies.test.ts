import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeShadowCopies, type ShadowWorld } from '../../src/jobs/shadow-copies.ts';
import { diskshadowScript, makeCommand, parseDiskshadow, removeCommand } from '../../src/jobs/shadow-copy-commands.ts';
import { byteStringFromText } from '../../src/platform/index.ts';
import { thisProcess } from '../../src/records/index.ts';

const ids = { C: '{11111111-aaaa-4bbb-8ccc-000000000001}', D: '{11111111-aaaa-4bbb-8ccc-000000000002}' } as const;
const device = '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy';

/** What `create` says of two volumes, as Microsoft's documentation of diskshadow has it. */
const created = `
-> create
Alias CADANGAN_C for shadow ID ${ids.C} set as environment variable.
Alias CADANGAN_D for shadow ID ${ids.D} set as environment variable.
Alias VSS_SHADOW_SET for shadow set ID {11111111-aaaa-4bbb-8ccc-0000000000ff} set as environment variable.

Querying all shadow copies with the shadow copy set ID {11111111-aaaa-4bbb-8ccc-0000000000ff}

	* Shadow copy ID = ${ids.C}		%CADANGAN_C%
		- Shadow copy set: {11111111-aaaa-4bbb-8ccc-0000000000ff}	%VSS_SHADOW_SET%
		- Original volume name: \\\\?\\Volume{22222222-aaaa-4bbb-8ccc-000000000001}\\ [C:\\]
		- Shadow copy device name: ${device}7
	* Shadow copy ID = ${ids.D}		%CADANGAN_D%
		- Shadow copy set: {11111111-aaaa-4bbb-8ccc-0000000000ff}	%VSS_SHADOW_SET%
		- Original volume name: \\\\?\\Volume{22222222-aaaa-4bbb-8ccc-000000000002}\\ [D:\\]
		- Shadow copy device name: ${device}12

Number of shadow copies listed: 2
`;

function scriptOf(command: readonly string[]): string {
  return Buffer.from(command.at(-1) ?? '', 'base64').toString('utf16le');
}

/** A machine whose programs answer with what `answer` gives. */
function machine(t: TestContext, answer: (command: readonly string[]) => string | Error, diskshadow?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-shadow-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const world: ShadowWorld = {
    folder,
    isWindows: true,
    diskshadow,
    run: (command) => {
      said.push(command[1] === '/s' ? readFileSync(command[2] ?? '', 'utf8') : scriptOf(command));
      const answered = answer(command);
      return Promise.resolve(
        answered instanceof Error ? { failure: answered.message, output: '' } : { failure: undefined, output: answered },
      );
    },
  };
  return { world, said, folder };
}

test('one script makes copies of all volumes at the same moment, and what it answers is understood in any language', () => {
  assert.deepEqual(parseDiskshadow(created, ['C', 'D']), [
    { id: ids.C, drive: 'C', device: `${device}7` },
    { id: ids.D, drive: 'D', device: `${device}12` },
  ]);
  assert.deepEqual(parseDiskshadow(created, ['E']), []);
  assert.deepEqual(parseDiskshadow('-> create\r\nCOM call "..." failed.', ['C']), []);
  const lines = diskshadowScript(['C', 'D'], 'T:\\m.cab').split('\r\n');
  assert.deepEqual(lines, [
    'set metadata "T:\\m.cab"',
    'set context persistent',
    'add volume C: alias CADANGAN_C',
    'add volume D: alias CADANGAN_D',
    'create',
    '',
  ]);
  assert.throws(() => diskshadowScript(['C & del'], 'm'));
  assert.throws(() => removeCommand(["' OR 1=1"]));
  assert.match(scriptOf(makeCommand('D')), /Volume = 'D:\\'/);
});

test('volumes are read from their copies, which are gone afterwards', async (t) => {
  const { world, said, folder } = machine(t, (command) => (command[1] === '/s' ? created : ''), 'C:\\Windows\\System32\\diskshadow.exe');
  {
    await using copies = await makeShadowCopies(['C:\\Data', 'd:\\SQL', 'C:\\Users', '\\\\nas\\share\\docs'], world);
    assert.deepEqual(copies.failures, [{ item: '\\\\nas\\share\\docs', reason: 'it lies on no volume of this machine' }]);
    assert.equal(copies.placeToRead(byteStringFromText('C:/Data/a.txt')), '//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy7/Data/a.txt');
    assert.equal(copies.placeToRead(byteStringFromText('D:/SQL')), '//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy12/SQL');
    assert.equal(copies.placeToRead(byteStringFromText('//nas/share/docs')), '//nas/share/docs');
    assert.equal(readdirSync(folder).length, 1);
  }
  assert.equal(said.length, 2);
  assert.match(said[1] ?? '', new RegExp(`ID='${ids.C}' OR ID='${ids.D}'`));
  assert.deepEqual(readdirSync(folder), []);
});

test('where there is no diskshadow each volume has a copy of its own, and what cannot be copied is read as it is, and named', async (t) => {
  const { world, said } = machine(t, (command) => {
    const script = scriptOf(command);
    if (script.includes("Volume = 'C:")) return `${ids.C} %CADANGAN_C% ${device}3\r\n`;
    return script.includes("Volume = 'D:") ? new Error('exit code 1') : '';
  });
  await using copies = await makeShadowCopies(['C:/Data', 'D:/SQL'], world);
  assert.deepEqual(copies.failures, [{ item: 'D:\\', reason: 'exit code 1' }]);
  assert.equal(copies.placeToRead(byteStringFromText('C:/Data')), '//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy3/Data');
  assert.equal(copies.placeToRead(byteStringFromText('D:/SQL')), 'D:/SQL');
  assert.equal(said.length, 2);
});

test('copies that a killed run left go with the next run; those of a living one stay', async (t) => {
  const { world, said, folder } = machine(t, () => '');
  mkdirSync(folder, { recursive: true });
  const dead = { ...thisProcess(), pid: 2 ** 22 + 1 };
  writeFileSync(join(folder, 'dead.json'), JSON.stringify({ owner: JSON.stringify(dead), ids: [ids.C, 'no id'] }));
  writeFileSync(join(folder, 'living.json'), JSON.stringify({ owner: JSON.stringify(thisProcess()), ids: [ids.D] }));
  writeFileSync(join(folder, 'broken.json'), '{');
  await using copies = await makeShadowCopies([], world);
  assert.deepEqual(copies.failures, []);
  assert.equal(said.length, 1);
  assert.ok(said[0]?.includes(ids.C) && !said[0].includes(ids.D));
  assert.ok(!existsSync(join(folder, 'dead.json')) && existsSync(join(folder, 'living.json')));
});

test('what cannot be removed now is remembered, and other systems have none', async (t) => {
  const { world, folder } = machine(t, (command) =>
    scriptOf(command).includes('Remove-CimInstance') ? new Error('exit code 1') : `${ids.C} %CADANGAN_C% ${device}3`,
  );
  await (await makeShadowCopies(['C:\\'], world))[Symbol.asyncDispose]();
  assert.equal(readdirSync(folder).length, 1);
  const { failures } = await makeShadowCopies(['/srv'], { ...world, isWindows: false });
  assert.deepEqual(failures, [{ item: '/srv', reason: 'only Windows has shadow copies' }]);
});
