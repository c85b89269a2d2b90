// What is said of a chain says no more than is known of it, in the form as anywhere else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chainStateOf,
  chainStateText,
  resultOfWitness,
  verifyHistory,
  witnessText,
  type Anchor,
  type ChainKnowledge,
  type Witness,
} from '../../src/records/index.ts';
import { makeHistory, temporaryState, type MadeHistory } from './some-records.ts';

const atMs = Date.UTC(2026, 10, 29, 6, 2);
const words = { timeZone: 'Asia/Jakarta', reasonText: ({ code }: { readonly code: string }) => `why: ${code}` };

test('a chain that nobody outside was asked about is sound in itself, and not intact', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 61);
  const knowledge = await knowledgeOf(made, []);
  assert.equal(chainStateOf(knowledge), 'sound');
  assert.match(chainStateText(knowledge), /^Sound in itself: 4 records read.* NOT COMPARED with any head kept elsewhere/);
});

test('what agrees vouches up to its own record, and no further', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 62);
  const anchor = await anchorOf(made);
  await made.history.append({ kind: 'check', host: 'srv-01', operator: { user: 'x', via: 'editor' }, software: '' });
  const knowledge = await knowledgeOf(made, [anchor]);
  assert.equal(chainStateOf(knowledge), 'intact');
  assert.match(chainStateText(knowledge), /^Intact: 5 records read.*; up to No\. 4 heads that are kept elsewhere say the same$/);
  assert.equal(
    witnessText(knowledge.witnesses[0]!, words),
    '/mnt/backup, looked at 29/11/2026 13:02: agrees; heads kept there: 1, the newest is of record No. 4 (snapshot 1a2b3c4d)',
  );
});

test('a chain that ends before a head kept elsewhere is not intact, and the place is named', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 63);
  const knowledge = await knowledgeOf(made, [{ ...(await anchorOf(made)), number: 44 }]);
  assert.equal(chainStateOf(knowledge), 'broken');
  assert.match(chainStateText(knowledge), /^NOT INTACT, 1 faults; the first: .*records 5 to 44 are missing/);
  assert.match(witnessText(knowledge.witnesses[0]!, words), /^\/mnt\/backup, .*: DIFFERS: .* No\. 44 \(snapshot 1a2b3c4d\)$/);
});

test('records that were begun anew are not intact where somebody knows the old ones', async (t) => {
  const old = await anchorOf(await makeHistory(temporaryState(t), 9, 64));
  const made = await makeHistory(temporaryState(t), 3, 65);
  assert.equal(chainStateOf(await knowledgeOf(made, [old])), 'broken');
});

test('a place that keeps nothing, or only heads of others, or cannot be reached, confirms nothing, and says which', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 66);
  const other = { ...(await anchorOf(made)), chain: '0'.repeat(16), owner: 'root@srv-02' };
  const knowledge = await knowledgeOf(made, [other]);
  const away: Witness = { location: 'gdrive:A', atMs, heads: [], reason: { code: 'drive.signed-out', facts: {} } };
  const empty: Witness = { location: '/mnt/new', atMs, heads: [] };
  assert.equal(chainStateOf(knowledge), 'sound');
  assert.deepEqual([knowledge.witnesses[0]!, away, empty].map(resultOfWitness), ['none', 'not-compared', 'none']);
  assert.equal(witnessText(away, words), 'gdrive:A, looked at 29/11/2026 13:02: NOT COMPARED. why: drive.signed-out');
  assert.match(witnessText(empty, words), /not compared: it keeps no head of these records$/);
});

test('a snapshot that no record knows keeps a chain from being called intact, once its run can no more be about to tell', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 67);
  const knowledge = await knowledgeOf(made, [await anchorOf(made)]);
  const unknown = { location: '/mnt/backup', snapshotId: '9f'.repeat(32), at: '2026-11-29T21:00:00+07:00', owner: 'backup@srv-01' };
  assert.equal(chainStateOf({ ...knowledge, unknown: [{ ...unknown, isFresh: true }] }), 'intact');
  const later = { ...knowledge, unknown: [{ ...unknown, isFresh: false }] };
  assert.equal(chainStateOf(later), 'broken');
  assert.match(
    chainStateText(later),
    /^NOT INTACT, 1 faults; the first: no record knows snapshot 9f9f9f9f of 2026-11-29, which Cadangan made/,
  );
});

async function knowledgeOf({ history }: MadeHistory, anchors: readonly Anchor[]): Promise<ChainKnowledge> {
  const verification = await verifyHistory(history.folder, { anchors, owner: 'backup@srv-01', publicKey: await history.publicKey() });
  const heads = verification.heads.filter(({ anchor }) => anchors.includes(anchor));
  const witnesses = anchors.length === 0 ? [] : [{ location: '/mnt/backup', atMs, heads }];
  return { verification, witnesses, losses: [], unknown: [] };
}

async function anchorOf({ history }: MadeHistory): Promise<Anchor> {
  return { ...(await history.head())!, keptIn: 'snapshot 1a2b3c4d', owner: 'backup@srv-01', snapshotId: '1a2b3c4d'.repeat(8) };
}
