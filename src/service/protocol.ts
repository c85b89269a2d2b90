/*
 * What the service and its clients say to each other: this file and those it names read as the table of contents of the service. Values are
 * plain data. Names and paths of snapshots are bytes and travel as `ByteString`; everything else of type `string` is text, decoded once, by
 * the service: a client shows it as it is. Every procedure can be cancelled; errors carry the code and the facts of a `CadanganError`, and
 * the sentence is made by whoever shows it.
 */
export * from './protocol/life.ts';
export * from './protocol/sets.ts';
export * from './protocol/runs.ts';
export * from './protocol/schedule.ts';
export * from './protocol/repositories.ts';
export * from './protocol/snapshots.ts';
export * from './protocol/servers.ts';
export * from './protocol/upkeep.ts';
export * from './protocol/drive.ts';
export * from './protocol/records.ts';
export * from './protocol/dashboard.ts';
export * from './protocol/alerts.ts';
