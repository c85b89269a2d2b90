import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installedServer, projectFolder } from '../vscode/installed-server.ts';
import { serveVscode } from '../vscode/serve.ts';
import { pinnedVersion } from '../vscode/versions.ts';

/** What the house is shown with. */
export interface House {
  /** The sample company's server, or the folder that was given. */
  readonly source: string;
  /** Where the extension, and commands typed in the editor's terminal, find configuration and state. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Serves VS Code with the packaged extension, prints its address, and comes back when `stop` is aborted. */
export async function serveHouse({ source, environment }: House, stop: AbortSignal): Promise<void> {
  const vsix = join(projectFolder, 'cadangan.vsix');
  if (installedServer('newest') === undefined || !existsSync(vsix)) {
    console.log('\nVS Code is not shown: its server could not be had (the reason is above).');
    return;
  }
  await using server = await serveVscode({
    version: 'newest',
    vsix: [vsix],
    builtins: 'all',
    environment,
  });
  console.log(
    `\nVS Code ${pinnedVersion('newest').vscode} with Cadangan is open in your browser at\n\n  ${server.url({ folder: source })}\n\nThe address works on this machine only, and holds a secret: whoever has it can do here what you can.\nCtrl-C ends it and removes everything.`,
  );
  if (!stop.aborted) await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  console.log('\nEnding VS Code ...');
}
