import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Agent, AgentOptions } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type SecureContext } from 'node:tls';
import { CadanganError, type Environment } from '../platform/index.ts';
import { trusted } from './trust.ts';

/**
 * The proxy that the environment names for a server, unless it excepts it (`NO_PROXY=.googleapis.com,...`). A convention that nobody has
 * written down; as curl and Go read it: small letters win, a suffix excepts everything below it, `10.0.0.0/8` a network, `*` everything.
 * @param isSecure false: an address without TLS, which has a variable of its own; only in small letters, since CGI gives a server's client
 * the other one (`Proxy:` becomes HTTP_PROXY)
 */
export function proxyFrom(environment: Environment, host: string, { isSecure = true } = {}): string | undefined {
  const named = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  const excepted = (named('NO_PROXY') ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  if (excepted.some((entry) => isExcepted(host.replace(/^\[|\]$/g, ''), entry))) return undefined;
  for (const name of [isSecure ? 'HTTPS_PROXY' : 'http_proxy', 'ALL_PROXY']) {
    const proxy = named(name);
    if (proxy !== undefined) return addressOf(proxy, name);
  }
  return undefined;
}

/** @param host without the brackets of an address. @param entry of NO_PROXY: a name, an address or a network, perhaps with a port */
function isExcepted(host: string, entry: string): boolean {
  if (entry === '*') return true;
  const network = /^([\da-f.:]+)\/(\d{1,3})$/.exec(entry);
  if (network) return isInNetwork(host, network[1] ?? '', Number(network[2]));
  // Which port it is does not matter: who names one means the server.
  const name = entry.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/^([^:]*):\d+$/, '$1');
  if (isIP(name) !== 0) return isInNetwork(host, name, isIP(name) === 4 ? 32 : 128);
  const suffix = name.replace(/^(?:\*?\.)+/, '');
  return suffix !== '' && isIP(host) === 0 && `.${host}`.endsWith(`.${suffix}`);
}

function isInNetwork(host: string, network: string, prefixBits: number): boolean {
  const [family, familyOfHost] = [isIP(network), isIP(host)];
  if (family === 0 || familyOfHost === 0 || prefixBits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefixBits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, familyOfHost === 4 ? 'ipv4' : 'ipv6');
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
