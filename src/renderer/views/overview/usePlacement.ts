import { shallowRef, watch, type ShallowRef } from 'vue'
import type { Verdict } from '#shared/contract/kube.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { useApi } from '../../api/index.ts'
import { plainVerdicts } from '../../overview/placement.ts'
import type { Snapshot } from '../../overview/snapshot.ts'

/** What is said of each worker; `scheduler` is set where the scheduler itself has said it. */
export interface Placement {
  scheduler?: string
  nodes: readonly Verdict[]
}

/** Where a pod could go if it came anew: by the scheduler itself for local clusters, by a part of its rules for others. */
export function usePlacement(options: {
  context(): string
  snapshot(): Snapshot
  pod(): Stored<Pod> | undefined
}): ShallowRef<Placement | undefined> {
  const { back } = useApi()
  const judged = shallowRef<Placement>()
  const asked = (): string => `${options.context()} ${options.pod()?.metadata.uid ?? ''}`
  watch(asked, async (now) => {
    judged.value = undefined
    const pod = options.pod()
    if (!pod) return
    const { namespace, name } = pod.metadata
    const answer = await back.kube.judge({ context: options.context(), namespace, pod: name }).catch(() => null)
    const { nodes = [], pods = [] } = options.snapshot()
    if (now === asked()) judged.value = answer ?? { nodes: plainVerdicts(pod, nodes, pods) }
  })
  return judged
}
