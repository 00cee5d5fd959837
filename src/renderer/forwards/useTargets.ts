import { computed, type ComputedRef } from 'vue'
import type { ForwardTarget } from '#shared/contract/forwards.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { daemonSets, deployments, pods, services, statefulSets, type Resource } from '#shared/kube/resources.ts'
import { useLiveObjects } from '../composables/useLiveObjects.ts'
import { useSettings } from '../stores/settings.ts'

export interface FoundTarget {
  kind: ForwardTarget['kind']
  object: KubeObject
}

const kinds: readonly (readonly [ForwardTarget['kind'], Resource])[] = [
  ['Service', services],
  ['Deployment', deployments],
  ['StatefulSet', statefulSets],
  ['DaemonSet', daemonSets],
  ['Pod', pods],
]
const most = 30
const isOfCluster = ({ object: { metadata } }: FoundTarget): boolean =>
  /^kube-/.test(metadata.namespace ?? '') || (metadata.name === 'kubernetes' && metadata.namespace === 'default')

/** What a forward can lead to by part of its name: Services first, pods last, and the cluster's own after all of them. @param word nothing is looked for when unset */
export function useTargets(context: () => string, word: () => string | undefined): ComputedRef<readonly FoundTarget[]> {
  const settings = useSettings()
  const live = kinds.map(([kind, resource]) => ({
    kind,
    ...useLiveObjects(
      context,
      () => (word() === undefined ? undefined : resource),
      () => settings.namespacesOf(context()),
    ),
  }))
  return computed(() => {
    const wanted = word()?.trim().toLowerCase()
    if (wanted === undefined) return []
    return live
      .flatMap(({ kind, objects }) => objects.value.map((object) => ({ kind, object })))
      .filter(({ object }) => object.metadata.name.toLowerCase().includes(wanted))
      .sort((a, b) => Number(isOfCluster(a)) - Number(isOfCluster(b)))
      .slice(0, most)
  })
}
