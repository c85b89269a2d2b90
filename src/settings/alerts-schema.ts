import * as z from 'zod';
import {
  chatText,
  emailAddress,
  hasLength,
  proxyAddress,
  setName,
  sizeText,
  timeText,
  webAddress,
  windowText,
  type Form,
} from './forms.ts';
import { command, days, daysOfWeek, formed, path, text } from './schema-parts.ts';

/** What a receiver may be told of. */
export const alertKinds = [
  'failure',
  'exceptions',
  'missed-night',
  'nonconformity',
  'held-deletion',
  'off-site-lag',
  'overdue-drill',
  'low-space',
] as const;
export type AlertKind = (typeof alertKinds)[number];

const receiversMax = 50;

const name = (of: string) => formed(setName, 'set-name').meta({ description: `The name of the ${of}, for the command line and records.` });
const sets = () =>
  z
    .array(formed(setName, 'set-name'))
    .min(1)
    .max(500)
    .optional()
    .meta({ description: 'Only what is about these backup sets, or about no set at all. Default: all sets.', examples: [['accounting']] });
const address = () => formed(webAddress, 'web-address').optional();
const addressFile = () =>
  path()
    .optional()
    .meta({ description: 'A file that holds the address, readable by this user only: who knows such an address may use it.' });

const mail = z.strictObject({
  host: text()
    .max(255)
    .meta({ description: 'The mail server that takes mail from this machine.', examples: ['smtp.company.co.id'] }),
  port: z.int().min(1).max(65_535).optional().meta({ description: 'Its port. Default: 587, with "tls" 465.' }),
  security: z.enum(['starttls', 'tls']).default('starttls').meta({
    description:
      'starttls (the default): TLS has to come before anything else is said, but for a server on this machine; tls: from the first byte.',
  }),
  from: formed(emailAddress, 'email').meta({ description: 'The address that alerts come from.', examples: ['cadangan@company.co.id'] }),
  user: text().max(320).optional().meta({ description: 'The name by which the server knows this machine. Default: it need not know.' }),
  passwordFile: path().optional().meta({ description: 'A file that holds the password of that user, readable by this user only.' }),
  passwordCommand: command().optional().meta({ description: 'A program with its arguments that prints it. No shell runs.' }),
  caFile: path()
    .optional()
    .meta({ description: 'The certificate of an authority (PEM) that vouches for the server, beside those that this machine trusts.' }),
});

const quiet = z.strictObject({
  hours: formed(windowText, 'window')
    .refine(hasLength, { error: 'window-length' satisfies Form })
    .meta({ description: 'The time of day in which nothing is sent: it comes at the end, as one message.', examples: ['22:00-06:00'] }),
  days: days().optional().meta({ description: 'The days on which it begins. Default: daily.' }),
});

const weekly = z.strictObject({
  day: z.enum(daysOfWeek).default('mon').meta({ description: 'The day of the week.' }),
  time: formed(timeText, 'time')
    .default('07:00')
    .meta({ description: 'The time of day.', examples: ['07:00'] }),
});

/** Which keys say where a way leads; each of one row is enough. */
const waysOf = {
  mail: [['to']],
  webhook: [['address', 'addressFile'], ['secretFile']],
  teams: [['addressFile']],
  telegram: [['tokenFile'], ['chat']],
  desktop: [],
} as const satisfies Readonly<Record<string, readonly (readonly PlaceKey[])[]>>;
type PlaceKey = 'to' | 'address' | 'addressFile' | 'secretFile' | 'tokenFile' | 'chat';
const placeKeys = ['to', 'address', 'addressFile', 'secretFile', 'tokenFile', 'chat'] as const satisfies readonly PlaceKey[];

const receiverKeys = z.strictObject({
  name: name('receiver'),
  by: z.enum(['mail', 'webhook', 'teams', 'telegram', 'desktop']).meta({
    description:
      'How it is told: mail; webhook (JSON, signed); teams (the webhook of a workflow); telegram (a bot); desktop (a window of VS Code; while none is open it waits for one).',
  }),
  to: z
    .array(formed(emailAddress, 'email'))
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'mail: the addresses.', examples: [['it@company.co.id']] }),
  address: address().meta({ description: 'webhook: where it is sent to.', examples: ['https://hooks.company.co.id/cadangan'] }),
  addressFile: addressFile(),
  secretFile: path().optional().meta({
    description: 'webhook: a file that holds the secret of the signature (HMAC-SHA256), readable by this user only.',
  }),
  tokenFile: path().optional().meta({ description: 'telegram: a file that holds the token of the bot, readable by this user only.' }),
  chat: formed(chatText, 'chat')
    .optional()
    .meta({ description: 'telegram: the chat.', examples: ['-1001234567890'] }),
  language: z.enum(['en', 'id']).optional().meta({ description: 'The language of what it is told. Default: that of the file.' }),
  sets: sets(),
  about: z
    .array(z.enum(alertKinds))
    .max(alertKinds.length)
    .optional()
    .meta({ description: 'What it is told of. Default: everything.', examples: [['failure', 'missed-night', 'held-deletion']] }),
  quiet: quiet.optional().meta({ description: 'When it wants to hear nothing.' }),
  weekly: z
    .union([weekly, z.literal(false)])
    .optional()
    .meta({
      description:
        'When it gets the summary of the week, also when all is well; false: never. Default: by mail on Mondays at 07:00, else never.',
      examples: [{ day: 'mon', time: '07:00' }, false],
    }),
});

/** What the file allows as keys side by side is what one way needs, from here on. */
const receiver = receiverKeys.superRefine((given, context) => {
  const wanted: readonly (readonly PlaceKey[])[] = waysOf[given.by];
  for (const keys of wanted) {
    const [first = 'to', second] = keys.filter((key) => given[key] !== undefined);
    if (given[first] === undefined) context.addIssue({ code: 'custom', message: 'missing', path: [keys[0] ?? 'to'] });
    else if (second !== undefined) context.addIssue({ code: 'custom', message: 'conflict', path: [second], params: { other: first } });
  }
  const known = new Set<PlaceKey>(wanted.flat());
  for (const key of placeKeys)
    if (!known.has(key) && given[key] !== undefined)
      context.addIssue({ code: 'custom', message: 'conflict', path: [key], params: { other: `by: ${given.by}` } });
});

const heartbeat = z
  .strictObject({
    name: name('address'),
    address: address().meta({
      description: 'The address, as healthchecks has it: "/start" and "/fail" are put behind it.',
      examples: ['https://hc-ping.com/7c2d4f2e-1111-2222-3333-444455556666'],
    }),
    addressFile: addressFile(),
    sets: sets(),
  })
  .superRefine((given, context) => {
    if (given.address === undefined && given.addressFile === undefined)
      context.addIssue({ code: 'custom', message: 'missing', path: ['address'] });
    else if (given.address !== undefined && given.addressFile !== undefined)
      context.addIssue({ code: 'custom', message: 'conflict', path: ['addressFile'], params: { other: 'address' } });
  });

export const alerts = z
  .strictObject({
    mail: mail.optional().meta({ description: 'The mail server, for receivers by mail.' }),
    receivers: z.array(receiver).max(receiversMax).default([]).meta({ description: 'Who is told of what, and how.' }),
    heartbeats: z.array(heartbeat).max(receiversMax).default([]).meta({
      description:
        "Addresses that are called when a backup begins, succeeds and fails (healthchecks' way), so that silence is noticed elsewhere.",
    }),
    freeSpaceMin: formed(sizeText, 'size')
      .default('5G')
      .meta({
        description: 'Tell when less than this is free on the disk of a repository, or of what Cadangan itself keeps.',
        examples: ['50G'],
      }),
    proxy: formed(proxyAddress, 'proxy')
      .optional()
      .meta({ description: 'The proxy through which webhooks and heartbeats go.', examples: ['http://proxy.company.co.id:3128'] }),
  })
  .superRefine(({ mail: server, receivers, heartbeats }, context) => {
    if (server === undefined && receivers.some(({ by }) => by === 'mail'))
      context.addIssue({ code: 'custom', message: 'missing', path: ['mail'] });
    for (const [key, list] of Object.entries({ receivers, heartbeats }))
      list.forEach((one, at) => {
        if (list.findIndex((other) => other.name.toLowerCase() === one.name.toLowerCase()) < at)
          context.addIssue({ code: 'custom', message: 'not-unique' satisfies Form, path: [key, at, 'name'] });
      });
  });
