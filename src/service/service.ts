import { hostname } from 'node:os';
import {
  afterLostRun,
  type StoragePlace,
  type HistoryKeeping,
  openServerAt,
  openStorageAt,
  type ProgramReport,
  type ProgramVet,
  RecordKeeper,
  recordOfClock,
  recordOfOverduePrune,
  recordOfRefusal,
} from '../jobs/index.ts';
import { CadanganError, type Clock, type Environment, isAbort, isCode, type Random, systemClock } from '../platform/index.ts';
import { allOf, dayOf, inZoneInForce, instantMsOf, newestRecord, recordsFolder } from '../records/index.ts';
import {
  isSuccess,
  TaskLoop,
  TrustedClock,
  trustedClock,
  trustIn,
  type ClockStep,
  type MachineTimes,
  type ScheduledSet,
  type ScheduleEvent,
} from '../schedule/index.ts';
import {
  keepLastGood,
  loadConfiguration,
  watchConfiguration,
  type BackupSet,
  type Configuration,
  type LoadedConfiguration,
  type OffsiteCopy,
  type UsedConfiguration,
} from '../settings/index.ts';
import { parseKeyId, parseMasterKey, type OpenedKey } from '../repository/index.ts';
import type { ServerFiles, Storage } from '../storage/index.ts';
import { type Audience, nobody } from './audience.ts';
import { AlertDesk } from './alert-desk.ts';
import { BackupRuns, timeTextOf } from './backup-runs.ts';
import type { Call } from './call.ts';
import { chainVerification } from './chain-verification.ts';
import { historyDocuments } from './history-documents.ts';
import { freeBytesOf } from './free-bytes.ts';
import { HistoryKeeper } from './history-keeper.ts';
import { witnessesOf } from './chain-witnesses.ts';
import { compareChain } from './verify-records.ts';
import { configurationInfoOf } from './configuration-info.ts';
import { DriveDesk } from './drive-desk.ts';
import type { Elsewhere } from './elsewhere.ts';
import { errorDataOf } from './error-data.ts';
import { configurationInForce, LastGoodFile } from './last-good-file.ts';
import { OpenRepositories } from './open-repositories.ts';
import { PasswordOutlook } from './password-outlook.ts';
import { Passwords, type PasswordWish } from './passwords.ts';
import { PruneTurns } from './prune-turns.ts';
import * as protocol from './protocol.ts';
import { type SeenHistories, workHistories, workKey, workPrune, workRetain, workReview, workSpace } from './protocol/work.ts';
import { RecordsDesk } from './records-desk.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import { Refusals } from './rights.ts';
import { isFailedWork, reviewRecords, reviewRemovals } from './review-records.ts';
import { RunDesk } from './run-desk.ts';
import { RunList } from './run-list.ts';
import { RunsElsewhere } from './runs-elsewhere.ts';
import { RepositoryTurns } from './repository-turns.ts';
import { ScheduleDesk } from './schedule-desk.ts';
import { historiesAt, ServersDesk, type ServersWish } from './servers-desk.ts';
import { ServersMemory } from './servers-memory.ts';
import { RetentionTurns } from './retention-turns.ts';
import { aroundSet } from './set-job.ts';
import { scheduledSetsOf } from './scheduled-sets.ts';
import { Throttle } from './throttle.ts';
import { UpkeepDesk } from './upkeep-desk.ts';
import type { StorageWish } from './repository-access.ts';
import { unattendedPassword } from './unattended-password.ts';

/** What the service is told about the world. */
export interface ServiceWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Environment;
  /** Of every program that the configuration names, before it is run. Default: any may be run. */
  readonly vetProgram?: ProgramVet | undefined;
  /** Of the manifest. */
  readonly version: string;
  /** How snapshots name their writer. */
  readonly programVersion: string;
  /** Where each repository has a process of its own. Default: all is done in this one. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Default: this one. */
  readonly machine?: MachineTimes | undefined;
  /** It works on one repository for a host, which looks after the schedule and keeps the records of the configuration. */
  readonly isRunner?: boolean | undefined;
}

/** What a session is made of. */
interface Beginning {
  readonly loaded: LoadedConfiguration;
  readonly used: UsedConfiguration;
  readonly lastGood: LastGoodFile;
  readonly sets: readonly ScheduledSet[];
}

/** Where the service has what it knows. */
export interface ServicePlace {
  readonly configFile: string;
  readonly stateFolder: string;
}

const changedMsMin = 250;
const progressMsMin = 1000;
const driveChangedMsMin = 500;
const recordsChangedMsMin = 500;
const serversChangedMsMin = 250;

/** Everything that Cadangan has of a server, put together: its audience is all who are connected. */
export class Service {
  readonly world: ServiceWorld;
  readonly passwords: Passwords;
  readonly repositories: OpenRepositories;
  readonly tasks: TaskLoop;
  readonly keeper: RecordKeeper;
  readonly list: RunList;
  readonly records: RecordsDesk;
  readonly refusals: Refusals;
  readonly desk: RunDesk;
  readonly upkeep: UpkeepDesk;
  readonly elsewhere: Elsewhere | undefined;
  readonly runsElsewhere: RunsElsewhere | undefined;
  readonly runs: BackupRuns;
  readonly schedule: ScheduleDesk;
  readonly drive: DriveDesk;
  readonly alerts: AlertDesk;
  readonly prunes: PruneTurns;
  readonly servers: ServersDesk;
  /** Of the repositories. */
  readonly turns = new RepositoryTurns();
  readonly configFile: string;
  readonly log: Audience['log'];
  readonly #audience: Audience;
  readonly #stateFolder: string;
  readonly #ending = new AbortController();
  readonly #changed: Throttle;
  readonly #progressed: Throttle;
  readonly #driveChanged: Throttle;
  readonly #recordsChanged: Throttle;
  readonly #serversChanged: Throttle;
  readonly #lastGood: LastGoodFile;
  readonly #passwordOutlook: PasswordOutlook;
  readonly #retention: RetentionTurns;
  #isPassive = true;
  #loaded: LoadedConfiguration;
  #used: UsedConfiguration;
  #watching: Promise<void> | undefined;
  readonly #owned = new Set<Promise<void>>();
  /** Called when something began or ended; perhaps nothing runs any more. */
  onChange: () => void = () => undefined;

  private constructor({ stateFolder }: ServicePlace, world: ServiceWorld, audience: Audience, { loaded, used, lastGood, sets }: Beginning) {
    this.world = world;
    const passwords = new Passwords({
      ask: (params, client = audience, signal) => client.ask(protocol.password, params, signal),
      sets: () => this.sets,
      originalOf: (location) => originalOf(location, this.copies),
      environment: world.environment,
      vetProgram: world.vetProgram,
      random: world.random,
    });
    this.passwords = passwords;
    this.#audience = audience;
    this.log = (level, message) => audience.log(level, passwords.scrub(message));
    this.#passwordOutlook = new PasswordOutlook(world);
    this.#loaded = loaded;
    this.#used = used;
    this.#lastGood = lastGood;
    this.configFile = loaded.path;
    this.#stateFolder = stateFolder;
    this.#changed = new Throttle(changedMsMin, () => {
      audience.tell(protocol.setsChanged, undefined);
      this.onChange();
    });
    this.#progressed = new Throttle(progressMsMin, this.#changed.call);
    this.#driveChanged = new Throttle(driveChangedMsMin, () => {
      audience.tell(protocol.driveChanged, undefined);
      this.#changed.call(); // what is protected off-site stands in the sets
    });
    this.#recordsChanged = new Throttle(recordsChangedMsMin, () => audience.tell(protocol.recordsChanged, undefined));
    this.#serversChanged = new Throttle(serversChangedMsMin, () => audience.tell(protocol.serversChanged, undefined));
    const { log } = this;
    this.tasks = new TaskLoop({
      clock: world.clock,
      onFailure: ({ about }, error) => {
        if (!isAbort(error)) log('error', `${about?.kind ?? 'schedule'} ${about?.name ?? ''}: ${String(error)}`);
      },
      onEnd: () => this.onChange(), // perhaps it was the last thing that went on
    });
    this.repositories = new OpenRepositories(
      { ...world, openStorage: (location, wish) => this.openStorage(location, { confirmHost: this.hostConfirmer(location, wish) }) },
      passwords,
    );
    this.keeper = new RecordKeeper({
      ...world,
      stateFolder: this.#stateFolder,
      software: world.programVersion,
      via: 'editor',
      settings: () => this.#used.configuration,
      scrub: passwords.scrub,
      onWritten: (record) => {
        if (world.isRunner) return;
        this.alerts.recorded(this.tasks);
        if (isFailedWork(record)) this.#own(this.#review());
      },
      onError: (error) => {
        log('error', `this was not recorded: ${String(error)}`);
        audience.tell(protocol.notRecorded, errorDataOf(error, passwords.scrub));
      },
    });
    this.list = new RunList(this.keeper);
    this.refusals = new Refusals({
      nowMs: () => world.clock.monotonicMs(),
      log: (message) => log('warning', message),
      record: ({ procedure, user, via }) =>
        this.keeper.write((about) => recordOfRefusal(procedure, { ...about, user, via, trigger: 'manual' })),
    });
    this.records = new RecordsDesk({
      keeper: this.keeper,
      clock: world.clock,
      configuration: () => this.configuration,
      review: () => this.#review(),
      alertsFailing: () => this.alerts.failing,
      onChange: this.#recordsChanged.call,
    });
    this.alerts = new AlertDesk({
      ...world,
      stateFolder,
      keeper: this.keeper,
      configuration: () => this.configuration,
      show: async (title, text) => (await audience.ask(protocol.showAlert, { title, text }, this.#ending.signal)) ?? false,
      freeBytes: (location, signal) => this.#freeBytes(location, signal),
      scrub: passwords.scrub,
      signal: this.#ending.signal,
      onChange: this.#recordsChanged.call,
    });
    const openServer = (location: string, wish: PasswordWish): ServerFiles =>
      openServerAt(location, { ...this.storagePlace, confirmHost: this.hostConfirmer(location, wish) });
    const ways = { ...world, openStorage: this.openStorage, openServer, repositories: this.repositories };
    this.upkeep = new UpkeepDesk({ ...ways, configuration: () => this.configuration, keeper: this.keeper, scrub: passwords.scrub });
    this.desk = new RunDesk({
      ...ways,
      stateFolder,
      configuration: () => this.configuration,
      keeper: this.keeper,
      log,
      onChange: this.#changed.call,
      onProgress: this.#progressed.call,
    });
    const { elsewhere } = world;
    this.elsewhere = elsewhere;
    const afterLost = (name: string, run: string | undefined) => this.#afterLost(name, run);
    this.runsElsewhere = elsewhere && new RunsElsewhere({ clock: world.clock, elsewhere, keeper: this.keeper, list: this.list, afterLost });
    const makers = elsewhere?.forks ? this.runsElsewhere : undefined;
    this.runs = new BackupRuns(
      {
        clock: world.clock,
        make: (set, wish) => this.turns.use(set.repository.location, () => (makers ?? this.desk).backup(set, wish)),
        elsewhere: this.runsElsewhere,
        keeper: this.keeper,
        list: this.list,
        afterLost,
        setNamed: (name) => this.setNamed(name),
        timeZone: () => this.configuration.timeZone,
      },
      () => this.schedule,
    );
    this.drive = new DriveDesk({
      clock: world.clock,
      tasks: this.tasks,
      place: () => this.storagePlace,
      timeZone: () => this.configuration.timeZone,
      copies: () => this.copies,
      records: this.keeper,
      history: this.#historyKeeping,
      scrub: passwords.scrub,
      log,
      keyOf: (location, wish) => this.keyOf(location, wish),
      onChange: this.#driveChanged.call,
    });
    const alone = { ...world, tasks: this.tasks, turns: this.turns, sets: () => this.sets, signal: this.#ending.signal };
    this.#retention = new RetentionTurns({
      ...alone,
      retain: (set, signal) => this.#retain(set, signal),
      onDone: () => this.#review(),
    });
    this.prunes = new PruneTurns({
      ...alone,
      stateFolder,
      records: async (signal) => allOf(this.keeper.history.records(signal)),
      prune: (location, signal) => this.#prune(location, signal),
      onOverdue: async (location, days) => {
        const byItself = { trigger: 'schedule', via: 'schedule' } as const;
        await this.keeper.write((about) => recordOfOverduePrune(location, days, { ...about, ...byItself }));
      },
    });
    this.servers = new ServersDesk({
      clock: world.clock,
      locations: () => this.sets.map(({ repository }) => repository.location),
      look: (location, wish) => this.#histories(location, wish),
      memory: new ServersMemory(stateFolder, world.random),
      onError: (error) => log('warning', `what is known of servers cannot be remembered: ${String(error)}`),
      onChange: this.#serversChanged.call,
    });
    this.schedule = new ScheduleDesk(
      {
        ...world,
        stateFolder: this.#stateFolder,
        tasks: this.tasks,
        log,
        runSet: this.runs.runSet,
        lostRun: this.runs.lostRun,
        adopt: this.runs.adopt,
        missedRun: this.runs.missedRun,
        clockStep: (step) => this.#recordClock(step),
        onEvent: (event) => this.#own(this.#noteEvent(event)),
        onChange: this.#changed.call,
        onProgress: this.#progressed.call,
      },
      sets,
    );
  }

  /** Knows the configuration and follows it; runs nothing before `begin`. */
  static async open(place: ServicePlace, given: ServiceWorld, audience: Audience): Promise<Service> {
    const world = { ...given, clock: await believedClock(given, place.stateFolder) };
    const lastGood = new LastGoodFile(place.stateFolder, world.random);
    const read = await configurationInForce(place.configFile, lastGood);
    const loaded = await inZone(read.loaded, place.stateFolder);
    const used = await inZone(read.used, place.stateFolder);
    const sets = await scheduledSetsOf(used.configuration, { ...place, onProblem: () => undefined });
    const service = new Service(place, world, audience, { loaded, used, lastGood, sets });
    await service.#start();
    return service;
  }

  /**
   * From now on it runs what is due, keeps the copies up and verifies the records; `isPassive`: only what it is asked for.
   * @throws `state.unusable` when what ran before cannot be read
   */
  async begin(options: { readonly isPassive: boolean }): Promise<void> {
    this.#isPassive = options.isPassive;
    this.schedule.setSets(await this.#scheduledSets());
    await this.schedule.begin(options);
    if (options.isPassive) return;
    this.tasks.add(chainVerification({ ...this.world, stateFolder: this.#stateFolder }, () => this.#verifyChain()));
    this.tasks.add(
      new HistoryKeeper({
        clock: this.world.clock,
        copies: () => this.copies,
        place: () => this.storagePlace,
        keeping: { ...this.#historyKeeping, records: this.keeper },
        signal: this.#ending.signal,
        onChange: this.#driveChanged.call,
      }),
    );
    this.alerts.begin(this.tasks);
    await this.prunes.begin();
    await this.drive.copies.begin();
  }

  /** What the history beside a copy is made of; a password that somebody would have to be asked for is not at hand. */
  get #historyKeeping(): Omit<HistoryKeeping, 'records'> {
    const { clock, programVersion: software } = this.world;
    return {
      keyOf: (location, signal) => this.keyOf(location, { mayAsk: false, signal }),
      documents: (since, signal) =>
        historyDocuments(
          { keeper: this.keeper, configuration: this.configuration, clock, copies: () => this.drive.copies.infos(), software, signal },
          since,
        ),
    };
  }

  /** A run that somebody or the schedule asked for goes on here, or waits for its turn. */
  get isRunning(): boolean {
    return this.desk.isBusy || this.elsewhere?.isBusy === true || this.drive.copies.isBusy || this.schedule.isBusy;
  }

  /** Something runs here, or is just being written down or told. */
  get isBusy(): boolean {
    return this.isRunning || this.#owned.size > 0 || this.tasks.isBusy || this.alerts.isPending;
  }

  /** What the set's program before began is ended, although the process of the run is gone. A set that is gone has none. */
  async #afterLost(name: string, run: string | undefined): Promise<readonly ProgramReport[]> {
    const set = this.sets.find((candidate) => candidate.name === name);
    if (set === undefined) return [];
    const { clock, environment, vetProgram: vet } = this.world;
    const onLine = (line: string): void => this.log('info', `${name}: ${line}`);
    return afterLostRun({ ...aroundSet(set, { run, trigger: undefined }), clock, environment, vet, onLine }, 'host.lost');
  }

  get sets(): readonly BackupSet[] {
    return this.#used.configuration.sets;
  }

  /** As it is in force: what is right in the file, with what was right before in the place of what is not. */
  get configuration(): Configuration {
    return this.#used.configuration;
  }

  get copies(): readonly OffsiteCopy[] {
    return this.#used.configuration.offsiteCopies;
  }

  get loaded(): LoadedConfiguration {
    return this.#loaded;
  }

  /** Where the account on Google Drive is found: as configured at this moment. */
  get storagePlace(): StoragePlace {
    return {
      settings: this.#used.configuration.googleDrive,
      storages: this.#used.configuration.storages,
      vet: this.world.vetProgram,
      secret: (way, signal) => unattendedPassword(way, this.world.environment, signal, this.world.vetProgram),
      stateFolder: this.#stateFolder,
      environment: this.world.environment,
      clock: this.world.clock,
      random: this.world.random,
    };
  }

  /** Asks whoever waits for it; undefined where nobody does. */
  hostConfirmer(location: string, { mayAsk, client, signal }: PasswordWish): StorageWish['confirmHost'] {
    if (!mayAsk || client === undefined) return undefined;
    return async (host) => (await client.ask(protocol.confirmHost, { location, ...host }, signal)) ?? false;
  }

  /** What a location names, by whatever road. */
  readonly openStorage = (location: string, wish: StorageWish = {}): Promise<Storage> =>
    openStorageAt(location, { ...this.storagePlace, ...wish });

  /** What opens a repository without its password, for work that has it open itself. @throws as `OpenRepositories.hold` */
  async keyOf(
    location: string,
    { mayAsk, client, signal, via, user }: PasswordWish & Partial<Pick<Call, 'via' | 'user'>>,
  ): Promise<OpenedKey> {
    const wish = { mayAsk, client, signal, via, user };
    if (!this.elsewhere?.forks) return this.repositories.keyOf(location, wish);
    const { id, masterKey } = await this.elsewhere.request(location, workKey, { location, mayAsk }, wish);
    return { id: parseKeyId(id), masterKey: parseMasterKey(masterKey) };
  }

  /** Something about a repository is known to be another: the next who uses it opens it anew. */
  async forget(location: string): Promise<void> {
    const call = { mayAsk: false, signal: this.#ending.signal };
    if (!this.elsewhere?.forks) await this.repositories.forget(location);
    else await this.elsewhere.requestLiving(location, protocol.forgetPassword, { location }, call);
  }

  /** What a client learns first. */
  get introduction(): protocol.InitializeResult {
    const { timeZone } = this.configuration;
    return {
      version: this.world.version,
      pid: process.pid,
      configFile: this.configFile,
      hostId: hostname(),
      ...(timeZone !== undefined && { timeZone }),
    };
  }

  /** `2026-11-29`, in the zone that the company counts its days in. */
  get today(): string {
    return dayOf(this.#nowMs(), this.configuration.timeZone);
  }

  /** @throws `set.unknown` */
  setNamed(name: string): BackupSet {
    const set = this.sets.find((candidate) => candidate.name === name);
    if (!set) throw new CadanganError('set.unknown', { set: name });
    return set;
  }

  /** The configuration as it is in the file now; also called by the watch. */
  async take(read: LoadedConfiguration): Promise<void> {
    const loaded = await inZone(read, this.#stateFolder);
    const before = new Set(this.sets.map(({ repository }) => JSON.stringify(repository)));
    this.#loaded = loaded;
    this.#used = keepLastGood(loaded, this.#used);
    await this.#noteConfiguration();
    // Another way to the password: what was opened the old way must not hide that the new one is wrong.
    const changed = this.sets
      .map(({ repository }) => repository)
      .filter(
        (repository) => !before.has(JSON.stringify(repository)) && (repository.passwordFile ?? repository.passwordCommand) !== undefined,
      );
    // One that does not answer holds up nothing.
    for (const { location } of changed) this.#own(this.forget(location).catch(() => undefined));
    await this.#recordConfiguration();
    this.schedule.setSets(await this.#scheduledSets());
    this.runs.setsChanged();
    this.alerts.configurationChanged();
    this.#own(this.prunes.configurationChanged());
    await this.drive.configurationChanged();
    this.#serversChanged.call(); // what they are held against stands there
    this.#changed.call();
    this.#audience.tell(protocol.configurationChanged, await this.configurationInfo());
  }

  /** The file as it stands, with everything that is wrong in it, and with the passwords that it names. */
  async configurationInfo(): Promise<protocol.ConfigurationInfo> {
    const loaded = this.#loaded;
    return configurationInfoOf(loaded, await this.#passwordOutlook.problemsOf(loaded), this.#used.configuration.timeZone);
  }

  /** As it is in the file now, without waiting for the watch. @throws the system's errors */
  async reload(): Promise<void> {
    const loaded = await loadConfiguration(this.configFile);
    if (loaded.text !== this.#loaded.text) await this.take(loaded);
  }

  changed(): void {
    this.#changed.call();
  }

  /** Ends what goes on at its next safe point, gives locks back, writes what is to be written. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.upkeep.close();
    await Promise.all([this.schedule.close('stop'), this.desk.close(), this.elsewhere?.close()]);
    await this.#watching;
    await this.servers.close();
    await this.drive.close();
    await this.tasks[Symbol.asyncDispose]();
    await Promise.all(this.#owned);
    await this.records[Symbol.asyncDispose]();
    await this.repositories.close();
    this.#recordsChanged[Symbol.dispose]();
    this.#changed[Symbol.dispose]();
    this.#progressed[Symbol.dispose]();
    this.#driveChanged[Symbol.dispose]();
    this.#serversChanged[Symbol.dispose]();
  }

  async #noteConfiguration(): Promise<void> {
    if (this.world.isRunner) return; // its host does
    const { kept, keptCopies } = this.#used;
    for (const about of [...[...kept.keys()].map((name) => `set ${name}`), ...[...keptCopies.keys()].map((name) => `copy ${name}`)])
      this.log('warning', `${about} goes on as it was: the configuration is not right about it`);
    await this.#lastGood
      .keep(this.#loaded)
      .catch((error: unknown) => this.log('warning', `the configuration cannot be remembered: ${String(error)}`));
  }

  async #start(): Promise<void> {
    if (!this.world.isRunner) await this.keeper.recordLost();
    await this.#noteConfiguration();
    await this.#recordConfiguration();
    const onChange = (loaded: LoadedConfiguration): void => {
      if (loaded.text === this.#loaded.text && loaded.problems.length === this.#loaded.problems.length) return;
      this.take(loaded).catch((error: unknown) => this.log('error', `the configuration cannot be taken over: ${String(error)}`));
    };
    this.#watching = watchConfiguration(this.configFile, onChange, this.#ending.signal, { clock: this.world.clock });
    this.#watching.catch((error: unknown) => this.log('error', `the configuration is watched no more: ${String(error)}`));
  }

  /** What is in force, and not what stands in the file: a slip there changes nothing before it is mended. */
  async #recordConfiguration(): Promise<void> {
    if (!this.world.isRunner) await this.keeper.noteConfiguration(this.#used);
  }

  #scheduledSets(): ReturnType<typeof scheduledSetsOf> {
    return scheduledSetsOf(this.#used.configuration, {
      stateFolder: this.#stateFolder,
      onProblem: (set, reason) => this.log('warning', `set ${set} cannot be planned: ${reason}`),
    });
  }

  /** A disk that hangs is looked at where nothing else waits for it. */
  async #freeBytes(location: string, signal: AbortSignal): Promise<number> {
    if (!this.elsewhere?.forks) return freeBytesOf(location);
    return (await this.elsewhere.request(location, workSpace, { location }, { mayAsk: false, signal })).freeBytes;
  }

  /** Who backs up into a repository; a look at one that hangs holds up nothing where it is made. */
  #histories(location: string, wish: ServersWish): Promise<SeenHistories> {
    const call = { ...wish, mayAsk: false };
    return this.elsewhere?.forks
      ? this.elsewhere.request(location, workHistories, { location }, call)
      : historiesAt(this.repositories, location, call);
  }

  /** What nobody awaits, and the end waits for. */
  #own(work: Promise<void>): void {
    const owned = work.finally(() => {
      this.#owned.delete(owned);
      this.onChange(); // perhaps it was the last thing that went on
    });
    this.#owned.add(owned);
  }

  async #recordClock({ kind, fromMs, toMs, unlived }: ClockStep): Promise<void> {
    const { clock } = this.world;
    const text = (ms: number): string => timeTextOf(ms, clock);
    const span = unlived && { unlived: { start: text(unlived.fromMs), end: text(unlived.untilMs) } };
    this.log('warning', `the clock: ${kind}, from ${text(fromMs)} to ${text(toMs)}`);
    await this.keeper.write((about) =>
      recordOfClock({ step: kind, from: text(fromMs), to: text(toMs), ...span }, { ...about, via: 'schedule' }),
    );
  }

  /** What the schedule noted, the instruction may not want. */
  async #noteEvent(event: ScheduleEvent): Promise<void> {
    if (event.kind === 'started') await this.alerts.runBegins(event.set);
    if (event.kind === 'missed' || event.kind === 'ended') await this.#review();
    if (event.kind === 'ended' && !this.#isPassive && isSuccess(event.outcome)) this.#retention.afterBackup(event.set);
  }

  /** What the rule of a set does not keep goes, in the process that works on its repository. */
  async #retain(set: BackupSet, signal: AbortSignal): Promise<boolean> {
    const { name, repository } = set;
    const call = { mayAsk: false, signal };
    try {
      if (!this.elsewhere?.forks) return await this.upkeep.retain(set, call);
      return await this.elsewhere.request(repository.location, workRetain, { set: name }, call);
    } catch (error) {
      if (!isAbort(error)) this.log('error', `old backups of ${name} cannot be removed: ${String(error)}`);
      return false;
    }
  }

  /** In the process that works on the repository. */
  #prune(location: string, signal: AbortSignal): Promise<boolean> {
    const call = { mayAsk: false, signal };
    return this.elsewhere?.forks ? this.elsewhere.request(location, workPrune, { location }, call) : this.upkeep.prune(location, call);
  }

  /** Whether the repositories that are open here still have what the records know. @throws the system's errors, `records.busy` */
  async reviewOpen(signal: AbortSignal): Promise<void> {
    await this.repositories.withOpen((opened) => reviewRemovals(this.keeper, opened, this.#nowMs(), signal));
  }

  /** What is not as the work instruction wants it, or was removed, becomes a nonconformity. */
  async #review(): Promise<void> {
    try {
      await reviewRecords(this.keeper, this.configuration, this.#nowMs(), { isSettled: trustIn(this.world.clock).isSettled });
      if (!this.elsewhere?.forks) await this.reviewOpen(this.#ending.signal);
      else this.#own(this.elsewhere.askAll(workReview, this.#ending.signal)); // one that does not answer holds up nothing
    } catch (error) {
      this.log('error', `the records cannot be held against the instruction: ${String(error)}`);
    }
  }

  /** So does a line that is not sound any more. @throws as `reviewRecords` */
  async #verifyChain(): Promise<void> {
    const { signal } = this.#ending;
    const chain = async () => {
      const knowledge = await compareChain(this.keeper, witnessesOf(this, { client: nobody, signal }));
      this.records.noteCompared(knowledge);
      return knowledge.verification;
    };
    await reviewRecords(this.keeper, this.configuration, this.#nowMs(), { chain, isSettled: trustIn(this.world.clock).isSettled, signal });
  }

  #nowMs(): number {
    return Number(this.world.clock.nowNs() / 1_000_000n);
  }
}

/** A clock that a test moves is not that of this machine, unless the test has one for it. */
async function believedClock({ clock, machine }: ServiceWorld, stateFolder: string): Promise<Clock> {
  if (clock instanceof TrustedClock || (clock !== systemClock && machine === undefined)) return clock;
  const newest = await newestRecord(recordsFolder(stateFolder)).catch(() => undefined);
  const newestMs = newest && instantMsOf(newest.at);
  return trustedClock(clock, { stateFolder, machine, newestMs });
}

/** Where no zone is known at all, what needs one says so: sets are not planned, and the command line is refused. */
async function inZone<Known extends { readonly configuration: Configuration }>(loaded: Known, stateFolder: string): Promise<Known> {
  try {
    return { ...loaded, configuration: await inZoneInForce(loaded.configuration, stateFolder) };
  } catch (error) {
    if (isCode(error, 'time-zone.unusable')) return loaded;
    throw error;
  }
}

/** The original of the copy at this location; the location itself when it is none. */
function originalOf(location: string, copies: readonly OffsiteCopy[]): string {
  const key = repositoryKeyIfAny(location);
  return (key === undefined ? undefined : copies.find(({ to }) => repositoryKeyIfAny(to) === key)?.repository) ?? location;
}
