import { pathToFileURL } from 'node:url';
import { workerPath } from '../platform/index.ts';

type DocumentWriters = typeof import('./document-writers.ts');

/** The writers of PDF and ZIP, from their own bundle. */
export async function loadDocumentWriters(): Promise<DocumentWriters> {
  return (await import(pathToFileURL(workerPath('records', 'document-writers')).href)) as DocumentWriters;
}
