import manifest from '../../package.json' with { type: 'json' };
import english from '../../package.nls.json' with { type: 'json' };
import { pinnedVersion, versionNames } from '../../scripts/vscode/versions.ts';
import { windowTest } from './stage.ts';

for (const version of versionNames) {
  windowTest(
    `the packaged extension is installed and running in VS Code ${pinnedVersion(version).vscode}`,
    { version },
    async (window, _stage, context) => {
      await window.run('Developer: Show Running Extensions');
      const row = window.page.locator('.runtime-extensions-editor .monaco-list-row').filter({ hasText: english.displayName });
      await row.filter({ hasText: /Activation: \d+ms/ }).waitFor();
      const [, activationMs] = /Activation: (\d+)ms/.exec((await row.textContent()) ?? '') ?? [];
      context.diagnostic(`opening a window cost ${activationMs} ms of the extension host`);
      await window.screenshot('smoke, running extensions');
      await window.press('Escape'); // newer versions show it in a modal editor
      for (const { title } of manifest.contributes.viewsContainers.activitybar) {
        await window.openContainer(title);
        await window.screenshot(`smoke, container ${title}`);
      }
    },
  );
}
