import type { Amounts } from './amounts.ts'
import type { ScoringStrategy, ShapePoint, WeightedResource } from './configuration/plugin-args.ts'
import { maxScore } from './framework.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** What a node has of a resource, and how much of it would be requested with the pod on it. */
export interface Share {
  capacity: number
  requested: number
  weight: number
}

/**
 * The shares of the resources that a score counts: none of a resource that the node lacks, or of an extended one that
 * the pod does not request.
 * @param assumed whether containers without requests for CPU or memory count with a default
 */
export function sharesOf(
  { requests, assumedUse }: PodInfo,
  node: NodeInfo,
  resources: readonly WeightedResource[],
  { assumed }: { assumed: boolean },
): Share[] {
  const { allocatable, requested } = node
  const shares: Share[] = []
  for (const { name, weight } of resources) {
    const capacity = amountOf(allocatable, name)
    if (capacity === 0) continue
    if (name === 'cpu' || name === 'memory') {
      const used = assumed ? node.assumedUse[name] + assumedUse[name] : requested[name] + requests[name]
      shares.push({ capacity, requested: used, weight })
    } else {
      const wanted = amountOf(requests, name)
      if (wanted === 0 && name !== 'ephemeral-storage') continue
      shares.push({ capacity, requested: amountOf(requested, name) + wanted, weight })
    }
  }
  return shares
}

export function amountOf(amounts: Amounts, name: string): number {
  switch (name) {
    case 'cpu':
      return amounts.cpu
    case 'memory':
      return amounts.memory
    case 'ephemeral-storage':
      return amounts.ephemeralStorage
    default:
      return amounts.others?.get(name) ?? 0
  }
}

/** A score of a node by the strategy of NodeResourcesFit. */
export function strategyScore({ type, shape }: ScoringStrategy): (shares: readonly Share[]) => number {
  switch (type) {
    case 'LeastAllocated':
      return weightedMean(({ capacity, requested }) => freeShare(capacity, requested))
    case 'MostAllocated':
      return weightedMean(({ capacity, requested }) =>
        Math.floor((Math.min(requested, capacity) * maxScore) / capacity),
      )
    case 'RequestedToCapacityRatio':
      return ratioScore(shape)
  }
}

/** What stays free of a resource, 0 … `maxScore`. */
export const freeShare = (capacity: number, used: number): number =>
  used > capacity ? 0 : Math.floor(((capacity - used) * maxScore) / capacity)

const weightedMean =
  (scoreOf: (share: Share) => number) =>
  (shares: readonly Share[]): number => {
    let sum = 0
    let weights = 0
    for (const share of shares) {
      sum += scoreOf(share) * share.weight
      weights += share.weight
    }
    return weights === 0 ? 0 : Math.floor(sum / weights)
  }

/** Resources that score 0 do not count (requestedToCapacityRatioScorer). */
function ratioScore(shape: readonly ShapePoint[]): (shares: readonly Share[]) => number {
  // Scores of a shape are 0 … 10.
  const at = brokenLine(shape.map(({ utilization, score }) => ({ utilization, score: (score * maxScore) / 10 })))
  return (shares) => {
    let sum = 0
    let weights = 0
    for (const { capacity, requested, weight } of shares) {
      const score = at(requested > capacity ? maxScore : Math.floor((requested * maxScore) / capacity))
      if (score <= 0) continue
      sum += score * weight
      weights += weight
    }
    return weights === 0 ? 0 : Math.round(sum / weights)
  }
}

/** Scores between the points of the shape lie on a line, in whole numbers. */
const brokenLine =
  (shape: readonly ShapePoint[]) =>
  (utilization: number): number => {
    let previous: ShapePoint | undefined
    for (const point of shape) {
      if (utilization <= point.utilization) {
        if (!previous) return point.score
        const rise = (point.score - previous.score) * (utilization - previous.utilization)
        return previous.score + Math.trunc(rise / (point.utilization - previous.utilization))
      }
      previous = point
    }
    return previous?.score ?? 0
  }
