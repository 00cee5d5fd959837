import { computed, effectScope, onScopeDispose, shallowRef, watch, type ComputedRef } from 'vue'
import type { StalePod } from '#shared/contract/rebuilds.ts'
import { useApi } from '../api/index.ts'
import { useStream } from '../composables/useStream.ts'
import { useClusters } from '../stores/clusters.ts'

/** The pods of a context that run older images than this machine has; none where its workers are not containers of this machine. */
export function useRebuilds(context: () => string): ComputedRef<readonly StalePod[]> {
  const call = useApi().back.rebuilds
  const clusters = useClusters()
  const pods = shallowRef<readonly StalePod[]>([])
  const followed = computed(() => {
    const info = clusters.contexts.find(({ id }) => id === context())
    return info?.kind === 'local' && !info.simulated ? info.id : undefined
  })
  let scope = effectScope()
  watch(
    followed,
    (id) => {
      scope.stop()
      pods.value = []
      if (id === undefined) return
      scope = effectScope()
      scope.run(() => useStream(call.watch, { context: id }, (message) => void (pods.value = message.pods)))
    },
    { immediate: true },
  )
  onScopeDispose(() => scope.stop())
  return computed(() => pods.value)
}

/** The older pods that an object is, or has. */
export function staleOf(
  stale: readonly StalePod[],
  { kind, namespace = '', name }: { kind: string; namespace?: string | undefined; name: string },
): StalePod[] {
  return stale.filter(
    (pod) =>
      pod.namespace === namespace &&
      (kind === 'Pod' ? pod.name === name : pod.workload?.kind === kind && pod.workload.name === name),
  )
}

/** The names of their images, each once, and when the last of these was built. */
export function rebuiltImages(stale: readonly StalePod[]): { names: string[]; builtAt: number | undefined } {
  const containers = stale.flatMap((pod) => pod.containers)
  const times = containers.flatMap(({ builtAt }) => builtAt ?? [])
  return {
    names: [...new Set(containers.map(({ image }) => image))],
    builtAt: times.length > 0 ? Math.max(...times) : undefined,
  }
}
