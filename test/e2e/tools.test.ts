// The tools of the window tests, on an extension that has one of each thing they know: VS Code's pages change from version to version.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { projectFolder } from '../../scripts/vscode/installed-server.ts';
import { pinnedVersion, versionNames } from '../../scripts/vscode/versions.ts';
import { windowTest } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'cadangan-probe-'));
after(() => rmSync(folder, { recursive: true }));
const otherExtensions = [packProbe(folder)];

for (const version of versionNames) {
  const { vscode } = pinnedVersion(version);

  windowTest(`the tools see and do in VS Code ${vscode} what a person would`, { version, otherExtensions }, async (window, stage) => {
    await window.openContainer('Probe');
    const fruit = window.view('Fruit');
    await fruit.waitFor('Citrus');
    assert.equal(await window.view('Nothing').welcome().locator('p').first().textContent(), 'There is nothing here.');
    await fruit.expand('Citrus');
    await fruit.waitFor('Lemon');
    assert.deepEqual(await fruit.labels(), ['Citrus 2 kinds', 'Lemon', 'Orange', 'Berries 1 kinds']);
    await fruit.inlineAction('Orange', 'Eat');
    await window.notifications.press('Eaten: Orange', 'Thanks');
    await window.statusItem('Probe: thanked').waitFor();
    await fruit.contextMenu('Lemon', 'Eat');
    await window.notifications.waitFor('Eaten: Lemon');
    await window.screenshot('tools, tree and notification');
    await window.clearMessages();
    await fruit.titleAction('Grow');
    await fruit.waitFor('2 kinds');

    await window.run('Probe: Ask Something');
    await window.quickInput.shown('Choose (1/2)');
    assert.deepEqual(await window.quickInput.items(), ['Lemon, sour', 'Lemonade', 'Orange']);
    await window.quickInput.choose('Orange');
    await window.quickInput.shown('Name (2/2)');
    await window.screenshot('tools, second step');
    await window.quickInput.back();
    await window.quickInput.shown('Choose (1/2)');
    await window.quickInput.click('Lemon');
    await window.quickInput.shown('Name (2/2)');
    await window.quickInput.type('bad');
    await window.quickInput.says('Not a good name');
    await window.quickInput.type('Susi');
    await window.quickInput.accept();
    await window.notifications.answer('Take Susi?', 'Take It');
    await window.statusItem('Probe: took Susi').waitFor();

    const { workspace } = stage.server.folders;
    mkdirSync(join(workspace, 'near', 'far'), { recursive: true });
    for (const name of ['near', 'near/far']) {
      await window.run('Probe: Choose Folder');
      await window.quickInput.shown('Which Folder');
      await window.quickInput.chooseFolder(join(workspace, name));
      await window.statusItem(new RegExp(`Probe: folder ${workspace}/${name}$`)).waitFor();
    }

    await window.run('Probe: Open Page');
    await window.tab('Probe Page').waitFor();
    const page = await window.webview('#hello');
    assert.equal(await page.locator('#hello').textContent(), 'Hello from a page');
    await stage.changeTheme(window, 'high contrast light');
    await window.screenshot('tools, page');
  });
}

/** As a package, since only windows for suites take an extension from its folder, and those show no notifications. */
function packProbe(target: string): string {
  const file = join(target, 'probe.vsix');
  const vsce = join(projectFolder, 'node_modules', '@vscode', 'vsce', 'vsce');
  const options = ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', file];
  execFileSync(process.execPath, [vsce, ...options], { cwd: join(import.meta.dirname, 'probe'), stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}
