import { CadanganError } from '../../platform/index.ts';
import { ConnectionFault } from '../../http/index.ts';
import type { FileName } from '../storage.ts';
import { pagesOf, answerOf, type PagedList } from './listing.ts';
import { lockOf } from './object-lock.ts';
import { isOfCredentials } from './s3-errors.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Answer, S3Line } from './s3-line.ts';
import { textOf, type XmlElement } from './xml.ts';

interface Version {
  readonly id: string;
  readonly isMarker: boolean;
  readonly isLatest: boolean;
}

/**
 * Removes objects so that they are gone. In a bucket that keeps versions, a plain removal only hides: nothing is freed, and a lock is not
 * asked. There each version is removed by its id, and a lock refuses it. Who may not do that, or may not even ask for versions (AWS has
 * rights of their own for both), hides what is not locked, as other programs do: what is hidden goes by the rules of the bucket. The files
 * of kind `locks` are hidden whatever holds them: a lock that lasts as long as an object's would keep everybody out.
 */
export class ObjectRemoval {
  readonly #line: S3Line;
  /** Whether the bucket keeps versions; undefined before it was asked. */
  #keepsVersions: boolean | undefined;
  #mayAskForVersions = true;
  #mayListVersions = true;

  constructor(line: S3Line) {
    this.#line = line;
  }

  /**
   * A missing object is no error.
   * @throws `storage.denied` with the reason `object-lock` and `until` (ISO 8601; without it under a legal hold); as `S3Line.send`
   */
  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    const key = this.#line.place.keyOf(file);
    this.#keepsVersions ??= await this.#asksForVersions(signal);
    if (this.#keepsVersions) return this.#removeVersions(file, key, undefined, signal);
    // A plain removal may hide what is locked, and then nobody sees it any more.
    if (!this.#mayAskForVersions) await this.#requireUnlocked(file, key, {}, signal);
    const answer = await this.#delete(key, undefined, signal);
    if (answer?.header('x-amz-delete-marker') !== 'true') return;
    // Nobody could or would say so before; now it hides what is still there.
    this.#keepsVersions = true;
    await this.#removeVersions(file, key, answer.header('x-amz-version-id'), signal);
  }

  async #asksForVersions(signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#line.send({ method: 'GET', query: { versioning: '' }, signal });
      return textOf(answerOf(answer, 'VersioningConfiguration'), 'Status') !== undefined;
    } catch (error) {
      // Who may not ask, or asks a server without versions, learns from the answer to the first removal.
      if (!(error instanceof S3Fault && [400, 403, 405, 501].includes(error.status)) || isOfCredentials(error)) throw error;
      this.#mayAskForVersions = error.status !== 403;
      return false;
    }
  }

  /** @param ownMarker what hides the object since a moment, by us */
  async #removeVersions(file: FileName, key: string, ownMarker: string | undefined, signal: AbortSignal): Promise<void> {
    const found = await this.#versionsOf(key, signal);
    if (found === undefined) return this.#hide(file, key, { ownMarker }, signal);
    const latest = found.find(({ isLatest }) => isLatest);
    // What somebody hid is not there, and its versions are what was meant to stay.
    if (latest === undefined || (latest.isMarker && latest.id !== ownMarker)) return;
    for (const version of found.filter(({ isMarker }) => !isMarker)) {
      try {
        await this.#delete(key, version.id, signal);
      } catch (error) {
        if (!(error instanceof S3Fault && [400, 403, 405, 409].includes(error.status))) throw error;
        return this.#hide(file, key, { ownMarker, versionId: version.id, refusal: error }, signal);
      }
    }
    for (const marker of found.filter(({ isMarker }) => isMarker)) await this.#delete(key, marker.id, signal);
  }

  /** @throws `storage.denied` when it is locked; then it is to be seen, and is */
  async #hide(
    file: FileName,
    key: string,
    { ownMarker, ...tried }: { readonly ownMarker: string | undefined; readonly versionId?: string; readonly refusal?: S3Fault },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      // What is hidden already and cannot be named was asked for before.
      if (ownMarker === undefined || tried.versionId !== undefined) await this.#requireUnlocked(file, key, tried, signal);
    } catch (error) {
      if (ownMarker !== undefined) await this.#delete(key, ownMarker, signal);
      throw error;
    }
    if (ownMarker === undefined) await this.#delete(key, undefined, signal);
  }

  /** Where nobody here may know it counts as not locked. @throws `storage.denied` */
  async #requireUnlocked(
    file: FileName,
    key: string,
    { versionId, refusal }: { readonly versionId?: string; readonly refusal?: S3Fault },
    signal: AbortSignal,
  ): Promise<void> {
    if (file.kind === 'locks') return;
    const untilMs = await this.#lockOf(key, versionId, signal);
    if (untilMs === undefined) return;
    const why = untilMs === Infinity ? { reason: 'legal-hold' } : { reason: 'object-lock', until: new Date(untilMs).toISOString() };
    throw new CadanganError('storage.denied', why, { cause: refusal });
  }

  async #lockOf(key: string, versionId: string | undefined, signal: AbortSignal): Promise<number | undefined> {
    try {
      return await lockOf(this.#line, key, versionId, signal);
    } catch (error) {
      if (error instanceof S3Fault && [403, 404].includes(error.status) && !isOfCredentials(error)) return undefined;
      throw error;
    }
  }

  /** @returns undefined when nobody here may know them */
  async #versionsOf(key: string, signal: AbortSignal): Promise<readonly Version[] | undefined> {
    if (!this.#mayListVersions) return undefined;
    const list: PagedList = {
      query: { versions: '', prefix: key },
      root: 'ListVersionsResult',
      next: { 'key-marker': 'NextKeyMarker', 'version-id-marker': 'NextVersionIdMarker' },
    };
    const versions: Version[] = [];
    try {
      for await (const page of pagesOf(this.#line, list, signal)) versions.push(...versionsIn(page, key));
    } catch (error) {
      if (!(error instanceof S3Fault && error.status === 403 && !isOfCredentials(error))) throw error;
      this.#mayListVersions = false;
      return undefined;
    }
    return versions;
  }

  /** @returns undefined when there was nothing */
  async #delete(key: string, versionId: string | undefined, signal: AbortSignal): Promise<S3Answer | undefined> {
    try {
      return await this.#line.send({ method: 'DELETE', key, query: versionId === undefined ? {} : { versionId }, signal });
    } catch (error) {
      if (error instanceof S3Fault && (error.code === 'NoSuchKey' || error.code === 'NoSuchVersion')) return undefined;
      throw error;
    }
  }
}

function versionsIn(page: XmlElement, key: string): Version[] {
  return page.children
    .filter(({ name }) => name === 'Version' || name === 'DeleteMarker')
    .flatMap((element): Version[] => {
      const [id, of] = [textOf(element, 'VersionId') ?? '', textOf(element, 'Key')];
      if (!/^[\x21-\x7e]{1,1024}$/.test(id)) throw new ConnectionFault('a version without an id');
      if (of !== key) return [];
      return [{ id, isMarker: element.name === 'DeleteMarker', isLatest: textOf(element, 'IsLatest') === 'true' }];
    });
}
