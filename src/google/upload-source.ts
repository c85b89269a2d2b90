/** Where the bytes of an upload come from. They must be the same each time. */
export interface UploadSource {
  readonly sizeBytes: number;
  /**
   * Exactly `lengthBytes` from `offset`: in `target`, which has that length, or in memory of its own. May be asked for any part, again and
   * again.
   */
  read(offset: number, lengthBytes: number, options: { readonly target?: Uint8Array; readonly signal?: AbortSignal }): Promise<Uint8Array>;
}

/** Bytes that are in memory anyway are sent from where they are. */
export function sourceOfBytes(bytes: Uint8Array): UploadSource {
  return { sizeBytes: bytes.length, read: async (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes) };
}
