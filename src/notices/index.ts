/**
 * Notices: trouble reaches a person. What the records show is told to those whom the configuration names, each in the own language and way,
 * once for each cause until it changes; and that all is well, once a week.
 *
 *   records -> newsOf -> takeIn: what is told to whom, with how far was read, in one write -> sendMessage -> taken away
 *
 * Words: a *receiver* is who is told, by one way; a *notice* is what one record means to it, about a *topic*; a *section* is that in words;
 * a *message* is what goes to one receiver at once; a *heartbeat* is an address elsewhere that is told when runs begin and end, and that
 * notices silence.
 */
export { AlertFile, type AlertState, type AlertStore, type Failing } from './alert-state.ts';
export { Alerts, pingKey, type AlertRules, type AlertsOptions, type PingCall } from './alerts.ts';
export { freeBytesAt, spaceChanges, type SpaceChange, type WatchedPlace } from './free-space.ts';
export { subjectOf, type Message, type Section } from './message.ts';
export { newsOf, type News, type Notice } from './notice.ts';
export type { NoticeSentences } from './section-of.ts';
export { sendMessage, sendPing, type SecretWay, type SendWorld } from './send.ts';
export { weeklySections, type WeeklyOptions } from './weekly.ts';
