import {
  idTextFromBytes,
  parseIndexFile,
  scanIndexFile,
  visitIndexFile,
  type BlobIndex,
  type IndexFile,
  type IndexVisitor,
  type PackId,
} from '../repository/index.ts';

/** What an index file says beside where blobs lie. */
export interface EnteredIndexFile {
  /** All that it names. */
  readonly packs: ReadonlySet<PackId>;
  readonly blobCount: number;
  /** Those in which it has blobs that no pack can have, each with a reason; such blobs are not entered. */
  readonly impossible: ReadonlyMap<PackId, readonly string[]>;
  /** Packs that no snapshot needs, and that wait for their removal. */
  readonly waiting: IndexFile['waiting'];
  readonly supersedes: boolean;
}

/** No pack is as long, and `BlobIndex` has 31 bits for a length. */
const packBytesLimit = 2 ** 31;
const blobBytesMin = 32;
/** What has it says nothing of these. */
const usualForm: Pick<IndexFile, 'waiting' | 'supersedes'> = { waiting: [], supersedes: [] };

/** Enters what an index file tells, as far as it can be. @throws `repository.damaged` */
export function enterIndexFile(index: BlobIndex, json: Uint8Array): EnteredIndexFile {
  const packs = new Set<PackId>();
  const impossible = new Map<PackId, Set<string>>();
  let pack: PackId | undefined;
  let file: IndexFile | undefined;
  let blobCount = 0;
  index.addAll((visitor) => {
    // What does not have the usual form is visited twice, at first in part.
    const guarded: IndexVisitor = {
      pack: (id) => {
        pack = id;
        packs.add(id);
        visitor.pack(id);
      },
      blob: (type, id, offset, length, uncompressedLength) => {
        blobCount += 1;
        if (length >= blobBytesMin && offset + length < packBytesLimit) visitor.blob(type, id, offset, length, uncompressedLength);
        else if (pack !== undefined) {
          const reasons = impossible.get(pack) ?? new Set();
          reasons.add(`it has a ${type} blob ${idTextFromBytes(id)} of ${length} bytes at ${offset}, which no pack can have`);
          impossible.set(pack, reasons);
        }
      },
    };
    if (scanIndexFile(json, guarded)) return;
    blobCount = 0;
    file = parseIndexFile(json);
    visitIndexFile(file, guarded);
  });
  const { waiting, supersedes } = file ?? usualForm;
  return {
    packs,
    blobCount,
    waiting,
    supersedes: supersedes.length > 0,
    impossible: new Map([...impossible].map(([id, reasons]) => [id, [...reasons]])),
  };
}
