import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import {
  daemonSets,
  deployments,
  endpointSlices,
  events,
  ingressClasses,
  ingresses,
  jobs,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  resourceQuotas,
  services,
  statefulSets,
  storageClasses,
  type Resource,
} from '#shared/kube/resources.ts'
import { useLiveObjects } from '../../composables/useLiveObjects.ts'
import type { ListName, Snapshot } from '../../overview/snapshot.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useCertificates } from './useCertificates.ts'

export interface LiveSnapshot {
  /** Replaced at most once a second. */
  snapshot: ShallowRef<Snapshot>
  /** Whether all lists are there, or refused. */
  settled: ComputedRef<boolean>
  /** Lists that cannot be read. */
  refused: ComputedRef<readonly ListName[]>
}

/** How often what is shown may change, ms, and how often it does because time passes. */
const pace = 1_000
const idle = 10_000

/** The lists of an overview, kept up to date while the caller lives. @param namespaces none = all */
export function useSnapshot(context: () => string, namespaces: () => readonly string[]): LiveSnapshot {
  const clusters = useClusters()
  const home = (): string | undefined => clusters.contexts.find(({ id }) => id === context())?.namespace
  function list<T extends KubeObject>(resource: Resource<T>) {
    const live = useLiveObjects<T>(context, () => resource, namespaces, { home })
    return {
      settled: computed(() => live.complete.value || live.state.value === 'forbidden' || live.state.value === 'failed'),
      refused: computed(() => live.state.value === 'forbidden' || live.state.value === 'failed'),
      objects: computed((): readonly Stored<T>[] | undefined => {
        if (!live.complete.value) return undefined
        const wanted = namespaces()
        if (!resource.namespaced || wanted.length === 0) return live.objects.value
        return live.objects.value.filter(({ metadata }) => wanted.includes(metadata.namespace ?? ''))
      }),
    }
  }
  const lists = {
    pods: list(pods),
    nodes: list(nodes),
    deployments: list(deployments),
    statefulSets: list(statefulSets),
    daemonSets: list(daemonSets),
    replicaSets: list(replicaSets),
    jobs: list(jobs),
    services: list(services),
    endpointSlices: list(endpointSlices),
    ingresses: list(ingresses),
    ingressClasses: list(ingressClasses),
    claims: list(persistentVolumeClaims),
    storageClasses: list(storageClasses),
    quotas: list(resourceQuotas),
    events: list(events),
    certificates: useCertificates(context, namespaces),
  }
  const names = Object.keys(lists) as ListName[]
  const take = (): Snapshot => ({
    now: Date.now(),
    ...Object.fromEntries(
      names.flatMap((name) => (lists[name].objects.value ? [[name, lists[name].objects.value]] : [])),
    ),
  })
  const snapshot = shallowRef(take())
  let timer: ReturnType<typeof setTimeout> | undefined
  const refresh = (): void => {
    clearTimeout(timer)
    timer = setTimeout(refresh, idle)
    snapshot.value = take()
  }
  refresh()
  watch(
    names.map((name) => lists[name].objects),
    () => {
      const wait = snapshot.value.now + pace - Date.now()
      clearTimeout(timer)
      timer = setTimeout(refresh, Math.max(0, wait))
    },
  )
  onScopeDispose(() => clearTimeout(timer))
  return {
    snapshot,
    settled: computed(() => names.every((name) => lists[name].settled.value)),
    refused: computed(() => names.filter((name) => lists[name].refused.value)),
  }
}
