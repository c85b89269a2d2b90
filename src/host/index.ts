/**
 * Host: the process that the service lives in, and the channel to it.
 *
 *   window -> EngineClient -> IPC channel -> engine-main -> Engine -> service
 *
 * Words: the *window* is the editor's side of the channel, whoever plays it; the *engine* is the process that works for a window.
 */
export { EngineClient, listener, type ClientRequestOptions, type EngineClientOptions, type Listener } from './client.ts';
export { EngineError } from './engine-error.ts';
export { engineEnvironment } from './engine-process.ts';
