import type { Amount, EvictionSettings, EvictionSignal, Threshold } from '#shared/kube/kubelet/settings.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import type { Observation, Observations } from './signals.ts'

export type PressureCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure'

/** What was seen so far; `initialMemory` before the first look. */
export interface Memory {
  /** Thresholds that were met last time, and since when, ms. */
  metSince: ReadonlyMap<Threshold, number>
  /** When a shortage was seen last, by the condition that it causes, ms. */
  seenAt: ReadonlyMap<PressureCondition, number>
}

export const initialMemory: Memory = { metSince: new Map(), seenAt: new Map() }

export interface Verdict {
  memory: Memory
  /** The node's conditions that are True. */
  conditions: readonly PressureCondition[]
  /** Thresholds whose grace is over: something is to be reclaimed, for the first one first. */
  due: readonly Threshold[]
}

/** One look at the node (pkg/kubelet/eviction: synchronize). A shortage is over once the minimum has been reclaimed, too. */
export function decide(settings: EvictionSettings, observed: Observations, before: Memory, now: number): Verdict {
  const met = settings.thresholds.filter(
    (threshold) => isMet(threshold, observed) || (before.metSince.has(threshold) && !isResolved(threshold, observed)),
  )
  // The clock may have been set back meanwhile: no time lies ahead.
  const metSince = new Map(met.map((threshold) => [threshold, Math.min(before.metSince.get(threshold) ?? now, now)]))
  const seenAt = new Map([...before.seenAt].map(([type, at]) => [type, Math.min(at, now)]))
  for (const { signal } of met) seenAt.set(conditionOf[signal], now)
  return {
    memory: { metSince, seenAt },
    conditions: [...seenAt].filter(([, at]) => now - at < settings.transitionMs || at === now).map(([type]) => type),
    due: met.filter((threshold) => now - (metSince.get(threshold) ?? now) >= threshold.graceMs).sort(memoryFirst),
  }
}

const conditionOf: Record<EvictionSignal, PressureCondition> = {
  'memory.available': 'MemoryPressure',
  'nodefs.available': 'DiskPressure',
  'nodefs.inodesFree': 'DiskPressure',
  'imagefs.available': 'DiskPressure',
  'imagefs.inodesFree': 'DiskPressure',
  'pid.available': 'PIDPressure',
}

export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids'

export const resourceOf: Record<EvictionSignal, StarvedResource> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
}

export const isMet = ({ signal, value }: Threshold, observed: Observations): boolean => {
  const seen = observed.get(signal)
  return seen !== undefined && seen.available < amountIn(value, seen)
}

function isResolved({ signal, value, minimumReclaim }: Threshold, observed: Observations): boolean {
  const seen = observed.get(signal)
  if (!seen) return true
  return seen.available >= amountIn(value, seen) + (minimumReclaim ? amountIn(minimumReclaim, seen) : 0)
}

/** In the units of the observation. */
export const amountIn = (amount: Amount, { capacity }: Observation): number =>
  'quantity' in amount ? quantityValue(amount.quantity) : Math.floor(amount.share * capacity)

const memoryFirst = (a: Threshold, b: Threshold): number =>
  Number(b.signal === 'memory.available') - Number(a.signal === 'memory.available')
