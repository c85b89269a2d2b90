// What the managers of services are told, as text, held against what is known of their forms.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { olderService } from '../../../src/host/index.ts';
import { systemCrontab, withoutUserLines, withUserLines } from '../../../src/host/system-service/cron-lines.ts';
import type { ServiceDescription } from '../../../src/host/system-service/description.ts';
import { launchdPlist } from '../../../src/host/system-service/launchd-plist.ts';
import { rightsOfUnit, systemUnit, userUnit } from '../../../src/host/system-service/systemd-unit.ts';
import { taskXml } from '../../../src/host/system-service/task-xml.ts';
import { needs } from '../../needs.ts';

const command = [
  '/opt/cadangan/current/node',
  '/opt/cadangan/current/dist/cli.js',
  'service',
  'run',
  '--config',
  '/etc/cadangan/cadangan.jsonc',
];

const usual: ServiceDescription = {
  command,
  account: 'cadangan',
  stateFolder: '/var/lib/cadangan',
  runtimeFolder: '/run/cadangan',
  rights: {
    writable: ['/mnt/backup/repository'],
    credentials: [{ name: 'password-0123456789abcdef', path: '/etc/cadangan/password of accounting' }],
  },
};

/** Paths as people make them, and as attackers do. */
const strange: ServiceDescription = {
  ...usual,
  command: [...command, '/opt/50% of $HOME/"quoted"\\back', "it's & <all>"],
  rights: {
    writable: ['/srv/100% ours', "/srv/it's", '/srv/"quoted"', '/srv/back\\slash', '/srv/$HOME'],
    credentials: [{ name: 'password-0123456789abcdef', path: '/srv/a:b 100%' }],
  },
};

const golden: Readonly<Record<string, string>> = {
  'system.service': systemUnit(usual),
  'user.service': userUnit(usual),
  'system.cron': systemCrontab(usual),
  'daemon.plist': launchdPlist(usual, false),
  'agent.plist': launchdPlist(usual, true),
  'boot-task.xml': taskXml(usual, false),
  'logon-task.xml': taskXml({ ...usual, account: 'SRV-01\\budi' }, true),
};

for (const [name, text] of Object.entries(golden)) {
  test(`what is written as ${name} is what was looked at`, () => {
    const file = new URL(`golden/${name}`, import.meta.url);
    const lines = text.replaceAll('\r\n', '\n');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, lines);
    assert.equal(lines, readFileSync(file, 'utf8'));
  });
}

function unitFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-unit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'cadangan.service');
  writeFileSync(file, text);
  return file;
}

/** The programs of a unit that is only looked at need not be there; an account has to. */
function verifiable(description: ServiceDescription): ServiceDescription {
  return { ...description, account: 'daemon', command: [process.execPath, ...description.command.slice(1)] };
}

const systemd = needs('systemd-analyze');

for (const [name, text] of [
  ['of the machine', systemUnit(verifiable(usual))],
  ['of the machine, with strange paths', systemUnit(verifiable(strange))],
  [
    'of the machine, below another root',
    systemUnit(verifiable({ ...usual, stateFolder: '/image/var/lib/cadangan', runtimeFolder: '/image/run' })),
  ],
  ['of a user', userUnit(verifiable(strange))],
] as const) {
  test(`systemd has nothing to say against the unit ${name}`, systemd, (t) => {
    const run = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', unitFile(t, text)], { encoding: 'utf8' });
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', '']);
  });
}

test('systemd finds a mistake in such a unit, so that its silence says something', systemd, (t) => {
  const text = systemUnit(verifiable(usual)).replace('Restart=always', 'Restart=sometimes');
  const run = spawnSync('systemd-analyze', ['verify', '--man=no', unitFile(t, text)], { encoding: 'utf8' });
  assert.match(run.stderr, /restart specifier/);
});

test('systemd holds the unit of the nights for exposed by at most 4.0', systemd, (t) => {
  const args = ['security', '--offline=true', '--no-pager', '--threshold=40', unitFile(t, systemUnit(usual))];
  const run = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout.slice(-500) + run.stderr);
  assert.doesNotMatch(systemUnit(usual), /MemoryDenyWriteExecute/);
});

test('what a unit allows is read from it as it was written', () => {
  assert.deepEqual(rightsOfUnit(systemUnit(usual)), usual.rights);
  assert.deepEqual(rightsOfUnit(systemUnit(strange)), strange.rights);
  assert.deepEqual(rightsOfUnit(userUnit(strange)), { writable: [], credentials: [] });
});

test('a path that a manager cannot name is refused, not written in another way', () => {
  for (const path of ['/srv/a\nUser=root', '/srv/a\rb']) {
    const rights = { writable: [path], credentials: [] };
    assert.throws(() => systemUnit({ ...usual, rights }), /arguments.invalid/);
    assert.throws(() => systemUnit({ ...usual, command: [path] }), /arguments.invalid/);
    assert.throws(() => systemUnit({ ...usual, rights: { writable: [], credentials: [{ name: 'x', path }] } }), /arguments.invalid/);
    assert.throws(() => systemCrontab({ ...usual, command: [path] }), /arguments.invalid/);
  }
  assert.throws(() => systemUnit({ ...usual, rights: { writable: [`/srv/'"`], credentials: [] } }), /quotes of both kinds/);
});

for (const [name, text] of [
  ['a daemon', launchdPlist(strange, false)],
  ['an agent', launchdPlist(strange, true)],
] as const) {
  test(`the property list of ${name} says what it was made of, as another program reads it`, needs('plistutil'), (t) => {
    const file = unitFile(t, text);
    const binary = execFileSync('plistutil', ['-i', file, '-f', 'bin']);
    const script = 'import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)';
    const read = JSON.parse(execFileSync('python3', ['-c', script], { input: binary, encoding: 'utf8' })) as Record<string, unknown>;
    assert.deepEqual(read['ProgramArguments'], strange.command);
    assert.deepEqual([read['KeepAlive'], read['RunAtLoad'], read['Umask']], [true, true, 0o077]);
    assert.deepEqual(read['SoftResourceLimits'], { Core: 0 });
    assert.equal(read['UserName'], name === 'a daemon' ? 'cadangan' : undefined);
  });
}

/** Microsoft's "Task Scheduler Schema": the children that each of our elements may have, in the order in which Windows exports them. */
const orderOfTasks: Readonly<Record<string, readonly string[]>> = {
  Task: ['RegistrationInfo', 'Triggers', 'Principals', 'Settings', 'Actions'],
  RegistrationInfo: ['Date', 'Author', 'Version', 'Description', 'URI'],
  Triggers: ['BootTrigger', 'LogonTrigger'],
  BootTrigger: ['Enabled', 'StartBoundary', 'EndBoundary', 'Repetition', 'ExecutionTimeLimit', 'Delay'],
  LogonTrigger: ['Enabled', 'StartBoundary', 'EndBoundary', 'Repetition', 'ExecutionTimeLimit', 'UserId', 'Delay'],
  Repetition: ['Interval', 'Duration', 'StopAtDurationEnd'],
  Principals: ['Principal'],
  Principal: ['UserId', 'LogonType', 'GroupId', 'RunLevel'],
  Settings: [
    'MultipleInstancesPolicy',
    'DisallowStartIfOnBatteries',
    'StopIfGoingOnBatteries',
    'AllowHardTerminate',
    'StartWhenAvailable',
    'Enabled',
    'ExecutionTimeLimit',
    'Priority',
  ],
  Actions: ['Exec'],
  Exec: ['Command', 'Arguments', 'WorkingDirectory'],
};

for (const [name, text] of [
  ['of the machine', taskXml(strange, false)],
  ['of a user', taskXml(strange, true)],
] as const) {
  test(`the task ${name} has the elements that Microsoft describes, in their order`, () => {
    const root = parseXml(text);
    assert.equal(root.name, 'Task');
    const check = ({ name: parent, children }: Element): void => {
      const order = orderOfTasks[parent];
      if (order === undefined) return assert.deepEqual(children, [], parent);
      const places = children.map((child) => order.indexOf(child.name));
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
        parent,
      );
      assert.ok(!places.includes(-1), parent);
      for (const child of children) check(child);
    };
    check(root);
    const values = JSON.stringify(root);
    assert.ok(values.includes(JSON.stringify(strange.command[0])));
    assert.ok(values.includes(JSON.stringify(`"it's & <all>"`).slice(1, -1)), 'what means something in XML is written as text');
  });
}

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** Well-formed elements, attributes of one kind, text. */
function parseXml(xml: string): Element {
  const top: Element = { name: '', children: [], text: '' };
  const open = [top];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-16"\?>\r\n/, '');
  assert.notEqual(body, xml, 'the declaration');
  let at = 0;
  for (const { 0: tag, 1: slash, 2: name = '', index } of body.matchAll(/<(\/?)([A-Za-z]+)((?: [A-Za-z]+="[^"<&]*")*)>/g)) {
    const between = body.slice(at, index);
    assert.doesNotMatch(between, /[<>]|&(?!amp;|lt;|gt;)/);
    const here = open.at(-1) ?? top;
    here.text += between.trim().replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    at = index + tag.length;
    if (slash === '/') assert.equal(open.pop()?.name, name);
    else {
      const element: Element = { name, children: [], text: '' };
      here.children.push(element);
      open.push(element);
    }
  }
  assert.deepEqual([open.length, body.slice(at).trim(), top.children.length], [1, '', 1]);
  return top.children[0] ?? top;
}

test('the lines of cron start what the shell would start, and `%` is no line break for them', () => {
  const text = systemCrontab(strange);
  const [, line = ''] = /^@reboot root (.*) >\/dev\/null 2>&1$/m.exec(text) ?? [];
  const unescaped = line.replaceAll('\\%', '%');
  assert.doesNotMatch(line.replaceAll('\\%', ''), /%/);
  const words = unescaped.slice(unescaped.indexOf(' -- ') + 4);
  const shown = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${words}`], { encoding: 'utf8' });
  assert.deepEqual(shown.trimEnd().split('\n'), [...strange.command, '--unless-running']);
  assert.equal(text.match(/^\*\/5 \* \* \* \* root /gm)?.length, 1);
});

test("a user's own lines of cron stay as they are, whatever is put beside them, once or twice", () => {
  for (const own of ['', '0 1 * * * backup-home\n', 'MAILTO=budi\n\n0 1 * * * no-line-end']) {
    const once = withUserLines(own, usual);
    assert.equal(withUserLines(once, usual), once);
    assert.equal(withoutUserLines(once).trimEnd(), own.trimEnd());
    assert.equal(withoutUserLines(own), own);
  }
});

test('a service that is older than who asks is brought up to date by whoever installed it', () => {
  const service = { version: '0.1.0', pid: 1, isService: true } as const;
  assert.equal(olderService(service, { version: '0.2.0', isOfMachine: true }, true)?.command, 'sudo cadangan service install');
  assert.equal(olderService(service, { version: '0.2.0', isOfMachine: true }, false)?.command, 'cadangan service install');
  assert.equal(olderService(service, { version: '0.2.0' }, true)?.command, 'cadangan service install --user');
  for (const version of ['0.1.0', '0.0.9']) assert.equal(olderService(service, { version, isOfMachine: true }), undefined);
  assert.equal(olderService({ version: '0.1.0', pid: 1 }, { version: '0.2.0' }), undefined, 'a host that a window started makes room');
});
