import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useClusters } from '../stores/clusters.ts'
import { useLiveObjects, type LiveOptions } from './useLiveObjects.ts'

/** One list of a snapshot. */
export interface SnapshotList<O> {
  /** Unset until all of them are there, and where they cannot be read. */
  objects: ComputedRef<O | undefined>
  /** Whether they are there, or refused. */
  settled: ComputedRef<boolean>
  refused: ComputedRef<boolean>
}

export interface LiveSnapshot<L extends object> {
  /** Replaced at most once a second, and once all lists are there. */
  snapshot: ShallowRef<Partial<L> & { now: number }>
  /** Whether all lists are there, or refused. */
  settled: ComputedRef<boolean>
  /** Lists that cannot be read. */
  refused: ComputedRef<readonly (keyof L)[]>
}

/** How often what is shown may change, ms, and how often it does because time passes. */
const pace = 1_000
const idle = 10_000

/**
 * The objects of a resource in some namespaces, kept up to date while the caller lives.
 * @param resource unset for a kind that the cluster does not serve: there are none
 * @param namespaces none = all
 * @param options `namesOnly`: no more than their metadata
 */
export function useSnapshotList<T extends KubeObject>(
  context: () => string,
  resource: () => Resource<T> | undefined,
  namespaces: () => readonly string[],
  { namesOnly = false }: Pick<LiveOptions, 'namesOnly'> = {},
): SnapshotList<readonly Stored<T>[]> {
  const clusters = useClusters()
  const home = (): string | undefined => clusters.contexts.find(({ id }) => id === context())?.namespace
  const live = useLiveObjects<T>(context, resource, namespaces, { home, namesOnly })
  const refused = computed(() => live.state.value === 'forbidden' || live.state.value === 'failed')
  return {
    settled: computed(() => resource() === undefined || live.complete.value || refused.value),
    refused,
    objects: computed((): readonly Stored<T>[] | undefined => {
      const what = resource()
      if (!what) return []
      if (!live.complete.value) return undefined
      const wanted = namespaces()
      if (!what.namespaced || wanted.length === 0) return live.objects.value
      return live.objects.value.filter(({ metadata }) => wanted.includes(metadata.namespace ?? ''))
    }),
  }
}

/** Several lists as of one moment, replaced as a whole when some of them change. */
export function useSnapshot<L extends object>(lists: { [N in keyof L]: SnapshotList<L[N]> }): LiveSnapshot<L> {
  const names = Object.keys(lists) as (keyof L)[]
  function take(): Partial<L> & { now: number } {
    const known: Partial<L> = {}
    for (const name of names) {
      const objects = lists[name].objects.value
      if (objects !== undefined) known[name] = objects
    }
    return { now: Date.now(), ...known }
  }
  const snapshot: LiveSnapshot<L>['snapshot'] = shallowRef(take())
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
  const settled = computed(() => names.every((name) => lists[name].settled.value))
  // Else it is told for up to a second that there is nothing, as of the time before the last list came.
  watch(settled, (is) => is && refresh())
  onScopeDispose(() => clearTimeout(timer))
  return {
    snapshot,
    settled,
    refused: computed(() => names.filter((name) => lists[name].refused.value)),
  }
}
