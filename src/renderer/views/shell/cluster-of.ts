import type { Cluster } from '#shared/contract/clusters.ts'

/** The local cluster that is shown; none on pages of no context, which clusters that stand still have neither. */
export const clusterOf = (clusters: readonly Cluster[], context: string | undefined): Cluster | undefined =>
  context === undefined ? undefined : clusters.find((each) => each.context === context)
