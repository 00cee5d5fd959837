import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { SharedInformers } from '#shared/client/shared-informers.ts'
import type { Node, Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  deviceClasses,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  resourceClaims,
  resourceSlices,
  services,
  statefulSets,
  storageClasses,
  volumeAttachments,
} from '#shared/kube/resources.ts'
import type { PluginContext } from './framework.ts'

export interface SchedulerInformers {
  pods: Informer<Pod>
  nodes: Informer<Node>
  budgets: Informer<PodDisruptionBudget>
  /** What plugins read. */
  lookups: PluginContext['informers']
  /** Resolves once the informers have enough for scheduling to begin. */
  ready(): Promise<void>
  stop(): Promise<void>
}

/** How long the start waits for informers that only some pods need, ms. */
const lookupTimeoutMs = 250

/** The scheduler's shares of the informers. */
export function createSchedulerInformers({
  shared,
  clock,
}: {
  shared: SharedInformers
  clock: Clock
}): SchedulerInformers {
  const podInformer = shared.share(pods)
  const nodeInformer = shared.share(nodes)
  const budgets = shared.share(podDisruptionBudgets)
  const lookups = {
    namespaces: shared.share(namespaces),
    services: shared.share(services),
    replicaSets: shared.share(replicaSets),
    statefulSets: shared.share(statefulSets),
    replicationControllers: shared.share(replicationControllers),
    claims: shared.share(persistentVolumeClaims),
    volumes: shared.share(persistentVolumes),
    storageClasses: shared.share(storageClasses),
    csiNodes: shared.share(csiNodes),
    csiDrivers: shared.share(csiDrivers),
    storageCapacities: shared.share(csiStorageCapacities),
    volumeAttachments: shared.share(volumeAttachments),
    resourceClaims: shared.share(resourceClaims),
    resourceSlices: shared.share(resourceSlices),
    deviceClasses: shared.share(deviceClasses),
  }
  const timers = new StopStack()
  return {
    pods: podInformer,
    nodes: nodeInformer,
    budgets,
    lookups,
    async ready() {
      await Promise.all([podInformer.synced, nodeInformer.synced, lookups.namespaces.synced])
      // The other informers affect scores, or requeue the pods that were rejected for lack of an object.
      const timeout = new Promise<void>((resolve) => timers.add(clock.after(lookupTimeoutMs, resolve)))
      const others = [...Object.values(lookups), budgets].map(({ synced }) => synced)
      await Promise.race([Promise.all(others), timeout])
    },
    async stop() {
      await timers.stop()
      for (const informer of [podInformer, nodeInformer, budgets, ...Object.values(lookups)]) informer.stop()
    },
  }
}
