import { describeReason, formatBytes, formatDate, holdText, isRemote, l10n } from '../../platform/index.ts';
import type { ErrorData } from '../../service/index.ts';
import type { CommandName } from '../manifest/contributions.ts';
import { instantOf } from './instants.ts';

/** The step that solves it, as a button: a command, or the same thing once more. */
export type Remedy = CommandName | 'retry';

export interface ErrorSentence {
  /** What happened, to what. */
  readonly what: string;
  /** What to do. */
  readonly next: string;
  readonly remedies: readonly Remedy[];
}

/** What the user reads of an error, in the chosen language, with the commands that help. Nothing of the facts can break a line. */
export function describeError({ code, facts, message }: ErrorData): ErrorSentence {
  const text = (name: string) => (name === 'reason' ? describeReason(plain(facts[name]), (other) => other) : plain(facts[name]));
  const make = Object.hasOwn(sentences, code) ? sentences[code] : undefined;
  if (make !== undefined) return make(text);
  return {
    what: l10n.t('It did not work: {reason}', { reason: plain(message) || code }),
    next: l10n.t('The log has the details.'),
    remedies: [],
  };
}

/** One text for a notification. */
export function errorMessage(data: ErrorData): string {
  const { what, next } = describeError(data);
  return next === '' ? what : `${what} ${next}`;
}

type FactReader = (name: string) => string;
type Maker = (text: FactReader) => ErrorSentence;

/** What to do about what stands between this machine and Google, where that showed. */
const between = (text: FactReader) =>
  text('between') === 'proxy'
    ? l10n.t(
        'Something on the way answers in place of Google. Let its addresses through, or name the right proxy ("proxy" under "googleDrive" in the configuration).',
      )
    : text('between') === 'certificate'
      ? l10n.t(
          'Something on the way shows a certificate that nobody here vouches for (TLS inspection), or the clock is wrong. Add the authority of your company to the certificates of the system.',
        )
      : undefined;
const serverIsOn = () => l10n.t('Check the address and the network, and that the server is on.');
const mounted = () => l10n.t('Check that the disk or share is mounted and the network is up.');
const seeLog = () => l10n.t('The log has the details.');
/** What to do where the storage refuses: rights are only one cause. */
const afterRefusal = (text: FactReader) => {
  if (text('until') !== '') return l10n.t('Nobody can delete it before. Retention and prune take it when that time is over.');
  if (text('ours') !== '')
    return l10n.t('Set the clock that is wrong: this machine says {ours}, the server {theirs}.', {
      ours: text('ours'),
      theirs: text('theirs'),
    });
  return text('reason') === 'login'
    ? l10n.t('The server takes none of the keys and passwords that are known here: check the user, and the key under "storages".')
    : l10n.t('Give this user the right to write there.');
};
const reason = (text: FactReader) => (text('reason') === '' ? '' : ` (${text('reason')})`);

/** Asked before a repository is opened, or found out by one that is open. */
const noRepository: Maker = (text) => ({
  what: l10n.t('There is no repository at "{location}".', { location: text('location') }),
  next:
    text('missing') === 'bucket'
      ? l10n.t('There is no bucket of that name: check it, and the name of the server.')
      : l10n.t('Check that the disk or share is mounted. To make a new repository there, run "cadangan init".'),
  remedies: ['retry', 'openConfiguration'],
});

const sentences: Readonly<Record<string, Maker>> = {
  'repository.missing': noRepository,
  'storage.no-repository': noRepository,
  // Of records: a run that claims to be done, and whose evidence says otherwise.
  'no-snapshot': () => ({ what: l10n.t('There is no snapshot that could be restored.'), next: seeLog(), remedies: ['retry'] }),
  'copy-incomplete': (text) => ({
    what: l10n.t('Not everything is in the off-site copy: {files} missing.', { files: text('files') }),
    next: seeLog(),
    remedies: ['retry'],
  }),
  'repository.exists': (text) => ({
    what: l10n.t('There already is a repository at "{location}".', { location: text('location') }),
    next: l10n.t('Use it with its own password, or choose an empty folder.'),
    remedies: [],
  }),
  'repository.wrong-password': (text) => ({
    what: l10n.t('The password does not open the repository at "{location}".', { location: text('location') }),
    next:
      text('keysUntried') === ''
        ? l10n.t('Enter the password that the recovery kit names.')
        : l10n.t('{tried} keys were tried, {untried} more were not: remove keys that nobody uses with "cadangan key remove".', {
            tried: text('keysTried'),
            untried: text('keysUntried'),
          }),
    remedies: ['enterPassword'],
  }),
  'password.missing': (text) => ({
    what: l10n.t('The password of the repository at "{location}" is not known here.', { location: text('location') }),
    next: l10n.t('Enter it once; it is kept in the secret storage of the editor.'),
    remedies: ['enterPassword'],
  }),
  'password.exposed': (text) => ({
    what: l10n.t('Others than its owner may read the password file "{file}"; it is not used.', { file: text('file') }),
    next:
      text('readers') === ''
        ? l10n.t('Take it from them (chmod 600), and change the password if somebody could have read it.')
        : l10n.t('Take it from them (icacls: {readers}), and change the password if somebody could have read it.', {
            readers: text('readers'),
          }),
    remedies: ['retry'],
  }),
  'password.empty': () => ({ what: l10n.t('The password is empty.'), next: l10n.t('Enter a password.'), remedies: ['enterPassword'] }),
  'repository.locked': (text) => ({
    what: lockedText(text),
    next:
      text('goesAt') === ''
        ? l10n.t('If no other program works on it, "cadangan unlock --remove-all" removes the lock.')
        : l10n.t(
            'Wait until it has ended. The lock of a program that is gone goes by itself at {time}; "cadangan unlock --remove-all" removes it at once.',
            { time: formatDate(instantOf(text('goesAt'))) },
          ),
    remedies: ['retry'],
  }),
  'repository.lock-lost': (text) => ({
    what: l10n.t('Stopped: the lock on the repository at "{location}" was lost.', { location: text('location') }),
    next: l10n.t('Another program may have removed it, or the repository was out of reach. Start again: what is stored already is used.'),
    remedies: ['retry'],
  }),
  'repository.damaged': (text) => ({
    what: l10n.t('The repository is damaged: {thing}', {
      thing: `${text('kind')}${text('name') === '' ? '' : `/${text('name').slice(0, 16)}`}${reason(text)}`,
    }),
    next:
      text('kind') === 'index'
        ? l10n.t('Run "cadangan repair index": it makes the index anew from the packs.')
        : l10n.t('Check the repository to see what is affected.'),
    remedies: ['checkRepository'],
  }),
  'repository.pack-unknown': (text) => ({
    what: l10n.t('There is no pack {pack}, neither in the storage nor in the index.', { pack: text('pack') }),
    next: l10n.t('Take the ids from a check that reads all data.'),
    remedies: ['checkRepository'],
  }),
  'repository.index-wrong': () => ({
    what: l10n.t('Index and packs of the repository do not agree: a pack is not there, not whole, or not named.'),
    next: l10n.t('Run "cadangan repair index" first.'),
    remedies: [],
  }),
  'prune.refused': (text) => ({
    what: l10n.t('Nothing was removed from the repository at "{location}": what snapshots need is missing, or its lists cannot be right.', {
      location: text('location'),
    }),
    next: l10n.t('Check the repository to see what is affected.'),
    remedies: ['checkRepository'],
  }),
  'prune.overdue': (text) => ({
    what: l10n.t('What no snapshot needs has not been removed from the repository at "{location}" for {days} days: it was always in use.', {
      location: text('location'),
      days: text('days'),
    }),
    next: l10n.t('Leave a time once a week at which no backup of it runs.'),
    remedies: [],
  }),
  'repository.unsupported': (text) => ({
    what: l10n.t('The repository at "{location}" needs a newer version of Cadangan.', { location: text('location') }),
    next: l10n.t('Update Cadangan.'),
    remedies: [],
  }),
  'repository.self-test': () => ({
    what: l10n.t('This computer computes wrongly: the self-test of the encryption failed.'),
    next: l10n.t('Nothing was written. Restart it, and test its memory.'),
    remedies: ['restartEngine'],
  }),
  'repository.verification': () => ({
    what: l10n.t('Stopped: data read back before it was stored differs from its source.'),
    next: l10n.t('This points to bad memory. Test it before the next backup.'),
    remedies: [],
  }),
  'storage.unreachable': (text) => ({
    what: l10n.t('"{location}" cannot be reached{reason}.', { location: text('location'), reason: reason(text) }),
    next: between(text) ?? (isRemote(text('location')) ? serverIsOn() : mounted()),
    remedies: ['retry'],
  }),
  'storage.full': (text) => ({
    what: l10n.t('There is no space left at "{location}"{space}.', { location: text('location'), space: spaceText(text) }),
    next: l10n.t('Make room there, then start again: what is stored already is used.'),
    remedies: ['retry'],
  }),
  'storage.denied': (text) => ({
    what:
      text('until') === ''
        ? l10n.t('No permission at "{location}"{reason}.', { location: text('location'), reason: reason(text) })
        : l10n.t('"{file}" at "{location}" cannot be deleted until {until}: the storage has locked it.', {
            file: text('file'),
            location: text('location'),
            until: formatDate(instantOf(text('until'))),
          }),
    next: afterRefusal(text),
    remedies: ['retry'],
  }),
  'storage.unknown-host': (text) => ({
    what: l10n.t('The server "{host}" is not known yet; it shows the fingerprint {fingerprint}.', {
      host: text('host'),
      fingerprint: text('fingerprint'),
    }),
    next: l10n.t('Compare it with the one that the server itself shows, and confirm it in the question that comes with the next try.'),
    remedies: ['retry'],
  }),
  'storage.host-changed': (text) => ({
    what: l10n.t('Refused to connect to "{host}": it shows another key ({fingerprint}) than the known one ({knownFingerprint}).', {
      host: text('host'),
      fingerprint: text('fingerprint'),
      knownFingerprint: text('knownFingerprint'),
    }),
    next: l10n.t(
      'Somebody may be in between. Ask whoever runs the server; only when its key was changed on purpose, remove line {line} of {file}.',
      { line: text('line'), file: text('file') },
    ),
    remedies: ['retry'],
  }),
  'storage.not-found': (text) => ({
    what: l10n.t('A file of the repository is missing: {name}', { name: text('name') || text('file') }),
    next: l10n.t('Check the repository to see what is affected.'),
    remedies: ['checkRepository'],
  }),
  'storage.invalid-location': (text) => ({
    what: l10n.t('"{location}" cannot be opened as a repository{reason}.', { location: text('location'), reason: reason(text) }),
    next: l10n.t(
      'Write a folder, a share, a folder on Google Drive such as gdrive:Backup/server, or a server such as sftp:backup@nas:/srv/cadangan.',
    ),
    remedies: ['openConfiguration'],
  }),
  'source.missing': (text) => ({
    what: l10n.t('There is nothing to back up at "{path}".', { path: text('path') || text('paths') }),
    next: l10n.t('Check that the folder is there and mounted, or change the sources of the set.'),
    remedies: ['retry', 'openConfiguration'],
  }),
  'source.unsupported': (text) => ({
    what: l10n.t('"{path}" cannot be backed up{reason}.', { path: text('path'), reason: reason(text) }),
    next: l10n.t('Write the whole path in the sources of the set, from its drive or share on. No snapshot was made.'),
    remedies: ['openConfiguration'],
  }),
  'source.contains-repository': (text) => ({
    what: l10n.t('The repository "{location}" lies in the data that is to be backed up.', { location: text('location') }),
    next: l10n.t('Move it, or exclude its folder in the configuration.'),
    remedies: ['openConfiguration'],
  }),
  'source.empty': () => ({
    what: l10n.t('Nothing is left to back up: everything is excluded.'),
    next: l10n.t('Change the exclusions of the set.'),
    remedies: ['openConfiguration'],
  }),
  'snapshot.not-found': (text) => ({
    what: l10n.t('The snapshot {snapshot} is not in the repository any more.', { snapshot: text('snapshot').slice(0, 8) }),
    next: l10n.t('Choose another date.'),
    remedies: ['refresh'],
  }),
  'snapshot.ambiguous': (text) => ({
    what: l10n.t('Several snapshots begin with {snapshot}.', { snapshot: text('snapshot') }),
    next: l10n.t('Choose another date.'),
    remedies: ['refresh'],
  }),
  'path.unsupported': (text) => ({
    what: l10n.t('"{path}" cannot be used as a path{reason}.', { path: text('path'), reason: reason(text) }),
    next: l10n.t('Write the whole path, from its drive or share on.'),
    remedies: [],
  }),
  'path.not-found': (text) => ({
    what: l10n.t('"{path}" is not in that snapshot.', { path: text('path') }),
    next: l10n.t('Choose another date.'),
    remedies: [],
  }),
  'file.in-use': (text) => ({
    what: l10n.t('"{path}" is in use by another program, which did not let go of it.', { path: text('path') }),
    next: l10n.t('Close the program that has it open, or have the virus scanner leave out that folder; then try again.'),
    remedies: ['retry'],
  }),
  'file.too-large': (text) => ({
    what: l10n.t('"{path}" is too large for an editor{size}.', {
      path: text('path'),
      size: text('sizeBytes') === '' ? '' : ` (${formatBytes(Number(text('sizeBytes')))})`,
    }),
    next: l10n.t('Restore the file instead.'),
    remedies: [],
  }),
  'target.unsafe': (text) => ({
    what: l10n.t('Nothing can be restored to "{target}": {reason}', { target: text('target') || text('path'), reason: text('reason') }),
    next: l10n.t('Choose another destination.'),
    remedies: [],
  }),
  'target.denied': (text) => ({
    what: l10n.t('No permission to write to "{target}".', { target: text('target') || text('path') }),
    next: l10n.t('Choose another destination, or give this user the right to write there.'),
    remedies: [],
  }),
  'target.full': (text) => ({
    what: l10n.t('There is no space left at "{target}"{space}.', { target: text('target') || text('path'), space: spaceText(text) }),
    next: l10n.t('Make room there, or choose another destination.'),
    remedies: [],
  }),
  'target.not-synced': (text) => ({
    what: l10n.t('What was restored into "{target}" is not safely on the disk ({reason}).', {
      target: text('target'),
      reason: text('reason'),
    }),
    next: l10n.t('Look after the disk, and restore again: nothing of what was written last counts as restored.'),
    remedies: [],
  }),
  'home.unknown': () => ({
    what: l10n.t('The home folder of this user is not known.'),
    next: l10n.t('Set HOME, or CADANGAN_CONFIG and CADANGAN_STATE.'),
    remedies: [],
  }),
  'state.unusable': (text) => ({
    what:
      text('owner') === ''
        ? l10n.t('"{path}" cannot be used{reason}.', { path: text('path'), reason: reason(text) })
        : l10n.t('"{path}" cannot be used{reason}: it belongs to user {owner}.', {
            path: text('path'),
            reason: reason(text),
            owner: text('owner'),
          }),
    next:
      text('owner') === '' || text('uid') === '0'
        ? l10n.t('Check the permissions of this user there.')
        : l10n.t('An administrator gives it back: {command}', { command: `sudo chown -R ${text('uid')} "${text('folder')}"` }),
    remedies: ['retry'],
  }),
  'output.failed': (text) => ({
    what: l10n.t('"{file}" cannot be written{reason}.', { file: text('file'), reason: reason(text) }),
    next: l10n.t('Make room there, or choose another destination.'),
    remedies: [],
  }),
  'arguments.invalid': (text) => ({
    what: l10n.t('This cannot be used: {reason}', { reason: joinedFacts(text, ['argument', 'value', 'reason']) }),
    next: '',
    remedies: [],
  }),
  'config.invalid': (text) => ({
    what: l10n.t('The configuration has a mistake in line {line}: {reason}', { line: text('line'), reason: text('reason') }),
    next: l10n.t('Mend it; the Problems view leads there.'),
    remedies: ['openConfiguration'],
  }),
  'config.changed': () => ({
    what: l10n.t('Somebody else has changed the configuration meanwhile.'),
    next: l10n.t('Nothing was overwritten. Do it once more.'),
    remedies: ['retry', 'openConfiguration'],
  }),
  'config.denied': (text) => ({
    what: l10n.t('The configuration "{path}" cannot be written{reason}.', { path: text('path'), reason: reason(text) }),
    next: l10n.t('Give this user the right to write there.'),
    remedies: ['retry'],
  }),
  'set.unknown': (text) => ({
    what: l10n.t('There is no backup set "{set}".', { set: text('set') }),
    next: l10n.t('The configuration may have changed, or have a mistake.'),
    remedies: ['refresh', 'openConfiguration'],
  }),
  'set.exists': (text) => ({
    what: l10n.t('There already is a backup set "{set}".', { set: text('set') }),
    next: l10n.t('Choose another name.'),
    remedies: [],
  }),
  'command.failed': (text) => ({
    what: l10n.t('Nothing was backed up or copied: the program "{program}", which runs before, failed{reason}.', {
      program: text('program'),
      reason: reason(text),
    }),
    next: l10n.t('The record has what it said.'),
    remedies: ['openConfiguration'],
  }),
  'time-zone.unusable': (text) => ({
    what: l10n.t('The time zone of this server, "{timeZone}", is none that is known by its name.', { timeZone: text('timeZone') }),
    next: l10n.t('Write the zone into the configuration, such as "timeZone": "Asia/Jakarta".'),
    remedies: ['openConfiguration'],
  }),
  'schedule.not-running': (text) => ({
    what: l10n.t('No backup set can be run on this server{reason}.', { reason: reason(text) }),
    next: l10n.t('See that the folder in which Cadangan keeps its records can be written, then restart the engine.'),
    remedies: ['restartEngine'],
  }),
  'host.older': () => ({
    what: l10n.t('A window with an older version of Cadangan runs the schedule.'),
    next: l10n.t('Reload that window; then this version takes over.'),
    remedies: [],
  }),
  'offsite.unknown': (text) => ({
    what: l10n.t('There is no off-site copy "{copy}".', { copy: text('copy') }),
    next: l10n.t('The configuration may have changed, or have a mistake.'),
    remedies: ['refresh', 'openConfiguration'],
  }),
  'offsite.exists': (text) => ({
    what: l10n.t('There already is an off-site copy "{copy}".', { copy: text('copy') }),
    next: l10n.t('Choose another name.'),
    remedies: [],
  }),
  'offsite.other-repository': (text) => ({
    what: l10n.t('Refused: "{location}" holds files of another repository ({file}).', { location: text('location'), file: text('file') }),
    next: l10n.t('Nothing was removed there. Give each of the two repositories a folder of its own.'),
    remedies: ['openConfiguration'],
  }),
  'offsite.source-doubtful': (text) => ({
    what: l10n.t('Nothing was copied: the repository at "{location}" is not what it should be{reason}.', {
      location: text('location'),
      reason: reason(text),
    }),
    next: l10n.t('Check that its disk is mounted, and the repository. The off-site copy is as it was.'),
    remedies: ['retry', 'checkRepository'],
  }),
  'offsite.folder-moved': (text) => ({
    what: l10n.t('Stopped: the folder of the copy is not at "{location}" any more; it lies at "{seen}" on Google Drive now.', {
      location: text('location'),
      seen: text('seen'),
    }),
    next: l10n.t('Rename or move it back, or name its new place in the configuration. Nothing was copied.'),
    remedies: ['syncCopy', 'openConfiguration'],
  }),
  'offsite.folder-trashed': (text) => ({
    what: l10n.t('Stopped: the folder of the copy, "{location}", lies in the trash of Google Drive.', { location: text('location') }),
    next: l10n.t('Restore it on drive.google.com within 30 days. Nothing was copied.'),
    remedies: ['syncCopy'],
  }),
  'offsite.folder-unseen': (text) => ({
    what: l10n.t('Stopped: the folder of the copy, "{location}", is not to be seen on Google Drive any more.', {
      location: text('location'),
    }),
    next: l10n.t(
      'It was deleted for good, or the OAuth client was made anew: Google shows a client only what it made itself. Nothing was copied.',
    ),
    remedies: ['syncCopy', 'openConfiguration'],
  }),
  'offsite.files-gone': (text) => ({
    what: l10n.t('Stopped: of {files} files that the copy at "{location}" had, {seen} are there.', {
      files: text('files'),
      location: text('location'),
      seen: text('seen'),
    }),
    next: l10n.t('See where it lies whether a folder in it was renamed, moved or removed, and put it back. Nothing was copied.'),
    remedies: ['syncCopy'],
  }),
  'offsite.not-kept': (text) =>
    text('reason') === 'config-held'
      ? {
          what: l10n.t(
            'The copy at "{location}" cannot be kept up any more: the repository was migrated, and the config there can neither be replaced nor removed.',
            {
              location: text('location'),
            },
          ),
          next: l10n.t('Give the copy a new place: all is copied there. What lies at the old one stays as it is and can be restored from.'),
          remedies: ['openConfiguration'],
        }
      : {
          what: l10n.t('What was sent to "{location}" does not lie there as it was sent ({file}).', {
            location: text('location'),
            file: text('file'),
          }),
          next: l10n.t('Try again. If it stays so, test the disk of that server, the network, and the memory of this machine.'),
          remedies: ['syncCopy'],
        },
  'offsite.busy': (text) => ({
    what: l10n.t('Another process keeps the off-site copy "{copy}" up.', { copy: text('copy') }),
    next: l10n.t('Let it do the work, or wait until it has ended.'),
    remedies: ['retry'],
  }),
  'drive.not-set-up': (text) => ({
    what: l10n.t('Google Drive is not set up{reason}.', { reason: reason(text) }),
    next: l10n.t('It takes an OAuth client of your company; the guide leads through it.'),
    remedies: ['openConfiguration'],
  }),
  'drive.sign-in-failed': (text) => ({
    what: l10n.t('Nobody was signed in to Google Drive{reason}.', { reason: reason(text) }),
    next: l10n.t('Sign in again, and agree to what the page asks for.'),
    remedies: ['driveSignIn'],
  }),
  'drive.signed-out': (text) => ({
    what: l10n.t('Not signed in to Google Drive{reason}.', { reason: reason(text) }),
    next: l10n.t('Nothing was lost; the copy goes on from where it was.'),
    remedies: ['driveSignIn'],
  }),
  'drive.wrong-account': (text) => ({
    what: l10n.t('Refused: {account} is not the designated account, {designated}.', {
      account: text('account'),
      designated: text('designatedAccount'),
    }),
    next: l10n.t('Sign in again and choose the designated account.'),
    remedies: ['driveSignIn', 'openConfiguration'],
  }),
  'drive.full': (text) => ({
    what: l10n.t('Google Drive is full{reason}.', { reason: reason(text) + spaceText(text) }),
    next: l10n.t('Make room there (the trash counts too) or buy more. What is stored already is used.'),
    remedies: ['retry'],
  }),
  'drive.daily-volume': () => ({
    what: l10n.t('Google takes no more data today: 750 GB a day are the limit.'),
    next: l10n.t('It goes on by itself about a day later.'),
    remedies: [],
  }),
  'drive.rate-limited': (text) => ({
    what: l10n.t('Google asks for fewer requests{reason}.', { reason: reason(text) }),
    next: l10n.t('It goes on by itself in some minutes.'),
    remedies: ['retry'],
  }),
  'drive.unavailable': (text) => ({
    what: l10n.t('Google Drive does not answer{reason}.', { reason: reason(text) }),
    next:
      between(text) ??
      l10n.t('Check the network and the proxy ("proxy" under "googleDrive" in the configuration). What is stored already is used.'),
    remedies: ['retry'],
  }),
  'alert.unknown': (text) => ({
    what: l10n.t('There is no receiver of alerts named "{receiver}".', { receiver: text('receiver') }),
    next: l10n.t('Names stand under "alerts" in the configuration.'),
    remedies: ['openConfiguration'],
  }),
  'alert.unreachable': (text) => ({
    what: l10n.t('An alert cannot reach "{receiver}"{reason}.', {
      receiver: text('receiver'),
      reason: reason(text),
    }),
    next: l10n.t('Check the address, the network, and the certificate that is shown there.'),
    remedies: ['openConfiguration'],
  }),
  'alert.refused': (text) => ({
    what: l10n.t('An alert was not taken for "{receiver}"{reason}.', { receiver: text('receiver'), reason: reason(text) }),
    next: l10n.t('Check the name, the password or token, and the address under "alerts" in the configuration.'),
    remedies: ['openConfiguration'],
  }),
  'drive.denied': (text) => ({
    what: l10n.t('Google Drive does not permit this{reason}.', { reason: reason(text) }),
    next: l10n.t('Check what the account may do in that folder, and that the box was ticked at sign-in.'),
    remedies: ['driveSignIn', 'retry'],
  }),
  'drive.not-found': () => ({
    what: l10n.t('There is no such file or folder on Google Drive.'),
    next: l10n.t('Nothing may have been copied yet. Only what was made with this OAuth client can be seen.'),
    remedies: ['syncCopy'],
  }),
  'drive.download-refused': (text) => ({
    what: l10n.t('Google refuses the download{reason}.', { reason: reason(text) }),
    next: l10n.t('A quota for downloads ends after about a day. Restore from the backup server meanwhile.'),
    remedies: ['retry'],
  }),
  'drive.altered': (text) => ({
    what: l10n.t('What Google Drive stored is not what was sent{reason}. It was removed there again.', { reason: reason(text) }),
    next: l10n.t('Try again. If it stays so, test the network, the memory and the disk of this machine.'),
    remedies: ['retry'],
  }),
  'records.busy': (text) => ({
    what: l10n.t('Another process holds the records in "{folder}".', { folder: text('folder') }),
    next: l10n.t('This was not recorded. Try again in a moment.'),
    remedies: ['retry'],
  }),
  'records.key': (text) => ({
    what: l10n.t('The signing key of this installation, "{path}", cannot be used.', { path: text('path') }),
    next: l10n.t('Put it back from a copy; until then nothing is recorded.'),
    remedies: [],
  }),
  'snapshot.protected': (text) => ({
    what:
      text('until') === ''
        ? l10n.t('Snapshot {snapshot} is protected.', { snapshot: text('snapshot').slice(0, 8) })
        : l10n.t('Snapshot {snapshot} is on hold until {day}.', { snapshot: text('snapshot').slice(0, 8), day: text('until') }),
    next: l10n.t('Nothing was removed.'),
    remedies: [],
  }),
  'retention.held': (text) => ({
    what: l10n.t('The removal of old backups is on hold: {why}.', { why: holdText(text('hold')) }),
    next: l10n.t('Look into it; closing its nonconformity releases it.'),
    remedies: [],
  }),
  'record.not-found': (text) => ({
    what: l10n.t('There is no record {record}.', { record: text('record') }),
    next: l10n.t('The list of records may be out of date.'),
    remedies: ['refresh'],
  }),
  'records.sealed': (text) => ({
    what: l10n.t('The kept file "{file}" of the history cannot be opened{reason}.', { file: text('file'), reason: reason(text) }),
    next: l10n.t('It is sealed with the key of the repository beside it.'),
    remedies: [],
  }),
  'records.not-kept': (text) => ({
    what: l10n.t('No history of records lies at "{location}".', { location: text('location') }),
    next: l10n.t('Choose the folder of an off-site copy.'),
    remedies: [],
  }),
  'records.several': (text) => ({
    what: l10n.t('Several histories lie at "{location}": {chains}.', { location: text('location'), chains: text('chains') }),
    next: l10n.t('Choose one of them on the command line.'),
    remedies: [],
  }),
  'records.contradicted': (text) => ({
    what: l10n.t('Nothing was brought back from "{location}"{reason}.', { location: text('location'), reason: reason(text) }),
    next: l10n.t('What lies there was not changed.'),
    remedies: [],
  }),
  'pack.invalid': (text) => ({
    what: l10n.t('"{path}" is no audit pack{reason}.', { path: text('path'), reason: reason(text) }),
    next: l10n.t('Choose the whole file as it was made.'),
    remedies: [],
  }),
  'host.outdated': (text) => ({
    what: l10n.t('The engine that is started here has version {version}; this window has {wanted}.', {
      version: text('version'),
      wanted: text('wanted'),
    }),
    next: l10n.t('Reload the windows of VS Code on this server. If that does not help, install Cadangan again.'),
    remedies: ['retry'],
  }),
  'host.crash-loop': (text) => ({
    what: l10n.t('The engine, which does the work, ended {starts} times soon after its start; it is tried again in {minutes} min.', {
      starts: text('starts'),
      minutes: Math.ceil(Number(text('waitMs')) / 60_000),
    }),
    next: l10n.t('"{path}" says why it ended.', { path: text('path') }),
    remedies: ['restartEngine', 'showLog'],
  }),
  'host.taken': () => ({
    what: l10n.t('Another process of Cadangan already works for this server.'),
    next: l10n.t('Reload the window; it connects to that one.'),
    remedies: ['retry'],
  }),
  'host.unreachable': (text) => ({
    what: l10n.t('The engine, which does the work, cannot be talked to{reason}.', { reason: reason(text) }),
    next: l10n.t('Reload the windows of VS Code on this server, so that all of them have the same version.'),
    remedies: ['retry'],
  }),
  'state.in-use': (text) => ({
    what: l10n.t('"{path}", where Cadangan keeps its records, is in use by {host}.', { path: text('path'), host: text('host') }),
    next: l10n.t('Give each machine and container a folder of its own: CADANGAN_STATE names it.'),
    remedies: ['retry'],
  }),
  'state.moved': (text) => ({
    what: l10n.t('The records and settings of "{path}" have moved to the service of the system.', { path: text('path') }),
    next: l10n.t('Ask "cadangan service status" in a terminal whether it runs.'),
    remedies: ['retry'],
  }),
  'service.unsupported': (text) => ({
    what: l10n.t('A service cannot be installed or run so{reason}.', { reason: reason(text) }),
    next: l10n.t('See docs/service.md for what is possible on this system.'),
    remedies: [],
  }),
  'service.unsafe': (text) => ({
    what: l10n.t('The service of the machine runs nothing that others than administrators can change: "{path}"{reason}.', {
      path: text('path'),
      reason: reason(text),
    }),
    next: l10n.t('Give it, and the folders above it, to root, and let nobody else write there.'),
    remedies: ['retry'],
  }),
  'service.no-new-rights': (text) => ({
    what: l10n.t('"{set}" runs {program}, and no program gains rights under the service of the machine.', {
      set: text('set'),
      program: text('program'),
    }),
    next: l10n.t('Let its account do the work with rights of its own, or name an account that has them with --run-as.'),
    remedies: [],
  }),
  'service.manager': (text) => ({
    what: l10n.t('"{program}" failed{reason}.', { program: text('program'), reason: reason(text) }),
    next: l10n.t('Mend what it says, and try again: what was done already is not done twice.'),
    remedies: ['retry'],
  }),
  'service.denied': (text) => ({
    what: l10n.t('The service of the machine can only be changed by an administrator{reason}.', { reason: reason(text) }),
    next: l10n.t('Run the command with sudo, or with --user for a service of your own.'),
    remedies: [],
  }),
  'service.not-running': () => ({
    what: l10n.t('The service of this machine does not run, and nothing is started beside it.'),
    next: l10n.t('Ask "cadangan service status" in a terminal whether it runs.'),
    remedies: ['retry'],
  }),
  'rights.denied': () => ({
    what: l10n.t(
      'The service of this machine lets only its administrators do that. Who is of its group sees status and records, starts configured sets, and stops runs of their own.',
    ),
    next: l10n.t('Ask an administrator. To look into snapshots, be named in "readers" of the set.'),
    remedies: [],
  }),
  'host.lost': (text) => ({
    what: l10n.t('The engine, which does the work, ended{reason}.', { reason: reason(text) }),
    next: l10n.t('What was stored stays. Perhaps the run goes on by itself: the history says what came of it.'),
    remedies: ['retry', 'restartEngine'],
  }),
};

function lockedText(text: FactReader): string {
  if (text('unreadable') !== '')
    return l10n.t('The repository at "{location}" is locked by "{file}", which cannot be read.', {
      location: text('location'),
      file: text('unreadable').slice(0, 22),
    });
  const holder =
    [text('holderUser'), text('holderHost')].filter((part) => part !== '').join('@') || text('holder') || l10n.t('another program');
  const since = text('since');
  const location = text('location');
  return since === ''
    ? l10n.t('The repository at "{location}" is locked by {holder}.', { location, holder })
    : l10n.t('The repository at "{location}" is locked by {holder} since {since}.', {
        location,
        holder,
        since: formatDate(instantOf(since)),
      });
}

function spaceText(text: FactReader): string {
  const free = text('freeBytes');
  return free === '' ? '' : ` (${l10n.t('{bytes} free', { bytes: formatBytes(Number(free)) })})`;
}

function joinedFacts(text: FactReader, names: readonly string[]): string {
  return names
    .map(text)
    .filter((fact) => fact !== '')
    .join(': ');
}

/** One line without control characters, and of a length that fits into a notification. */
function plain(fact: ErrorData['facts'][string] | undefined): string {
  if (fact === undefined) return '';
  const line = (typeof fact === 'object' ? fact.join(', ') : String(fact)).replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ');
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
