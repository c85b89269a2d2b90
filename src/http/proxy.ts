import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Agent, AgentOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { CadanganError, type Environment } from '../platform/index.ts';
import { trusted } from './trust.ts';

/**
 * The proxy that the environment names for Google, unless it excepts it (`NO_PROXY=.googleapis.com,...`). A convention that nobody has
 * written down; as curl and Go read it: small letters win, a suffix excepts everything below it, `*` everything.
 */
export function proxyFrom(environment: Environment, host: string): string | undefined {
  const named = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  const excepted = (named('NO_PROXY') ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  if (excepted.some((entry) => entry === '*' || (entry !== '' && `.${host}`.endsWith(`.${entry.replace(/^\.+/, '')}`)))) return undefined;
  for (const name of ['HTTPS_PROXY', 'ALL_PROXY']) {
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
    super(proxy, options);
    this.#secureContext = secureContext;
  }

  override async connect(...args: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Socket> {
    const [request, options] = args;
    let status = 0;
    request.once('proxyConnect', ({ statusCode }: { readonly statusCode: number }) => (status = statusCode));
    const socket = await super.connect(request, options.secureEndpoint ? { ...options, secureContext: this.#secureContext() } : options);
    if (status === 200) return socket;
    socket.destroy();
    throw Object.assign(new Error('the proxy opens no tunnel'), { code: `proxy: HTTP ${status}` });
  }
}
