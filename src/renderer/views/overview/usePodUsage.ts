import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import { useApi } from '../../api/index.ts'
import { podUsageOf, type PodMetrics, type PodUsage } from '../../overview/places.ts'

/** Metrics-server measures every 15 s. */
const interval = 15_000

/** What all pods use now, by the Metrics API of the cluster; undefined where it has none or does not tell. */
export function usePodUsage(context: () => string): ShallowRef<PodUsage> {
  const api = useApi()
  const usage = shallowRef<PodUsage>()
  let round = 0
  async function read(mine: number): Promise<void> {
    if (!document.hidden)
      try {
        const { transport } = api.cluster(context()).client
        const list = (await transport.request({ method: 'GET', path: '/apis/metrics.k8s.io/v1beta1/pods' })) as {
          items?: PodMetrics[]
        }
        if (mine === round) usage.value = podUsageOf(list.items ?? [])
      } catch {
        if (mine === round) usage.value = undefined
      }
    if (mine === round) setTimeout(() => mine === round && void read(mine), interval)
  }
  watch(
    context,
    () => {
      usage.value = undefined
      void read(++round)
    },
    { immediate: true },
  )
  onScopeDispose(() => round++)
  return usage
}
