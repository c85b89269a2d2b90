import { chainStateOf, confirmedThrough, resultOfWitness, weightiestHead, type ChainKnowledge } from './chain-knowledge.ts';
import type { Verification } from './verify.ts';

/** What is said of a verification to programs: in the audit pack, and with `--json`. */
export function verificationView({
  isIntact,
  recordCount,
  head,
  publicKey,
  faults,
  faultCount,
  notes,
  heads,
  anchorsCompared,
}: Verification): Record<string, unknown> {
  return {
    intact: isIntact,
    records: recordCount,
    head,
    public_key: publicKey?.base64,
    faults,
    fault_count: faultCount,
    notes,
    heads: heads.map(({ anchor: { keptIn, owner, chain, number, hash }, result }) => ({
      kept_in: keptIn,
      owner,
      chain,
      number,
      hash,
      result,
    })),
    anchors_compared: anchorsCompared,
  };
}

/** The same with what it rests on: which heads kept elsewhere were compared, which could not be, and when. */
export function knowledgeView(knowledge: ChainKnowledge): Record<string, unknown> {
  const { verification, witnesses, losses, unknown } = knowledge;
  return {
    ...verificationView(verification),
    state: chainStateOf(knowledge),
    confirmed_through: confirmedThrough(verification),
    witnesses: witnesses.map((witness) => ({
      location: witness.location,
      looked_at: new Date(witness.atMs).toISOString(),
      result: resultOfWitness(witness),
      heads: witness.heads.length,
      number: weightiestHead(witness)?.anchor.number,
      kept_in: weightiestHead(witness)?.anchor.keptIn,
      reason: witness.reason,
    })),
    lost_snapshots: losses,
    unknown_snapshots: unknown,
  };
}
