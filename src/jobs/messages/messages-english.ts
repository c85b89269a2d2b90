import { faultWords, formatBytes, isRemote } from '../../platform/index.ts';
import { because, ofAccount, inFile, minutes, shortId, shortIds, unheeded } from './fact-phrases.ts';
import type { FactReader, Message, Phrasebook } from './phrasebook.ts';

const seeRepository =
  'Check what was given with --repo (-r) or RESTIC_REPOSITORY, and that the disk or share is mounted. A new repository is made with "cadangan init".';
const checkStorage =
  'Check that the disk or share is mounted and the network is up, then run the same command again: what is already stored is used.';
const checkServer =
  'Check the address and the network, and that the server is on; then run the same command again: what is already stored is used.';
const beginAnew = 'To copy everything again from the repository, run "cadangan offsite sync --begin-anew".';
const notGoogle =
  'Something on the way answers in place of Google: a proxy that wants a sign-in, a filter, or the page of a network. Let www.googleapis.com, oauth2.googleapis.com and accounts.google.com through, or name the right proxy ("proxy" under "googleDrive").';
const otherCertificate =
  'Something on the way shows a certificate that nobody here vouches for (TLS inspection), or the clock of this machine is wrong. Add the authority of your company to the certificates of the system, or name its file in NODE_EXTRA_CA_CERTS; the service reads them at its start.';
const runCheck = 'Run "cadangan check --read-data" to see what is affected.';

/** Everything that the command line says about errors, in English. */
export const english: Phrasebook = {
  errors: {
    'repository.missing': (facts) => ({ what: `There is no repository at ${at(facts)}.`, next: seeRepository }),
    'storage.no-repository': (facts) =>
      facts.plain('missing') === 'bucket'
        ? {
            what: `There is no repository at ${at(facts)}: there is no such bucket.`,
            next: 'Check its name and that of the server. "cadangan init" makes it, where these keys may.',
          }
        : { what: `There is no repository at ${at(facts)}.`, next: seeRepository },
    'repository.exists': (facts) => ({
      what: `Cannot make a repository at ${at(facts)}: there is one already.`,
      next: 'Use it, or name an empty folder.',
    }),
    'repository.wrong-password': (facts) => ({
      what: `Cannot open the repository at ${at(facts)}: wrong password.`,
      next:
        facts.plain('keysUntried') === undefined
          ? 'No key of this repository fits. Check the password and that this is the repository you mean.'
          : `None of the first ${facts.plain('keysTried')} keys fits; ${facts.plain('keysUntried')} more were not tried. With a password that opens it, "cadangan key remove" takes away keys that nobody uses; "restic --key-hint" tries a certain one.`,
    }),
    'repository.locked': lockedMessage,
    'repository.lock-lost': (facts) => ({
      what: `Stopped: the lock on the repository at ${at(facts)} was lost${because(facts)}.`,
      next: 'Another program may have removed it, or the repository was out of reach too long. Run the same command again.',
    }),
    'repository.damaged': (facts) => ({
      what: `The repository is damaged: ${[damagedThing(facts), facts.plain('reason')].filter((part) => part !== undefined).join(': ') || 'it cannot be read'}.`,
      next: facts.plain('kind') === 'index' ? 'Run "cadangan repair index": it makes the index anew from the packs.' : runCheck,
    }),
    'repository.pack-unknown': (facts) => ({
      what: `There is no pack ${facts.plain('pack') ?? ''}, neither in the storage nor in the index.`,
      next: 'Take the ids from "cadangan check --read-data".',
    }),
    'repository.index-wrong': (facts) => ({
      what: `Index and packs do not agree: a pack is not there, not whole, or not named (${facts.plain('count') ?? '1'}, such as ${facts.plain('pack') ?? 'one'}).`,
      next: 'Run "cadangan repair index" first.',
    }),
    'repository.unsupported': (facts) => ({
      what: `This repository needs a newer program: ${facts.plain('kind') ?? 'it'} has version ${facts.plain('version') ?? 'unknown'}.`,
      next: 'Update Cadangan.',
    }),
    'repository.self-test': (facts) => ({
      what: `This Node.js computes ${facts.plain('primitive') ?? 'its cryptography'} wrongly; nothing was done.`,
      next: 'Use another release of Node.js, and test the memory of this machine.',
    }),
    'repository.verification': () => ({
      what: 'Stopped: data that was just encrypted did not come back the same. Nothing wrong was stored.',
      next: 'This points to faulty memory or processor. Test the hardware before you back up again.',
    }),
    'prune.refused': pruneRefused,
    'prune.overdue': (facts) => ({
      what: `What no snapshot needs has not been removed from the repository at ${at(facts)} for ${facts.plain('days') ?? 'many'} days: it was always in use, away or locked when its turn came.`,
      next: 'Run "cadangan prune" at a time when no backup runs, and leave such a time once a week. Locks of programs that are gone go with "cadangan unlock".',
    }),
    'storage.unreachable': (facts) => ({
      what: `Cannot reach the repository at ${at(facts)}${inFile(facts)}${because(facts)}.${unheeded(facts, 'Not heeded in ssh_config')}`,
      next: between(facts) ?? (isRemote(facts.plain('location') ?? '') ? checkServer : checkStorage),
    }),
    'storage.full': (facts) => ({
      what: `No space left at ${at(facts)}${freeSpace(facts)}.`,
      next: 'Make room there, then run the same command again: what is already stored is used.',
    }),
    'storage.denied': (facts) =>
      deniedForATime(facts) ??
      (facts.plain('reason') === 'login'
        ? {
            what: `Cannot log in to "${facts.plain('host') ?? 'the server'}" as "${facts.plain('user') ?? 'this user'}", for ${at(facts)}: the server took none of ${facts.list('tried').join(', ') || 'the keys there are (none)'}.${unheeded(facts, 'Not heeded in ssh_config')}`,
            next: 'Check the user. Add the public key to ~/.ssh/authorized_keys of that user on the server, name another key (IdentityFile in ~/.ssh/config), or load it into the agent ("ssh-add").',
          }
        : {
            what: `Not allowed to access ${at(facts)}${inFile(facts)}${because(facts)}.`,
            next: 'Check the permissions of this user there. To only read a repository that cannot be written to, add --no-lock.',
          }),
    'storage.unknown-host': (facts) => ({
      what: `The server "${facts.plain('host') ?? ''}", port ${facts.plain('port') ?? '22'}, is not known yet: its ${facts.plain('keyType') ?? ''} key has the fingerprint ${facts.plain('fingerprint') ?? ''}${because(facts)}. Nothing was sent to it.${unheeded(facts, 'Not heeded in ssh_config')}`,
      next: 'Compare the fingerprint with the one that the server itself shows ("ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub" there), then connect once with "ssh" and confirm it.',
    }),
    'storage.host-changed': (facts) => ({
      what: [
        `Refused to connect to "${facts.plain('host') ?? ''}", port ${facts.plain('port') ?? '22'}: it shows another key than the known one${because(facts)}.`,
        `It shows ${facts.plain('keyType') ?? 'a key'} ${facts.plain('fingerprint') ?? ''};`,
        `known is ${facts.plain('knownKeyType') ?? ''} ${facts.plain('knownFingerprint') ?? ''}`,
        `(line ${facts.plain('line') ?? ''} of ${facts.plain('file') ?? 'the known hosts'}).${unheeded(facts, 'Not heeded in ssh_config')}`,
      ].join(' '),
      next: 'Somebody may be in between. Ask whoever runs the server; only when its key was changed on purpose, remove that line and connect anew.',
    }),
    'storage.not-found': (facts) => ({
      what: `A file of the repository at ${at(facts)} is missing: ${facts.plain('file') ?? 'unnamed'}.`,
      next: runCheck,
    }),
    'storage.invalid-location': (facts) => ({
      what: `Cannot use ${facts.quoted('location', 'this location')} as a repository: ${facts.plain('reason') ?? 'it is not understood'}.`,
      next: `Understood are: ${facts.list('supported').join(', ')}.`,
    }),
    'source.missing': (facts) => ({
      what: `Nothing to back up: ${facts
        .list('paths')
        .map((path) => `"${path}"`)
        .join(', ')} ${facts.list('paths').length === 1 ? 'does' : 'do'} not exist.`,
      next: 'Check the paths. No snapshot was made.',
    }),
    'source.unsupported': (facts) => ({
      what: `Refused to back up ${facts.quoted('path', 'a source')}${because(facts)}.`,
      next: 'Write the whole path, from its drive or share on, such as C:\\Data or \\\\server\\share\\Data. No snapshot was made.',
    }),
    'source.contains-repository': (facts) => ({
      what: `Refused to back up the repository into itself: ${at(facts)} lies in the source.`,
      next: `Leave it out with --exclude ${facts.quoted('path', 'PATH')}. No snapshot was made.`,
    }),
    'source.empty': () => ({
      what: 'Nothing to back up: everything is excluded.',
      next: 'Check the exclude patterns. No snapshot was made.',
    }),
    'snapshot.not-found': (facts) => ({
      what: `There is no snapshot ${facts.quoted('snapshot', 'of that name')}.`,
      next: 'See "cadangan snapshots" for those there are; filters (--host, --tag, --path) apply to "latest".',
    }),
    'snapshot.ambiguous': (facts) => ({
      what: `Several snapshots begin with ${facts.quoted('snapshot')}: ${shortIds(facts)}.`,
      next: 'Write more of the id.',
    }),
    'snapshot.protected': (facts) => ({
      what: `Snapshot ${shortId(facts.plain('snapshot'))} is ${facts.plain('until') === undefined ? 'protected' : `on hold until ${facts.plain('until')}`}. Nothing was removed.`,
      next: 'Its tag says so ("keep", or "hold" with a date). Whoever may decide it takes that away with "cadangan tag --remove".',
    }),
    'retention.held': (facts) => ({ what: `No snapshot was removed: ${heldBecause(facts)}${moreHolds(facts)}.`, next: heldNext(facts) }),
    'path.not-found': (facts) => ({
      what: `${facts.quoted('path', 'The path')} is not in the snapshot${because(facts)}.`,
      next: 'See "cadangan ls" for what is; paths begin with /.',
    }),
    'path.unsupported': (facts) => ({
      what: `Cannot use the path ${facts.quoted('path', 'that was given')}${because(facts)}.`,
      next: 'Write the whole path, from its drive or share on, such as C:\\Data or \\\\server\\share\\Data.',
    }),
    'target.unsafe': (facts) => ({
      what: `Refused to restore into ${facts.quoted('target', 'the target')}${because(facts)}.`,
      next: 'Name another folder with --target.',
    }),
    'target.denied': (facts) => ({
      what: `Not allowed to write into ${facts.quoted('target', 'the target')}${because(facts)}.`,
      next: 'Check the permissions there, or name another folder with --target.',
    }),
    'target.full': (facts) => ({
      what: `No space left at ${facts.quoted('target', 'the target')}${freeSpace(facts)}.`,
      next: 'Make room there and run the same command again: files that are already right are not written again.',
    }),
    'target.not-synced': (facts) => ({
      what: `What was restored into ${facts.quoted('target', 'the target')} is not safely on the disk (${facts.plain('reason') ?? 'failed'}).`,
      next: 'Nothing of what was written last counts as restored. Look after the disk, and run the same command again.',
    }),
    'home.unknown': (facts) => ({
      what: `The home folder of user ${facts.plain('uid') ?? ''} is not known: HOME is not set, and the user has no entry in /etc/passwd.`,
      next: 'Set HOME, or CADANGAN_CONFIG and CADANGAN_STATE.',
    }),
    'state.unusable': (facts) => ({
      what: `Cannot use ${facts.quoted('path', 'what Cadangan keeps for itself')}${because(facts)}${belongsTo(facts)}.`,
      next: stateRemedy(facts),
    }),
    'password.missing': (facts) => ({
      what: `${facts.plain('file') === undefined ? 'No password was given' : `Cannot take the password from ${facts.quoted('file')}`}${because(facts)}.`,
      next: 'Use --password-file, --password-command, RESTIC_PASSWORD, or type it at a terminal.',
    }),
    'password.exposed': (facts) => ({
      what: `Others than its owner may read the password file ${facts.quoted('file', 'of the set')}${facts.plain('mode') === undefined ? '' : ` (mode ${facts.plain('mode')})`}; it is not used.`,
      next: `Take it from them (${facts.plain('readers') === undefined ? 'chmod 600' : `icacls: ${facts.plain('readers')}`}), and change the password if somebody could have read it.`,
    }),
    'password.empty': () => ({ what: 'An empty password protects nothing.', next: 'Give one that is not empty.' }),
    'key.last': (facts) => ({
      what: `Refused to remove key ${shortId(facts.plain('key'))}: it is the one that opened the repository.`,
      next: 'Open the repository with another password, or change this one with "cadangan key passwd".',
    }),
    'key.not-found': (facts) => ({ what: `There is no key ${facts.quoted('key', 'of that name')}.`, next: 'See "cadangan key list".' }),
    'key.ambiguous': (facts) => ({
      what: `Several keys begin with ${facts.quoted('key')}: ${shortIds(facts)}.`,
      next: 'Write more of the id.',
    }),
    'arguments.invalid': argumentsMessage,
    'output.failed': (facts) =>
      facts.plain('file') === undefined
        ? {
            what: `Standard output could not be written whole${because(facts)}.`,
            next: 'A backup or restore has gone on to its end all the same, and so has its record.',
          }
        : { what: `Cannot write ${facts.quoted('file')}${because(facts)}.`, next: 'Name another file with --output, or make room there.' },
    'config.invalid': (facts) => ({
      what: `Cannot use the configuration${facts.plain('path') === undefined ? '' : ` ${facts.quoted('path')}`}${inLine(facts)}${because(facts)}.`.replace(
        '?.',
        '?',
      ),
      next: 'Mend it there; VS Code marks the place.',
    }),
    'config.changed': (facts) => ({
      what: `The configuration ${facts.quoted('path', 'file')} was changed by somebody else meanwhile. Nothing was written.`,
      next: 'Try again.',
    }),
    'config.denied': (facts) => ({
      what: `Cannot read or write the configuration ${facts.quoted('path', 'file')}${because(facts)}.`,
      next: 'Check the permissions of this user there.',
    }),
    'set.unknown': (facts) => ({
      what: `There is no backup set ${facts.quoted('set', 'of that name')} in the configuration.`,
      next: 'Check the name, and whether the configuration has a mistake.',
    }),
    'set.exists': (facts) => ({
      what: `There is already a backup set ${facts.quoted('set', 'of that name')}.`,
      next: 'Choose another name.',
    }),
    'offsite.unknown': (facts) => ({
      what: `There is no off-site copy ${facts.quoted('copy', 'of that name')} in the configuration.`,
      next: 'Check the name under "offsiteCopies", and whether the configuration has a mistake.',
    }),
    'offsite.exists': (facts) => ({
      what: `There is already an off-site copy ${facts.quoted('copy', 'of that name')}.`,
      next: 'Choose another name.',
    }),
    'offsite.other-repository': (facts) => ({
      what: `Refused: what lies at ${at(facts)} is of another repository than ${facts.quoted('source', 'this one')}, or of both${facts.plain('file') === undefined ? '' : ` (${facts.quoted('file')})`}. Nothing was removed there.`,
      next: 'Give each of the two repositories a folder of its own: name another one ("to") for one of them. Files of that one that lie in the folder already can then be removed by hand.',
    }),
    'offsite.source-doubtful': (facts) => ({
      what: `Nothing was copied: the repository at ${at(facts)} is not what it should be${because(facts)}.`,
      next: 'Check that the disk or share is mounted and that "cadangan check" finds no errors. The off-site copy is as it was.',
    }),
    'offsite.folder-moved': (facts) => ({
      what: `Stopped: the folder of the copy is not at ${at(facts)} any more; it lies at ${facts.quoted('seen', 'another place')} on Google Drive now. Nothing was copied.`,
      next: `Rename or move it back, or name its new place ("to") in the configuration. ${beginAnew}`,
    }),
    'offsite.folder-trashed': (facts) => ({
      what: `Stopped: the folder of the copy, ${at(facts)}, lies in the trash of Google Drive, with ${facts.plain('files') ?? 'all'} files. Nothing was copied.`,
      next: `Restore it on drive.google.com (Trash, within 30 days). ${beginAnew}`,
    }),
    'offsite.folder-unseen': (facts) => ({
      what: `Stopped: the folder of the copy, ${at(facts)}, is not to be seen on Google Drive, where ${facts.plain('files') ?? 'all'} files were. Nothing was copied.`,
      next: `It was deleted for good, or the OAuth client was made anew: Google shows a client only what it made itself. With the client file of before it would be seen again. ${beginAnew}`,
    }),
    'offsite.files-gone': (facts) => ({
      what: `Stopped: of ${facts.plain('files') ?? 'the'} files that the copy at ${at(facts)} had, ${facts.plain('seen') ?? 'few'} are there; ${facts.plain('trashed') ?? 'some'} lie in the trash. Nothing was copied.`,
      next: `See where it lies (a disk or share that is mounted, the bucket, the page of Google Drive) whether a folder in it was renamed, moved or removed, and put it back. ${beginAnew}`,
    }),
    'offsite.not-kept': (facts) =>
      facts.plain('reason') === 'config-held'
        ? {
            what: `The copy at ${at(facts)} cannot be kept up any more: the repository has had another config since it was migrated, and the one there can neither be replaced nor removed.`,
            next: 'Give the copy a new place ("to" in the configuration): all is copied there. What lies at the old one stays as it is and can be restored from.',
          }
        : {
            what: `What was sent to ${at(facts)} does not lie there as it was sent${inFile(facts)}${because(facts)}.`,
            next: 'Run the same command again. If it stays so, test the disk of that server, the network, and the memory of this machine; a file that an append-only server holds with wrong bytes has to be removed on the server.',
          },
    'offsite.busy': (facts) => ({
      what: `The off-site copy ${facts.quoted('copy', 'of that name')} is being kept up by another process${because(facts)}.`,
      next: 'Wait for it to end, or let it do the work.',
    }),
    'time-zone.unusable': (facts) => ({
      what: `This machine's time zone ${facts.quoted('timeZone', 'setting')} is none that is known by its name, so nobody can say what day or window it is.`,
      next: 'Write the zone into the configuration ("timeZone": "Asia/Jakarta"), or name it so in TZ.',
    }),
    'schedule.not-running': (facts) => ({
      what: `No backup set can be run here${because(facts)}.`,
      next: 'See that the state folder can be written, then try again.',
    }),
    'host.older': () => ({
      what: 'A window of VS Code with an older version of Cadangan runs the schedule.',
      next: 'Reload that window; then this version takes over.',
    }),
    'host.outdated': (facts) => ({
      what: `The process of Cadangan that is started here has version ${facts.plain('version') ?? 'of before'}; this program has ${facts.plain('wanted') ?? 'a newer one'}.`,
      next: 'Reload the windows of VS Code on this machine. If that does not help, install Cadangan again.',
    }),
    'host.crash-loop': (facts) => ({
      what: `Cadangan's host, the process that does the work, ended ${facts.plain('starts') ?? 'several'} times soon after its start; it is tried again in ${minutes(facts, 'waitMs')} min.`,
      next: `${facts.quoted('path', 'host.log in the state folder')}, and host.out beside it, say why it ended.`,
    }),
    'host.taken': (facts) => ({
      what: `Another process of Cadangan already serves ${facts.quoted('path', 'this state folder')}.`,
      next: 'Use that one; a second beside it would run every window twice.',
    }),
    'host.unreachable': (facts) => ({
      what: `The process of Cadangan that serves ${facts.quoted('path', 'this state folder')} cannot be talked to${because(facts)}.`,
      next: 'Reload the windows of VS Code on this machine, so that all of them are of the same version.',
    }),
    'state.in-use': (facts) => ({
      what: `${facts.quoted('path', 'The state folder')} is in use by ${facts.quoted('host', 'another machine')}, process ${facts.plain('process') ?? 'unknown'}.`,
      next: 'Give each machine and container a state folder of its own: CADANGAN_STATE names it.',
    }),
    'state.moved': (facts) => ({
      what: `The records and settings of ${facts.quoted('path', 'this state folder')} have moved to the service of the system${facts.plain('to') === undefined ? '' : ` (${facts.quoted('to')})`}.`,
      next: 'Ask "cadangan service status" whether it runs. Nothing is written here any more.',
    }),
    'service.unsupported': (facts) => ({
      what: `The service cannot be installed or run so: ${facts.plain('reason') ?? 'it is not known here'}.`,
      next: 'See docs/service.md for what is possible on this system.',
    }),
    'service.unsafe': (facts) => ({
      what: `The service of the machine runs nothing that others than administrators can change: ${facts.quoted('path', 'a file that it uses')} (${facts.plain('reason') ?? 'unknown'}).`,
      next: 'Give it, and the folders above it, to root, and let nobody else write there (chown root, chmod go-w).',
    }),
    'service.no-new-rights': (facts) => ({
      what: `${facts.quoted('set', 'A set')} runs ${facts.plain('program') ?? 'a program that takes other rights'}, and no program gains rights under the service of the machine.`,
      next: 'Let its account do the work with rights of its own (in a database: a role of that name), or name an account that has them with --run-as.',
    }),
    'service.manager': (facts) => ({
      what: `${facts.quoted('program', 'A program of the system')} failed${facts.plain('reason') === undefined ? '' : `: ${facts.plain('reason')}`}.`,
      next: 'Mend what it says, and run the same command again: what was done already is not done twice.',
    }),
    'service.not-running': () => ({
      what: 'The service of this machine does not run, and nothing is started beside it.',
      next: 'Start it (systemctl start cadangan), or ask "cadangan service status" what is wrong with it.',
    }),
    'rights.denied': () => ({
      what: 'The service of this machine lets only its administrators do that. Who is of its group sees status and records, starts configured sets, and stops runs of their own.',
      next: 'Ask an administrator, or run the command with sudo. To look into snapshots, be named in "readers" of the set.',
    }),
    'service.denied': (facts) => ({
      what: `The service of the system can only be changed by an administrator${facts.plain('path') === undefined ? '' : ` (${facts.quoted('path')}: ${facts.plain('reason') ?? 'denied'})`}.`,
      next: 'Run the command with sudo, or with --user for a service of your own.',
    }),
    'file.in-use': (facts) => ({
      what: `${facts.quoted('path', 'A file')} is in use by another program, which did not let go of it.`,
      next: 'Close the program that has it open. If a virus scanner or another backup holds it, have it leave out that folder. Then run the same command again; a planned run comes again by itself.',
    }),
    'file.too-large': (facts) => ({
      what: `${facts.quoted('path', 'The file')} is too large for this (${facts.plain('sizeBytes') ?? 'more'} bytes; at most ${facts.plain('maxBytes') ?? 'fewer'}).`,
      next: 'Restore it into a folder and open it there.',
    }),
    'command.failed': (facts) => ({
      what: `Nothing was backed up or copied: the program ${facts.quoted('program', 'before it')} failed${because(facts)}.`,
      next: 'Mend the program that "before" names in the configuration. The record has what it said.',
    }),
    'records.busy': (facts) => ({
      what: `The records in ${facts.quoted('folder', 'this folder')} are held by another process.`,
      next: 'Nothing was recorded. End that process if it hangs, and run the same command again.',
    }),
    'records.key': (facts) => ({
      what: `The key of this installation, ${facts.quoted('path', 'a file')}, cannot be used.`,
      next: 'Put it back from a copy. Without it, move the file away: the records then go on with a new key, and their verification shows from where.',
    }),
    'record.not-found': (facts) => ({
      what: `There is no record ${facts.quoted('record', 'of that number')}.`,
      next: 'See "cadangan records list".',
    }),
    'records.sealed': (facts) => ({
      what: `The kept file ${facts.quoted('file', 'of the history')} cannot be opened${because(facts)}.`,
      next: 'It is sealed with the key of the repository that lies beside it. Give the password of that repository.',
    }),
    'records.not-kept': (facts) => ({
      what: `No history of records lies at ${facts.quoted('location', 'that place')}.`,
      next: 'Name the folder of an off-site copy, as "gdrive:Folder/Sub"; "records" of that copy must not be "off".',
    }),
    'records.several': (facts) => ({
      what: `At ${facts.quoted('location', 'that place')} lie several histories: ${facts.quoted('chains', 'more than one')}.`,
      next: 'Choose one with --chain. README.txt in the folder of each says whose it is.',
    }),
    'records.contradicted': (facts) => ({
      what: `Nothing was brought back from ${facts.quoted('location', 'that place')}${because(facts)}.`,
      next: 'What lies there was not changed. Look at it: on Google Drive older versions of a file are in the trash for 30 days; elsewhere older snapshots with the tag "cadangan-records" have them.',
    }),
    'pack.invalid': (facts) => ({
      what: `${facts.quoted('path', 'The file')} cannot be used as an audit pack${because(facts)}.`,
      next: 'Check that it is the whole file as "cadangan records pack" made it.',
    }),
    'host.lost': (facts) => ({
      what: `Cadangan's host, the process that does the work, ended unexpectedly${because(facts)}.`,
      next: 'It starts again by itself. Run the same command again: what is already stored is used.',
    }),
    'drive.not-set-up': (facts) => ({
      what: `Google Drive is not set up${because(facts)}.`,
      next: 'The guide docs/google-drive.md leads through it: an OAuth client or a service account key, and "googleDrive" in the configuration.',
    }),
    'drive.sign-in-failed': (facts) => ({
      what: `Nobody was signed in to Google Drive${because(facts)}.`,
      next: 'Run "cadangan drive sign-in" again and agree to what the page asks for.',
    }),
    'drive.signed-out': (facts) => ({
      what: `Not signed in to Google Drive${ofAccount(facts)}${because(facts)}.`,
      next: 'Run "cadangan drive sign-in". Nothing was lost; the copy goes on from where it was. If this happens every week, the OAuth client is still in "Testing".',
    }),
    'drive.wrong-account': (facts) => ({
      what: `Refused: signed in as ${facts.quoted('account', 'another account')}, but the designated account is ${facts.quoted('designatedAccount', 'another one')}.`,
      next: 'Run "cadangan drive sign-in" and choose the designated account, or change "googleDrive.account" in the configuration.',
    }),
    'drive.full': (facts) => ({
      what: `Google Drive takes no more${ofAccount(facts)}${because(facts)}${freeSpace(facts)}.`,
      next: 'Make room there (the trash counts too) or buy more, then run the same command again: what is already stored is used.',
    }),
    'drive.daily-volume': (facts) => ({
      what: `Google takes no more data today${ofAccount(facts)}: 750 GB a day are the limit.`,
      next: 'Wait; it goes on by itself about a day after the first of them. What is already stored is used.',
    }),
    'drive.rate-limited': (facts) => ({
      what: `Google asks for fewer requests${because(facts)}.`,
      next: 'Wait some minutes, then run the same command again.',
    }),
    'drive.unavailable': (facts) => ({
      what: `Cannot reach Google Drive${because(facts)}.`,
      next:
        between(facts) ??
        'Check the network and the proxy ("proxy" under "googleDrive"), then run the same command again: what is already stored is used.',
    }),
    'drive.denied': (facts) => ({
      what: `Google Drive does not permit this${ofAccount(facts)}${because(facts)}.`,
      next: 'Check what this account may do in that folder or shared drive, and that the permission was ticked at sign-in.',
    }),
    'drive.not-found': (facts) => ({
      what: `On Google Drive there is no such file${inFile(facts)}${because(facts)}.`,
      next: 'Only files that were made with this OAuth client are visible to it. Check the folder and the client.',
    }),
    'drive.download-refused': (facts) => ({
      what: `Google refuses the download${inFile(facts)}${because(facts)}.`,
      next: 'A quota for downloads ends after about a day. Restore from the backup server meanwhile.',
    }),
    'drive.altered': (facts) => ({
      what: `What Google Drive stored is not what was sent${inFile(facts)}${because(facts)}. It was removed there again.`,
      next: 'Run the same command again. If it stays so, test the network, the memory and the disk of this machine.',
    }),
    'alert.unknown': (facts) => ({
      what: `There is no receiver of alerts named ${facts.quoted('receiver')}.`,
      next: 'Names stand under "alerts" in the configuration; "cadangan alert status" lists them.',
    }),
    'alert.unreachable': (facts) => ({
      what: `An alert cannot reach ${facts.quoted('receiver', 'its receiver')}${because(facts)}.`,
      next: 'Check the address, the network, and the certificate that is shown there; then run "cadangan alert test".',
    }),
    'alert.refused': (facts) => ({
      what: `An alert was not taken for ${facts.quoted('receiver', 'its receiver')}${because(facts)}.`,
      next: 'Check the name, the password or token, and the address under "alerts"; then run "cadangan alert test".',
    }),
    aborted: () => ({ what: 'Stopped before the end.', next: 'What was already stored is used by the next run.' }),
  },
  unknown: (text) => ({
    what: `Something unexpected happened: ${text}`,
    next: 'This is a mistake in Cadangan. Run the command again with --verbose and report what it says.',
  }),
  cause: (text) => `  because: ${text}`,
  faultWords: faultWords.en,
};

/** Why old snapshots stay. */
function heldBecause(facts: FactReader): string {
  switch (facts.plain('hold') ?? '') {
    case 'keeps-nothing':
      return `the rule keeps none of ${facts.quoted('group', 'a group')}`;
    case 'empties':
      return `none of ${facts.quoted('group', 'a set')} would be left`;
    case 'not-readable':
      return `${facts.quoted('file', 'a file')} cannot be read, so nobody knows what else there is`;
    case 'snapshots-missing':
      return `the records know ${facts.plain('count') ?? 'some'} that the repository does not have any more (${shortId(facts.plain('snapshot'))})`;
    case 'sudden-change':
      return `the backup of ${facts.plain('time') ?? 'a night'} changed more than usual: ${changeParts(facts)}`;
    case 'newest-backup':
      return `the newest backup, of ${facts.plain('time') ?? 'some date'} (${shortId(facts.plain('snapshot'))}), would go, so the clock was wrong when one of the backups was made, or is now`;
    case 'future':
      return `the backup of ${facts.plain('time') ?? 'some date'} (${shortId(facts.plain('snapshot'))}) has a date still to come, so the clock was wrong when it was made, or is now`;
    case 'clock-forward':
      return `the clock was set forward from ${facts.plain('from') ?? 'some date'} to ${facts.plain('to') ?? 'another'}, and what would go is from before that`;
    case 'open':
      return `${facts.plain('nonconformity') ?? 'a nonconformity'} holds that back until it is closed`;
    default:
      return 'something is not as usual';
  }
}

const changeWords: Readonly<Record<string, string>> = {
  changed: 'have content that does not look like what they were',
  vanished: 'are gone',
  scrambled: 'cannot be compressed any more, as if they had been encrypted',
  renamed: 'were replaced under an extension that nobody had',
};

function changeParts(facts: FactReader): string {
  const extensions = facts.list('extensions').slice(0, 3).join(', ');
  const parts = facts.list('what').map((what) => {
    const told = what === 'renamed' && extensions !== '' ? ` (${extensions})` : '';
    return `${facts.plain(what) ?? '0'} ${changeWords[what] ?? what}${told}`;
  });
  return `of ${facts.plain('filesBefore') ?? '?'} files ${parts.join(', ')}`;
}

function moreHolds(facts: FactReader): string {
  const more = facts.plain('more');
  return more === undefined ? '' : `; and ${more} more`;
}

function heldNext(facts: FactReader): string {
  const look =
    facts.plain('hold') === 'sudden-change'
      ? 'Compare that backup with the one before ("cadangan diff"), and look at the source.'
      : 'Look into it first.';
  return `${look} With --release the command removes them all the same; what the schedule holds back goes on when its nonconformity is closed.`;
}

function at(facts: FactReader): string {
  return facts.quoted('location', 'this location');
}

function inLine(facts: FactReader): string {
  const line = facts.plain('line');
  return line === undefined ? '' : `, line ${line}, column ${facts.plain('column') ?? '1'}`;
}

function freeSpace(facts: FactReader): string {
  const free = facts.size('freeBytes');
  const needed = facts.size('neededBytes');
  if (free === undefined) return '';
  return needed === undefined ? `: ${formatBytes(free)} free` : `: ${formatBytes(free)} free, ${formatBytes(needed)} needed`;
}

function lockedMessage(facts: FactReader): Message {
  const holder = [facts.plain('holderUser'), facts.plain('holderHost')].filter((part) => part !== undefined).join('@');
  const since = facts.plain('since')?.slice(0, 19).replace('T', ' ');
  const process = facts.plain('holderPid');
  const kind = facts.plain('exclusive') === 'true' ? 'exclusively ' : '';
  if (facts.plain('unreadable') !== undefined)
    return {
      what: `The repository at ${at(facts)} is locked by ${facts.quoted('unreadable')}, which cannot be read.`,
      next: lockGoes(facts, 'If nobody is just writing it, it'),
    };
  return {
    what: `The repository at ${at(facts)} is ${kind}locked by ${holder || 'somebody'}${process === undefined ? '' : `, process ${process}`}${since === undefined ? '' : `, since ${since}`}.`,
    next: `Wait for it to end (--retry-lock 10m does). ${lockGoes(facts, 'If that program is gone, its lock')}`,
  };
}

/** Who holds a lock renews it every five minutes. */
function lockGoes(facts: FactReader, lock: string): string {
  const at = facts.plain('goesAt')?.slice(0, 16).replace('T', ' ');
  return at === undefined
    ? 'If no other program works on the repository, "cadangan unlock --remove-all" removes it.'
    : `${lock} goes by itself at ${at}; "cadangan unlock --remove-all" removes it at once.`;
}

function belongsTo(facts: FactReader): string {
  return facts.plain('owner') === undefined ? '' : `; it belongs to user ${facts.plain('owner')}`;
}

function stateRemedy(facts: FactReader): string {
  const owner = facts.plain('owner');
  if (owner === undefined) return 'Check the permissions of this user there and the space, or name another folder with CADANGAN_STATE.';
  if (facts.plain('uid') === '0')
    return `Run the command as that user (sudo -u "#${owner}" cadangan ...), or with the state of root (sudo -H cadangan ...).`;
  return `An administrator gives it back: sudo chown -R ${facts.plain('uid')} ${facts.quoted('folder')}`;
}

function damagedThing(facts: FactReader): string | undefined {
  const blob = facts.plain('blob');
  const path = facts.plain('path');
  if (path !== undefined) return `the content of ${facts.quoted('path')}`;
  if (blob !== undefined)
    return `${facts.plain('type') ?? 'data'} blob ${blob.slice(0, 16)}${facts.plain('pack') === undefined ? '' : ` in pack ${shortId(facts.plain('pack'))}`}`;
  const kind = facts.plain('kind');
  const name = facts.plain('name');
  return kind === undefined || name === undefined ? kind : `${kind}/${name}`;
}

function argumentsMessage(facts: FactReader): Message {
  const subject = ['option', 'argument', 'value', 'file', 'pattern'].flatMap((name) =>
    facts.plain(name) === undefined ? [] : [`${name} ${facts.quoted(name)}`],
  );
  const about = subject.length === 0 ? '' : `${subject.join(', ')}: `;
  return {
    what: `Cannot use the arguments: ${about}${facts.plain('reason') ?? 'invalid'}.`,
    next: 'See "cadangan help", or "cadangan help" with the name of the command.',
  };
}

/** What to do about what stands between this machine and Google, where that showed. */
function between(facts: FactReader): string | undefined {
  const what = facts.plain('between');
  return what === 'proxy' ? notGoogle : what === 'certificate' ? otherCertificate : undefined;
}

/** Nothing was removed; what is named are blobs, packs or snapshots. */
function pruneRefused(facts: FactReader): Message {
  const count = facts.plain('count') ?? '0';
  const examples = `${facts.list('examples').join(', ')}${Number(count) > facts.list('examples').length ? ' …' : ''}`;
  const nothing = `Nothing was removed from the repository at ${at(facts)}`;
  switch (facts.plain('reason') ?? '') {
    case 'packs-missing':
      return {
        what: `${nothing}: ${count} packs that snapshots need are missing (${examples}).`,
        next: 'Run "cadangan check" to see which files are affected. Put the packs back from a copy, or run "cadangan repair index", then "cadangan repair snapshots".',
      };
    case 'pack-size':
      return {
        what: `${nothing}: ${count} packs are not as long as the index says (${examples}).`,
        next: 'Run "cadangan repair index", then "cadangan check".',
      };
    case 'changing':
      return {
        what: `${nothing}: ${count} snapshots came or went meanwhile (${examples}), although the repository was locked.`,
        next: 'The list of the storage may have been late, or a program ignored the lock. Run the same command again.',
      };
    case 'snapshots-missing':
      return {
        what: `${nothing}: ${count} snapshots that the records know are gone (${examples}), and a prune would remove what they need.`,
        next: 'Run "cadangan records nonconformities": a decision there releases it. If they may be gone, run the same command with --release; "cadangan recover" finds what they had.',
      };
    case 'no-snapshots':
      return {
        what: `${nothing}: it has data of backups and not one snapshot, so a prune would remove all of it.`,
        next: 'If the snapshots were lost, put them back from a copy, or run "cadangan recover". If all of it may go, run the same command with --release.',
      };
    default:
      return {
        what: `${nothing}: ${count} blobs that snapshots need are in no index and no pack (${examples}).`,
        next: 'Run "cadangan check" to see which files are affected, and "cadangan repair index" if an index file was lost.',
      };
  }
}

/** What no right changes: a clock that is off, a lock whose time has to pass. */
function deniedForATime(facts: FactReader): Message | undefined {
  const until = facts.plain('until');
  const ours = facts.plain('ours');
  if (ours !== undefined)
    return {
      what: `${at(facts)} refused the request: the clock of this machine says ${ours}, that of the server ${facts.plain('theirs') ?? 'unknown'}.`,
      next: 'Set the clock that is wrong, and let it be kept right (NTP, "timedatectl set-ntp true"). Servers refuse requests that are more than 15 minutes off.',
    };
  if (until !== undefined)
    return {
      what: `A file of the repository at ${at(facts)} cannot be deleted until ${until}${inFile(facts)}: the storage has locked it.`,
      next: 'Nobody can delete it before, and nothing is wrong: retention and prune take it when that time is over.',
    };
  return undefined;
}
