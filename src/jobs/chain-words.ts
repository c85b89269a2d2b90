import { CadanganError } from '../platform/index.ts';
import { dispose, verifyHistory, type DisposalPlan, type HistoryRecord, type RecordContent, type Signer } from '../records/index.ts';
import { contentBy, type Asked } from './decisions.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** Somebody says something of the history itself, and why: to be printed with what it explains. */
export interface ChainWords {
  readonly why: string;
  readonly by: Signer;
}

/** A new signing key follows the one in use, which introduces it. @throws `record.not-found` before the first record; as `append` */
export function replaceSigningKey(keeper: RecordKeeper, words: ChainWords, asked: Asked = {}): Promise<HistoryRecord> {
  const content = contentOfWords('signing-key', keeper, words, asked);
  return keeper.history.update(({ replaceKey }) => replaceKey(content), asked.signal);
}

/**
 * A person says that the key before was lost: what the chain shows as signed by another key is explained by it, from where it began. The
 * oldest first, where several were. @throws `arguments.invalid` where the chain shows no such thing
 */
export async function declareKeyLost(keeper: RecordKeeper, words: ChainWords, asked: Asked = {}): Promise<HistoryRecord> {
  const { history } = keeper;
  return history.update(async ({ append }) => {
    const { keyBreaks } = await verifyHistory(history.folder, { signal: asked.signal });
    const { from, last } = keyBreaks[0] ?? {};
    if (from === undefined || last === undefined)
      throw new CadanganError('arguments.invalid', {
        argument: 'declare-key-lost',
        reason: 'no other key has signed without an explanation',
      });
    const succession = { from, throughNumber: last.number, throughHash: last.hash };
    return append({ ...contentOfWords('key-lost', keeper, words, asked), succession });
  }, asked.signal);
}

/** A person says that the records were moved to this machine. @throws `arguments.invalid` where the chain shows no such thing */
export async function declareMoved(keeper: RecordKeeper, words: ChainWords, asked: Asked = {}): Promise<HistoryRecord> {
  const { history } = keeper;
  const content = contentOfWords('moved', keeper, words, asked);
  return history.update(async ({ append }) => {
    const { notes, lastHost } = await verifyHistory(history.folder, { signal: asked.signal });
    const told = notes.findLast(({ kind, after }) => kind === 'other-machine' && after === content.host);
    const from = told?.before ?? (lastHost === content.host ? undefined : lastHost);
    if (from === undefined)
      throw new CadanganError('arguments.invalid', {
        argument: 'declare-moved',
        reason: 'the records know no other machine before this one',
      });
    return append({ ...content, move: { from, to: content.host } });
  }, asked.signal);
}

/**
 * Carries a plan of `planDisposal` out. The chain has to be sound: what is taken away can never be proven again.
 * @throws `arguments.invalid` where it is not; as `append`
 */
export async function disposeOfRecords(
  keeper: RecordKeeper,
  plan: DisposalPlan,
  words: ChainWords,
  asked: Asked = {},
): Promise<HistoryRecord | undefined> {
  const { history } = keeper;
  const { isIntact } = await verifyHistory(history.folder, { publicKey: await history.publicKey(), signal: asked.signal });
  if (!isIntact) throw new CadanganError('arguments.invalid', { argument: 'dispose', reason: 'the chain is not intact' });
  return dispose(history, plan, contentOfWords('disposal', keeper, words, asked), asked.signal);
}

function contentOfWords(kind: RecordContent['kind'], keeper: RecordKeeper, { why, by }: ChainWords, asked: Asked): RecordContent {
  return { ...contentBy(kind, keeper, by, asked), change: { what: kind, why } };
}
