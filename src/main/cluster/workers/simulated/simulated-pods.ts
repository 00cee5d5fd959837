import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { Informer } from '#shared/client/informer.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod, PodStatus } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { asNumber } from '#shared/kube/json.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { pods } from '#shared/kube/resources.ts'
import { areGatesOpen, creatingStatus, endedStatus, runningStatus, type Circumstances } from './pod-status.ts'

export interface SimulatedPodsOptions {
  client: Client
  informer: Informer<Pod>
  clock: Clock
  log: Log
  /** Address of a simulated node; undefined for all other nodes, and for a silent one. */
  addressOf: (node: string) => string | undefined
  /** How long the creation of containers takes, ms; 200 when unset. */
  startMs?: number
  /** How long containers take to stop, ms, up to their grace period; 200 when unset. */
  stopMs?: number
  /** How long a pod with another restartPolicy than Always runs, ms; 1,000 when unset. */
  runMs?: number
}

/** Annotations that set when a pod ends, in seconds, and its exit code. */
export const runSecondsAnnotation = 'slipway.dev/simulated-run-seconds'
export const exitCodeAnnotation = 'slipway.dev/simulated-exit-code'

/** Of a container that SIGTERM ends: a deleted pod has not done its work. */
const exitCodeOfSigterm = 143

/** Most writes in flight. */
const parallelWrites = 32
const retryMs = 1_000

/**
 * The kubelets of all simulated nodes: move pods from Pending over ContainerCreating to Running and Ready, end pods that
 * run to completion, and remove deleted ones. The next step of a pod follows from its status, so a restart continues
 * where it stopped.
 */
export function simulatePods(options: SimulatedPodsOptions): { adopt(node: string): void; stop: Stop } {
  const { client, informer, clock, addressOf, startMs = 200, stopMs = 200, runMs = 1_000 } = options
  const log = options.log.child({ part: 'simulated-pods' })
  informer.addIndex('node-name', (pod) => pod.spec?.nodeName)
  /** The pending step of each pod, by uid: one at a time. */
  const steps = new Map<string, { name: StepName; cancel: Stop }>()
  const addresses = new Map<string, string>()
  const writes = createTurns(parallelWrites)
  let lastAddress = 0

  function look(pod: Stored<Pod>): void {
    const node = pod.spec?.nodeName
    if (node === undefined || addressOf(node) === undefined) return
    const next = nextStep(pod)
    const uid = pod.metadata.uid
    const present = steps.get(uid)
    if (present?.name === next?.name) return
    // A step whose write is in flight ends by itself; its result decides the next step.
    void present?.cancel()
    steps.delete(uid)
    if (next) schedule(pod, next)
  }

  function schedule(pod: Stored<Pod>, { name, delay, run }: Step, again = 0): void {
    const { namespace, name: podName, uid } = pod.metadata
    const step = {
      name,
      cancel: clock.after(Math.max(delay, again), () => {
        // The pod may have changed meanwhile: the newest state counts.
        const current = informer.get(`${namespace}/${podName}`)
        const hostIP = addressOf(current?.spec?.nodeName ?? '')
        if (steps.get(uid) !== step) return
        if (current?.metadata.uid !== uid || hostIP === undefined) {
          steps.delete(uid)
          return
        }
        void writes(() => run(current, { hostIP, podIP: podAddress(current, hostIP), now: clock.now() })).catch(
          (error: unknown) => {
            if (steps.get(uid) !== step || isNotFound(error) || isAnotherObject(error)) return
            log.debug('step of a simulated pod failed', { pod: podName, step: name, error: messageOf(error) })
            schedule(current, { name, delay, run }, retryMs)
          },
        )
      }),
    }
    steps.set(uid, step)
  }

  function nextStep(pod: Stored<Pod>): Step | undefined {
    if (pod.metadata.deletionTimestamp) {
      const grace = asNumber(pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000
      return { name: 'end', delay: isPodTerminal(pod) ? 0 : Math.min(stopMs, grace), run: letGo }
    }
    if (isPodTerminal(pod)) return undefined
    const phase = pod.status?.phase ?? 'Pending'
    if (phase === 'Running') return nextOfRunning(pod)
    if (pod.status?.containerStatuses === undefined) return { name: 'take', delay: 0, run: writing(creatingStatus) }
    return { name: 'start', delay: startMs, run: writing(runningStatus) }
  }

  function nextOfRunning(pod: Pod): Step | undefined {
    // Resized, readiness gates opened, or marked not ready while its node was silent.
    const ready = areGatesOpen(pod)
    if (pod.status?.observedGeneration !== pod.metadata.generation || isPodReady(pod) !== ready)
      return {
        name: `report-${pod.metadata.generation ?? 0}-${ready}`,
        delay: 0,
        run: writing(runningStatus),
      }
    const annotations = pod.metadata.annotations ?? {}
    const seconds = annotations[runSecondsAnnotation]
    if ((pod.spec?.restartPolicy ?? 'Always') === 'Always') return undefined
    const exitCode = Number(annotations[exitCodeAnnotation] ?? 0) || 0
    return {
      name: 'complete',
      delay: seconds === undefined ? runMs : Number(seconds) * 1_000 || 0,
      run: writing((current, circumstances) => endedStatus(current, circumstances, exitCode)),
    }
  }

  const writing =
    (statusOf: (pod: Stored<Pod>, circumstances: Circumstances) => PodStatus) =>
    (pod: Stored<Pod>, circumstances: Circumstances): Promise<void> =>
      writeStatus(pod, statusOf(pod, circumstances))

  async function writeStatus(pod: Stored<Pod>, status: PodStatus): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    await client.patch(
      pods,
      { namespace, name },
      { type: 'strategic', body: { metadata: { uid }, status } },
      { subresource: 'status', fieldManager: 'kubelet' },
    )
  }

  async function letGo(pod: Stored<Pod>, circumstances: Circumstances): Promise<void> {
    const { namespace, name, uid, finalizers = [] } = pod.metadata
    // A finalizer keeps the pod: its status has to say how it ended.
    if (finalizers.length > 0 && !isPodTerminal(pod))
      await writeStatus(pod, endedStatus(pod, circumstances, exitCodeOfSigterm))
    await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
  }

  /** Pod addresses from 10.128.0.0/9, apart from the ranges of real workers. */
  function podAddress({ metadata, spec }: Stored<Pod>, hostIP: string): string {
    if (spec?.hostNetwork) return hostIP
    const uid = metadata.uid
    let address = addresses.get(uid)
    if (address === undefined) {
      const serial = ++lastAddress % 0x7f_ff_ff
      address = `10.${128 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`
      addresses.set(uid, address)
    }
    return address
  }

  function forget({ metadata: { uid } }: Stored<Pod>): void {
    void steps.get(uid)?.cancel()
    steps.delete(uid)
    addresses.delete(uid)
  }

  const stopWatching = informer.onChange({
    added(pod) {
      if (pod.status?.podIP && addressOf(pod.spec?.nodeName ?? '') !== undefined)
        addresses.set(pod.metadata.uid, pod.status.podIP)
      look(pod)
    },
    updated: (_, pod) => look(pod),
    deleted: forget,
  })

  return {
    adopt(node) {
      for (const pod of informer.byIndex('node-name', node)) look(pod)
    },
    stop() {
      void stopWatching()
      for (const { cancel } of steps.values()) void cancel()
      steps.clear()
    },
  }
}

type StepName = string

interface Step {
  name: StepName
  delay: number
  run: (pod: Stored<Pod>, circumstances: Circumstances) => Promise<void>
}

/** Runs at most `limit` tasks at once; the others wait in order. */
function createTurns(limit: number): (task: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = []
  let active = 0
  return async (task) => {
    if (active >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    active++
    try {
      await task()
    } finally {
      active--
      waiting.shift()?.()
    }
  }
}
