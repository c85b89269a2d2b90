import { findInSnapshots, type FindMatch, type FindOptions } from '../../browse/index.ts';
import { describeError, openIndex, safeName } from '../../jobs/index.ts';
import { CadanganError, l10n, textOf } from '../../platform/index.ts';
import {
  formatExact,
  listSnapshots,
  matchesFilter,
  resolveSnapshot,
  type BlobId,
  type JsonObject,
  type Repository,
  type StoredSnapshot,
} from '../../repository/index.ts';
import { collect, openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { noteException } from '../exception-report.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { jsonObject } from '../json.ts';
import { foundNodeJson, longLine } from '../node-view.ts';
import type { OptionValues } from '../option-values.ts';
import { addSnapshotFilter, shortId, snapshotFilterOf } from '../snapshot-view.ts';
import { localTimeText, parseTimeArgument } from '../time-argument.ts';

export const findCommand: CliCommand = {
  name: 'find',
  takesBytes: true,
  declare: (command) => {
    command
      .description(l10n.t('Find files and folders by name in snapshots, or the files that have a blob.'))
      .argument('<patterns...>', l10n.t('name or path, with * ? [..] and **; with --blob, --tree, --pack: beginnings of ids'))
      .option('-i, --ignore-case', l10n.t('ignore the case of letters'))
      .option('-l, --long', l10n.t('show mode, owner, size and time'))
      .option('-O, --oldest <time>', l10n.t('only what was modified at that time or later'))
      .option('-N, --newest <time>', l10n.t('only what was modified at that time or before'))
      .option('-s, --snapshot <id>', l10n.t('search this snapshot (may be repeated; default: all)'), collect)
      .option('--blob', l10n.t('patterns are ids of blobs of files'))
      .option('--tree', l10n.t('patterns are ids of trees'))
      .option('--pack', l10n.t('patterns are ids of packs'))
      .option('--show-pack-id', l10n.t('with --blob or --tree: show the packs too'));
    addSnapshotFilter(command);
  },
  run: (context, patterns, options) =>
    openedRepository(context, 'shared', async ({ repository, signal }) => {
      const query = queryOf(context, patterns, options);
      const snapshots = await snapshotsToSearch(repository, options, signal);
      await openIndex(repository, snapshots, signal, noteException(context.terminal));
      const byId = query.patterns === undefined;
      const output: FindOutput = context.globals.json ? new JsonOutput(context, byId) : new TextOutput(context, options, repository);
      let code: ExitCode = exitCode.done;
      for await (const match of findInSnapshots(repository, snapshots, { ...query, signal })) {
        if (match.kind !== 'unreadable') output.add(match);
        else {
          context.terminal.note(
            `${l10n.t('cannot search {path} in snapshot {id}', { path: safeName(match.path), id: shortId(match.snapshot.id) })}: ${describeError(match.error).what}`,
          );
          code = exitCode.failed;
        }
      }
      output.end();
      return code;
    }),
};

type Match = Exclude<FindMatch, { kind: 'unreadable' }>;

interface FindOutput {
  add(match: Match): void;
  end(): void;
}

function queryOf({ clock }: CommandContext, patterns: readonly string[], options: OptionValues): Omit<FindOptions, 'signal'> {
  const kinds = ['blob', 'tree', 'pack'].filter((kind) => options.flag(kind));
  if (kinds.length > 1)
    throw new CadanganError('arguments.invalid', { option: `--${kinds[1]}`, reason: `it cannot be combined with --${kinds[0]}` });
  if (options.flag('blob')) return { blobIds: patterns };
  if (options.flag('tree')) return { treeIds: patterns };
  if (options.flag('pack')) return { packIds: patterns };
  const time = (name: string) => (options.text(name) === undefined ? undefined : parseTimeArgument(options.text(name) ?? '', name, clock));
  return { patterns, ignoreCase: options.flag('ignoreCase'), oldestNs: time('oldest'), newestNs: time('newest') };
}

async function snapshotsToSearch(repository: Repository, options: OptionValues, signal: AbortSignal): Promise<StoredSnapshot[]> {
  const filter = snapshotFilterOf(options);
  const named = options.list('snapshot');
  if (named.length > 0) return Promise.all(named.map((id) => resolveSnapshot(repository, id, filter, signal)));
  return (await listSnapshots(repository, signal)).filter((snapshot) => matchesFilter(snapshot, filter));
}

/** A heading for each snapshot that has something, and what it has. */
class TextOutput implements FindOutput {
  readonly #context: CommandContext;
  readonly #long: boolean;
  readonly #packs: Repository | undefined;
  #current: StoredSnapshot | undefined;

  constructor(context: CommandContext, options: OptionValues, repository: Repository) {
    this.#context = context;
    this.#long = options.flag('long');
    this.#packs = options.flag('showPackId') ? repository : undefined;
  }

  add(match: Match): void {
    const { terminal, clock } = this.#context;
    if (match.snapshot !== this.#current) {
      if (this.#current) terminal.print();
      this.#current = match.snapshot;
      terminal.print(
        l10n.t('Found matching entries in snapshot {id} from {time}', {
          id: shortId(match.snapshot.id),
          time: localTimeText(match.snapshot.timeNs, clock),
        }),
      );
    }
    if (match.kind === 'entry') terminal.print(this.#long ? longLine(match.path, match.node, clock) : safeName(match.path));
    else
      terminal.print(
        `${l10n.t('{kind} {id} in {path}', { kind: match.kind, id: match.id, path: safeName(match.path) })}${this.#packsOf(match.kind === 'tree' ? 'tree' : 'data', match.id)}`,
      );
  }

  end(): void {}

  #packsOf(type: 'tree' | 'data', id: BlobId): string {
    if (!this.#packs) return '';
    return ` (pack ${this.#packs.index
      .locateAll(type, id)
      .map(({ packId }) => packId)
      .join(', ')})`;
  }
}

/** One array: of snapshots with their matches, or of blobs. Written snapshot by snapshot, so that it need not fit into memory. */
class JsonOutput implements FindOutput {
  readonly #context: CommandContext;
  readonly #byId: boolean;
  #snapshot: StoredSnapshot | undefined;
  #matches: JsonObject[] = [];
  #separator = '[';

  constructor(context: CommandContext, byId: boolean) {
    this.#context = context;
    this.#byId = byId;
  }

  add(match: Match): void {
    if (match.snapshot !== this.#snapshot) this.#flush();
    this.#snapshot = match.snapshot;
    this.#matches.push(match.kind === 'entry' ? foundNodeJson(match.path, match.node) : foundBlobJson(match));
  }

  end(): void {
    this.#flush();
    this.#context.terminal.print(this.#separator === '[' ? '[]' : ']');
  }

  #flush(): void {
    if (this.#snapshot === undefined || this.#matches.length === 0) return;
    const items = this.#byId ? this.#matches : [{ matches: this.#matches, hits: this.#matches.length, snapshot: this.#snapshot.id }];
    for (const item of items) {
      this.#context.terminal.write(this.#separator + formatExact(item));
      this.#separator = ',';
    }
    this.#matches = [];
  }
}

function foundBlobJson(match: Exclude<Match, { kind: 'entry' }>): JsonObject {
  return jsonObject({
    object_type: match.kind,
    id: match.id,
    path: textOf(match.path),
    parent_tree: match.kind === 'blob' ? match.parentTree : undefined,
    snapshot: match.snapshot.id,
    time: match.snapshot.snapshot.time,
  });
}
