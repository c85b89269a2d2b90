import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKey } from '../sshd/keys.ts';
import { PlainServer, type PlainServerOptions } from '../sshd/plain-server.ts';
import { serverScene, type ServerScene } from './server-target.ts';
import type { Stage } from './stage.ts';

export interface PlainScene extends ServerScene {
  readonly server: PlainServer;
}

/** The target of a restore on a server without extensions, in this process. */
export async function plainScene(stage: Stage, options: Partial<PlainServerOptions> = {}): Promise<PlainScene> {
  const home = stage.folder('home');
  const around = stage.folder('around');
  makeKey(join(home, 'host'));
  makeKey(join(home, '.ssh', 'id_ed25519'));
  const server = await PlainServer.start({ root: around, hostKeys: [readFileSync(join(home, 'host'))], ...options });
  const access = { environment: {}, home, systemFolder: home, confirmHost: async () => true };
  const pathOn = (path: string): string => path.slice(around.length) || '/';
  const scene = await serverScene(stage, around, { user: 'budi', port: server.port, access, pathOn });
  return {
    ...scene,
    server,
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
