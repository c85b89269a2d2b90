export { openS3, type S3Access } from './open-s3.ts';
export type { S3Location, S3Style } from './s3-place.ts';
export { S3Storage } from './s3-storage.ts';
