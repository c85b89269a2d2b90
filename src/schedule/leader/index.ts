/** Leader: which process of this user runs the schedule, and how the others speak with it. */
export { leaderAddress, type LeaderAddress } from './address.ts';
export { GuestRun, type GuestRunOptions } from './guest-run.ts';
export type { Credentials, HandshakeFailure, Peer } from './handshake.ts';
export { leaderKey } from './key.ts';
export { Leadership, type LeadershipOptions, type Role } from './leadership.ts';
export { visitLeader, type LeaderPlace, type LeaderVisit } from './visit.ts';
