/** A pack has megabytes; what is far beyond is not ours to unpack. */
export const packBytesMax = 1024 * 1024 * 1024;

/** Of one part of a name, on every file system in use. */
export const partBytesMax = 255;

/** Names in every pack. The sums are in the form that `sha256sum -c` reads; the signature is raw, as `openssl pkeyutl` wants it. */
export const sumsName = 'SHA256SUMS';
export const signatureName = 'SHA256SUMS.sig';
export const publicKeyName = 'public-key.pem';
export const readmeName = 'README.txt';
