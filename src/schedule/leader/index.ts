/** Leader: which process of this user runs the schedule, and how the others speak with it. */
export { hostAddress, leaderAddress, type LeaderAddress } from './address.ts';
export { claimAddress, tryToConnect, type Claim } from './claim.ts';
export { GuestRun, type GuestRunOptions } from './guest-run.ts';
export { greet, type Credentials, type HandshakeFailure, type Peer } from './handshake.ts';
export { knownLeaderKey, leaderKey } from './key.ts';
export { Leadership, type LeadershipOptions, type Role } from './leadership.ts';
export { visitLeader, type LeaderPlace, type LeaderVisit } from './visit.ts';
