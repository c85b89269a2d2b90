import { systemClock } from '../../src/platform/index.ts';
import { openRest } from '../../src/storage/index.ts';
import { describeStorage } from './conformance.ts';
import { MemoryRestServer, type MemoryRestOptions } from './memory-rest-server.ts';

for (const [name, options] of Object.entries<MemoryRestOptions>({
  'the REST storage': {},
  'the REST storage, before a server of the first version,': { isOld: true },
  'the REST storage, before a server that only appends,': { isAppendOnly: true },
}))
  describeStorage(
    name,
    async () => {
      const server = await MemoryRestServer.open(options);
      const storage = openRest(server.url, { clock: systemClock });
      return {
        storage,
        plant: (path, bytes) => Promise.resolve(void server.files.set(path, Buffer.from(bytes))),
        takeAway: () => server.stop(),
        leaves: 'no-answer',
        [Symbol.asyncDispose]: async () => {
          await storage.close();
          await server.stop();
        },
      };
    },
    { appendOnly: options.isAppendOnly === true },
  );
