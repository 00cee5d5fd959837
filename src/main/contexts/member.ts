import type { Stop } from '#shared/base/disposable.ts'
import type { Turns } from '#shared/base/turns.ts'
import type { Cluster, ClusterSpec } from '#shared/contract/clusters.ts'
import type { RunningCluster } from '#main/cluster/index.ts'
import type { KubeContext } from './kube-context.ts'
import type { RunningOperation } from './operation.ts'

/** A cluster of the folder, and what this process does with it. */
export interface Member {
  name: string
  dir: string
  spec: ClusterSpec
  workers: string[]
  state: Cluster['state']
  cluster?: RunningCluster
  context?: KubeContext
  operation?: RunningOperation
  /** Its folder is being filled, or what is left of that is to be removed. */
  unfinished?: boolean
  /** What reads its folder while it does not run, such as an export; no operation begins meanwhile. */
  reader?: string
  /** Begins the last operation anew. */
  again?: () => void
  unsubscribe?: Stop
  /** Writes of its `cluster.json`. */
  saves?: Turns
}
