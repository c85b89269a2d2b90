// One of each thing that the tools of the window tests know, so that the tools themselves are tested, in every version.
'use strict';
const vscode = require('vscode');

exports.activate = function activate(context) {
  const folders = ['Citrus', 'Berries'];
  const fruit = { Citrus: ['Lemon', 'Orange'], Berries: ['Blueberry'] };
  const changed = new vscode.EventEmitter();
  const tree = {
    onDidChangeTreeData: changed.event,
    getChildren: (name) => (name === undefined ? folders : fruit[name]),
    getTreeItem(name) {
      const item = new vscode.TreeItem(
        name,
        name in fruit ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
      );
      item.contextValue = name in fruit ? 'folder' : 'fruit';
      item.description = name in fruit ? `${fruit[name].length} kinds` : undefined;
      return item;
    },
  };
  const status = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Left, 100);
  status.text = '$(beaker) Probe: idle';
  status.show();
  const command = (name, run) => vscode.commands.registerCommand(name, run);
  context.subscriptions.push(
    status,
    vscode.window.registerTreeDataProvider('probe.fruit', tree),
    vscode.window.registerTreeDataProvider('probe.nothing', { getChildren: () => [], getTreeItem: () => undefined }),
    command('probe.ask', () => ask(status)),
    command('probe.eat', (name) =>
      vscode.window.showInformationMessage(`Eaten: ${name}`, 'Thanks').then((answer) => answer && bye(status)),
    ),
    command('probe.grow', () => {
      fruit.Berries.push('Raspberry');
      changed.fire();
    }),
    command('probe.folder', async () => {
      const chosen = await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, title: 'Which Folder' });
      status.text = `Probe: folder ${chosen?.[0]?.path}`;
    }),
    command('probe.page', () => {
      const page = vscode.window.createWebviewPanel('probe', 'Probe Page', vscode.ViewColumn.One);
      page.webview.html = '<h1 id="hello">Hello from a page</h1>';
    }),
  );
};

/** Two steps with a way back, then a modal question. */
async function ask(status) {
  for (let step = 1; ;) {
    const answer = step === 1 ? await pick() : await name();
    if (answer === undefined) return;
    if (answer === vscode.QuickInputButtons.Back) step -= 1;
    else if (step === 1) step += 1;
    else return await confirm(answer, status);
  }
}

function pick() {
  const input = vscode.window.createQuickPick();
  Object.assign(input, {
    title: 'Choose',
    step: 1,
    totalSteps: 2,
    items: [{ label: 'Lemon', description: 'sour' }, { label: 'Lemonade' }, { label: 'Orange' }],
  });
  return show(input, () => input.selectedItems[0]);
}

function name() {
  const input = vscode.window.createInputBox();
  Object.assign(input, { title: 'Name', step: 2, totalSteps: 2, buttons: [vscode.QuickInputButtons.Back] });
  input.onDidChangeValue((value) => (input.validationMessage = value === 'bad' ? 'Not a good name' : undefined));
  return show(input, () => (input.validationMessage === undefined ? input.value : undefined));
}

function show(input, value) {
  return new Promise((resolve) => {
    const end = (result) => {
      resolve(result);
      input.dispose();
    };
    input.onDidAccept(() => value() !== undefined && end(value()));
    input.onDidTriggerButton(end);
    input.onDidHide(() => end(undefined));
    input.show();
  });
}

async function confirm(answer, status) {
  const choice = await vscode.window.showWarningMessage(`Take ${answer}?`, { modal: true }, 'Take It');
  status.text = choice === undefined ? 'Probe: refused' : `Probe: took ${answer}`;
}

function bye(status) {
  status.text = 'Probe: thanked';
}
