import type { Shape } from './mask.ts';

/** Which fields Google knows, by resource, after its published types. A field outside is refused; one that we never fill stays absent. */

const user: Shape = names('kind displayName photoLink me permissionId emailAddress');
const free = true;

export const fileShape: Shape = {
  ...names(`kind id name mimeType description starred trashed explicitlyTrashed trashedTime parents spaces version webContentLink webViewLink iconLink hasThumbnail
    thumbnailLink thumbnailVersion viewedByMe viewedByMeTime createdTime modifiedTime modifiedByMeTime modifiedByMe sharedWithMeTime teamDriveId driveId ownedByMe shared
    permissionIds hasAugmentedPermissions folderColorRgb originalFilename fullFileExtension fileExtension md5Checksum sha1Checksum sha256Checksum size quotaBytesUsed
    headRevisionId isAppAuthorized writersCanShare viewersCanCopyContent copyRequiresWriterPermission resourceKey inheritedPermissionsDisabled`),
  ...Object.fromEntries(['sharingUser', 'owners', 'lastModifyingUser', 'trashingUser'].map((name) => [name, user])),
  shortcutDetails: names('targetId targetMimeType targetResourceKey'),
  appProperties: free,
  properties: free,
  capabilities: free,
  permissions: free,
  exportLinks: free,
  contentHints: free,
  contentRestrictions: free,
  imageMediaMetadata: free,
  videoMediaMetadata: free,
  linkShareMetadata: free,
  labelInfo: free,
  downloadRestrictions: free,
  clientEncryptionDetails: free,
};

export const fileListShape: Shape = { ...names('kind nextPageToken incompleteSearch'), files: fileShape };
export const aboutShape: Shape = {
  ...names('kind maxUploadSize appInstalled canCreateDrives canCreateTeamDrives folderColorPalette'),
  user,
  storageQuota: names('limit usage usageInDrive usageInDriveTrash'),
  importFormats: free,
  exportFormats: free,
  maxImportSizes: free,
  driveThemes: free,
  teamDriveThemes: free,
};
export const revisionShape: Shape = {
  ...names(
    'kind id mimeType modifiedTime keepForever published publishedLink publishAuto publishedOutsideDomain originalFilename md5Checksum size',
  ),
  lastModifyingUser: user,
  exportLinks: free,
};
export const revisionListShape: Shape = { ...names('kind nextPageToken'), revisions: revisionShape };
export const driveShape: Shape = {
  ...names('kind id name createdTime hidden themeId colorRgb backgroundImageLink orgUnitId'),
  capabilities: free,
  restrictions: free,
  backgroundImageFile: free,
};
export const driveListShape: Shape = { ...names('kind nextPageToken'), drives: driveShape };
export const changeListShape: Shape = {
  ...names('kind nextPageToken newStartPageToken'),
  changes: {
    ...names('kind removed fileId time driveId changeType type teamDriveId'),
    file: fileShape,
    drive: driveShape,
    teamDrive: free,
  },
};
export const startPageTokenShape: Shape = names('kind startPageToken');
export const generatedIdsShape: Shape = names('kind space ids');

/** What comes without a `fields` parameter. */
export const usualFields = {
  file: 'kind,id,name,mimeType,resourceKey',
  fileList: 'kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType,resourceKey)',
  changeList: 'kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,fileId,driveId,file(kind,id,name,mimeType))',
  revision: 'kind,id,mimeType,modifiedTime',
  revisionList: 'kind,nextPageToken,revisions(kind,id,mimeType,modifiedTime)',
  drive: 'kind,id,name',
  driveList: 'kind,nextPageToken,drives(kind,id,name)',
} as const;

function names(text: string): Shape {
  return Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .map((name) => [name, true as const]),
  );
}
