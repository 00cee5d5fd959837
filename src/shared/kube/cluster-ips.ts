import type { Service } from './generated/types.ts'
import { canonicalIp } from './ip.ts'

/**
 * The addresses of a Service in their canonical text, the primary one first: none where it is headless or has none yet. Users may
 * have written those of IPv6 otherwise.
 */
export function clusterIpsOf({ spec }: Pick<Service, 'spec'>): string[] {
  const addresses = spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? '']
  return addresses.flatMap((address) => canonicalIp(address) ?? [])
}
