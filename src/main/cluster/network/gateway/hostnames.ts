/** Whether a host is meant by a hostname: exact, `*.parent` for every name below it, or '' for any. */
export function covers(hostname: string, host: string): boolean {
  if (hostname === '') return true
  return hostname.startsWith('*.')
    ? host.endsWith(hostname.slice(1)) && host.length > hostname.length - 1
    : hostname === host
}

/** Larger for the hostname that takes precedence: an exact one, then the longest wildcard, then none. */
export const specificity = (hostname: string): number =>
  hostname === '' ? 0 : hostname.startsWith('*.') ? hostname.length : 1_000 + hostname.length

/** The hosts that both mean, as a hostname; undefined where there are none. */
export function intersection(one: string, other: string): string | undefined {
  if (one === other || other === '') return one
  if (one === '') return other
  if (covers(one, other)) return other
  if (covers(other, one)) return one
  return undefined
}

/** The hostnames at which a route is served on a listener; empty where none of its own are the listener's. */
export function servedHostnames(listener: string, route: readonly string[] | undefined): string[] {
  if (!route || route.length === 0) return [listener]
  return route.flatMap((one) => intersection(listener, one) ?? [])
}
