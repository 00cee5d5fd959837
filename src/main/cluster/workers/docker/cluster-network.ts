import type Docker from 'dockerode'
import { cidrText, overlapsCidr, parseCidr } from '#shared/kube/ip.ts'
import { collisionsOf, freeRange, hostRanges, rangeText, type TakenRange } from './subnets.ts'

export interface ClusterNetworkOptions {
  name: string
  labels: Record<string, string>
  /** Ranges of pods and Services. */
  reserved: readonly string[]
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
  { name, labels, reserved, log }: ClusterNetworkOptions,
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

  const created = await docker.createNetwork({ Name: name, Driver: 'bridge', Labels: labels })
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
  await docker.createNetwork({
    Name: name,
    Driver: 'bridge',
    Labels: labels,
    IPAM: { Driver: 'default', Config: [{ Subnet: cidrText(range) }] },
  })
  return true
}
