import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { consentInBrowser } from '../../test/drive-emulator/index.ts';
import { builtCli } from './cadangan.ts';

/** Signs in as a person would: runs the command, opens the page that it names, agrees. @throws when nobody is signed in then */
export async function signInDrive(environment: Readonly<Record<string, string>>, account: string): Promise<void> {
  console.log(`\n$ cadangan drive sign-in\n  (the page of consent is answered as ${account})`);
  const child = spawn(process.execPath, [builtCli, 'drive', 'sign-in', '--json'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const consenting = new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { url } = JSON.parse(line) as { readonly url?: string };
      if (url !== undefined) consentInBrowser(url, { account }).then(() => resolve(), reject);
    });
  });
  await Promise.race([consenting, exited]);
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`Nobody was signed in: exit code ${code}.`);
}
