import type { RawRequest, RawResponse } from '#main/contexts/kube-context.ts'

/**
 * Runs a terminal in a pod that was made for it alone, as a node shell's. Once its reader has left, the pod is deleted: a
 * window that is closed cannot do it.
 */
export async function inOwnPod(
  context: { request(request: RawRequest): Promise<RawResponse> },
  { namespace, pod, signal }: { namespace: string; pod: string; signal: AbortSignal },
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run()
  } finally {
    if (signal.aborted) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`
      await context.request({ method: 'DELETE', path: `${path}?gracePeriodSeconds=0` }).catch(() => undefined)
    }
  }
}
