import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/platform/index.ts';
import { openRclone, openRest, openS3, type Storage } from '../../../src/storage/index.ts';
import { needs } from '../../needs.ts';
import type { ObjectStore } from '../../s3/object-store.ts';
import { makeCertificates } from '../certificates.ts';
import { RcloneServer } from '../rclone-server.ts';
import type { Stage } from '../stage.ts';
import { FaultLine } from './fault-line.ts';

/** Of a line on which nothing moves, for tests that wait for that: long for whoever moves, also on a slow machine. */
const idleMsMax = 1500;

/** A repository's place on a server of its own, with a line to it on which things can go wrong, and what each program is to be told. */
export interface Road extends AsyncDisposable {
  /** All that either program sends to the server goes over it. */
  readonly line: FaultLine;
  readonly location: string;
  /** The entry of the configuration, but for the location. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** The road alone, on which something has to move every second and a half. */
  openImpatient(): Storage;
  readonly forRestic: {
    /** Of a restic that takes a password for a server in the location alone. Default: as ours. */
    readonly location?: string;
    readonly options?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  };
}

/** One way to a server. What stands in this list is put to every test of faults. */
export interface RoadKind {
  readonly name: string;
  readonly needs: { readonly skip: string | false };
  /** The server takes no removal but that of locks. */
  readonly isAppendOnly: boolean;
  /** A program in between goes on trying by itself, and says nothing for long where nobody answers. */
  readonly hasOwnPatience: boolean;
  open(stage: Stage): Promise<Road>;
}

interface RestOptions {
  readonly args?: readonly string[];
  readonly isSecure?: boolean;
}

/** `rclone serve restic` over a folder, with a name and a password. */
async function overRest(stage: Stage, { args = [], isSecure = false }: RestOptions): Promise<Road> {
  const certificates = isSecure ? makeCertificates(stage.folder('certificates')) : undefined;
  const tls = certificates ? ['--cert', certificates.server.certificateFile, '--key', certificates.server.keyFile] : [];
  const served = stage.folder('served');
  const server = await RcloneServer.open(['restic', '--user', 'server-1', ...args, ...tls, served], { RCLONE_PASS: 'of the server' });
  const line = await FaultLine.to(Number(server.url.port));
  const url = `${server.url.protocol}//127.0.0.1:${line.port}/one/`;
  return {
    line,
    location: `rest:${url}`,
    ...(certificates && { settings: { caFile: certificates.authorityFile } }),
    environment: { RESTIC_REST_USERNAME: 'server-1', RESTIC_REST_PASSWORD: 'of the server' },
    openImpatient: () =>
      openRest(new URL(url), {
        credentials: { user: 'server-1', password: () => Promise.resolve('of the server') },
        caFile: certificates?.authorityFile,
        idleMsMax,
        clock: systemClock,
      }),
    forRestic: {
      location: `rest:${url.replace('//', '//server-1:of%20the%20server@')}`,
      ...(certificates && { options: ['--cacert', certificates.authorityFile] }),
    },
    [Symbol.asyncDispose]: async () => {
      await line[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function overS3(store: ObjectStore): Promise<Road> {
  const { peer } = store;
  const line = await FaultLine.to(Number(new URL(peer.endpoint).port));
  const endpoint = new URL(`http://127.0.0.1:${line.port}`);
  const place = { endpoint, bucket: peer.freshName(), prefix: 'deep/repo' };
  const { environment } = peer;
  return {
    line,
    location: `s3:${endpoint.origin}/${place.bucket}/${place.prefix}`,
    environment,
    openImpatient: () => openS3(place, { environment, homeFolder: '/nowhere', idleMsMax, clock: systemClock }),
    forRestic: {},
    [Symbol.asyncDispose]: () => line[Symbol.asyncDispose](),
  };
}

/**
 * Rclone is a program of ours then, and the line is the one between it and a cloud. That speaks Swift: the S3 of Debian's rclone does not
 * work (`unsupported transport, *fshttp.Transport`).
 */
async function overRclone(stage: Stage, store: ObjectStore): Promise<Road> {
  const { peer } = store;
  const line = await FaultLine.to(Number(new URL(peer.endpoint).port));
  const { user, key } = await store.swiftLogin();
  const configFile = join(stage.folder('rclone'), 'rclone.conf');
  writeFileSync(configFile, `[cloud]\ntype = swift\nuser = ${user}\nkey = ${key}\nauth = http://127.0.0.1:${line.port}/auth/v1.0\n`);
  const place = { remote: 'cloud', path: `${peer.freshName()}/repo` };
  const impatience = { RCLONE_TIMEOUT: `${idleMsMax}ms`, RCLONE_CONTIMEOUT: `${idleMsMax}ms`, RCLONE_LOW_LEVEL_RETRIES: '2' };
  return {
    line,
    location: `rclone:${place.remote}:${place.path}`,
    settings: { configFile },
    environment: {},
    openImpatient: () =>
      openRclone(place, {
        environment: { ...process.env, RCLONE_CONFIG: configFile, ...impatience },
        idleMsMax: 10 * idleMsMax, // rclone itself tries again before
        clock: systemClock,
      }),
    forRestic: { environment: { RCLONE_CONFIG: configFile } },
    [Symbol.asyncDispose]: () => line[Symbol.asyncDispose](),
  };
}

/** @param objectStore that of the file, which starts when the first test asks for it */
export function roadKinds(objectStore: () => Promise<ObjectStore>): readonly RoadKind[] {
  return [
    { name: 'REST', needs: all('rclone', 'restic'), isAppendOnly: false, hasOwnPatience: false, open: (stage) => overRest(stage, {}) },
    {
      name: 'REST over TLS, to a server that only appends',
      needs: all('rclone', 'restic', 'openssl'),
      isAppendOnly: true,
      hasOwnPatience: false,
      open: (stage) => overRest(stage, { args: ['--append-only'], isSecure: true }),
    },
    {
      name: 'rclone',
      needs: all('rclone', 'restic', 'radosgw'),
      isAppendOnly: false,
      hasOwnPatience: true,
      open: async (stage) => overRclone(stage, await objectStore()),
    },
    {
      name: 'S3',
      needs: all('restic', 'radosgw'),
      isAppendOnly: false,
      hasOwnPatience: false,
      open: async () => overS3(await objectStore()),
    },
  ];
}

/** Options of a test that runs several other programs. */
export function all(...programs: readonly Parameters<typeof needs>[0][]): { readonly skip: string | false } {
  return programs.map((program) => needs(program)).find(({ skip }) => skip !== false) ?? { skip: false };
}
