import type { ClusterSpec } from '#shared/contract/clusters.ts'
import { defaultPodCidr, defaultServiceCidr, splitRanges } from '#shared/kube/cluster-ranges.ts'
import { addressInCidr, parseCidr } from '#shared/kube/ip.ts'

/** The ranges of a cluster, and the addresses and names that follow from them. */
export interface ClusterRanges {
  podCidr: string
  serviceCidr: string
  /** The ranges of the second family, where the cluster is dual stack. */
  ipv6?: { podCidr: string; serviceCidr: string }
  /** Of the Service `kubernetes`: the first of the Services'. */
  kubernetesService: string
  /** The tenth; it answers for both families. */
  clusterDns: string
  clusterDomain: string
}

/** @throws Error where the Services' range is none */
export function rangesOf({
  podCidr: pods = defaultPodCidr,
  serviceCidr: services = defaultServiceCidr,
}: Pick<ClusterSpec, 'podCidr' | 'serviceCidr'>): ClusterRanges {
  const [podCidr = '', podCidr6] = splitRanges(pods)
  const [serviceCidr = '', serviceCidr6] = splitRanges(services)
  const range = parseCidr(serviceCidr)
  if (!range) throw new Error(`${serviceCidr} is not a range`)
  return {
    podCidr,
    serviceCidr,
    ...(podCidr6 && serviceCidr6 ? { ipv6: { podCidr: podCidr6, serviceCidr: serviceCidr6 } } : {}),
    kubernetesService: addressInCidr(range, 1),
    clusterDns: addressInCidr(range, 10),
    clusterDomain: 'cluster.local',
  }
}

/** Of each family, that of IPv4 first. */
export const podCidrsOf = ({ podCidr, ipv6 }: ClusterRanges): string[] => [podCidr, ...(ipv6 ? [ipv6.podCidr] : [])]
export const serviceCidrsOf = ({ serviceCidr, ipv6 }: ClusterRanges): string[] => [
  serviceCidr,
  ...(ipv6 ? [ipv6.serviceCidr] : []),
]
