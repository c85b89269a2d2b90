// The only file that knows Google's libraries, loaded at the first request: most runs of the program never speak to Google, and it costs 40
// ms. The deep import is 0.4 MB of code; `googleapis` as a whole is 14 MB and half a second of start.
import { drive_v3 } from 'googleapis/build/src/apis/drive/v3.js';
import { CodeChallengeMethod, OAuth2Client } from 'google-auth-library';
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { isLoopback, proxyAgent, trusted } from '../http/index.ts';
import type { GoogleEndpoints } from './endpoints.ts';

export type DriveLibrary = drive_v3.Drive;
export type OAuthLibrary = OAuth2Client;

export const sha256Challenge = CodeChallengeMethod.S256;

export function makeDriveLibrary(endpoints: GoogleEndpoints): DriveLibrary {
  // Media calls of this class would ignore `rootUrl` and go to Google with the token; none is made. And the environment could move the
  // universe.
  return new drive_v3.Drive({
    rootUrl: `${new URL(endpoints.api).origin}/`,
    universeDomain: 'googleapis.com',
    ...transport(endpoints, endpoints.api),
  });
}

export function makeOAuthLibrary(
  endpoints: GoogleEndpoints,
  client: { readonly clientId: string; readonly clientSecret: string | undefined },
  callMsMax: number,
): OAuthLibrary {
  return new OAuth2Client({
    clientId: client.clientId,
    ...(client.clientSecret === undefined ? {} : { clientSecret: client.clientSecret }),
    endpoints: { oauth2AuthBaseUrl: endpoints.auth, oauth2TokenUrl: endpoints.token, oauth2RevokeUrl: endpoints.revoke },
    transporterOptions: { ...transport(endpoints, endpoints.token), timeout: callMsMax },
  });
}

/**
 * No retries and no redactor of theirs: the first knows nothing of Drive's reasons, the second walks bodies byte by byte. Google redirects
 * none of these requests; who does leads to a page of its own.
 */
function transport({ proxy }: GoogleEndpoints, address: string) {
  // Always with an agent: without one the library goes by the environment of this process, which is that of whoever started it.
  const agent = proxy === undefined ? directAgent(address) : proxyAgent(proxy);
  return { retry: false, errorRedactor: false as const, redirect: 'manual' as const, agent };
}

function directAgent(address: string): Agent {
  return isLoopback(new URL(address))
    ? new Agent({ keepAlive: true })
    : new SecureAgent({ keepAlive: true, secureContext: trusted(), rejectUnauthorized: true });
}
