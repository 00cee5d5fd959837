import { maxScore, type Plugin, type PluginContext } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { amountOf, sharesOf } from '../resource-scoring.ts'

/** Prefers nodes whose resources would be used in equal shares, so that none is left over. */
export const nodeResourcesBalancedAllocation = ({ args }: Pick<PluginContext, 'args'>): Plugin => {
  const { resources } = args.NodeResourcesBalancedAllocation
  const isUsual = resources.length === 2 && resources.every(({ name }) => name === 'cpu' || name === 'memory')
  return {
    name: 'NodeResourcesBalancedAllocation',

    plan(pod) {
      // A pod without requests does not change the balance.
      if (resources.every(({ name }) => amountOf(pod.requests, name) === 0)) return undefined
      return {
        score: {
          score: isUsual
            ? (node) => balanceOfTwo(pod, node)
            : (node) => balance(sharesOf(pod, node, resources, { assumed: false }).map(shareInUse)),
        },
      }
    },
  }
}

const shareInUse = ({ requested, capacity }: { requested: number; capacity: number }): number =>
  Math.min(1, requested / capacity)

/** The standard deviation of two shares is half of their difference. */
function balanceOfTwo({ requests }: PodInfo, { allocatable, requested }: NodeInfo): number {
  if (allocatable.cpu === 0 || allocatable.memory === 0) return maxScore
  const cpu = Math.min(1, (requested.cpu + requests.cpu) / allocatable.cpu)
  const memory = Math.min(1, (requested.memory + requests.memory) / allocatable.memory)
  return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxScore)
}

function balance(shares: readonly number[]): number {
  if (shares.length < 2) return maxScore
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length
  return Math.floor((1 - Math.sqrt(variance)) * maxScore)
}
