import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import { messageOf } from '#shared/base/message-of.ts'
import { cidrText, overlapsCidr, parseCidr } from '#shared/kube/ip.ts'
import { statusOf } from './connection.ts'
import { collisionsOf, freeRange, hostRanges, rangeText, type TakenRange } from './subnets.ts'

export interface ClusterNetworkOptions {
  name: string
  labels: Record<string, string>
  /** Ranges of pods and Services. */
  reserved: readonly string[]
  isDualStack: boolean
  log(line: string): void
}

/**
 * Makes the network of a cluster's workers, unless it is there. The engine chooses its range; where that overlaps a route
 * of this machine or the cluster's own ranges, which an engine in a virtual machine does not know of, the next free one is
 * taken. Networks of this machine that pods cannot reach, because the cluster has their range, are logged.
 * @returns whether it was created by this call @throws Error for the user where no range is free
 */
export async function ensureClusterNetwork(
  docker: Docker,
  { name, labels, reserved, isDualStack, log }: ClusterNetworkOptions,
): Promise<boolean> {
  const networks = await docker.listNetworks()
  if (networks.some((one) => one.Name === name)) return false
  const own = reserved.flatMap((text): TakenRange[] => {
    const range = parseCidr(text)
    return range ? [{ range, by: "the cluster's own range" }] : []
  })
  const ofNetworks = networks.flatMap((one) =>
    (one.IPAM?.Config ?? []).flatMap(({ Subnet = '' }): TakenRange[] => {
      const range = parseCidr(Subnet)
      return range ? [{ range, by: `network ${one.Name}` }] : []
    }),
  )
  const elsewhere = [...(await hostRanges()), ...ofNetworks]
  for (const hidden of elsewhere.filter((one) => own.some(({ range }) => overlapsCidr(range, one.range))))
    log(
      `pods will not reach ${rangeText(hidden)}: the cluster uses ${own.map(({ range }) => cidrText(range)).join(' and ')}`,
    )

  const network = { Name: name, Driver: 'bridge', Labels: labels }
  const ofIpv6 = isDualStack ? [{ Subnet: localRange6() }] : []
  const created = await docker.createNetwork({ ...network, ...withRanges(ofIpv6) })
  const { IPAM } = (await created.inspect()) as { IPAM?: { Config?: { Subnet?: string }[] } }
  const chosen = (IPAM?.Config ?? []).flatMap(({ Subnet = '' }) => parseCidr(Subnet) ?? [])
  const taken = [...own, ...elsewhere]
  const collisions = chosen.flatMap((range) => collisionsOf(range, taken))
  if (collisions.length === 0) return true
  await created.remove()
  const range = freeRange(taken)
  const why = `the engine's range collides with ${collisions.map(rangeText).join(', ')}`
  if (!range) throw new Error(`there is no free range of addresses for the workers: ${why}`)
  log(`${why}: ${cidrText(range)} is used`)
  await docker.createNetwork({ ...network, ...withRanges([{ Subnet: cidrText(range) }, ...ofIpv6]) })
  return true
}

interface NetworkRange {
  Subnet: string
}

/** The engine chooses a range of IPv4 where none is given; of IPv6 not every engine does. */
const withRanges = (ranges: NetworkRange[]): Pick<Docker.NetworkCreateOptions, 'EnableIPv6' | 'IPAM'> =>
  ranges.length === 0
    ? {}
    : {
        EnableIPv6: ranges.some(({ Subnet }) => Subnet.includes(':')),
        IPAM: { Driver: 'default', Config: ranges },
      }

/** A range of unique local addresses, whose random part no other network has (RFC 4193). */
function localRange6(): string {
  const digits = randomBytes(7).toString('hex')
  const groups = [`fd${digits.slice(0, 2)}`, digits.slice(2, 6), digits.slice(6, 10), digits.slice(10)]
  const range = parseCidr(`${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`)
  if (!range) throw new Error(`${digits} makes no range`)
  return cidrText(range)
}

/**
 * Makes a network with IPv6 and removes it: an engine on a machine without IPv6 makes none.
 * @throws Error for the user
 */
export async function requireIpv6(
  docker: Docker,
  { name, labels }: Pick<ClusterNetworkOptions, 'name' | 'labels'>,
): Promise<void> {
  const tried = { Name: name, Driver: 'bridge', Labels: labels, ...withRanges([{ Subnet: localRange6() }]) }
  try {
    await (await docker.createNetwork(tried)).remove()
  } catch (error) {
    // One that a killed process has left shows the same.
    if (statusOf(error) === 409) {
      await docker.getNetwork(name).remove()
      return
    }
    throw new Error(
      `a dual-stack cluster needs IPv6, and the engine makes no network with it: ${messageOf(error)}. Enable IPv6 on its machine, or make a cluster of IPv4 alone`,
      { cause: error },
    )
  }
}
