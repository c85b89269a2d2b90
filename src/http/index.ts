/**
 * HTTP: one request and its answer, over connections of our own. This room knows addresses, certificates and proxies, and nothing of
 * what is asked: who asks says what an answer means, and whether it is asked again.
 *
 * Use:
 *
 *     const plane = new HttpPlane();
 *     const { status, bytes } = await plane.send({ method: 'GET', url, headers: {}, signal });
 *     await plane.exchange({ method: 'GET', url, headers, signal }, ({ status }) => (chunk) => …);   // a body as it comes
 *     plane.close();
 */
export { isLoopback } from './addresses.ts';
export { ConnectionFault, type Between } from './connection-fault.ts';
export { HttpPlane, parseJson, type Answer, type AnswerHead, type PlaneOptions, type PlaneRequest } from './plane.ts';
export { proxyAgent, proxyFrom } from './proxy.ts';
export { receiveBody, type BodyHandling, type BodySink } from './receive-body.ts';
export { authorities, contextWith, trusted } from './trust.ts';
