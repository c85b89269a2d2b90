import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endHost, until, type EngineStage } from './engine-stage.ts';

const program = fileURLToPath(new URL('window-child.ts', import.meta.url));

/** A window in a process of its own (`window-child.ts`), to be killed. */
export class WindowProcess {
  readonly process: ChildProcess;
  /** Whether it asks for a backup. */
  readonly runs: boolean;
  #said = '';
  #asked = 0;

  private constructor(child: ChildProcess, runs: boolean) {
    this.process = child;
    this.runs = runs;
    child.stdin?.on('error', () => undefined); // killed
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  /** It ends with the test, and so does the host of the stage. @param runs whether it asks for a backup of the set `data` */
  static start(stage: EngineStage, { lingerMs, runs = false }: { readonly lingerMs: number; readonly runs?: boolean }): WindowProcess {
    const state = stage.path('state');
    const args = ['--disable-warning=ExperimentalWarning', program, stage.configFile, state, String(lingerMs), ...(runs ? ['run'] : [])];
    const child = spawn(process.execPath, args, {
      env: stage.hostStart().environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    stage.atEnd(async () => {
      child.kill('SIGKILL');
      await endHost(state);
    });
    return new WindowProcess(child, runs);
  }

  get isGone(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Everything that it printed. */
  get said(): string {
    return this.#said;
  }

  /** Of the host that it has, or had last; undefined before the first. */
  get hostPid(): number | undefined {
    const pid = this.#lines(/^\d+$/gm).at(-1);
    return pid === undefined ? undefined : Number(pid);
  }

  async untilConnected(): Promise<number> {
    await until(() => this.hostPid !== undefined, 'the host runs');
    return this.hostPid ?? 0;
  }

  /** What came of the backup that it asked for: the outcome, or the code of an error; undefined until then. */
  get ran(): string | undefined {
    return this.#lines(/^ran .*$/gm)[0]?.slice('ran '.length);
  }

  /** The state of each set, as its host says; `error` where the host went away meanwhile. */
  async states(): Promise<Readonly<Record<string, string>>> {
    const at = this.#asked++;
    this.process.stdin?.write('sets\n');
    const answers = (): readonly string[] => this.#lines(/^sets .*\n/gm);
    await until(() => answers().length > at, 'the window has an answer');
    return JSON.parse(answers()[at]?.slice('sets '.length) ?? '') as Readonly<Record<string, string>>;
  }

  #lines(pattern: RegExp): readonly string[] {
    return this.#said.match(pattern) ?? [];
  }
}
