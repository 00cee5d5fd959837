import type { Clock } from '#shared/base/clock.ts'
import { sleep } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { EvictionSettings, Threshold } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal, qosClassOf } from '#shared/kube/pod.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import { isCriticalPod } from '../pod/critical.ts'
import type { Refusal } from '../pod/admission.ts'
import { decide, initialMemory, isMet, resourceOf, type PressureCondition } from './decide.ts'
import { evictionNotice, type EvictionNotice } from './message.ts'
import { rank, type Candidate } from './ranking.ts'
import type { Observations, SignalReader } from './signals.ts'

/** Evicts pods before the node itself runs out of memory, disk or process ids (pkg/kubelet/eviction). */
export interface Eviction {
  /** The node's conditions that are True, as decided last. */
  pressures(): readonly PressureCondition[]
  /** Why the node does not take the pod while it is under pressure. */
  refusalOf(pod: Stored<Pod>): Refusal | undefined
  start(): Stop
}

export interface EvictionOptions {
  settings: EvictionSettings
  signals: Pick<SignalReader, 'read'>
  node(): Stored<Node> | undefined
  /** Pods of this node, with what they use. */
  candidates(): Promise<Candidate[]>
  /** Removes containers and images that nobody uses. */
  reclaimDisk(): Promise<void>
  evict(pod: Stored<Pod>, notice: EvictionNotice, graceSeconds: number): void
  /** Whether anything of the pod runs. */
  isRunning(uid: string): boolean
  /** The conditions have changed. */
  onChange(): void
  recorder: Pick<EventRecorder, 'event'>
  clock: Clock
  log: Log
}

/** The kubelet's own period (housekeeping-interval), ms. */
const period = 10_000
/** Seconds that a pod gets to end when a hard threshold is met. */
const hardGrace = 1
/** How long an evicted pod is waited for before another one may follow, ms. */
const longestEnd = 30_000

export function createEviction(options: EvictionOptions): Eviction {
  const { settings, signals, clock, log } = options
  let memory = initialMemory
  let conditions: readonly PressureCondition[] = []
  let isStopped = false
  let stopTimer: Stop = () => undefined
  let hasFailed = false

  /** @returns the pod that it has evicted */
  const look = async (): Promise<Stored<Pod> | undefined> => {
    const observed = await signals.read()
    const verdict = decide(settings, observed, memory, clock.now())
    memory = verdict.memory
    const before = conditions
    conditions = verdict.conditions
    if (before.length !== conditions.length || before.some((type) => !conditions.includes(type))) options.onChange()
    const [first] = verdict.due
    return first && reclaim(first, verdict.due, observed)
  }

  const reclaim = async (
    threshold: Threshold,
    due: readonly Threshold[],
    observed: Observations,
  ): Promise<Stored<Pod> | undefined> => {
    const resource = resourceOf[threshold.signal]
    const node = options.node()
    if (node) options.recorder.event(node, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`)
    if (resource === 'ephemeral-storage' || resource === 'inodes') {
      await options.reclaimDisk()
      const after = await signals.read()
      if (!due.some((each) => isMet(each, after))) return undefined
    }
    const running = (await options.candidates()).filter(({ pod }) => !isPodTerminal(pod))
    // A pod that is critical to the node is never evicted: the next one is.
    const candidate = rank(running, resource).find(({ pod }) => !isCriticalPod(pod))
    if (!candidate) {
      log.warn('no pod can be evicted', { resource })
      return undefined
    }
    const { pod } = candidate
    options.evict(pod, evictionNotice(candidate, resource, due, observed), graceOf(threshold, pod))
    return pod
  }

  const graceOf = ({ graceMs }: Threshold, { spec }: Pod): number =>
    graceMs === 0
      ? hardGrace
      : Math.min(settings.maxPodGraceSeconds, spec?.terminationGracePeriodSeconds ?? settings.maxPodGraceSeconds)

  const untilEnded = async (uid: string): Promise<void> => {
    const begun = clock.now()
    while (!isStopped && options.isRunning(uid) && clock.now() - begun < longestEnd) await sleep(clock, 1_000)
  }

  const run = async (): Promise<void> => {
    let next = period
    try {
      const evicted = await look()
      if (evicted) {
        await untilEnded(evicted.metadata.uid)
        next = 0
      }
      hasFailed = false
    } catch (error) {
      if (!hasFailed) log.warn('pressure on the node not checked', { error: messageOf(error) })
      hasFailed = true
    }
    if (!isStopped) stopTimer = clock.after(next, () => void run())
  }

  return {
    pressures: () => conditions,
    refusalOf: (pod) => pressureRefusal(pod, conditions),
    start() {
      void run()
      return () => {
        isStopped = true
        return stopTimer()
      }
    },
  }
}

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }

/** Under memory pressure alone, pods that have requested something, or tolerate it, are still taken. */
export function pressureRefusal(pod: Stored<Pod>, conditions: readonly PressureCondition[]): Refusal | undefined {
  if (conditions.length === 0 || isCriticalPod(pod)) return undefined
  const isMemoryAlone = conditions.every((type) => type === 'MemoryPressure')
  if (isMemoryAlone && qosClassOf(pod) !== 'BestEffort') return undefined
  if (isMemoryAlone && !untolerated([memoryTaint], pod.spec?.tolerations, ['NoSchedule'])) return undefined
  return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` }
}
