import { findCondition } from '#shared/kube/conditions.ts'
import type { ServiceCIDR } from '#shared/kube/generated/types.ts'
import { familyOf, parseCidr, type IpFamily } from '#shared/kube/ip.ts'
import type { Stored } from '#shared/kube/object.ts'
import { ipAddresses, serviceCidrs } from '#shared/kube/resources.ts'
import type { ObjectReader } from '../api/reader.ts'
import { addressPool, joinPools, type Pool } from './number-pool.ts'

const defaultName = 'kubernetes'
/** Who makes the IPAddresses of Services. */
const allocatedBy = { label: 'ipaddress.kubernetes.io/managed-by', value: 'ipallocator.k8s.io' }

/**
 * The addresses of one family that Services may have: of every ServiceCIDR that is ready and stays, the cluster's own
 * first.
 * @param fallback the ranges of a cluster that has no ServiceCIDR yet
 */
export function serviceRanges(fallback: readonly string[]): (reader: ObjectReader, family: IpFamily) => Pool<string> {
  const pools = new Map<string, Pool<string>>()
  const poolOf = (cidr: string): Pool<string> => {
    let pool = pools.get(cidr)
    if (!pool) pools.set(cidr, (pool = addressPool(cidr)))
    return pool
  }
  return (reader, family) => {
    const stored = reader.list(serviceCidrs)
    const cidrs = stored
      .filter(isUsable)
      .sort((a, b) => Number(b.metadata.name === defaultName) - Number(a.metadata.name === defaultName))
      .flatMap(({ spec }) => spec?.cidrs ?? [])
    const isOfFamily = (cidr: string): boolean => {
      const range = parseCidr(cidr)
      return range !== undefined && familyOf(range.base) === family
    }
    return joinPools((stored.length === 0 ? fallback : cidrs).filter(isOfFamily).map(poolOf))
  }
}

/** One without a condition is usable: its controller may not have seen it yet. */
function isUsable({ metadata, status }: Stored<ServiceCIDR>): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  return (findCondition(status?.conditions, 'Ready')?.status ?? 'True') === 'True'
}

/** Addresses that others than Services have taken by an IPAddress of their own. */
export const reservedAddresses = (reader: ObjectReader): string[] =>
  reader
    .list(ipAddresses)
    .filter(({ metadata }) => metadata.labels?.[allocatedBy.label] !== allocatedBy.value)
    .map(({ metadata }) => metadata.name)
