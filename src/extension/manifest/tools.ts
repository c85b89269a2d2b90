import type { Text } from './contributions.ts';

interface ToolContribution {
  /** As agents refer to it. */
  readonly reference: string;
  readonly title: Text;
  /** What people read before they allow it. */
  readonly about: Text;
  /** For the model: English, whatever people read. */
  readonly modelDescription: string;
  readonly icon: string;
  readonly properties: Readonly<Record<string, InputProperty>>;
  readonly required?: readonly string[];
}

type InputProperty =
  | { readonly type: 'string'; readonly description: string; readonly pattern?: string }
  | { readonly type: 'integer'; readonly description: string; readonly minimum: number; readonly maximum: number };

const day = (description: string): InputProperty => ({ type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$', description });
const set: InputProperty = {
  type: 'string',
  description: 'The name of a backup set, as cadangan_get_backup_status gives it. Without it: all sets.',
};
const limit = (maximum: number): InputProperty => ({
  type: 'integer',
  minimum: 1,
  maximum,
  description: `At most so many, newest first. Default ${maximum / 4}.`,
});

/** What agents in the editor may ask: to read, never to start, to restore or to change anything; no content of files, no secrets. */
export const tools = {
  cadangan_get_backup_status: {
    reference: 'backupStatus',
    icon: '$(shield)',
    title: { en: 'Backup Status', id: 'Status Cadangan' },
    about: {
      en: 'Backup sets with their last runs, the next one, and what needs attention.',
      id: 'Set cadangan beserta hasil terakhir, jadwal berikutnya, dan yang perlu perhatian.',
    },
    modelDescription:
      'Tells for every backup set of this server what it protects, how and when its last run ended, when it last succeeded, when it runs next, whether its off-site copy is complete, in which state that is and of when that is known, plus open nonconformities, whether a restore drill is due and whether the chain of records is intact. Every statement comes with the numbers of the records that prove it; name them in your answer. Read-only.',
    properties: { set },
  },
  cadangan_list_snapshots: {
    reference: 'backupSnapshots',
    icon: '$(archive)',
    title: { en: 'Snapshots', id: 'Snapshot' },
    about: { en: 'Snapshots of backup sets, by date.', id: 'Snapshot set cadangan, menurut tanggal.' },
    modelDescription:
      "Lists the snapshots (dates that can be restored) of this server's backup sets, newest first, each with its id, time, sources, size and the number of the record of the run that made it. Read-only.",
    properties: { set, from: day('First day, for example 2026-11-01.'), to: day('Last day, included.'), limit: limit(200) },
  },
  cadangan_find_versions: {
    reference: 'fileVersions',
    icon: '$(versions)',
    title: { en: 'Versions of a File in Backups', id: 'Versi Berkas di Cadangan' },
    about: {
      en: 'When a file or folder changed, as the backups have it. Not its content.',
      id: 'Kapan sebuah berkas atau folder berubah, menurut cadangan. Bukan isinya.',
    },
    modelDescription:
      'Finds the different versions of one file or folder in the backups, newest first: the snapshot, its time, the size and the time of the last change, and the number of the record of the backup. It does not return content. Use an absolute path of this server. Read-only.',
    properties: {
      path: { type: 'string', description: 'Absolute path on this server, for example /srv/data/report.ods or D:\\data\\report.ods.' },
      limit: limit(100),
    },
    required: ['path'],
  },
  cadangan_list_records: {
    reference: 'backupRecords',
    icon: '$(book)',
    title: { en: 'Records of a Period', id: 'Rekaman Suatu Periode' },
    about: {
      en: 'What was done in a period: backups, restores, checks, drills, changes, and how they ended.',
      id: 'Yang dilakukan dalam suatu periode: pencadangan, pemulihan, pemeriksaan, uji pemulihan, perubahan, dan hasilnya.',
    },
    modelDescription:
      'Lists the records (the audit history of this server) of a period, newest first: number, time, kind, set, result and one line of what happened. Kinds are for example internal-backup, external-backup, internal-restore, external-restore, check, scrub, drill, configuration-change, missed-run, approval, nonconformity-opened. Results are success, success-with-exceptions, failed, stopped, missed. Cite record numbers in your answer. Read-only.',
    properties: {
      from: day('First day, for example 2026-11-01.'),
      to: day('Last day, included.'),
      set,
      kind: { type: 'string', description: 'Only records of this kind.' },
      result: { type: 'string', description: 'Only records with this result.' },
      limit: limit(400),
    },
    required: ['from', 'to'],
  },
} as const satisfies Record<string, ToolContribution>;

export type ToolName = keyof typeof tools;

export function toolOf(name: ToolName): ToolContribution {
  return tools[name];
}

export function toolNames(): readonly ToolName[] {
  return Object.keys(tools) as ToolName[];
}
