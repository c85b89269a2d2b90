import { formatDate, l10n } from '../platform/index.ts';
import type { Form } from './forms.ts';
import type { Problem } from './problem.ts';

type Facts = Problem['facts'];

/**
 * What is wrong and what to do, in the chosen language; for the edges (command line, Problems view). Line and set are for the caller to
 * show.
 */
export function describeProblem({ code, facts }: Problem): string {
  return sentences[code](facts);
}

const sentences: Readonly<Record<Problem['code'], (facts: Facts) => string>> = {
  unreadable: ({ reason }) =>
    l10n.t('The configuration file cannot be read ({reason}).', {
      reason: reason === 'not-utf-8' ? l10n.t('it is not UTF-8 text') : word(reason),
    }),
  'too-large': ({ maxBytes }) => l10n.t('The configuration file is larger than {maxBytes} bytes.', { maxBytes: word(maxBytes) }),
  blank: () =>
    l10n.t(
      'Nothing is written in the configuration file: what was in force before stays in force. To have no backup sets, write "sets": [].',
    ),
  'too-deep': ({ max }) => l10n.t('Brackets are nested more than {max} deep.', { max: word(max) }),
  syntax: ({ reason }) => syntaxText(word(reason)),
  'duplicate-key': ({ key }) => l10n.t('"{key}" stands twice in the same braces. Remove one.', { key: word(key) }),
  'unknown-key': ({ key, suggestion }) =>
    suggestion === undefined
      ? l10n.t('"{key}" is not known and has no effect.', { key: word(key) })
      : l10n.t('"{key}" is not known and has no effect. Do you mean "{suggestion}"?', { key: word(key), suggestion: word(suggestion) }),
  missing: ({ key }) => l10n.t('"{key}" is missing.', { key: word(key) }),
  'wrong-type': ({ expected, actual }) =>
    l10n.t('Here stands {actual}; {expected} is wanted.', { actual: typeText(word(actual)), expected: typeText(word(expected)) }),
  'invalid-value': ({ value, allowed, expected }) =>
    Array.isArray(allowed)
      ? l10n.t('"{value}" is not possible here. Possible are: {allowed}.', { value: word(value), allowed: allowed.join(', ') })
      : l10n.t('"{value}" is not possible here: {wanted}.', { value: word(value), wanted: formText(word(expected)) }),
  'out-of-range': rangeText,
  conflict: ({ key, other }) => l10n.t('"{key}" and "{other}" exclude each other. Remove one.', { key: word(key), other: word(other) }),
  'duplicate-name': ({ name, otherLine }) =>
    l10n.t('Line {otherLine} already has the name "{name}". Give this one another name.', { name: word(name), otherLine: word(otherLine) }),
  'shared-folder': sharedFolderText,
  secret: ({ key }) =>
    l10n.t(
      '"{key}": secrets do not belong into this file. Remove it, and change the secret if others could read the file. Store the password with the command "Cadangan: Enter Password" in VS Code, or name a "passwordFile" or "passwordCommand".',
      { key: word(key) },
    ),
  'password-unattended': () =>
    l10n.t(
      'Nobody can give the password of this set at night: it runs only while a window is open that has it stored. Name a "passwordFile" (chmod 600) or a "passwordCommand".',
    ),
  'password-file-missing': ({ file, at }) =>
    l10n.t('There is no file "{file}" (looked at {time}).', { file: word(file), time: timeText(at) }),
  'password-file-exposed': ({ file, mode, readers, at }) =>
    readers === undefined
      ? l10n.t('Others may read "{file}" (mode {mode}, looked at {time}); it is not used so. Run "chmod 600" on it.', {
          file: word(file),
          mode: word(mode),
          time: timeText(at),
        })
      : l10n.t('Others may read "{file}" ({readers}, looked at {time}); it is not used so. Take the right from them, e.g. with "icacls".', {
          file: word(file),
          readers: word(readers),
          time: timeText(at),
        }),
  'password-file-unchecked': ({ file, at }) =>
    l10n.t(
      'Who may read "{file}" cannot be told (looked at {time}): its disk or share does not say it, or this is the package for every system, without what asks Windows. See to it that nobody else can.',
      { file: word(file), time: timeText(at) },
    ),
  'unsupported-version': ({ version }) =>
    l10n.t('This file has version "{version}"; this Cadangan knows version 1. Update Cadangan.', { version: word(version) }),
};

function timeText(ms: Facts[string]): string {
  return formatDate(BigInt(Number(ms)) * 1_000_000n);
}

function word(fact: Facts[string]): string {
  return String(fact ?? '');
}

function sharedFolderText({ location, relation, other, name, otherLocation, otherLine }: Facts): string {
  const texts = {
    location: word(location),
    otherLocation: word(otherLocation),
    owner: ownerText(word(other), word(name), word(otherLine)),
  };
  switch (word(relation)) {
    case 'inside':
      return l10n.t(
        '"{location}" lies inside "{otherLocation}", the folder of {owner}: files of the one would be in the way of the other. Give each of them a folder of its own, beside each other.',
        texts,
      );
    case 'around':
      return l10n.t(
        'Inside "{location}" lies "{otherLocation}", the folder of {owner}: files of the one would be in the way of the other. Give each of them a folder of its own, beside each other.',
        texts,
      );
    default:
      return l10n.t(
        '"{location}" is also the folder of {owner}: files of the one would be in the way of the other. Give each of them a folder of its own.',
        texts,
      );
  }
}

function ownerText(kind: string, name: string, line: string): string {
  switch (kind) {
    case 'set':
      return l10n.t('the repository of the backup set "{name}" (line {line})', { name, line });
    case 'original':
      return l10n.t('the repository that it is a copy of (line {line})', { line });
    case 'readable':
      return l10n.t('the readable copies of "{name}" (line {line})', { name, line });
    default:
      return l10n.t('the off-site copy "{name}" (line {line})', { name, line });
  }
}

/** The parser's words for what it met (`ParseErrorCode` of jsonc-parser). */
function syntaxText(reason: string): string {
  switch (reason) {
    case 'CommaExpected':
      return l10n.t('A comma is missing before this.');
    case 'ColonExpected':
      return l10n.t('A colon is missing before this.');
    case 'PropertyNameExpected':
      return l10n.t('A name in double quotes is missing here.');
    case 'ValueExpected':
      return l10n.t('A value is missing here.');
    case 'CloseBraceExpected':
      return l10n.t('A closing brace } is missing here.');
    case 'CloseBracketExpected':
      return l10n.t('A closing bracket ] is missing here.');
    case 'EndOfFileExpected':
      return l10n.t('The file should end here.');
    case 'UnexpectedEndOfString':
      return l10n.t('The closing quotation mark of this text is missing.');
    case 'UnexpectedEndOfComment':
      return l10n.t('The end */ of this comment is missing.');
    case 'InvalidEscapeCharacter':
    case 'InvalidUnicode':
      return l10n.t('A backslash in a text must be written twice: "C:\\\\Data".');
    case 'InvalidNumberFormat':
    case 'UnexpectedEndOfNumber':
      return l10n.t('This is not a number.');
    case 'InvalidCharacter':
      return l10n.t('This text has a character that must be written as an escape, such as \\t.');
    default:
      return l10n.t('This is not understood here. Texts stand in double quotes.');
  }
}

function typeText(type: string): string {
  switch (type) {
    case 'string':
      return l10n.t('a text in double quotes');
    case 'number':
      return l10n.t('a number');
    case 'int':
      return l10n.t('a whole number');
    case 'fraction':
      return l10n.t('a number with a fraction');
    case 'boolean':
      return l10n.t('true or false');
    case 'array':
      return l10n.t('a list in brackets [ ]');
    case 'object':
      return l10n.t('an object in braces { }');
    case 'null':
      return l10n.t('null');
    default:
      return type;
  }
}

function rangeText({ origin, minimum, maximum }: Facts): string {
  const isMinimum = minimum !== undefined;
  const bound = word(isMinimum ? minimum : maximum);
  if (origin === 'array')
    return isMinimum
      ? l10n.t('The list needs {bound} or more entries.', { bound })
      : l10n.t('The list has more than {bound} entries.', { bound });
  if (origin === 'string')
    return isMinimum
      ? l10n.t('The text needs {bound} or more characters.', { bound })
      : l10n.t('The text has more than {bound} characters.', { bound });
  return isMinimum ? l10n.t('The number must be at least {bound}.', { bound }) : l10n.t('The number must be at most {bound}.', { bound });
}

function formText(form: string): string {
  return isForm(form) ? forms[form]() : form;
}

function isForm(form: string): form is Form {
  return Object.hasOwn(forms, form);
}

const forms: Readonly<Record<Form, () => string>> = {
  'set-name': () => l10n.t('letters, digits, dot, dash and underscore, at most 64, a letter or digit first'),
  'absolute-path': () => l10n.t('an absolute path such as /srv/data or D:\\\\Data is wanted'),
  source: () =>
    l10n.t('an absolute path such as /srv/data, D:\\\\Data or \\\\\\\\server\\\\share is wanted; a server needs more than one letter'),
  window: () => l10n.t('two times of day such as "21:00-23:00" are wanted'),
  'window-length': () => l10n.t('the window begins and ends at the same time'),
  'time-zone': () => l10n.t('a time zone such as "Asia/Jakarta" is wanted'),
  size: () => l10n.t('a size such as "500k", "20M" or "1G" is wanted'),
  duration: () => l10n.t('a duration such as "2y5m7d3h" is wanted: years, months, days, hours'),
  tag: () => l10n.t('a tag has no comma, and no blank at its ends'),
  program: () => l10n.t('the first word of a command is the program'),
  date: () => l10n.t('a date such as "2026-11-23" is wanted'),
  'not-blank': () => l10n.t('it is empty'),
  proxy: () => l10n.t('an address such as "http://proxy.company.co.id:3128", without a name and password'),
  email: () => l10n.t('an address such as "backup@company.co.id"'),
  'drive-folder': () => l10n.t('a folder on Google Drive such as "gdrive:Backup/accounting"'),
  'copy-place': () =>
    l10n.t(
      'a folder on Google Drive such as "gdrive:Backup/accounting", a server such as "sftp:backup@nas:/srv/accounting", or an absolute path is wanted',
    ),
  'drive-id': () => l10n.t('the id of a shared drive, as it stands at the end of its web address'),
  location: () =>
    l10n.t(
      'an absolute path such as /mnt/backup/repository, a share, a folder on Google Drive such as "gdrive:Backup/server", or a server such as "sftp:backup@nas:/srv/cadangan" is wanted',
    ),
  storage: () =>
    l10n.t(
      'the location of a server such as "sftp:backup@nas" or "rest:https://backup.company.co.id:8000/", or how such ones begin, is wanted',
    ),
  rate: () => l10n.t('a speed such as "2 Mbit/s" or "500 kB/s" is wanted, or "none"'),
  'rate-min': () => l10n.t('a speed of 64 kbit/s or more is wanted: below, nothing would come to its end'),
  time: () => l10n.t('a time of day such as "07:00" is wanted'),
  'web-address': () => l10n.t('an address such as "https://hooks.company.co.id/cadangan", without a name and password, is wanted'),
  'not-unique': () => l10n.t('another one has this name'),
  chat: () => l10n.t('the number of a chat such as -1001234567890, or a channel such as "@name", is wanted'),
  'keep-rule': () => l10n.t('at least one rule such as "keepDaily" is wanted'),
};
