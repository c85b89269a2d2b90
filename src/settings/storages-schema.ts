import * as z from 'zod';
import { hasUrlPassword, storagePrefix, type Form } from './forms.ts';
import { command, listMax, path, text } from './schema-parts.ts';

/** Which keys say how a storage of each kind is reached. */
const keysOf = {
  sftp: ['identityFile', 'passphraseFile', 'passwordFile', 'passwordCommand', 'knownHostsFile', 'jump'],
  rest: ['user', 'passwordFile', 'passwordCommand', 'caFile', 'clientCertificateFile', 'clientKeyFile', 'allowClearText'],
  s3: ['profile', 'credentialsFile', 'region', 'addressing', 'caFile'],
  rclone: ['program', 'configFile'],
} as const satisfies Readonly<Record<string, readonly StorageKey[]>>;

const storageKeys = z.strictObject({
  // A secret ends the check: what comes after would show the value.
  location: text()
    .refine((value) => !hasUrlPassword(value), { error: 'secret', abort: true })
    .regex(storagePrefix, { error: 'storage' satisfies Form })
    .meta({
      description: 'The location, or how the locations begin, that are reached so. Of several entries that fit, the longest counts.',
      examples: ['sftp:backup@nas', 'rest:https://backup.company.co.id:8000/', 's3:https://minio.company.co.id/cadangan', 'rclone:'],
    }),
  identityFile: path()
    .optional()
    .meta({ description: 'sftp: the private key. Default: as ~/.ssh/config has it, else those of the agent and the usual ones.' }),
  passphraseFile: path()
    .optional()
    .meta({ description: 'sftp: a file that holds the passphrase of that key, readable by this user only.' }),
  knownHostsFile: path()
    .optional()
    .meta({ description: 'sftp: which keys servers have. Default: as ~/.ssh/config has it, else ~/.ssh/known_hosts.' }),
  jump: text()
    .max(500)
    .optional()
    .meta({
      description: 'sftp: the servers through which it is reached, as ProxyJump has them.',
      examples: ['admin@gateway.company.co.id'],
    }),
  user: text().max(320).optional().meta({ description: 'rest: the name by which the server knows this machine.' }),
  passwordFile: path().optional().meta({ description: 'sftp, rest: a file that holds the password, readable by this user only.' }),
  passwordCommand: command().optional().meta({ description: 'sftp, rest: a program with its arguments that prints it. No shell runs.' }),
  allowClearText: z.boolean().optional().meta({
    description:
      'rest: name and password may go to a server without TLS (http), where anybody on the way can read them. Default: only to this machine.',
  }),
  caFile: path().optional().meta({
    description: 'rest, s3: the certificate of an authority (PEM) that vouches for the server, beside those that this machine trusts.',
  }),
  clientCertificateFile: path().optional().meta({ description: 'rest: the certificate by which the server knows this machine (PEM).' }),
  clientKeyFile: path().optional().meta({ description: 'rest: its private key (PEM), readable by this user only.' }),
  profile: text().max(200).optional().meta({ description: 's3: the profile of the shared files. Default: AWS_PROFILE, else "default".' }),
  credentialsFile: path().optional().meta({
    description:
      's3: the file with the access keys, as AWS has it, readable by this user only. Default: the environment, else ~/.aws/credentials.',
  }),
  region: text()
    .max(100)
    .optional()
    .meta({ description: 's3: the region. Default: as environment and files say, else us-east-1.', examples: ['ap-southeast-3'] }),
  addressing: z.enum(['path', 'host']).optional().meta({
    description: 's3: whether the bucket stands in the path of the address or in the name of the host. Default: host at AWS, else path.',
  }),
  program: path().optional().meta({ description: 'rclone: the program. Default: the "rclone" that the system finds.' }),
  configFile: path().optional().meta({ description: "rclone: its configuration file. Default: the user's." }),
});

type StorageKey = Exclude<keyof z.output<typeof storageKeys>, 'location'>;

/** What the file allows as keys side by side is what one kind has, from here on. */
const storage = storageKeys.superRefine(({ location, ...given }, context) => {
  const kind = location.slice(0, location.indexOf(':'));
  const known: readonly string[] = Object.entries(keysOf).find(([name]) => name === kind)?.[1] ?? [];
  for (const [key, value] of Object.entries(given))
    if (value !== undefined && !known.includes(key))
      context.addIssue({ code: 'custom', message: 'conflict', path: [key], params: { other: `location: ${kind}:` } });
  if (given.passwordFile !== undefined && given.passwordCommand !== undefined)
    context.addIssue({ code: 'custom', message: 'conflict', path: ['passwordCommand'], params: { other: 'passwordFile' } });
  for (const [key, other] of [
    ['clientCertificateFile', 'clientKeyFile'],
    ['clientKeyFile', 'clientCertificateFile'],
  ] as const)
    if (given[key] !== undefined && given[other] === undefined) context.addIssue({ code: 'custom', message: 'missing', path: [other] });
});

export const storages = z
  .array(storage)
  .max(listMax)
  .superRefine((list, context) => {
    list.forEach(({ location }, at) => {
      if (list.findIndex((other) => other.location === location) < at)
        context.addIssue({ code: 'custom', message: 'not-unique' satisfies Form, path: [at, 'location'] });
    });
  });

/**
 * The entry for a location: of those that it begins with, the longest. A name does not begin another one: `s3:host/a` is not `s3:host/ab`.
 */
export function storageSettingsOf<Entry extends { readonly location: string }>(
  location: string,
  list: readonly Entry[],
): Entry | undefined {
  const fits = ({ location: prefix }: Entry): boolean =>
    location.startsWith(prefix) &&
    (location.length === prefix.length || /[/:]$/.test(prefix) || /^[/:]/.test(location.slice(prefix.length)));
  return list.filter(fits).toSorted((a, b) => b.location.length - a.location.length)[0];
}
