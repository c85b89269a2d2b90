import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DriveEmulator } from './emulator.ts';
import type { FaultOrder } from './fault.ts';
import { faultCatalogue } from './fault-catalogue.ts';

/** What other processes may order: "make Drive fail like this". */
export type ControlOrder =
  | { readonly do: 'faults'; readonly orders: readonly FaultOrder[] }
  /** A name of the catalogue. */
  | { readonly do: 'fail-like'; readonly name: string }
  | { readonly do: 'heal' | 'stop' | 'start' | 'end-tokens' | 'clear-log' }
  | { readonly do: 'withdraw-consent'; readonly account: string }
  | { readonly do: 'limit'; readonly account: string; readonly limitBytes: number | null }
  | { readonly do: 'trash' | 'remove' | 'double' | 'rot'; readonly account: string; readonly path: string }
  | { readonly do: 'mirror'; readonly account: string; readonly path: string; readonly to: string };

/** A second address for orders (POST a `ControlOrder`), the log (GET /log) and what is stored (GET /files), on loopback. */
export async function startControl(emulator: DriveEmulator): Promise<string> {
  const server = createServer((request, response) => {
    answer(emulator, request).then(
      (value) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value ?? {})),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answer(emulator: DriveEmulator, request: IncomingMessage): Promise<unknown> {
  if (request.method === 'POST') return obey(emulator, JSON.parse(await textOf(request)) as ControlOrder);
  if (request.url === '/log') return emulator.log.entries;
  if (request.url === '/catalogue') return Object.keys(faultCatalogue);
  return emulator.accounts.emails.flatMap((account) => {
    const person = emulator.person(account);
    return person.files().map((file) => ({
      account,
      path: person.pathOf(file.id),
      id: file.id,
      trashed: file.explicitlyTrashed,
      sizeBytes: file.revisions.at(-1)?.sizeBytes,
      sha256: file.revisions.at(-1)?.sha256,
    }));
  });
}

async function obey(emulator: DriveEmulator, order: ControlOrder): Promise<unknown> {
  switch (order.do) {
    case 'faults':
      return emulator.faults.order(...order.orders);
    case 'fail-like':
      return emulator.faults.order(...(faultCatalogue[order.name] ?? []));
    case 'heal':
      return emulator.faults.clear();
    case 'stop':
      return emulator.stop();
    case 'start':
      return emulator.start();
    case 'end-tokens':
      return emulator.accounts.grants.endPasses();
    case 'clear-log':
      return emulator.log.clear();
    case 'withdraw-consent':
      return emulator.person(order.account).withdrawConsent();
    case 'limit':
      return emulator.person(order.account).setLimit(order.limitBytes);
    case 'mirror':
      return { files: await emulator.person(order.account).mirror(order.path, order.to) };
    case 'trash':
    case 'remove':
    case 'double':
    case 'rot':
      return forEach(emulator, order);
  }
}

async function forEach(
  emulator: DriveEmulator,
  order: Extract<ControlOrder, { readonly do: 'trash' | 'remove' | 'double' | 'rot' }>,
): Promise<unknown> {
  const person = emulator.person(order.account);
  const found = person.find(order.path);
  if (found.length === 0) throw new Error(`nothing at ${order.path}`);
  for (const { id } of found) {
    if (order.do === 'trash') person.trash(id);
    else if (order.do === 'remove') await person.remove(id);
    else if (order.do === 'double') await person.double(id);
    else await person.rot(id);
  }
  return { count: found.length };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
