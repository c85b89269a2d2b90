import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

let context: SecureContext | undefined;
let known: readonly string[] | undefined;

/**
 * Who may vouch for an address: those that Node knows, those of `NODE_EXTRA_CA_CERTS`, and those that this machine trusts, where a
 * company puts the authority of its TLS inspection. Read once in a process, which takes a tenth of a second, and only for who asks one.
 */
export function authorities(): readonly string[] {
  return (known ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]);
}

/** What they vouch for is believed. */
export function trusted(): SecureContext {
  return (context ??= createSecureContext({ ca: [...authorities()] }));
}

/** Those, who an own file vouches for, and who we are to a server that asks. */
export function contextWith({
  ca = [],
  ...identity
}: {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}): SecureContext {
  return createSecureContext({ ca: [...authorities(), ...ca], ...identity });
}
