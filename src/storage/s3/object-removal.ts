import { CadanganError } from '../../platform/index.ts';
import { ConnectionFault } from '../../http/index.ts';
import type { FileName } from '../storage.ts';
import { pagesOf, answerOf, type PagedList } from './listing.ts';
import { lockOf } from './object-lock.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Answer, S3Line } from './s3-line.ts';
import { textOf } from './xml.ts';

/**
 * Removes objects so that they are gone. In a bucket that keeps versions, a plain removal only hides: nothing is freed, and a lock is not
 * asked. There each version is removed by its id, and a lock refuses it. The files of kind `locks` are the exception: a lock that lasts as
 * long as an object's would keep everybody out, so what cannot be removed is hidden.
 */
export class ObjectRemoval {
  readonly #line: S3Line;
  /** Whether the bucket keeps versions; undefined before it was asked. */
  #keepsVersions: boolean | undefined;

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
      if (error instanceof S3Fault && [400, 403, 405, 501].includes(error.status)) return false;
      throw error;
    }
  }

  /** @param ownMarker what hides the object since a moment, by us */
  async #removeVersions(file: FileName, key: string, ownMarker: string | undefined, signal: AbortSignal): Promise<void> {
    const found = await this.#versionsOf(key, signal);
    // What somebody hid is not there, and its versions are what was meant to stay.
    if (found[0]?.isMarker !== false && found[0]?.id !== ownMarker) return;
    for (const version of found.filter(({ isMarker }) => !isMarker)) {
      try {
        await this.#delete(key, version.id, signal);
      } catch (error) {
        if (!(error instanceof S3Fault && [400, 403, 405, 409].includes(error.status))) throw error;
        await this.#refused(file, key, version.id, ownMarker, error, signal);
        return;
      }
    }
    for (const marker of found.filter(({ isMarker }) => isMarker)) await this.#delete(key, marker.id, signal);
  }

  async #refused(
    file: FileName,
    key: string,
    versionId: string,
    ownMarker: string | undefined,
    refusal: S3Fault,
    signal: AbortSignal,
  ): Promise<void> {
    if (file.kind === 'locks') {
      if (ownMarker === undefined) await this.#delete(key, undefined, signal);
      return;
    }
    if (ownMarker !== undefined) await this.#delete(key, ownMarker, signal); // it is there: it has to be seen
    const untilMs = await lockOf(this.#line, key, versionId, signal);
    if (untilMs === undefined) throw refusal;
    const until = untilMs === Infinity ? {} : { until: new Date(untilMs).toISOString() };
    throw new CadanganError(
      'storage.denied',
      { reason: untilMs === Infinity ? 'legal-hold' : 'object-lock', ...until },
      { cause: refusal },
    );
  }

  /** The newest first, as S3 lists them. */
  async #versionsOf(key: string, signal: AbortSignal): Promise<{ readonly id: string; readonly isMarker: boolean }[]> {
    const list: PagedList = {
      query: { versions: '', prefix: key },
      root: 'ListVersionsResult',
      next: { 'key-marker': 'NextKeyMarker', 'version-id-marker': 'NextVersionIdMarker' },
    };
    const versions: { id: string; isMarker: boolean }[] = [];
    for await (const page of pagesOf(this.#line, list, signal)) {
      for (const element of page.children.filter(({ name }) => name === 'Version' || name === 'DeleteMarker')) {
        const [id, of] = [textOf(element, 'VersionId') ?? '', textOf(element, 'Key')];
        if (!/^[\x21-\x7e]{1,1024}$/.test(id)) throw new ConnectionFault('a version without an id');
        if (of === key) versions.push({ id, isMarker: element.name === 'DeleteMarker' });
      }
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
