/** What stands between us and the server, as far as a fault shows it: it answers in its place, or shows a certificate of its own. */
export type Between = 'proxy' | 'certificate';

/**
 * A connection that was refused, dropped or stood still, or an answer that was none. The request may have had its effect. It has nothing of
 * the request in it: addresses and headers hold secrets, which must not reach a log through an error.
 */
export class ConnectionFault extends Error {
  /** The system's code (`ECONNRESET`), OpenSSL's word, or what was wrong with the answer. */
  readonly reason: string;
  readonly between: Between | undefined;

  constructor(reason: string) {
    super(reason);
    this.name = 'ConnectionFault';
    this.reason = reason;
    this.between = certificateCodes.test(reason) ? 'certificate' : reason.startsWith('proxy: ') ? 'proxy' : undefined;
  }
}

// OpenSSL's words for a certificate that is not to be trusted, as Node gives them (X509_V_ERR_…), and Node's own for another name.
const certificateCodes = /^(?:CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|INVALID_CA|ERR_TLS_CERT_)/;
