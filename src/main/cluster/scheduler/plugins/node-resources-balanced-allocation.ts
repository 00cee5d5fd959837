import { maxScore, type Plugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'

/** Prefers nodes whose CPU and memory would be used in equal shares, so that neither is left over. */
export const nodeResourcesBalancedAllocation = (): Plugin => ({
  name: 'NodeResourcesBalancedAllocation',

  plan(pod) {
    // A pod without requests does not change the balance.
    if (pod.requests.cpu === 0 && pod.requests.memory === 0) return undefined
    return { score: { score: (node) => balance(pod, node) } }
  },
})

/** The standard deviation of two shares is half of their difference. */
function balance({ requests }: PodInfo, { allocatable, requested }: NodeInfo): number {
  if (allocatable.cpu === 0 || allocatable.memory === 0) return maxScore
  const cpu = Math.min(1, (requested.cpu + requests.cpu) / allocatable.cpu)
  const memory = Math.min(1, (requested.memory + requests.memory) / allocatable.memory)
  return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxScore)
}
