import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { createEventRecorder, type EventRecorder } from '#shared/client/event-recorder.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import { createAnnouncements } from './announcements.ts'
import { createBinder } from './binder.ts'
import { ClusterState } from './cluster-state.ts'
import { watchCluster } from './cluster-watch.ts'
import { defaultConfiguration, type SchedulerConfiguration } from './configuration/configuration.ts'
import { DeviceLedger } from './devices/ledger.ts'
import { SearchMemory } from './devices/search-memory.ts'
import { Selectors, type CompileSelector } from './devices/selectors.ts'
import { FitError, type Placement, type Verdict } from './node-picker.ts'
import { NominatedPods } from './nominated-pods.ts'
import { podInfoOf } from './pod-info.ts'
import type { PointObserver } from './point-times.ts'
import { createPodReports } from './pod-reports.ts'
import { createProfiles, schedulerNameOf, type Profile } from './profiles.ts'
import { SchedulingQueue, type Pending, type QueueOptions, type Waiting } from './queue.ts'
import { createSchedulerInformers } from './scheduler-informers.ts'
import { releaseNomination } from './scheduling-state.ts'
import { createUnschedulablePods } from './unschedulable-pods.ts'

/**
 * Finds a node for each pod that has none, and binds it there through the API.
 *
 * Choosing a node is synchronous and reads a cluster state that informer events and the scheduler's own decisions keep
 * up to date. Bindings run concurrently, while the pod is already counted on its node (assumed).
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const parts = createParts(options, wake)
  const { informers, state, profiles, binder, announcements } = parts
  const { cluster, queue } = state
  const stops = new StopStack()
  /** Bindings, including those that wait for volumes, and preemptions that are under way. */
  const underWay = new Set<Promise<void>>()
  let running = false
  let turnIsDue = false

  /** Schedules the queue in a later turn of the event loop. */
  function wake(): void {
    if (turnIsDue || !running) return
    turnIsDue = true
    setImmediate(() => {
      turnIsDue = false
      scheduleSome()
    })
  }

  function scheduleSome(): void {
    const end = performance.now() + sliceMs
    while (running && !binder.isFull && performance.now() < end) {
      const waiting = queue.take()
      if (!waiting) return
      scheduleOne(waiting)
    }
    // With all bindings in flight, the next one to end continues the loop.
    if (!binder.isFull) wake()
  }

  function scheduleOne(waiting: Waiting): void {
    const begun = performance.now()
    const profile = profiles.get(schedulerNameOf(waiting.pod.pod))
    if (!profile) return
    let placement: Placement
    try {
      placement = profile.picker.pick(waiting.pod)
    } catch (error) {
      const attempt = { waiting, begun, chosen: performance.now() }
      observe(attempt, error instanceof FitError ? 'unschedulable' : 'error')
      if (error instanceof FitError) refused(waiting, error, profile)
      else failed(waiting, error)
      return
    }
    const attempt = { waiting, begun, chosen: performance.now() }
    cluster.assume(waiting.pod, placement.node)
    const reservations = placement.reservations.map((reserve) => reserve(placement.node))
    profile.times.ended('Reserve', attempt.chosen)
    releaseNomination(state, waiting.pod.key, placement.node.name)
    track(bind(attempt, placement, { reservations, profile }))
  }

  async function bind(attempt: Attempt, placement: Placement, { reservations, profile }: Reserved): Promise<void> {
    const { waiting } = attempt
    const { pod } = waiting.pod
    // Kubernetes' NominatedNodeNameForExpectation: others see where the pod is going while it waits.
    if (placement.beforeBinding.length > 0) parts.reports.expected(pod, placement.node.name)
    try {
      await binder.bind(pod, placement, profile)
      leaveQueue(waiting)
      announcements.bound(pod, placement.node.name)
      observe(attempt, 'scheduled')
    } catch (error) {
      observe(attempt, 'error')
      for (const release of [...reservations].reverse()) release()
      notBound(waiting, error)
    } finally {
      wake()
    }
  }

  function notBound(waiting: Waiting, error: unknown): void {
    for (const change of cluster.forget(waiting.pod)) queue.changed(change)
    // Deleted meanwhile, or bound by another client: the informer's event handles it.
    const current = informers.pods.get(waiting.pod.key)
    if (isNotFound(error) || current?.metadata.uid !== waiting.pod.uid || current.spec?.nodeName) {
      leaveQueue(waiting)
      return
    }
    const node = current.status?.nominatedNodeName
    if (node) state.nominated.set(waiting.pod, node)
    failed(waiting, error)
  }

  /** A pod that was created again under this key keeps its own entry. */
  function leaveQueue(waiting: Waiting): void {
    if (queue.get(waiting.pod.key) === waiting) queue.remove(waiting.pod.key)
  }

  function refused(waiting: Waiting, error: FitError, profile: Profile): void {
    const preemption = parts.unschedulable.refused(waiting, error, profile)
    if (!preemption) return
    const retried = preemption.finally(() => {
      if (running) queue.retrySoon(waiting)
    })
    track(retried)
  }

  function failed(waiting: Waiting, error: unknown): void {
    if (!running) return
    parts.log.warn('scheduling failed', { pod: waiting.pod.key, error: messageOf(error) })
    queue.retryLater(waiting)
    parts.reports.notScheduled(waiting.pod.pod, { reason: 'SchedulerError', message: messageOf(error) })
  }

  function track(work: Promise<void>): void {
    const tracked = work.finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }

  function observe(attempt: Attempt, result: SchedulingAttempt['result']): void {
    options.observe?.(observed(attempt, result, options.clock))
  }

  return {
    pending: () => queue.count(),
    judge(ref) {
      const pod = informers.pods.get(ref)
      const profile = pod && profiles.get(schedulerNameOf(pod))
      if (!pod || !profile) return undefined
      // As the pod was before it had a node.
      const { nodeName: _, ...spec } = pod.spec ?? { containers: [] }
      return { scheduler: profile.name, nodes: profile.picker.judge(podInfoOf({ ...pod, spec })) }
    },
    async start() {
      await informers.ready()
      if (stops.stopped) return
      running = true
      stops.add(watchCluster(parts))
    },
    async stop() {
      running = false
      queue.stop()
      await stops.stop()
      await informers.stop()
      if (!options.informers) parts.shared.stop()
      await Promise.all(underWay)
      await announcements.stop()
      await Promise.all([...parts.recorders.values()].map((recorder) => recorder.flush()))
    },
  }
}

export interface SchedulerOptions {
  client: Client
  clock: Clock
  log: Log
  /** Shared with the controllers; informers of its own when unset. */
  informers?: SharedInformers
  /** Compiles CEL selectors of devices; claims that have any are not allocated when unset. */
  compileSelector?: CompileSelector
  /** Kubernetes' default one when unset. */
  configuration?: SchedulerConfiguration
  /** Called after every attempt; for metrics. */
  observe?: (attempt: SchedulingAttempt) => void
  /** Called when a pod has tried to preempt others, with the number of victims; for metrics. */
  onPreemption?: (victims: number) => void
  /** Called after each step of an attempt; for metrics. */
  onPoint?: PointObserver
  /** Called when a pod enters a queue; for metrics. */
  onQueued?: QueueOptions['onQueued']
  /** Random number in [0, 1) that chooses between equal nodes. */
  random?: () => number
}

export interface SchedulingAttempt {
  result: 'scheduled' | 'unschedulable' | 'error'
  /** Of the choice of a node alone. */
  choiceMs: number
  /** Of the whole attempt, the binding included. */
  ms: number
  /** Of this pod so far, this one included. */
  attempts: number
  /** Since the pod was queued. */
  sinceCreationMs: number
}

export interface Judgement {
  scheduler: string
  nodes: Verdict[]
}

export interface Scheduler {
  /** Pods that wait. */
  pending(): Pending
  /**
   * What each node says of a pod by the filters of its profile, as if it came anew; undefined for a pod that is unknown or that
   * another scheduler places. @param key `namespace/name`
   */
  judge(key: string): Judgement | undefined
  /** Resolves when scheduling has begun. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** An attempt under way; times by `performance.now()`, ms. */
interface Attempt {
  waiting: Waiting
  begun: number
  /** When the node was chosen, or the choice failed. */
  chosen: number
}

interface Reserved {
  /** Revert what was set aside for the pod. */
  reservations: readonly (() => void)[]
  profile: Profile
}

const observed = (
  { waiting, begun, chosen }: Attempt,
  result: SchedulingAttempt['result'],
  clock: Clock,
): SchedulingAttempt => ({
  result,
  choiceMs: chosen - begun,
  ms: performance.now() - begun,
  attempts: waiting.attempts,
  sinceCreationMs: clock.now() - waiting.since,
})

/** Longest scheduling run before the event loop serves other work, ms. */
const sliceMs = 4

/** The parts of a scheduler, wired together. @param onReady called whenever a pod has become ready to schedule */
function createParts(options: SchedulerOptions, onReady: () => void) {
  const { client, clock, random, configuration = defaultConfiguration() } = options
  const log = options.log.child({ part: 'scheduler' })
  const shared = options.informers ?? createSharedInformers({ client, clock, log })
  const informers = createSchedulerInformers({ shared, clock })
  const { lookups } = informers
  const recorders = createRecorders(configuration, { client, clock, log })
  const recorderOf = (pod: Pod): EventRecorder => recorders.get(schedulerNameOf(pod)) ?? silentRecorder
  const cluster = new ClusterState((namespace) => lookups.namespaces.get(namespace)?.metadata.labels)
  const nominated = new NominatedPods()
  const ledger = new DeviceLedger(lookups)
  const selectors = new Selectors(options.compileSelector ?? noCel)
  const devices = { ledger, selectors, memory: new SearchMemory() }
  const profiles = createProfiles({
    configuration,
    client,
    informers: lookups,
    clock,
    recorderOf,
    devices,
    cluster,
    nominated,
    random,
    onPoint: options.onPoint,
  })
  const { initialBackoffMs, maxBackoffMs } = configuration
  const queue = new SchedulingQueue({ clock, onReady, onQueued: options.onQueued, initialBackoffMs, maxBackoffMs })
  const state = { cluster, queue, nominated }
  const reports = createPodReports({ client, clock, recorderOf, log })
  const unschedulable = createUnschedulablePods({
    client,
    clock,
    log,
    recorderOf,
    reports,
    state,
    budgets: () => informers.budgets.list(),
    onPreemption: options.onPreemption,
    random: random ?? Math.random,
  })
  return {
    log,
    shared,
    informers,
    recorders,
    profiles,
    state,
    reports,
    unschedulable,
    binder: createBinder({ client, clock }),
    announcements: createAnnouncements({ clock, recorderOf }),
  }
}

/** A recorder for each profile: its events come from a component of its name. */
const createRecorders = (
  { profiles }: SchedulerConfiguration,
  options: Pick<SchedulerOptions, 'client' | 'clock' | 'log'>,
): ReadonlyMap<string, EventRecorder> =>
  new Map(
    profiles.map(({ schedulerName }) => [
      schedulerName,
      createEventRecorder({ ...options, component: schedulerName, combine: false }),
    ]),
  )

const noCel: CompileSelector = () => {
  throw new Error('this scheduler has no CEL')
}

/** Pods of no profile are not scheduled: nothing is said of them. */
const silentRecorder: EventRecorder = { event: () => undefined, flush: () => Promise.resolve() }
