import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { SharedInformers } from '#shared/client/shared-informers.ts'
import type { OwnerReference } from '#shared/kube/object.ts'
import { jobs, nodes, pods, replicaSets } from '#shared/kube/resources.ts'
import { startCollector } from './collector.ts'
import { createHistory, type UsageHistory } from './history.ts'
import type { Rate } from './rate.ts'
import type { StatsSource } from './stats-source.ts'
import { UsageStore, type PodUsage } from './usage-store.ts'

/** The usage of a cluster's nodes and pods: collected from its workers, for the Metrics API and for charts. */
export interface Usage {
  node(name: string): Rate | undefined
  pod(namespace: string, name: string, uid: string): PodUsage | undefined
  readonly history: UsageHistory
  /** Reads the usage of every ready node from now on. @returns its stop */
  collect(source: StatsSource, informers: SharedInformers): Stop
}

export function createUsage({ clock, log }: { clock: Clock; log: Log }): Usage {
  const store = new UsageStore()
  return {
    node: (name) => store.node(name, clock.now()),
    pod: (namespace, name, uid) => store.pod(`${namespace}/${name}`, uid, clock.now()),
    history: createHistory({ store, clock }),
    collect(source, informers) {
      const shares = {
        nodes: informers.share(nodes),
        pods: informers.share(pods),
        ReplicaSet: informers.share(replicaSets),
        Job: informers.share(jobs),
      }
      const controllerOf = ({ kind, name, uid }: OwnerReference, namespace: string): OwnerReference | undefined => {
        if (kind !== 'ReplicaSet' && kind !== 'Job') return undefined
        const owner = shares[kind].get(`${namespace}/${name}`)
        return owner?.metadata.uid === uid
          ? owner.metadata.ownerReferences?.find(({ controller }) => controller)
          : undefined
      }
      const stop = startCollector({ ...shares, source, store, controllerOf, clock, log: log.child({ part: 'usage' }) })
      return async () => {
        await stop()
        for (const share of Object.values(shares)) share.stop()
      }
    },
  }
}
