/**
 * Defects of one line each, as somebody tired could make them, in rules that keep data safe or what is said true. `scripts/planted.ts`
 * plants one after the other in a copy of the tree, and runs the test file that should notice. Each was seen to be noticed by the test
 * that `killedBy` names.
 */
export interface Defect {
  /** Below `src/`. */
  readonly file: string;
  /** A whole line of it, which is there once. */
  readonly before: string;
  /** Empty: the line is taken out. */
  readonly after: string;
  /** Below `test/`. */
  readonly test: string;
  /** What is true no more. */
  readonly rule: string;
  /** The first test that failed. */
  readonly killedBy: string;
}

export const defects: readonly Defect[] = [
  {
    file: 'backup/parent-snapshot.ts',
    before: '    if (!latest || candidate.timeNs >= latest.timeNs) latest = candidate;',
    after: '    latest ??= candidate;',
    test: 'backup/parent-snapshot.test.ts',
    rule: 'A run compares with the latest of its snapshots, in whatever order they are listed.',
    killedBy: 'the parent is the latest of the same host and the same set of paths',
  },
  {
    file: 'backup/source-losses.ts',
    before: '  if (!before || !hasSameRules) return undefined;',
    after: '  if (!before) return undefined;',
    test: 'backup/source-losses.test.ts',
    rule: 'What new rules leave out has not vanished.',
    killedBy: 'what new rules leave out has not vanished',
  },
  {
    file: 'restore/target-folder.ts',
    before: 'const openFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);',
    after: 'const openFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);',
    test: 'restore/target-folder.test.ts',
    rule: 'A restore writes through no link that stands in its target.',
    killedBy: 'a folder held open gives its children and refuses links and files',
  },
  {
    file: 'restore/decide.ts',
    before: "  if (policy === 'always') return isSameSize ? 'compare' : 'write';",
    after: "  if (policy === 'always') return isSameSize ? 'unchanged' : 'write';",
    test: 'restore/restore.test.ts',
    rule: 'A file of the right size is compared before it is left as it is.',
    killedBy: 'always over "existing"',
  },
  {
    file: 'restore/removal.ts',
    before: '    if (isSameFolder(stats, options.protectedFolder)) return false;',
    after: '',
    test: 'restore/restore.test.ts',
    rule: 'A restore that deletes leaves the repository alone that it reads.',
    killedBy: 'restore() that deletes leaves the repository alone where the snapshot has nothing',
  },
  {
    file: 'repository/sealed-box.ts',
    before: '    return this.kernel.equal(this.#macPtr, bodyPtr + bodyLength, macBytes);',
    after: '    return true;',
    test: 'repository/sealed-box.test.ts',
    rule: 'Nothing is opened that is not authentic.',
    killedBy: 'a flipped bit anywhere in a box, and a box cut short, fail the MAC',
  },
  {
    file: 'http/plane.ts',
    before: "      if (!secure && !this.#isPlainAllowed(url)) throw this.#errorOf(new ConnectionFault('EPROTO'));",
    after: '',
    test: 'http/plane.test.ts',
    rule: 'Tokens and passwords go in clear text to no other machine.',
    killedBy: 'without TLS nobody but this machine is asked, unless whoever asks allows it',
  },
  {
    file: 'repository/locks.ts',
    before: "      if (!isThere) return this.#lose('removed');",
    after: '',
    test: 'repository/locks.test.ts',
    rule: 'Whoever lost his lock stops, and does not make himself another.',
    killedBy: 'a stale lock that stood in the way is removed, so that a holder who only slept finds out',
  },
  {
    file: 'repository/pack-store.ts',
    before: "    if (!this.#dryRun) await storage.write({ kind: 'data', name: pack.id }, pack.bytes, signal);",
    after: "    if (!this.#dryRun) void storage.write({ kind: 'data', name: pack.id }, pack.bytes, signal);",
    test: 'repository/pack-store.test.ts',
    rule: 'The index names a pack only when the storage has said that it is safe.',
    killedBy: 'a pack is in the index only when the storage said that it is safe, and an index file comes after its packs',
  },
  {
    file: 'upkeep/pack-verifier.ts',
    before: '      if (reason !== undefined) damaged.push({ blob, reason });',
    after: '',
    test: 'upkeep/check.test.ts',
    rule: 'A check names the files that damage touches.',
    killedBy: 'a damaged data blob names its file in every snapshot, and nothing else',
  },
  {
    file: 'upkeep/read-subset.ts',
    before: '      return packs.filter(({ id }) => parseInt(id.slice(0, 2), 16) % subset.parts === subset.part - 1);',
    after: '      return packs.filter(({ id }) => parseInt(id.slice(0, 2), 16) % subset.parts === subset.part);',
    test: 'upkeep/read-subset.test.ts',
    rule: 'The parts of a check are all packs together.',
    killedBy: 'parts are the packs whose first byte modulo their number fits, each pack in one part',
  },
  {
    file: 'offsite/restorable.ts',
    before: "  if (states.every((state) => isSnapshot(state) || state.confidence === 'verified')) {",
    after: '  if (states.every((state) => isSnapshot(state) || state.good !== undefined)) {',
    test: 'offsite/restorable.test.ts',
    rule: 'A snapshot counts only when all that it may need is whole on Drive, proven.',
    killedBy: 'no snapshot counts while the config file is of the right size, but without a checksum, although each lies there itself',
  },
  {
    file: 'offsite/run-plan.ts',
    before: "    const isPassedOver = damaged.length > 0 && stage.action === 'trash';",
    after: '    const isPassedOver = false;',
    test: 'offsite/sync-copy.test.ts',
    rule: 'Nothing goes to the trash after damage was met.',
    killedBy: 'nothing goes to the trash by a sync that met damage in the original; once that is mended, it does',
  },
  {
    file: 'offsite/plan-copy.ts',
    before: "const uploadOrder = ['keys', 'config', 'data', 'index', 'snapshots'] as const satisfies readonly CopiedKind[];",
    after: "const uploadOrder = ['keys', 'config', 'index', 'data', 'snapshots'] as const satisfies readonly CopiedKind[];",
    test: 'offsite/plan-copy.test.ts',
    rule: 'The copy is a whole repository at every moment.',
    killedBy:
      'at every moment of any number of syncs, cut short anywhere, between backups, forget and prune, the copy is a whole repository',
  },
  {
    file: 'offsite/sync-copy.ts',
    before: '    if (!named.has(keyOf(file)) && (await source.sizeOf(nameOf(file), signal)) !== undefined) continue;',
    after: '',
    test: 'offsite/sync-copy.test.ts',
    rule: 'What a late list of the original did not show stays in the copy.',
    killedBy: 'what a late list of the original does not show, and is there when it is asked for by name, stays in the copy',
  },
  {
    file: 'google/answer-fault.ts',
    before: '  if (said === undefined) return strangersFault(answer, retryAfterMs);',
    after:
      '  if (said === undefined) return new DriveFault(kindOf(status, undefined), { status, reason: `HTTP ${status}`, retryAfterMs });',
    test: 'google/not-googles.test.ts',
    rule: 'An answer that has not the form of Google is none of Google.',
    killedBy: 'HTTP 200, 201, 202 on every kind of request, before and after its effect: all is done all the same',
  },
  {
    file: 'google/upload-proof.ts',
    before:
      "  if (complete.sha256 !== undefined) return { item: complete, proof: complete.sha256 === expected.sha256 ? 'sha256' : 'altered' };",
    after: "  if (complete.sha256 !== undefined) return { item: complete, proof: 'sha256' };",
    test: 'google/drive-folder.test.ts',
    rule: 'An upload is done when Drive has proven the right bytes.',
    killedBy: 'that Google stores wrongly again and again is removed and named; a source that is wrong is told apart',
  },
  {
    file: 'records/history.ts',
    before: '    await this.#lock.confirm();',
    after: '',
    test: 'records/history.test.ts',
    rule: 'The lock is confirmed before anything is written.',
    killedBy: 'whoever was taken for dead while it held the lock writes nothing: no record, no head, no key',
  },
  {
    file: 'records/verify.ts',
    before: "    if (newest === undefined && this.#recordCount > 1) this.#fault('no-head', this.#last?.number);",
    after: '',
    test: 'records/attacks.test.ts',
    rule: 'A history whose head was taken away is not intact.',
    killedBy: 'that the end and its head were taken away shows, also when records were appended since',
  },
  {
    file: 'records/nonconformity-rules.ts',
    before: '    planned.filter(({ endMs }) => endMs <= nowMs),',
    after: '    planned,',
    test: 'records/nonconformities.test.ts',
    rule: 'A window that is still open was not missed.',
    killedBy: 'a night without a good backup in its window is one, also when nothing at all was recorded',
  },
  {
    file: 'schedule/planner.ts',
    before: '  return attempts.length < attemptsPerWindowMax ? window : undefined;',
    after: '  return window;',
    test: 'schedule/planner.test.ts',
    rule: 'A run that dies with its host is not begun again all night.',
    killedBy: 'a run that dies three times in a window is left alone until the next',
  },
  {
    file: 'schedule/trusted-clock.ts',
    before:
      '    if (now.uptimeMs - this.#doubt.sinceUptimeMs >= settleMs) return this.#accept(expectedMs, now, this.#doubt.sinceUptimeMs);',
    after: '    if (now.uptimeMs - this.#doubt.sinceUptimeMs >= 0) return this.#accept(expectedMs, now, this.#doubt.sinceUptimeMs);',
    test: 'schedule/trusted-clock.test.ts',
    rule: 'A clock that is wrong for some minutes is not believed.',
    killedBy: 'a clock that is wrong for some minutes is not followed, and leaves nothing behind',
  },
  {
    file: 'service/last-good-file.ts',
    before: "    const isWrong = problems.some(({ severity }) => severity === 'error');",
    after: '    const isWrong = false;',
    test: 'service/last-good-file.test.ts',
    rule: 'A slip in the configuration takes nothing out of force.',
    killedBy:
      'what was in force is known after a new start, also when a second slip follows the first, and of a file that is no file any more',
  },
  {
    file: 'service/secret-marks.ts',
    before: '  return (isAscii ? [decoded] : [decoded, fromLatin1()]).filter((bytes) => charactersIn(bytes) >= scrubbedLengthMin);',
    after: '  return [decoded].filter((bytes) => charactersIn(bytes) >= scrubbedLengthMin);',
    test: 'service/secret-marks.test.ts',
    rule: 'No secret leaves in a text, however it was decoded.',
    killedBy: 'bytes that are no UTF-8 are found as whoever printed them decoded them',
  },
  {
    file: 'host/proven-user.ts',
    before:
      '    const isOurs = (mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o022) === 0 && nlink === 1 && size === said.length;',
    after: '    const isOurs = (mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o022) === 0 && size === said.length;',
    test: 'host/proven-user.test.ts',
    rule: 'The file of somebody else, given a second name, proves nothing.',
    killedBy: 'a second name of a file',
  },
  {
    file: 'platform/exclusive-name.ts',
    before: "    if (found !== 'ECONNREFUSED') await link(aside, path); // whoever has no room for one more connection lives, too",
    after: "    if (typeof found !== 'string') await link(aside, path);",
    test: 'host/name.test.ts',
    rule: 'A living socket of a host is never displaced.',
    killedBy: 'an owner that has no room for one more connection lives, too',
  },
  {
    file: 'settings/without-secrets.ts',
    before: '    ...(entry.before && { before: plain(entry.before) }),',
    after: '',
    test: 'settings/without-secrets.test.ts',
    rule: 'No argument of a command is shown or recorded.',
    killedBy: 'of commands only the program stays, and a mark that changes with the arguments',
  },
  {
    file: 'settings/last-good.ts',
    before: '    if (isUnclear || broken.has(key)) kept.set(entry.name, { entry, standIn: undefined });',
    after: '    if (isUnclear) kept.set(entry.name, { entry, standIn: undefined });',
    test: 'settings/last-good.test.ts',
    rule: 'A set with a slip in it goes on as it was.',
    killedBy: 'a set that is not right any more goes on as it was, until it is right again',
  },
  {
    file: 'storage/folder-storage.ts',
    before: "      throw new CadanganError('repository.exists', { location: this.location });",
    after: '      return true;',
    test: 'storage/folder-storage.test.ts',
    rule: 'The config of another repository is never taken for ours.',
    killedBy: 'a config is never replaced by another one',
  },
  {
    file: 'storage/folder-storage.ts',
    before: "    await stat(join(this.location, 'config'));",
    after: '',
    test: 'storage/folder-storage.test.ts',
    rule: 'A mount point without its disk is away, not empty.',
    killedBy: 'an empty repository has empty lists, a storage that is away has none',
  },
  {
    file: 'cli/password-prompt.ts',
    before: '        if (at + 1 < chunk.length) input.unshift(chunk.subarray(at + 1));',
    after: '',
    test: 'cli/password-prompt.test.ts',
    rule: 'What is read behind a password is not lost.',
    killedBy: 'a pipe gives one password a line, with or without a line end',
  },
  {
    file: 'upkeep/plan-retention.ts',
    before: '    const [keep, remove] = partition(decisions, ({ reasons, protection }) => reasons.length > 0 || protection !== undefined);',
    after: '    const [keep, remove] = partition(decisions, ({ reasons }) => reasons.length > 0);',
    test: 'upkeep/retention-holds.test.ts',
    rule: 'A protected snapshot stays whatever the rule says.',
    killedBy: 'what is protected stays beside what the rule wants, and takes no count from it',
  },
  {
    file: 'upkeep/protection.ts',
    before: "  if (!holds.every(isDay)) return { kind: 'held', until: undefined };",
    after: '',
    test: 'upkeep/retention-holds.test.ts',
    rule: 'A hold whose day nobody can read lasts.',
    killedBy: 'a tag keeps a snapshot, a hold until its last day is over, one that names no day for ever',
  },
  {
    file: 'jobs/retention-job.ts',
    before: '      if (first !== undefined) throw heldError([first, ...more]);',
    after: '      if (first !== undefined && options.release === false) throw heldError([first, ...more]);',
    test: 'jobs/retention.test.ts',
    rule: 'Nothing is removed while something smells and no person has released it.',
    killedBy: 'keeps its old snapshots until a person closes the nonconformity, however long that takes',
  },
  {
    file: 'jobs/record-of-retention.ts',
    before:
      '        if (!isHeld) await note({ repositoryId: plan.repositoryId, removedSnapshots: namesOfRemoved(removedBy(plan.plan), plan.all) });',
    after: '        if (!isHeld) await note({ repositoryId: plan.repositoryId });',
    test: 'jobs/retention.test.ts',
    rule: 'What is to go is noted before it goes.',
    killedBy: 'killed in the middle: the record that is made of it knows what was to go, so nothing counts as lost',
  },
  {
    file: 'upkeep/plan-prune.ts',
    before: 'export const waitNs = 23n * 3600n * 1_000_000_000n;',
    after: 'export const waitNs = 0n;',
    test: 'upkeep/prune.test.ts',
    rule: 'A pack that nobody needs is not removed before a day has shown that nobody does.',
    killedBy: 'a pack that nobody needs is named by no index at once, and removed a day later',
  },
  {
    file: 'upkeep/execute-prune.ts',
    before: '    await execution.confirm();',
    after: '',
    test: 'upkeep/prune.test.ts',
    rule: 'Nothing goes by a plan that does not know all snapshots.',
    killedBy: 'a snapshot that comes while a prune decides stops it before anything goes',
  },
  {
    file: 'notices/mail.ts',
    before: '    requireTLS: !isTls && (!isHere || caFile !== undefined),',
    after: '    requireTLS: false,',
    test: 'notices/mail.test.ts',
    rule: 'No mail and no password goes over a network in clear text.',
    killedBy: 'who takes STARTTLS out of the line gets no mail and no password; only a server on this machine may be without',
  },
  {
    file: 'notices/take-in.ts',
    before: '    const isNews = isWanted && (notice.state === undefined || told[notice.topic] !== notice.state);',
    after: '    const isNews = isWanted;',
    test: 'notices/alerts.test.ts',
    rule: 'A cause is told once, until it changes.',
    killedBy: 'a cause is told once, until it changes or was well in between',
  },
];
