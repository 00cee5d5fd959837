import type { Pod } from './generated/types.ts'

/** Has run to its end, one way or the other. */
export const isPodTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Counts towards the pods that a workload has: neither finished nor on its way out. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp

export const isPodReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false

/** When the pod became what it is now, ready or not; ms. */
export const readySince = ({ status }: Pod): number =>
  Date.parse(status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '') || 0

/** Ready, and so for `minReadySeconds`. */
export const isPodAvailable = (pod: Pod, minReadySeconds: number, now: number): boolean =>
  isPodReady(pod) && (minReadySeconds === 0 || readySince(pod) + minReadySeconds * 1000 <= now)
