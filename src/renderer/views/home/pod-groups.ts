import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** Pods that one workload has on a worker. */
export interface PodGroup {
  /** Of the workload: the pod's own when it has none. */
  name: string
  pods: Stored<Pod>[]
}

/** Pods by what they belong to for a user, in the order of the first of each. */
export function podGroupsOf(pods: readonly Stored<Pod>[]): PodGroup[] {
  const groups = Map.groupBy(pods, (pod) => {
    const { kind, name } = workloadOf(pod)
    return [pod.metadata.namespace, kind, name].join('/')
  })
  return [...groups.values()].flatMap((group) => (group[0] ? [{ name: workloadOf(group[0]).name, pods: group }] : []))
}

/** The owner that a pod names; a Deployment is known by the hash that its ReplicaSet adds to its name. */
function workloadOf({ metadata }: Stored<Pod>): { kind: string; name: string } {
  const owner = controllerOf({ metadata })
  if (!owner) return { kind: '', name: metadata.name }
  const end = `-${metadata.labels?.['pod-template-hash'] ?? ''}`
  const isOfDeployment = owner.kind === 'ReplicaSet' && end !== '-' && owner.name.endsWith(end)
  return { kind: owner.kind, name: isOfDeployment ? owner.name.slice(0, -end.length) : owner.name }
}
