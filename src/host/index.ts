/**
 * Host: the one process of a state folder, in which the service lives, and the way to it.
 *
 *   client -> visitHost (socket, greeting) -> Channel (JSON-RPC) -> Host -> service
 *
 * Words: the *host* is the process that holds the state folder's name on this machine; a *client* is a window or a command, whose process
 * comes and goes; a *lease* keeps other machines off the folder.
 */
export { askHost } from './ask-host.ts';
export { HostClient, listener, type ClientRequestOptions, type HostClientOptions, type Listener } from './client.ts';
export { lastingRun, type Joined, type LastingRunOptions } from './lasting-run.ts';
export { olderService, type OlderService } from './older-service.ts';
export { HostError } from './host-error.ts';
export { Host, type HostEnd, type HostOptions } from './host.ts';
export { startHost, hostEnvironment, type HostStart } from './start-host.ts';
export { openLog, type HostLog } from './log-file.ts';
export { hostKey, knownHostKey } from './key.ts';
export { findHostPlace, refuseBesideService, serviceConfigFile } from './service-door.ts';
export { visitHost, type HostPlace, type Visit } from './visit-host.ts';
export * from './system-service/index.ts';
