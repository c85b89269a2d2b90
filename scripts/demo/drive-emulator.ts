import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A Google Drive of our own in a process of its own, which ends with ours, however that ends. */
export interface DriveProcess extends AsyncDisposable {
  /** For CADANGAN_GOOGLE_ENDPOINT. */
  readonly url: string;
  /** Takes orders: see test/drive-emulator/control.ts. */
  readonly control: string;
  /** As Google's console gives it, for the setting `googleDrive.clientFile`. */
  readonly clientFile: string;
  readonly deviceClientFile: string;
  /** Who can sign in. */
  readonly accounts: readonly string[];
  readonly pid: number;
  /** Answers its exit code. */
  end(): Promise<number | null>;
}

/**
 * `folder` keeps what is stored. It answers as slowly as Google does unless `isFast`.
 * @param accounts who can sign in; default: those of the tests
 */
export async function startDriveProcess({
  folder,
  port = 0,
  isFast = false,
  accounts = [],
}: {
  readonly folder: string;
  readonly port?: number;
  readonly isFast?: boolean;
  readonly accounts?: readonly string[];
}): Promise<DriveProcess> {
  const program = join(import.meta.dirname, '../../test/drive-emulator/main.ts');
  const options = join(folder, 'options.json');
  mkdirSync(folder, { recursive: true });
  writeFileSync(options, JSON.stringify(accounts.length === 0 ? {} : { accounts: accounts.map((email) => ({ email, limitBytes: 2e12 })) }));
  const child = spawn(
    process.execPath,
    [program, '--folder', folder, '--port', String(port), '--options', options, ...(isFast ? ['--fast'] : [])],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const firstLine = new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
  const line = await Promise.race([firstLine, exited]);
  if (typeof line !== 'string') throw new Error(`The Drive emulator did not start; it ended with exit code ${line[0]}.`);
  const end = async (): Promise<number | null> => {
    child.stdin.end();
    return (await exited)[0];
  };
  const facts = JSON.parse(line) as Pick<DriveProcess, 'url' | 'control' | 'clientFile' | 'deviceClientFile' | 'accounts'>;
  return { ...facts, pid: child.pid ?? 0, end, [Symbol.asyncDispose]: async () => void (await end()) };
}
