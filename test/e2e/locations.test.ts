// A location of each kind is typed into *New Backup Set…*: what is wrong is said where it was typed, and what is right is backed up to.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRestic } from '../interop/programs.ts';
import { RcloneServer } from '../interop/rclone-server.ts';
import { ObjectStore } from '../s3/object-store.ts';
import { Sshd } from '../sshd/sshd.ts';
import type { CodeWindow } from './code-window.ts';
import { password } from './prepared-set.ts';
import { windowTest, type Stage } from './stage.ts';
import { Words } from './words.ts';

const objectStore = ObjectStore.ofFile();

/** What the configuration has to know of a place, and how stock restic gets there. */
interface Road {
  readonly name: string;
  readonly location: string;
  readonly settings: object;
  readonly restic: {
    readonly location?: string;
    readonly options?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  };
}

for (const language of ['en', 'id'] as const) {
  const words = new Words(language);
  windowTest(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: a location ${language === 'en' ? 'of each kind ' : ''}is typed, the fingerprint of its server confirmed, and a backup goes there`,
    { language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light', settings: { 'remote.autoForwardPorts': false } },
    async (window, stage) => {
      const { folders } = stage.server;
      await using sshd = await Sshd.start();
      await using rest = await RcloneServer.open(['restic', join(folders.root, 'rest')]);
      const roads = [sftpOf(sshd, folders.root)];
      // What is asked and said of the others is the same.
      if (language === 'en') roads.push(restOf(rest), rcloneOf(folders.root), s3Of((await objectStore()).peer, folders.root));
      const storages = roads.map(({ location, settings }) => ({ location, ...settings }));
      mkdirSync(join(folders.configFile, '..'), { recursive: true });
      writeFileSync(folders.configFile, JSON.stringify({ version: 1, storages }, undefined, 2));
      const source = join(folders.workspace, 'accounting');
      mkdirSync(source);
      writeFileSync(join(source, 'ledger.txt'), 'first\n');
      await window.openContainer('Cadangan');
      const visit = new Visit(window, stage, words, source);
      for (const road of roads) await visit.makeSet(road);
      for (const road of roads) {
        const listed: unknown = JSON.parse(await restic(road, 'snapshots', '--json'));
        assert.equal((listed as readonly unknown[]).length, 1, road.name);
        await restic(road, 'check', '--read-data');
      }
    },
  );
}

class Visit {
  private readonly window: CodeWindow;
  private readonly stage: Stage;
  private readonly words: Words;
  private readonly source: string;
  private readonly shot: (step: string) => Promise<void>;

  constructor(window: CodeWindow, stage: Stage, words: Words, source: string) {
    [this.window, this.stage, this.words, this.source] = [window, stage, words, source];
    this.shot = window.story('locations,');
  }

  async makeSet({ name, location }: Road): Promise<void> {
    const {
      words,
      window: { quickInput },
    } = this;
    await this.window.run(words.inPalette('newSet'));
    await quickInput.shown(`${words.button('newSet')} (1/`);
    await quickInput.type(name);
    await quickInput.accept();
    await quickInput.choose(words.say('Add folder…'));
    await quickInput.shown(words.say('Folder to Back Up'));
    await quickInput.chooseFolder(this.source);
    await quickInput.choose(words.say('Continue'));
    await quickInput.shown('(3/');
    await quickInput.choose(words.say('Type a location…'));
    await quickInput.asks('/mnt/backup/repository');
    if (name === 'sftp') {
      await this.mistype(location.replace(/:\d+\//, ':1/'));
      await this.confirmServer(location);
    } else {
      await quickInput.type(location);
      await this.shot(name);
      await quickInput.accept();
    }
    await quickInput.shown('(4/');
    await quickInput.type(password);
    await quickInput.accept();
    await quickInput.shown('(5/');
    await quickInput.type(password);
    await quickInput.accept();
    await quickInput.shown('(6/6)');
    await quickInput.choose(words.say('Only when it is started'));
    await this.window.notifications.press(words.say('The backup set {name} is ready.', { name }), words.button('backUpNow'));
    await this.window.notifications.waitFor(
      new RegExp(words.say('{name} is backed up: {files}, {bytes}; {added} added.', { name, files: '.+', bytes: '6 B', added: '.+' })),
    );
    await this.shot(`${name} backed up`);
    await this.window.run('Notifications: Clear All Notifications');
    const { sets }: { readonly sets: readonly { readonly name: string; readonly repository: unknown }[] } = JSON.parse(
      readFileSync(this.stage.server.folders.configFile, 'utf8'),
    ) as never;
    assert.deepEqual(sets.at(-1)?.repository, { location });
  }

  /** Nobody listens there: the step stays open, says so, and has what was typed. */
  private async mistype(location: string): Promise<void> {
    const { quickInput } = this.window;
    await quickInput.type(location);
    await quickInput.accept();
    await quickInput.says(this.words.say('"{location}" cannot be reached{reason}.', { location, reason: '' }).slice(0, -1));
    assert.equal(await quickInput.input.inputValue(), location);
    await this.shot('nobody listens');
  }

  private async confirmServer(location: string): Promise<void> {
    const { quickInput, notifications } = this.window;
    await quickInput.type(location);
    await quickInput.accept();
    const question = this.words.say('The server "{host}" is not known yet.', { host: '127.0.0.1' });
    await this.window.page.locator('.monaco-dialog-box').filter({ hasText: question }).waitFor();
    await this.shot('fingerprint');
    await notifications.answer(question, this.words.say('It Is the Right Server'));
  }
}

function sftpOf(sshd: Sshd, folder: string): Road {
  const ssh = `ssh -F none -p ${sshd.port} -i ${sshd.keyFile} -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no ${sshd.user}@127.0.0.1 -s sftp`;
  return {
    name: 'sftp',
    location: `sftp://${sshd.user}@127.0.0.1:${sshd.port}/${join(folder, 'over-sftp')}`,
    settings: { identityFile: sshd.keyFile },
    restic: { options: ['-o', `sftp.command=${ssh}`] },
  };
}

function restOf(server: RcloneServer): Road {
  return { name: 'rest', location: `rest:${server.url.href}one/`, settings: {}, restic: {} };
}

function rcloneOf(folder: string): Road {
  const configFile = join(folder, 'rclone.conf');
  writeFileSync(configFile, `[cloud]\ntype = alias\nremote = ${join(folder, 'remote')}\n`);
  return { name: 'rclone', location: 'rclone:cloud:one', settings: { configFile }, restic: { environment: { RCLONE_CONFIG: configFile } } };
}

function s3Of(peer: ObjectStore['peer'], folder: string): Road {
  const credentialsFile = join(folder, 's3-keys');
  const { accessKeyId, secretAccessKey } = peer.keys;
  writeFileSync(credentialsFile, `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`, {
    mode: 0o600,
  });
  return {
    name: 's3',
    location: `s3:${peer.endpoint}/window/one`,
    settings: { credentialsFile },
    restic: { environment: peer.environment },
  };
}

/** Not synchronously: the servers of the test say things that it has to take from them. */
async function restic({ location, restic: { options = [], environment = {} } }: Road, ...args: readonly string[]): Promise<string> {
  const running = startRestic(['-r', location, ...options, ...args], { env: { ...environment, RESTIC_PASSWORD: password } });
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  return stdout.toString();
}
