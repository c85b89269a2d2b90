import { about } from './about.ts';
import type { Price } from './allowance.ts';
import type { Answer } from './answer.ts';
import { authorize, consent } from './authorize.ts';
import { listChanges, startToken } from './changes.ts';
import { answerDevice, showDevicePage, startDevice } from './device.ts';
import { downloadFile } from './downloads.ts';
import { getDrive, listDrives } from './drives.ts';
import { copyFile, createFile, deleteFile, emptyTrash, generateIds, getFile, updateFile } from './files.ts';
import type { Listing } from './listing.ts';
import type { Operation } from './operations.ts';
import { deleteRevision, downloadRevision, getRevision, listRevisions, updateRevision } from './revisions.ts';
import type { Call, Services } from './services.ts';
import { putToSession } from './sessions.ts';
import { revoke, tokenInfo } from './token-info.ts';
import { token } from './token.ts';
import { openUpload, uploadBytes, uploadMultipart } from './uploads.ts';

export type Handler = (services: Services, call: Call) => Promise<Answer>;

export interface Route {
  readonly operation: Operation;
  readonly handle: Handler;
  /** What it costs; undefined where no token is needed. */
  readonly price: Price | undefined;
  readonly scope: 'read' | 'write' | undefined;
  /** What the body is: read before the handler, or left to it. */
  readonly body: 'none' | 'json' | 'form' | 'bytes';
}

export interface FoundRoute {
  readonly route: Route;
  readonly id: string;
  readonly secondId: string;
}

type Row = readonly [method: string, path: RegExp, choose: (url: URL, header: (name: string) => string | undefined) => Route | undefined];

const read = (operation: Operation, handle: Handler, price: Price = 'read'): Route => ({
  operation,
  handle,
  price,
  scope: 'read',
  body: 'none',
});
const write = (operation: Operation, handle: Handler, body: Route['body'] = 'json', price: Price = 'write'): Route => ({
  operation,
  handle,
  price,
  scope: 'write',
  body,
});
const open = (operation: Operation, handle: Handler, body: Route['body']): Route => ({
  operation,
  handle,
  price: undefined,
  scope: undefined,
  body,
});

/** Which handler answers what. Paths are Google's, the hosts of its services folded into one. */
export function makeRoutes(
  listing: Listing,
): (method: string, url: URL, header: (name: string) => string | undefined) => FoundRoute | undefined {
  const rows: readonly Row[] = [
    ['GET', /^\/drive\/v3\/about$/, always(read('about.get', about))],
    ['GET', /^\/drive\/v3\/changes\/startPageToken$/, always(read('changes.start', startToken))],
    ['GET', /^\/drive\/v3\/changes$/, always(read('changes.list', listChanges, 'list'))],
    ['GET', /^\/drive\/v3\/drives$/, always(read('drives.list', listDrives, 'list'))],
    ['GET', /^\/drive\/v3\/drives\/([^/]+)$/, always(read('drives.get', getDrive))],
    ['GET', /^\/drive\/v3\/files$/, always(read('files.list', (services, call) => listing.list(services, call), 'list'))],
    ['POST', /^\/drive\/v3\/files$/, always(write('files.create', createFile))],
    ['GET', /^\/drive\/v3\/files\/generateIds$/, always(write('files.generateIds', generateIds, 'none', 'other'))],
    ['DELETE', /^\/drive\/v3\/files\/trash$/, always(write('files.emptyTrash', emptyTrash, 'none'))],
    [
      'GET',
      /^\/drive\/v3\/files\/([^/]+)$/,
      (url) => (isMedia(url) ? read('files.download', downloadFile, 'download') : read('files.get', getFile)),
    ],
    ['PATCH', /^\/drive\/v3\/files\/([^/]+)$/, always(write('files.update', updateFile))],
    ['DELETE', /^\/drive\/v3\/files\/([^/]+)$/, always(write('files.delete', deleteFile, 'none'))],
    ['POST', /^\/drive\/v3\/files\/([^/]+)\/copy$/, always(write('files.copy', copyFile))],
    ['GET', /^\/drive\/v3\/files\/([^/]+)\/revisions$/, always(read('revisions.list', listRevisions, 'list'))],
    [
      'GET',
      /^\/drive\/v3\/files\/([^/]+)\/revisions\/([^/]+)$/,
      (url) => (isMedia(url) ? read('revisions.download', downloadRevision, 'download') : read('revisions.get', getRevision)),
    ],
    ['PATCH', /^\/drive\/v3\/files\/([^/]+)\/revisions\/([^/]+)$/, always(write('revisions.update', updateRevision))],
    ['DELETE', /^\/drive\/v3\/files\/([^/]+)\/revisions\/([^/]+)$/, always(write('revisions.delete', deleteRevision, 'none'))],
    ['POST', /^\/upload\/drive\/v3\/files$/, chooseUpload],
    ['PATCH', /^\/upload\/drive\/v3\/files\/([^/]+)$/, chooseUpload],
    ['PUT', /^\/upload\/drive\/v3\/files(?:\/([^/]+))?$/, chooseSession],
    ['GET', /^\/o\/oauth2\/(?:v2\/)?auth$/, always(open('oauth.consent', authorize, 'none'))],
    ['POST', /^\/o\/oauth2\/v2\/consent$/, always(open('oauth.consent', consent, 'form'))],
    ['POST', /^\/token$/, always(open('oauth.token', token, 'form'))],
    ['POST', /^\/revoke$/, always(open('oauth.revoke', revoke, 'form'))],
    ['GET', /^\/tokeninfo$/, always(open('oauth.info', tokenInfo, 'none'))],
    ['POST', /^\/tokeninfo$/, always(open('oauth.info', tokenInfo, 'form'))],
    ['POST', /^\/device\/code$/, always(open('oauth.device', startDevice, 'form'))],
    ['GET', /^\/device$/, always(open('oauth.consent', showDevicePage, 'none'))],
    ['POST', /^\/device$/, always(open('oauth.consent', answerDevice, 'form'))],
  ];
  return (method, url, header) => {
    for (const [wanted, path, choose] of rows) {
      const match = wanted === method ? path.exec(url.pathname) : null;
      const route = match === null ? undefined : choose(url, header);
      if (route !== undefined) return { route, id: decodeURIComponent(match?.[1] ?? ''), secondId: decodeURIComponent(match?.[2] ?? '') };
    }
    return undefined;
  };
}

const always = (route: Route) => (): Route => route;

function isMedia(url: URL): boolean {
  return url.searchParams.get('alt') === 'media';
}

function chooseUpload(url: URL): Route | undefined {
  switch (url.searchParams.get('uploadType') ?? '') {
    case 'resumable':
      return write('upload.open', openUpload);
    case 'media':
      return write('upload.simple', uploadBytes, 'bytes');
    case 'multipart':
      return write('upload.multipart', uploadMultipart, 'bytes');
    default:
      return undefined;
  }
}

/** Only with an upload id; a PUT to a file is no request that there is. */
function chooseSession(url: URL, header: (name: string) => string | undefined): Route | undefined {
  if (!url.searchParams.has('upload_id')) return undefined;
  return open(sessionOperation(header('content-range')), putToSession, 'bytes');
}

function sessionOperation(range: string | undefined): Operation {
  if (range === undefined) return 'upload.final';
  if (/^(?:bytes )?\*\//.test(range)) return range.endsWith('*/0') ? 'upload.final' : 'upload.status';
  const [, last, total] = /-(\d+)\/(\d+)$/.exec(range) ?? [];
  return last !== undefined && Number(last) + 1 === Number(total) ? 'upload.final' : 'upload.piece';
}
