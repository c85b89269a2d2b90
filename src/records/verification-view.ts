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
    anchors_compared: anchorsCompared,
  };
}
