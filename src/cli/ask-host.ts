/** The way to a host, for commands that import it only when they need it. */
export { askHost } from '../host/index.ts';
export { hostPlaceOf } from './with-host.ts';
