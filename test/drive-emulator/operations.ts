/** What a request is about, for faults and the log. */
export const operations = [
  'files.list',
  'files.get',
  'files.create',
  'files.update',
  'files.delete',
  'files.copy',
  'files.generateIds',
  'files.emptyTrash',
  'files.download',
  'upload.open',
  'upload.piece',
  'upload.final',
  'upload.status',
  'upload.simple',
  'upload.multipart',
  'revisions.list',
  'revisions.get',
  'revisions.update',
  'revisions.delete',
  'revisions.download',
  'changes.start',
  'changes.list',
  'about.get',
  'drives.list',
  'drives.get',
  'oauth.consent',
  'oauth.token',
  'oauth.refresh',
  'oauth.revoke',
  'oauth.device',
  'oauth.poll',
  'oauth.info',
  'oauth.assertion',
  'unknown',
] as const;
export type Operation = (typeof operations)[number];

/** Requests whose body is a file's content. */
export const sendsBytes = (operation: Operation): boolean =>
  ['upload.piece', 'upload.final', 'upload.simple', 'upload.multipart'].includes(operation);
export const fetchesBytes = (operation: Operation): boolean => operation === 'files.download' || operation === 'revisions.download';
export const isSignIn = (operation: Operation): boolean => operation.startsWith('oauth.');
/** Requests after which something is different. */
export const hasEffect = (operation: Operation): boolean =>
  sendsBytes(operation) ||
  ['files.create', 'files.update', 'files.delete', 'files.copy', 'upload.open', 'oauth.token', 'oauth.refresh'].includes(operation);
