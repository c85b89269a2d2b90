import * as z from 'zod';
import { alerts } from './alerts-schema.ts';
import { storages } from './storages-schema.ts';
import { isOnDrive } from '../platform/index.ts';
import {
  copyPlace,
  dateText,
  driveFolder,
  driveId,
  durationText,
  emailAddress,
  proxyAddress,
  hasLength,
  hasUrlPassword,
  isDate,
  isFastEnough,
  location,
  rateText,
  setName,
  sizeText,
  sourcePath,
  tagText,
  windowText,
  type Form,
} from './forms.ts';
import { command, days, daysOfWeek, formed, listMax, path, paths, text, texts, timeZone } from './schema-parts.ts';

/** The bounds of a file: far above any real one. */
export const fileBytesMax = 1 << 20;
const setsMax = 500;
const copiesMax = 100;

/** What runs around a run, of a set and of a copy alike. @param run how the descriptions name it */
const programsAround = (run: string) => ({
  before: command()
    .optional()
    .meta({
      description: `A program with its arguments to run before ${run}, e.g. a database dump. No shell runs. When it fails, there is none.`,
      examples: [['/usr/local/bin/dump-database', '--all']],
    }),
  beforeLimitMinutes: limitMinutes('before'),
  after: command()
    .optional()
    .meta({ description: `A program with its arguments to run after ${run}, however it ended. CADANGAN_OUTCOME tells it how.` }),
  afterLimitMinutes: limitMinutes('after'),
});
const limitMinutes = (program: string) =>
  z
    .number()
    .min(0.05)
    .max(10_080)
    .optional()
    .meta({
      description: `How many minutes the program of "${program}" may take; then it is ended with all that it has started. Default: 240.`,
      examples: [60],
    });
const keepCount = () => z.int().min(1).max(100_000).optional();
const keep = (unit: string) => keepCount().meta({ description: `Keep the last snapshot of each of this many ${unit} that have any.` });
const keepWithin = (what: string) =>
  formed(durationText, 'duration')
    .optional()
    .meta({
      description: `Keep ${what} that is not older than this, counted from the newest: years, months, days, hours.`,
      examples: ['2y5m7d3h', '30d'],
    });
const holdPercent = (description: string) => z.number().min(0.1).max(100).optional().meta({ description });

const rate = () => formed(rateText, 'rate').refine(isFastEnough, { error: 'rate-min' satisfies Form });
const timedRate = z.strictObject({
  rate: rate().meta({ description: 'The most that may go in these hours, or none.', examples: ['2 Mbit/s', '500 kB/s', 'none'] }),
  hours: formed(windowText, 'window')
    .refine(hasLength, { error: 'window-length' satisfies Form })
    .optional()
    .meta({ description: 'The time of day, in the time zone of the file. Default: always.', examples: ['07:00-18:00'] }),
  days: days()
    .optional()
    .meta({ description: 'The days on which the hours begin. Default: daily.', examples: [['mon', 'tue', 'wed', 'thu', 'fri']] }),
});
const rates = (description: string) =>
  z
    .union([z.array(timedRate).min(1).max(50), rate()])
    .optional()
    .meta({
      description: `${description} A speed, or several with hours: of those that apply the lowest counts, and where none applies there is no limit.`,
      examples: ['20 Mbit/s', [{ rate: '2 Mbit/s', hours: '07:00-18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'] }]],
    });
const pace = (upload: string, download: string, workers: string) => ({
  upload: rates(upload),
  download: rates(download),
  workers: z.int().min(1).max(64).optional().meta({ description: workers }),
});

const setLimits = z.strictObject({
  ...pace(
    'How fast a backup of the set may write to its repository.',
    'How fast it may read from its repository.',
    'How many threads read, compress and encrypt. Default: one for each processor, 4 at most.',
  ),
  nice: z
    .int()
    .min(1)
    .max(19)
    .optional()
    .meta({
      description: 'How far a backup of the set, and its programs, give way to others for the processor: 19 the most.',
      examples: [10],
    }),
  ioPriority: z.enum(['low', 'idle']).optional().meta({
    description: 'How far they give way to others for the disks. On Linux, where there is a program "ionice"; elsewhere it has no effect.',
  }),
});
const copyLimits = z.strictObject(
  pace('How fast the copy may be uploaded.', 'How fast it may be read back.', 'How many files are uploaded at once. Default: 4.'),
);

const repository = z.strictObject({
  // A secret ends the check: what comes after would show the value.
  location: text()
    .refine((value) => !hasUrlPassword(value), { error: 'secret', abort: true })
    .regex(location, { error: 'location' satisfies Form })
    .meta({
      description:
        'Where the repository lies: a folder, a share (\\\\server\\share), a folder on Google Drive (gdrive:Folder/Sub), or a server as restic writes it (sftp:user@host:/path, rest:https://host/, s3:https://host/bucket, rclone:remote:path).',
      examples: [
        '/mnt/backup/repository',
        'D:\\Backup\\Repository',
        '\\\\backup\\cadangan',
        'gdrive:Backup/server',
        'sftp:backup@nas:/srv/cadangan',
      ],
    }),
  passwordFile: path().optional().meta({
    description:
      'A file that holds the password, readable by this user only. Without it and passwordCommand the password is asked for and kept in the secret storage of VS Code; runs without VS Code need one of the two.',
  }),
  passwordCommand: command()
    .optional()
    .meta({ description: 'A program with its arguments that prints the password. No shell runs.', examples: [['pass', 'show', 'backup']] }),
});

const onChange = z.strictObject({
  settleSeconds: z.int().min(1).max(86_400).default(60).meta({ description: 'Start when nothing has changed for this many seconds.' }),
  minIntervalSeconds: z
    .int()
    .min(0)
    .max(604_800)
    .default(0)
    .meta({ description: 'Let at least this many seconds pass between two starts.' }),
});

const scheduleKeys = z.strictObject({
  window: formed(windowText, 'window')
    .refine(hasLength, { error: 'window-length' satisfies Form })
    .optional()
    .meta({
      description: 'The time of day in which it runs once: from the first time, and not beyond the second. It may go over midnight.',
      examples: ['21:00-23:00', '22:30-05:00'],
    }),
  days: days()
    .optional()
    .meta({
      description: 'The days on which the window begins. Default: daily.',
      examples: ['daily', ['mon', 'tue', 'wed', 'thu', 'fri']],
    }),
  timeZone: timeZone()
    .optional()
    .meta({ description: 'The time zone of the window. Default: that of the file, else that of the server.', examples: ['Asia/Jakarta'] }),
  atWindowEnd: z.enum(['finish', 'stop']).optional().meta({
    description: 'A run that is still going at the end of the window: finish it (default), or stop and continue in the next window.',
  }),
  onChange: onChange.optional().meta({ description: 'Run whenever files have changed, instead of in a window.' }),
});

/** A window or a reaction to changes: what the file allows as keys side by side is one or the other from here on. */
const schedule = scheduleKeys
  .superRefine(({ window, onChange: reaction, ...others }, context) => {
    if (reaction === undefined) {
      if (window === undefined) context.addIssue({ code: 'custom', message: 'missing', path: ['window'] });
      return;
    }
    for (const key of ['window', 'days', 'timeZone', 'atWindowEnd'] as const) {
      const value = key === 'window' ? window : others[key];
      if (value !== undefined) context.addIssue({ code: 'custom', message: 'conflict', path: [key], params: { other: 'onChange' } });
    }
  })
  .transform(({ window = '', days = 'daily', timeZone: zone, atWindowEnd = 'finish', onChange: reaction }) => {
    if (reaction !== undefined) return { kind: 'on-change' as const, ...reaction };
    const wanted = new Set<string>(days === 'daily' ? daysOfWeek : days);
    return { kind: 'window' as const, window, days: daysOfWeek.filter((day) => wanted.has(day)), timeZone: zone, atWindowEnd };
  });

/** What counts as a sudden change is judged in `upkeep/`; what is not said has its default there. */
const holdBack = z.strictObject({
  changedPercent: holdPercent('Files with content that does not look like what they were, of all files. Default: 75.'),
  vanishedPercent: holdPercent('Files of which neither name nor content is there any more, of all files. Default: 50.'),
  scrambledPercent: holdPercent('Files that could be compressed and now cannot, as if encrypted, of all files. Default: 2.'),
  renamedPercent: holdPercent('Files that came in the place of others under an extension that nobody had, of all files. Default: 2.'),
  filesMin: z.int().min(1).max(1_000_000).optional().meta({ description: 'Fewer files than this say nothing. Default: 10.' }),
});

const retention = z
  .strictObject({
    keepLast: keepCount().meta({ description: 'Keep this many of the newest snapshots.' }),
    keepHourly: keep('hours'),
    keepDaily: keep('days'),
    keepWeekly: keep('weeks'),
    keepMonthly: keep('months'),
    keepYearly: keep('years'),
    keepWithin: keepWithin('every snapshot'),
    keepWithinHourly: keepWithin('the last snapshot of each hour'),
    keepWithinDaily: keepWithin('the last snapshot of each day'),
    keepWithinWeekly: keepWithin('the last snapshot of each week'),
    keepWithinMonthly: keepWithin('the last snapshot of each month'),
    keepWithinYearly: keepWithin('the last snapshot of each year'),
    keepTags: z
      .array(text())
      .min(1)
      .max(100)
      .optional()
      .meta({
        description: 'Keep every snapshot with one of these tags; of several with commas between them it must have all.',
        examples: [['year-end']],
      }),
    holdBack: holdBack.optional().meta({
      description:
        'From which share of its files on, in percent, a change of the set is a sudden one. Then nothing is removed until a person has looked.',
    }),
  })
  .superRefine(({ holdBack: _thresholds, ...rules }, context) => {
    // Without a rule "remove what no rule keeps" would mean everything.
    if (Object.values(rules).every((rule) => rule === undefined)) context.addIssue({ code: 'custom', message: 'keep-rule' satisfies Form });
  });

/** When a run has suspiciously little of a source; what is not said has its default where backups are made. */
const alarms = z.strictObject({
  vanishedPercent: z
    .number()
    .min(1)
    .max(100)
    .optional()
    .meta({
      description:
        'A run ends with exceptions when this share of the files of a source has vanished since the backup before, and no others have come in their place. Default: 90.',
      examples: [50],
    }),
  unreadablePercent: z
    .number()
    .min(1)
    .max(100)
    .optional()
    .meta({
      description: 'A run says so first when this share of the files of a source could not be read. Default: 50.',
      examples: [10],
    }),
});

/** One backup set. */
export const setSchema = z.strictObject({
  name: formed(setName, 'set-name').meta({
    description: 'The name of the set, for the command line and as tag: letters, digits, dot, dash, underscore; unique in the file.',
    examples: ['accounting'],
  }),
  title: text().max(200).optional().meta({ description: 'What people read instead of the name.' }),
  sources: z
    .array(formed(sourcePath, 'source'))
    .max(listMax)
    .min(1)
    .meta({ description: 'Absolute paths of the files and folders to back up.', examples: [['/srv/accounting']] }),
  repository: repository.meta({ description: 'Where the snapshots go.' }),
  schedule: schedule
    .optional()
    .meta({ description: 'When it runs by itself, as long as VS Code is open. Without a schedule it runs only when it is started.' }),
  excludes: texts()
    .default([])
    .meta({
      description: "Leave out what matches one of these patterns (restic's --exclude).",
      examples: [['*.tmp', '/srv/accounting/cache']],
    }),
  iexcludes: texts().default([]).meta({ description: 'As excludes, in any case of letters.' }),
  excludeFiles: paths().default([]).meta({ description: 'Files with patterns to leave out, one a line.' }),
  iexcludeFiles: paths().default([]).meta({ description: 'As excludeFiles, in any case of letters.' }),
  excludeCaches: z
    .boolean()
    .default(false)
    .meta({ description: 'Leave out the content of folders that are marked as caches by a CACHEDIR.TAG.' }),
  excludeIfPresent: texts()
    .default([])
    .meta({
      description: 'Leave out the content of folders that have a file of this name (NAME or NAME:HEADER).',
      examples: [['.nobackup']],
    }),
  excludeLargerThan: formed(sizeText, 'size')
    .optional()
    .meta({ description: 'Leave out files that are larger than this.', examples: ['500M', '20G'] }),
  oneFileSystem: z.boolean().default(false).meta({ description: 'Stay on the file systems of the sources.' }),
  shadowCopies: z.boolean().optional().meta({
    description:
      'On Windows: read shadow copies of the volumes, so that files that programs hold open are stored as of one moment. It needs the rights of an administrator.',
  }),
  tags: z.array(formed(tagText, 'tag')).max(100).default([]).meta({ description: 'Tags of every snapshot, without commas.' }),
  compression: z.enum(['auto', 'max', 'off']).default('auto').meta({ description: 'How hard to compress.' }),
  retention: retention.optional().meta({
    description: 'Which snapshots of the set stay. After each good backup those that no rule keeps are removed. Without it all stay.',
  }),
  ...programsAround('the backup'),
  readers: z
    .array(text().max(200))
    .max(listMax)
    .default([])
    .meta({
      description:
        'With a service of the machine: the users of its group who may look into the snapshots of this set, which show all that its sources hold. Administrators always may.',
      examples: [['budi']],
    }),
  limits: setLimits.optional().meta({ description: 'How much of the line and of the machine a backup of the set may take.' }),
  alarms: alarms.optional().meta({ description: 'When a backup says that it has suspiciously little of a source.' }),
  rpoHours: z
    .number()
    .min(0.25)
    .max(8784)
    .optional()
    .meta({
      description: 'The set is overdue when its last good backup is older than this many hours (recovery point objective).',
      examples: [26],
    }),
});

const readableCopies = z.strictObject({
  set: formed(setName, 'set-name').meta({
    description: 'The backup set whose newest snapshot is written; snapshots carry the name of their set as a tag.',
    examples: ['accounting'],
  }),
  every: z.enum(['week', 'month', 'quarter', 'year']).default('month').meta({ description: 'How often one is written.' }),
  format: z.enum(['zip', 'tar']).default('zip').meta({ description: 'zip opens everywhere; tar keeps owners, permissions and links.' }),
  folder: path()
    .optional()
    .meta({ description: 'Only this folder of the snapshot. Default: all of it.', examples: ['/srv/accounting/reports'] }),
  to: z
    .union([formed(driveFolder, 'drive-folder'), path()])
    .optional()
    .meta({
      description:
        'A folder on Google Drive or on disk. Default: beside a copy on Google Drive, with "-readable" behind its name; of a copy that lies elsewhere it has to be named.',
      examples: ['gdrive:Reports', '/srv/readable'],
    }),
  keep: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'Keep this many of them, older ones go to the trash of Google Drive, or are removed. Default: all stay.' }),
  passwordFile: path().optional().meta({ description: "A file that holds the repository's password. Default: as the set has it." }),
  passwordCommand: command()
    .optional()
    .meta({ description: "A program with its arguments that prints the repository's password. No shell runs." }),
});

/** Where a copy or its repository lies. A secret ends the check: what comes after would show the value. */
const placeOfCopy = (form: RegExp, name: Form) =>
  text()
    .refine((value) => !hasUrlPassword(value), { error: 'secret', abort: true })
    .regex(form, { error: name });

/** One copy of a repository, on Google Drive or in any other storage. */
const copyKeys = z.strictObject({
  name: formed(setName, 'set-name').meta({
    description: 'The name of the copy, for the command line: letters, digits, dot, dash, underscore; unique among the copies.',
    examples: ['accounting'],
  }),
  title: text().max(200).optional().meta({ description: 'What people read instead of the name.' }),
  repository: placeOfCopy(location, 'location').meta({
    description:
      'The repository that is copied: its folder, as this machine sees it, a folder on Google Drive (gdrive:Folder/Sub), or a server (sftp:, rest:, s3:, rclone:).',
    examples: ['/mnt/backup/repository', 'gdrive:Backup/server', 'sftp:backup@nas:/srv/cadangan'],
  }),
  to: placeOfCopy(copyPlace, 'copy-place').meta({
    description:
      'Where the copy lies: a folder on Google Drive (gdrive:Folder/Sub), a server as restic writes it (sftp:user@host:/path, rest:https://host/, s3:https://host/bucket, rclone:remote:path), or a folder on another disk. It belongs to this copy alone. Only Google Drive has a trash: anywhere else what the repository has no more is removed for good.',
    examples: [
      'gdrive:Backup/accounting',
      's3:https://s3.eu-central-1.amazonaws.com/company-backup/accounting',
      'sftp:backup@nas:/srv/accounting',
    ],
  }),
  settleSeconds: z.int().min(1).max(86_400).default(30).meta({ description: 'Copy when nothing has changed for this many seconds.' }),
  paused: z.boolean().default(false).meta({ description: 'Copy nothing for the time being.' }),
  lagHoursMax: z
    .number()
    .min(1)
    .max(8784)
    .optional()
    .meta({
      description: 'A backup that the copy does not have after this many hours is a nonconformity. Default: 72.',
      examples: [48],
    }),
  scrubEveryDays: z.int().min(1).max(366).default(7).meta({
    description:
      'Compare the whole copy every so many days, by checksums of Google Drive, elsewhere by names, sizes and what was proven when a file was sent; nothing is downloaded for it.',
  }),
  sampleReadPercent: z
    .number()
    .min(0)
    .max(100)
    .default(1)
    .meta({ description: 'Every week, download this share of the copy and read it in full, another part each time.' }),
  ...programsAround('each copying, comparing or reading of the copy'),
  limits: copyLimits.optional().meta({ description: 'How much of the line the copy may take.' }),
  readableCopies: readableCopies.optional().meta({
    description:
      'Now and then, write the newest snapshot as an archive that opens without Cadangan. Whoever can open the folder can read it.',
  }),
  records: z.enum(['clear', 'sealed', 'off']).optional().meta({
    description:
      'How the records lie beside a copy on Google Drive, with the forms of each month: clear (the default): whoever can open the folder can read them; sealed: with the key of the repository; off: only the number and hash of the last one. Into any other copy they go as a snapshot of the repository, once a day, which is sealed by nature; off: they do not.',
  }),
});

/** Beside a folder on Google Drive there is room for archives; in the place of a repository there is none. */
export const copySchema = copyKeys.superRefine(({ to, readableCopies: readable }, context) => {
  if (readable !== undefined && readable.to === undefined && !isOnDrive(to))
    context.addIssue({ code: 'custom', message: 'missing', path: ['readableCopies', 'to'] });
});

const googleDrive = z.strictObject({
  account: formed(emailAddress, 'email').meta({
    description: 'The Google account that what lies on Google Drive belongs to. No other one is accepted.',
    examples: ['backup@company.co.id'],
  }),
  clientFile: path().optional().meta({ description: "The file of the company's OAuth client as Google's console gives it (JSON)." }),
  credentialsFile: path()
    .optional()
    .meta({ description: 'Where the sign-in is kept for runs without VS Code; readable by this user only. Default: in the state folder.' }),
  serviceAccountKeyFile: path().optional().meta({
    description:
      'The key file of a service account, for servers where nobody can sign in. It needs a shared drive, or may act for the account (domain-wide delegation).',
  }),
  sharedDriveId: formed(driveId, 'drive-id')
    .optional()
    .meta({ description: 'The shared drive that folders are looked for in. Default: the own drive of the account.' }),
  proxy: formed(proxyAddress, 'proxy')
    .optional()
    .meta({
      description:
        'The proxy through which Google is reached. Without it the service that VS Code starts goes straight there; a command goes by HTTPS_PROXY.',
      examples: ['http://proxy.company.co.id:3128'],
    }),
});

/** What stands in the file beside the sets and copies. */
const date = () => formed(dateText, 'date').refine(isDate, { error: 'date' satisfies Form });
const person = () =>
  z.strictObject({
    name: text().max(200).meta({ description: 'The name as it is printed in forms.' }),
    position: text()
      .max(200)
      .optional()
      .meta({ description: 'The position in the organisation.', examples: ['IT Officer'] }),
  });

/** The company's written instruction, as data: forms print it, and what is not as it wants becomes a nonconformity. */
const instruction = z.strictObject({
  documentNumber: text()
    .max(100)
    .optional()
    .meta({ description: 'The number of the instruction.', examples: ['IK-IT-003'] }),
  title: text()
    .max(300)
    .optional()
    .meta({ description: 'The title of the instruction.', examples: ['Backup dan Restore Data Server'] }),
  revision: text()
    .max(50)
    .optional()
    .meta({ description: 'The revision that is in force.', examples: ['02'] }),
  date: date()
    .optional()
    .meta({ description: 'Since when that revision is in force.', examples: ['2022-12-07'] }),
  revisions: z
    .array(
      z.strictObject({
        revision: text()
          .max(50)
          .meta({ description: 'Its number.', examples: ['02'] }),
        date: date().meta({ description: 'Since when it is in force.', examples: ['2022-12-07'] }),
        reason: text()
          .max(500)
          .meta({ description: 'Why it was issued.', examples: ['Server baru dan akun Google Drive perusahaan'] }),
      }),
    )
    .max(listMax)
    .optional()
    .meta({
      description: 'Its revisions, oldest first, each with the reason for its issue; printed in forms as its revision history.',
      examples: [[{ revision: '00', date: '2014-04-01', reason: 'Terbitan pertama' }]],
    }),
  preparedBy: person().optional().meta({ description: 'Who prepares the records; printed in the signature box of forms.' }),
  checkedBy: person().optional().meta({ description: 'Who checks them.' }),
  approvedBy: person().optional().meta({ description: 'Who approves them.' }),
  persons: z
    .array(person())
    .max(listMax)
    .optional()
    .meta({
      description:
        'Who may approve records, and close and own nonconformities, besides these three. Where the list is not empty, nobody else may.',
      examples: [[{ name: 'Budi Santoso', position: 'IT Officer' }]],
    }),
  samePersonMaySignTwice: z
    .boolean()
    .optional()
    .meta({ description: 'One person may have two parts (prepared, checked, approved) in the approval of one period.' }),
  clauses: texts()
    .default([])
    .meta({
      description: 'The clauses of standards as the instruction cites them; printed as they stand.',
      examples: [['ISO 9001:2015 8.2.3', 'ISO 14001:2015 8.1', 'ISO 45001:2018 4.4.6']],
    }),
  formNumber: text()
    .max(100)
    .optional()
    .meta({ description: 'The document number of the report form.', examples: ['FR-IT-007'] }),
  formRevision: text()
    .max(50)
    .optional()
    .meta({ description: 'The revision of the report form.', examples: ['00'] }),
  formDate: date().optional().meta({ description: 'Since when that form is in force.' }),
  window: formed(windowText, 'window')
    .refine(hasLength, { error: 'window-length' satisfies Form })
    .optional()
    .meta({
      description: 'The time of day in which internal backups have to run. Default: the window of each set.',
      examples: ['21:00-23:00'],
    }),
  drillIntervalDays: z
    .int()
    .min(1)
    .max(3660)
    .optional()
    .meta({ description: 'A restore drill is overdue when the last one that passed is older than this many days.', examples: [30] }),
  rtoMinutes: z
    .number()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ description: 'How long a restore may take (recovery time objective), in minutes.', examples: [240] }),
  recordsKeptYears: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'How long records are kept, in years; printed in forms. Cadangan itself deletes no record.', examples: [5] }),
});

/** How a restore drill goes about it. What is not said has its default where drills are made. */
const drill = z.strictObject({
  files: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'How many files a drill restores, over all sets, at least one of each. Default: 20.', examples: [20] }),
  maxBytes: formed(sizeText, 'size')
    .optional()
    .meta({ description: 'How much a drill restores at most, over all sets. Default: 1G.', examples: ['500M', '10G'] }),
  scratchFolder: path()
    .optional()
    .meta({
      description:
        "The folder in which a drill makes, and takes away again, a folder of its own. Default: the system's folder for temporary files.",
      examples: ['/var/tmp'],
    }),
});

/** What is known of a server beside what its snapshots say. */
const server = z.strictObject({
  host: text()
    .max(255)
    .meta({
      description: 'The name of a server that backs up into a repository of this file, as its snapshots have it.',
      examples: ['srv-02'],
    }),
  set: formed(setName, 'set-name').optional().meta({ description: 'Only this backup set of the server. Default: all that it backs up.' }),
  rpoHours: z
    .number()
    .min(0.25)
    .max(8784)
    .optional()
    .meta({
      description:
        'Its backups are late when the last good one is older than this many hours (recovery point objective). Default: by how often it backs up.',
      examples: [26],
    }),
  retired: z.boolean().optional().meta({ description: 'Nothing comes from it any more, and that is right.' }),
});

/** What stands in the file beside the sets. */
export const generalSchema = z.strictObject({
  version: z.literal(1).default(1).meta({ description: 'The version of this file format.' }),
  organisation: text().max(200).optional().meta({ description: 'The name of the organisation, for records and forms.' }),
  logo: path()
    .optional()
    .meta({
      description: 'A picture (PNG or JPEG, up to 1 MiB) of the mark of the organisation, printed in the header of forms.',
      examples: ['/etc/cadangan/logo.png'],
    }),
  timeZone: timeZone()
    .optional()
    .meta({
      description:
        'The time zone of schedules and of what people read. Default: the one that was recorded first, which is that of the server.',
      examples: ['Asia/Jakarta'],
    }),
  language: z
    .enum(['auto', 'en', 'id'])
    .default('auto')
    .meta({ description: 'The language of the command line and of records: auto follows the system.' }),
  storages: storages.optional().meta({
    description: 'How repositories on servers (sftp:, rest:, s3:, rclone:) are reached, where their location alone does not say it.',
  }),
  googleDrive: googleDrive.optional().meta({ description: 'The account on Google Drive, and how it is reached.' }),
  instruction: instruction
    .optional()
    .meta({ description: "The company's work instruction for backup and restore: what forms print, and what is held against it." }),
  alerts: alerts
    .optional()
    .meta({ description: 'Who is told when something is not as it should be, and how; and the addresses by which others notice silence.' }),
  drill: drill.optional().meta({ description: 'How restore drills choose their samples, and where they restore them to.' }),
  servers: z
    .array(server)
    .max(listMax)
    .optional()
    .meta({
      description:
        'Servers that back up into the same repositories: what is expected of them. Of several entries that fit the first counts. One of which there is no backup is silent.',
      examples: [[{ host: 'srv-02', rpoHours: 26 }]],
    }),
});

export const fileSchema = generalSchema.extend({
  $schema: z.string().optional().meta({ description: 'The JSON Schema of this file, for other editors.' }),
  sets: z.array(setSchema).max(setsMax).default([]).meta({ description: 'The backup sets.' }),
  offsiteCopies: z.array(copySchema).max(copiesMax).default([]).meta({
    description:
      'Copies of whole repositories, on Google Drive or in any other storage, kept up by themselves. A repository may have several.',
  }),
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export type BackupSet = DeepReadonly<z.output<typeof setSchema>>;
export type SetSchedule = NonNullable<BackupSet['schedule']>;
export type OffsiteCopy = DeepReadonly<z.output<typeof copySchema>>;
export type ReadableCopies = NonNullable<OffsiteCopy['readableCopies']>;
export type StorageSettings = NonNullable<GeneralSettings['storages']>[number];
export type GoogleDriveSettings = NonNullable<GeneralSettings['googleDrive']>;
export type Instruction = NonNullable<GeneralSettings['instruction']>;
export type AlertSettings = NonNullable<GeneralSettings['alerts']>;
export type AlertReceiver = AlertSettings['receivers'][number];
export type Heartbeat = AlertSettings['heartbeats'][number];
export type MailServer = NonNullable<AlertSettings['mail']>;
export type DrillSettings = NonNullable<GeneralSettings['drill']>;
export type ExpectedServer = NonNullable<GeneralSettings['servers']>[number];
export type SetRetention = NonNullable<BackupSet['retention']>;
export type SetLimits = NonNullable<BackupSet['limits']>;
export type Rates = NonNullable<SetLimits['upload']>;
export type DayOfWeek = (typeof daysOfWeek)[number];
export type GeneralSettings = DeepReadonly<z.output<typeof generalSchema>>;

/** A set as it stands in the file: what has a default may be left out. */
export type BackupSetInput = DeepReadonly<z.input<typeof setSchema>>;
export type OffsiteCopyInput = DeepReadonly<z.input<typeof copySchema>>;
export type GeneralInput = Omit<DeepReadonly<z.input<typeof generalSchema>>, 'version'>;

export interface Configuration extends GeneralSettings {
  /** Those that can be used, in the order of the file. */
  readonly sets: readonly BackupSet[];
  /** Likewise. */
  readonly offsiteCopies: readonly OffsiteCopy[];
}

export { copiesMax, daysOfWeek, setsMax };
