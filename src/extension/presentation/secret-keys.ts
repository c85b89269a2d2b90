/**
 * Under which name a password lies in the editor's secret storage. That storage is the client's, one for all servers it connects to, so the
 * name has the server in it.
 */
export function secretKey(hostId: string, location: string): string {
  return `${encodeURIComponent(hostId)}/${encodeURIComponent(location)}`;
}
