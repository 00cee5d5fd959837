import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import type { Informer } from '#shared/client/informer.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod, PodStatus } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { ownPart, statusPatch } from '#shared/kube/kubelet/pod-status.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { pods } from '#shared/kube/resources.ts'
import { DelayedKeys } from '#shared/reconcile/delayed-keys.ts'
import { layersOf, type SettingLayers } from './behaviour.ts'
import { SimulatedPod, type Progress } from './simulated-pod.ts'

export interface SimulatedPodsOptions {
  client: Client
  informer: Informer<Pod>
  clock: Clock
  log: Log
  /** A simulated node; undefined for all other nodes, and for a silent one. */
  nodeOf: (name: string) => PodHost | undefined
}

/** A simulated node, as its pods see it. */
export interface PodHost {
  address: string
  /** Settings of the node and the cluster. */
  layers: SettingLayers
}

export interface SimulatedPods {
  /** Looks at all pods of a node again. */
  adopt(node: string): void
  /** The pods of a node with their containers that run. */
  running(node: string): { pod: Stored<Pod>; containers: ReturnType<SimulatedPod['running']> }[]
  stop: Stop
}

/** Most writes in flight. */
const parallelWrites = 32
const retryMs = 1_000
/** How long pods are worked on before others of the process have their turn, ms. */
const sliceMs = 5

interface Tracked {
  model: SimulatedPod
  podIP: string
  writing: boolean
  /** It was to be looked at while a write was under way. */
  again: boolean
  /** Of the status that was written last. */
  digest: number | undefined
  /** What the API server made of it. */
  held: { revision: number; status: PodStatus | undefined } | undefined
  /** Problems of its annotations that have been reported. */
  problems: string
}

/**
 * The kubelets of all simulated nodes. An event of a pod or its time has it looked at: it is brought to the present
 * and its status is written where that differs from the last one, or from what the API server holds.
 */
export function simulatePods(options: SimulatedPodsOptions): SimulatedPods {
  const { client, informer, clock, nodeOf } = options
  const log = options.log.child({ part: 'simulated-pods' })
  const recorder = createEventRecorder({ client, component: 'kubelet', clock, log })
  informer.addIndex('node-name', (pod) => pod.spec?.nodeName)
  const tracked = new Map<string, Tracked>()
  const writes = createTurns(parallelWrites)
  /** Keys of pods to look at; the values are their uids. */
  const queue = new Set<string>()
  const delayed = new DelayedKeys(clock, (keys) => keys.forEach(look))
  let stopSlice: Stop | undefined
  let lastAddress = 0

  function look(key: string): void {
    queue.add(key)
    stopSlice ??= clock.after(0, slice)
  }

  function slice(): void {
    stopSlice = undefined
    const end = performance.now() + sliceMs
    for (const key of queue) {
      if (performance.now() > end) break
      queue.delete(key)
      advance(key)
    }
    if (queue.size > 0) stopSlice = clock.after(0, slice)
  }

  function advance(key: string): void {
    const pod = informer.get(key)
    const host = nodeOf(pod?.spec?.nodeName ?? '')
    if (!pod || !host) return
    const now = clock.now()
    const known = tracked.get(pod.metadata.uid) ?? track(pod, now)
    if (known.writing) {
      known.again = true
      return
    }
    const { layers, problems } = layersOf(pod, host.layers)
    reportProblems(pod, known, problems)
    const base = known.held && known.held.revision > revisionOf(pod) ? withStatus(pod, known.held.status) : pod
    const podIP = pod.spec?.hostNetwork ? host.address : known.podIP
    const progress = known.model.advance(base, { hostIP: host.address, podIP, layers, now })
    for (const { reason, message, fieldPath } of progress.warnings)
      recorder.event(pod, 'Warning', reason, message, fieldPath)
    if (progress.wakeAt !== Infinity) delayed.add(key, progress.wakeAt - now)
    if (progress.isOver || isNews(base, known, progress)) void report(key, base, known, progress)
  }

  function isNews(pod: Stored<Pod>, known: Tracked, { status }: Progress): boolean {
    if (isPodTerminal(pod)) return false
    return digestOf(status) !== known.digest || isContradicted(pod, status, known)
  }

  async function report(key: string, pod: Stored<Pod>, known: Tracked, progress: Progress): Promise<void> {
    known.writing = true
    try {
      await writes(() => (progress.isOver ? letGo(pod, progress.status) : writeStatus(pod, known, progress.status)))
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) {
        log.debug('status of a simulated pod not written', { pod: key, error: messageOf(error) })
        known.digest = undefined
        delayed.add(key, retryMs)
      }
    }
    known.writing = false
    if (known.again) look(key)
    known.again = false
  }

  async function writeStatus(pod: Stored<Pod>, known: Tracked, status: PodStatus): Promise<void> {
    known.digest = digestOf(status)
    known.held = undefined
    const written = await patchStatus(pod, status)
    known.held = { revision: revisionOf(written), status: written.status }
  }

  function patchStatus(pod: Stored<Pod>, status: PodStatus): Promise<Stored<Pod>> {
    const { namespace, name, uid } = pod.metadata
    return client.patch(
      pods,
      { namespace, name },
      { type: 'strategic', body: { metadata: { uid }, status: statusPatch(status, pod.status) } },
      { subresource: 'status', fieldManager: 'kubelet' },
    )
  }

  /** As a kubelet, says how the pod ended before it lets it go. */
  async function letGo(pod: Stored<Pod>, status: PodStatus): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    if (!isPodTerminal(pod)) await patchStatus(pod, status)
    await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
  }

  function reportProblems(pod: Stored<Pod>, known: Tracked, problems: readonly string[]): void {
    const text = problems.join('; ')
    if (text !== '' && text !== known.problems) recorder.event(pod, 'Warning', 'InvalidSimulation', text)
    known.problems = text
  }

  function track(pod: Stored<Pod>, now: number): Tracked {
    const entry: Tracked = {
      model: new SimulatedPod(pod, now),
      podIP: pod.status?.podIP ?? nextAddress(),
      writing: false,
      again: false,
      digest: undefined,
      held: undefined,
      problems: '',
    }
    tracked.set(pod.metadata.uid, entry)
    return entry
  }

  /** Pod addresses from 10.128.0.0/9, apart from the ranges of real workers. */
  function nextAddress(): string {
    const serial = ++lastAddress % 0x7f_ff_ff
    return `10.${128 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`
  }

  /** Addresses of an earlier run stay taken. */
  function reserveAddress({ status }: Pod): void {
    const [first, second = 0, third = 0, fourth = 0] = (status?.podIP ?? '').split('.').map(Number)
    if (first === 10 && second >= 128)
      lastAddress = Math.max(lastAddress, ((second - 128) << 16) | (third << 8) | fourth)
  }

  function forget(pod: Stored<Pod>): void {
    tracked.delete(pod.metadata.uid)
  }

  const stopWatching = informer.onChange({
    added(pod) {
      reserveAddress(pod)
      if (pod.spec?.nodeName) look(keyOf(pod))
    },
    updated(_, pod) {
      if (!pod.spec?.nodeName) return
      // The echo of a write of its own is no news.
      if (tracked.get(pod.metadata.uid)?.held?.revision !== revisionOf(pod)) look(keyOf(pod))
    },
    deleted: forget,
  })

  return {
    adopt(node) {
      for (const pod of informer.byIndex('node-name', node)) look(keyOf(pod))
    },
    running: (node) =>
      informer.byIndex('node-name', node).flatMap((pod) => {
        const containers = tracked.get(pod.metadata.uid)?.model.running() ?? []
        return containers.length > 0 ? [{ pod, containers }] : []
      }),
    async stop() {
      void stopWatching()
      delayed.clear()
      queue.clear()
      await stopSlice?.()
      await recorder.flush()
    },
  }
}

const keyOf = ({ metadata }: Stored<Pod>): string => `${metadata.namespace}/${metadata.name}`
const revisionOf = ({ metadata }: Pod): number => Number(metadata.resourceVersion ?? 0)
const withStatus = (pod: Stored<Pod>, status: PodStatus | undefined): Stored<Pod> =>
  status === undefined ? pod : { ...pod, status }

/** Whether somebody has written over the last report: a lost node's pods are marked not ready. */
function isContradicted(pod: Pod, status: PodStatus, { held }: Tracked): boolean {
  if (!held || revisionOf(pod) <= held.revision) return false
  return !jsonEqual(ownPart(pod.status, status), ownPart(held.status, status))
}

/** A 53-bit digest of a status, times of conditions aside: thousands of pods keep no second copy of it. */
function digestOf({ conditions, ...fields }: PodStatus): number {
  const text = JSON.stringify([
    fields,
    conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
  ])
  let [high, low] = [0xde_ad_be_ef, 0x41_c6_ce_57]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  return 4_294_967_296 * (0x1f_ff_ff & high) + (low >>> 0)
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
