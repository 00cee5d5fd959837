import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { SharedInformers } from '#shared/client/shared-informers.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { OwnerReference } from '#shared/kube/object.ts'
import { jobs, nodes, pods, replicaSets } from '#shared/kube/resources.ts'
import { matchesLabels, parseLabelSelector } from '#shared/kube/selectors.ts'
import { startCollector } from './collector.ts'
import { createHistory, type UsageHistory } from './history.ts'
import type { Rate } from './rate.ts'
import type { StatsSource } from './stats-source.ts'
import { UsageStore, type PodUsage, type Subject } from './usage-store.ts'

/** The usage of a cluster's nodes and pods: collected from its workers, for the Metrics API and for charts. */
export interface Usage {
  node(name: string): Rate | undefined
  pod(namespace: string, name: string, uid: string): PodUsage | undefined
  readonly history: UsageHistory
  /** The pods that a selector matches now, of a namespace or of all. @throws SelectorSyntaxError */
  podsMatching(namespace: string | undefined, labelSelector: string): Subject[]
  /** Reads the usage of every ready node from now on. @returns its stop */
  collect(source: StatsSource, informers: SharedInformers): Stop
}

export function createUsage({ clock, log }: { clock: Clock; log: Log }): Usage {
  const store = new UsageStore()
  let podsOf: Informer<Pod> | undefined
  return {
    node: (name) => store.node(name, clock.now()),
    pod: (namespace, name, uid) => store.pod(`${namespace}/${name}`, uid, clock.now()),
    history: createHistory({ store, clock }),
    podsMatching(namespace, labelSelector) {
      const requirements = parseLabelSelector(labelSelector)
      return (podsOf?.list() ?? []).flatMap(({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) && matchesLabels(requirements, metadata.labels)
          ? [{ kind: 'Pod', namespace: metadata.namespace, name: metadata.name }]
          : [],
      )
    },
    collect(source, informers) {
      const shares = {
        nodes: informers.share(nodes),
        pods: informers.share(pods),
        ReplicaSet: informers.share(replicaSets),
        Job: informers.share(jobs),
      }
      podsOf = shares.pods
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
