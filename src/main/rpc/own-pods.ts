import type { RawRequest, RawResponse } from '#main/contexts/kube-context.ts'
import type { OwnPod } from '#main/contexts/app-data.ts'

/** Where a pod that was made for a terminal alone lies, as a node shell's. */
interface Requests {
  request(request: RawRequest): Promise<RawResponse>
}

/** The pods that were made for terminals: they go with them, and after a crash of the app when their context is next used. */
export interface OwnPods {
  /**
   * Runs a terminal in such a pod. Once its reader has left, the pod is deleted: a window that is closed cannot do it.
   */
  run(context: Requests, pod: OwnPod, signal: AbortSignal, run: () => Promise<void>): Promise<void>
  /** Deletes what an earlier run of the app has left in a context. */
  sweep(id: string, context: Requests): Promise<void>
}

/** @param saved the pods that terminals have, kept on disk */
export function createOwnPods(saved: {
  read(): Promise<OwnPod[]>
  write(change: (pods: readonly OwnPod[]) => OwnPod[]): Promise<void>
}): OwnPods {
  const isSame = (a: OwnPod) => (b: OwnPod) => a.context === b.context && a.namespace === b.namespace && a.pod === b.pod
  const forget = (pod: OwnPod): Promise<void> => saved.write((pods) => pods.filter((each) => !isSame(pod)(each)))
  /** Those that were there when the app started. */
  const left = saved.read()
  const swept = new Set<string>()

  return {
    async run(context, pod, signal, run) {
      await saved.write((pods) => [...pods.filter((each) => !isSame(pod)(each)), pod])
      try {
        await run()
      } finally {
        if (signal.aborted) await remove(context, pod)
        await forget(pod)
      }
    },
    async sweep(id, context) {
      if (swept.has(id)) return
      swept.add(id)
      const pods = (await left).filter((pod) => pod.context === id)
      for (const pod of pods) if (await remove(context, pod)) await forget(pod)
    },
  }
}

/** @returns whether it is gone */
async function remove(context: Requests, { namespace, pod }: OwnPod): Promise<boolean> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`
  const answer = await context
    .request({ method: 'DELETE', path: `${path}?gracePeriodSeconds=0` })
    .catch(() => undefined)
  return answer !== undefined && (answer.status < 300 || answer.status === 404)
}
