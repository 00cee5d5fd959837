import type { Pod } from '#shared/kube/generated/types.ts'
import { isMirrorPod } from '#shared/kube/pod.ts'

/** Of system-cluster-critical, the lower one of the two classes. */
const systemCritical = 2_000_000_000

/** A pod that the node depends on: it is not evicted, and runs under pressure (kubelet: IsCriticalPod). */
export const isCriticalPod = (pod: Pod): boolean =>
  isMirrorPod(pod) || isStaticPod(pod) || (pod.spec?.priority ?? 0) >= systemCritical

export const sourceAnnotation = 'kubernetes.io/config.source'

/** Whether it comes from a file of this node rather than from the API server. */
export const isStaticPod = ({ metadata }: Pod): boolean => {
  const source = metadata.annotations?.[sourceAnnotation]
  return source !== undefined && source !== 'api'
}
