import { ref, shallowRef, watch } from 'vue'
import type { Deployment } from '#shared/kube/generated/types.ts'
import { rolledKinds } from '#shared/kube/rebuild.ts'
import { daemonSets, deployments, statefulSets, type Resource } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'

export interface RunningWorkload {
  kind: (typeof rolledKinds)[number]
  name: string
  containers: readonly string[]
}

const resources: Record<RunningWorkload['kind'], Resource<Deployment>> = {
  Deployment: deployments,
  StatefulSet: statefulSets,
  DaemonSet: daemonSets,
}

/** The workloads of a namespace that an image can be given to; read when `wanted`. */
export function useWorkloads(context: string, namespace: () => string, wanted: () => boolean) {
  const { client } = useApi().cluster(context)
  const workloads = shallowRef<readonly RunningWorkload[]>([])
  const loaded = ref(false)
  watch(
    [namespace, wanted],
    async ([place, isWanted]) => {
      loaded.value = false
      if (!isWanted || place === '') return
      const lists = await Promise.all(
        rolledKinds.map(async (kind) => {
          // What may not be listed cannot be changed either.
          const found = await client.list(resources[kind], { namespace: place }).catch(() => ({ items: [] }))
          return found.items.map(({ metadata, spec }) => ({
            kind,
            name: metadata.name,
            containers: (spec?.template.spec?.containers ?? []).map(({ name }) => name),
          }))
        }),
      )
      if (place !== namespace()) return
      workloads.value = lists.flat()
      loaded.value = true
    },
    { immediate: true },
  )
  return { workloads, loaded }
}
