import { escapeHtml, formatDate, l10n, passwordText, system, type Language, type Password } from '../platform/index.ts';
import type { RecoveryKit } from './protocol.ts';

export interface RecoveryKitFacts {
  readonly location: string;
  /** The repository's own id, 64 hex digits. */
  readonly id: string;
  /** Of the key that the password opens. */
  readonly keyId: string;
  readonly version: number;
  readonly host: string;
  readonly organisation: string | undefined;
  readonly madeAtNs: bigint;
  readonly timeZone: string | undefined;
  readonly language: Language;
  /** Only when it is to be printed. */
  readonly password: Password | undefined;
}

/** What is on the page, whatever it is written in. */
interface Page {
  readonly title: string;
  readonly intro: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly passwordLabel: string;
  readonly passwordHint: string;
  readonly password: string | undefined;
  readonly stepsTitle: string;
  readonly steps: readonly { readonly text: string; readonly command?: string }[];
  readonly footer: string;
}

/**
 * One page for whoever has nothing but the repository and this paper: it needs no Cadangan. In the language that was chosen by
 * `setLanguage`. A password is on it only when the facts have one that can be typed from paper; otherwise there is a line to write it on,
 * or the name of its place.
 */
export function makeRecoveryKit(facts: RecoveryKitFacts): RecoveryKit {
  const page = pageOf(facts);
  return { html: htmlOf(page, facts.language), text: textOf(page) };
}

function pageOf(facts: RecoveryKitFacts): Page {
  const shell = shellOf(facts.location);
  const location = shell.word(facts.location);
  const password = facts.password && typeableText(facts.password);
  return {
    title: l10n.t('Recovery kit'),
    intro: l10n.t(
      'With this page and the password, every backup in this repository can be restored on any computer, with or without Cadangan. Keep it on paper, in a safe place away from the server.',
    ),
    facts: [
      ...(facts.organisation === undefined ? [] : [[l10n.t('Organisation'), facts.organisation] as const]),
      [l10n.t('Server'), facts.host],
      [l10n.t('Repository'), facts.location],
      [l10n.t('Repository ID'), inGroups(facts.id)],
      [l10n.t('Key fingerprint'), inGroups(facts.keyId.slice(0, 32))],
      [l10n.t('Format'), l10n.t('restic repository, version {0}', facts.version)],
      [l10n.t('Made on'), formatDate(facts.madeAtNs, { timeZone: facts.timeZone })],
    ],
    passwordLabel: l10n.t('Password'),
    passwordHint:
      facts.password && password === undefined
        ? l10n.t(
            'This password cannot be typed: it is not plain text. Keep a copy of the file that holds it, in a place that you name here, and give that file to restic with --password-file.',
          )
        : l10n.t(
            'Without the password nobody can read these backups, not even their maker. Write it here by hand, or keep it in a place that you name here.',
          ),
    password,
    stepsTitle: l10n.t('How to restore without Cadangan'),
    steps: [
      { text: l10n.t('Install restic, version 0.14 or later: from the packages of your system, or from https://restic.net.') },
      {
        text: l10n.t(
          'Make the repository reachable at the place named above: connect the disk, mount the share, or copy the repository to a folder and use that folder instead.',
        ),
      },
      ...shell.steps(),
      {
        text: l10n.t('List the backups. restic asks for the password; the repository ID that it shows is the one above.'),
        command: `restic -r ${location} snapshots`,
      },
      {
        text: l10n.t('Restore the newest backup into an empty folder. For an older one write its ID instead of "latest".'),
        command: `restic -r ${location} restore latest --target ${shell.target}`,
      },
      {
        text: l10n.t('Or restore one folder or file only.'),
        command: `restic -r ${location} restore latest --target ${shell.target} --include ${shell.example}`,
      },
      { text: l10n.t('If you doubt the disk, have everything read and proven.'), command: `restic -r ${location} check --read-data` },
    ],
    footer: l10n.t('The format of the repository is published: https://restic.readthedocs.io, chapter "Design".'),
  };
}

function textOf({ title, intro, facts, passwordLabel, passwordHint, password, stepsTitle, steps, footer }: Page): string {
  const width = Math.max(...[...facts.map(([label]) => label), passwordLabel].map((label) => label.length));
  const line = (label: string, value: string): string => `${label.padEnd(width)}  ${printable(value)}`;
  return [
    title.toUpperCase(),
    '',
    intro,
    '',
    ...facts.map(([label, value]) => line(label, value)),
    '',
    line(passwordLabel, password ?? '_'.repeat(40)),
    passwordHint,
    '',
    stepsTitle.toUpperCase(),
    '',
    ...steps.flatMap(({ text, command }, at) => [
      `${at + 1}. ${text}`,
      ...(command === undefined ? [] : [`     ${printable(command)}`]),
      '',
    ]),
    footer,
    '',
  ].join('\n');
}

function htmlOf(
  { title, intro, facts, passwordLabel, passwordHint, password, stepsTitle, steps, footer }: Page,
  language: Language,
): string {
  const rows = facts.map(([label, value]) => `<tr><th>${escaped(label)}</th><td><code>${escaped(value)}</code></td></tr>`);
  const items = steps.map(
    ({ text, command }) => `<li>${escaped(text)}${command === undefined ? '' : `<pre>${escaped(command)}</pre>`}</li>`,
  );
  const field = password === undefined ? '<div class="line"></div>' : `<pre class="password">${escaped(password)}</pre>`;
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Cadangan: ${escaped(title)}</title>
<style>
@page { size: A4; margin: 18mm; }
body { font: 11pt/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 174mm; margin: 10mm auto; }
h1 { font-size: 20pt; margin: 0 0 4mm; }
h2 { font-size: 13pt; margin: 8mm 0 2mm; }
table { border-collapse: collapse; width: 100%; margin: 5mm 0; }
th, td { text-align: left; vertical-align: top; padding: 1.5mm 3mm 1.5mm 0; border-bottom: 1px solid #ccc; }
th { white-space: nowrap; font-weight: 600; }
code, pre { font-family: ui-monospace, monospace; font-size: 10pt; overflow-wrap: anywhere; white-space: pre-wrap; margin: 1mm 0; }
pre { background: #f3f3f3; padding: 2mm 3mm; border-radius: 1mm; }
.password { font-size: 13pt; }
.line { border-bottom: 1px solid #111; height: 12mm; }
li { margin: 2mm 0; break-inside: avoid; }
footer { margin-top: 8mm; color: #555; font-size: 9pt; }
</style>
</head>
<body>
<h1>Cadangan: ${escaped(title)}</h1>
<p>${escaped(intro)}</p>
<table>${rows.join('')}</table>
<h2>${escaped(passwordLabel)}</h2>
${field}
<p>${escaped(passwordHint)}</p>
<h2>${escaped(stepsTitle)}</h2>
<ol>${items.join('')}</ol>
<footer>${escaped(footer)}</footer>
</body>
</html>
`;
}

/** Undefined for bytes that a page would show as something else: no UTF-8, or characters that rearrange a page. */
function typeableText(password: Password): string | undefined {
  const text = passwordText(password);
  return text === undefined || printable(text) !== text ? undefined : text;
}

/** Read aloud and compared by people. */
function inGroups(hex: string): string {
  return hex.match(/.{1,8}/g)?.join(' ') ?? '';
}

interface Shell {
  /** A word of it that means this text. */
  word(text: string): string;
  readonly target: string;
  /** What is to be done before its commands. */
  steps(): Page['steps'];
  /** A folder of a snapshot. */
  readonly example: string;
}

const posixShell: Shell = {
  word: (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`),
  target: './restored',
  steps: () => [],
  example: '/srv/data',
};

/**
 * Between single quotes all stands for itself but these, for which PowerShell takes typographic ones, too (about_Quoting_Rules). Version 5
 * hands a word with a blank on between double quotes, as it is: a backslash at its end would be one before the quote (about_Parsing,
 * `$PSNativeCommandArgumentPassing`). The folder is the same without it.
 */
const powerShell: Shell = {
  word: (text) => (/^[\w:./\\-]+$/.test(text) ? text : `'${text.replace(/\\+$/, '').replace(/['\u2018-\u201b]/g, '$&$&')}'`),
  target: '.\\restored',
  steps: () => [{ text: l10n.t('Open PowerShell, and go to a folder with room for what is restored: the commands are written for it.') }],
  example: '/C/Data',
};

/** Of the system that the location is of, else of this one: the next server will be like it. */
function shellOf(location: string): Shell {
  return /^(?:[A-Za-z]:|\\\\)/.test(location) || (system.isWindows && !location.startsWith('/')) ? powerShell : posixShell;
}

function escaped(text: string): string {
  return escapeHtml(printable(text));
}

/** Control characters could rearrange a page or a terminal. */
function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
