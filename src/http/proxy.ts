import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Agent, AgentOptions } from 'node:http';
import type { Socket } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type SecureContext } from 'node:tls';
import { CadanganError, type Environment } from '../platform/index.ts';
import { trusted } from './trust.ts';

/**
 * The proxy that the environment names for a server, unless it excepts it (`NO_PROXY=.googleapis.com,...`). A convention that nobody has
 * written down; as curl and Go read it: small letters win, a suffix excepts everything below it, `*` everything.
 * @param isSecure false: an address without TLS, which has a variable of its own; only in small letters, since CGI gives a server's client
 * the other one (`Proxy:` becomes HTTP_PROXY)
 */
export function proxyFrom(environment: Environment, host: string, { isSecure = true } = {}): string | undefined {
  const named = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  const excepted = (named('NO_PROXY') ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  if (excepted.some((entry) => entry === '*' || (entry !== '' && `.${host}`.endsWith(`.${entry.replace(/^\.+/, '')}`)))) return undefined;
  for (const name of [isSecure ? 'HTTPS_PROXY' : 'http_proxy', 'ALL_PROXY']) {
    const proxy = named(name);
    if (proxy !== undefined) return addressOf(proxy, name);
  }
  return undefined;
}

/** Curl and Go take one without a scheme, too. */
function addressOf(proxy: string, name: string): string {
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return address;
  throw new CadanganError('arguments.invalid', { argument: name, reason: 'a proxy such as http://proxy.example:3128 is wanted' });
}

/**
 * Reaches every address through a tunnel that the proxy opens (`CONNECT`, RFC 9110 9.3.6): it sees names and sizes, and no content.
 * @param secureContext who is believed at the other end of it. Default: whoever this machine trusts
 */
export function proxyAgent(proxy: string, options: AgentOptions = {}, secureContext: () => SecureContext = trusted): Agent {
  return new Tunnels(proxy, { keepAlive: true, ...options }, secureContext);
}

/** The library hands on what the proxy says instead of opening a tunnel, as if Google had said it: nobody is signed out by that. */
class Tunnels extends HttpsProxyAgent<string> {
  readonly #secureContext: () => SecureContext;

  constructor(proxy: string, options: AgentOptions, secureContext: () => SecureContext) {
    super(proxy, { ...options, rejectUnauthorized: true });
    this.#secureContext = secureContext;
  }

  override async connect(...args: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Socket> {
    const [request, options] = args;
    let status = 0;
    request.once('proxyConnect', ({ statusCode }: { readonly statusCode: number }) => (status = statusCode));
    const socket = await super.connect(request, options.secureEndpoint ? { ...options, ...this.#believed(options.host) } : options);
    if (status === 200) return socket;
    socket.destroy();
    throw Object.assign(new Error('the proxy opens no tunnel'), { code: `proxy: HTTP ${status}` });
  }

  /** As in the plane, no variable of the environment decides who is believed. The library forgets the host where it is an address. */
  #believed(host: string | undefined): Pick<ConnectionOptions, 'secureContext' | 'rejectUnauthorized' | 'checkServerIdentity'> {
    return {
      secureContext: this.#secureContext(),
      rejectUnauthorized: true,
      ...(host !== undefined && { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) }),
    };
  }
}
