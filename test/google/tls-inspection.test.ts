import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { start } from '../interop/programs.ts';
import { needs } from '../needs.ts';
import { sampleAccount, sampleClient, startDriveEmulator } from '../drive-emulator/index.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { TlsProxy } from './tls-proxy.ts';

const client = new URL('../../src/google/index.ts', import.meta.url).href;

/** A process of its own, since authorities are read once: who is it, and can a file be sent and read back? */
const program = `
  import { createHash } from 'node:crypto';
  import { DriveClient, DriveFolder, endpointsFrom, sourceOfBytes } from ${JSON.stringify(client)};
  const signIn = { clientId: ${JSON.stringify(sampleClient.id)}, refreshToken: process.env.REFRESH, account: { emailAddress: ${JSON.stringify(sampleAccount)}, permissionId: '', displayName: '' }, signedInAt: '' };
  const drive = new DriveClient({
    credentials: { kind: 'sign-in', client: { clientId: ${JSON.stringify(sampleClient.id)}, clientSecret: ${JSON.stringify(sampleClient.secret)} }, store: { load: async () => signIn } },
    designatedAccount: ${JSON.stringify(sampleAccount)},
    endpoints: endpointsFrom(process.env),
    patience: { firstWaitMsMax: 1, waitMsMax: 2, transientTries: 2 },
  });
  try {
    const { emailAddress } = await drive.account();
    const folder = new DriveFolder(drive, 'Backup');
    await folder.create();
    const bytes = Buffer.from('pack');
    const name = createHash('sha256').update(bytes).digest('hex');
    const { item } = await folder.upload({ kind: 'data', name }, sourceOfBytes(bytes));
    console.log(JSON.stringify({ emailAddress, bytes: Buffer.from(await folder.readRange(item, 0, 4)).toString() }));
  } catch ({ code, facts }) {
    console.log(JSON.stringify({ code, ...facts }));
  }
  drive.close();
`;

test(
  'behind TLS inspection: what is missing is named, and with the authority among those of the system all goes well',
  needs('openssl'),
  async () => {
    await using folder = await temporaryFolder();
    await using drive = await startDriveEmulator();
    await using proxy = await TlsProxy.open(folder.path, drive.url);
    const script = join(folder.path, 'ask.mts');
    writeFileSync(script, program);
    const asked = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
      const REFRESH = drive.accounts.refreshToken(sampleAccount);
      const { stdout, stderr } = await start(process.execPath, [script], { env: { HTTPS_PROXY: proxy.address, REFRESH, ...env } }).ended;
      assert.notEqual(stdout.length, 0, stderr);
      return JSON.parse(stdout.toString()) as unknown;
    };
    const unknown = { code: 'drive.unavailable', reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', between: 'certificate' };
    assert.deepEqual(await asked({}), unknown);
    const right = { emailAddress: sampleAccount, bytes: 'pack' };
    assert.deepEqual(await asked({ NODE_EXTRA_CA_CERTS: proxy.authorityFile }), right);
    // Where OpenSSL looks for the system's.
    if (process.platform === 'linux') assert.deepEqual(await asked({ SSL_CERT_FILE: proxy.authorityFile }), right);
  },
);
