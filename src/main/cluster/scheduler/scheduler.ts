import type { Clock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod, PodCondition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { isPodTerminal, podCondition } from '#shared/kube/pod.ts'
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { ClusterState, type Change } from './cluster-state.ts'
import type { PluginFactory } from './framework.ts'
import { FitError, NodePicker, type Placement } from './node-picker.ts'
import { NominatedPods } from './nominated-pods.ts'
import { isSamePlacement, podInfoOf, type PodInfo } from './pod-info.ts'
import { defaultPlugins } from './plugins/index.ts'
import { findPreemption, type Preemption } from './preemption.ts'
import { SchedulingQueue, type Pending, type Waiting } from './queue.ts'
import { endVictims } from './victims.ts'

export interface SchedulerOptions {
  client: Client
  clock: Clock
  log: Log
  /** Shared with the controllers; informers of its own when unset. */
  informers?: SharedInformers
  /** Kubernetes' default ones when unset. */
  plugins?: readonly PluginFactory[]
  /** Called after every attempt; for metrics. */
  observe?: (attempt: SchedulingAttempt) => void
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

export interface Scheduler {
  /** Pods that wait. */
  pending(): Pending
  /** Resolves when scheduling has begun. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** The name under which pods ask for this scheduler. */
const schedulerName = 'default-scheduler'
/** Most bindings in flight: enough for the store to batch them, few enough to leave the API server to others. */
const parallelBindings = 64
/** How long a binding waits for the pod's volumes, ms, before the pod is scheduled again. */
const volumePatience = 600_000
/** Longest scheduling run before the event loop serves other work, ms. */
const sliceMs = 4
/** `Scheduled` events are recorded once no pod was placed for this long, ms, or after `longestSilence`. */
const pauseMs = 100
const longestSilence = 2_000
/** What Kubernetes' DynamicResources says where no resource claim can be released for the pod. */
const noClaims = 'no new claims to deallocate'
/** How long the start waits for informers that only some pods need, ms. */
const lookupPatience = 250

/**
 * Finds a node for each pod that has none, and binds it there through the API.
 *
 * Choosing a node is synchronous and reads a cluster state that informer events and the scheduler's own decisions keep
 * up to date. Bindings run concurrently, while the pod is already counted on its node (assumed).
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { client, clock } = options
  const log = options.log.child({ part: 'scheduler' })
  const informers = options.informers ?? createSharedInformers({ client, clock, log })
  const podInformer = informers.share(pods)
  const nodeInformer = informers.share(nodes)
  const budgetInformer = informers.share(podDisruptionBudgets)
  const lookups = {
    namespaces: informers.share(namespaces),
    services: informers.share(services),
    replicaSets: informers.share(replicaSets),
    statefulSets: informers.share(statefulSets),
    replicationControllers: informers.share(replicationControllers),
    claims: informers.share(persistentVolumeClaims),
    volumes: informers.share(persistentVolumes),
    storageClasses: informers.share(storageClasses),
  }
  const recorder = createEventRecorder({ client, clock, log, component: schedulerName })
  const cluster = new ClusterState((namespace) => lookups.namespaces.get(namespace)?.metadata.labels)
  const plugins = (options.plugins ?? defaultPlugins).map((create) => create({ client, informers: lookups }))
  const nominated = new NominatedPods()
  const picker = new NodePicker({ plugins, cluster, nominated, random: options.random })
  const queue = new SchedulingQueue({ clock, onReady: wake })
  const stops = new StopStack()
  /** Bindings, including those that wait for volumes, and preemptions that are under way. */
  const underWay = new Set<Promise<void>>()
  /** Binding requests in flight. */
  let binding = 0
  /** Placed pods whose event is not recorded yet. */
  const placed: { pod: Stored<Pod>; node: string; at: number }[] = []
  let lastPlacement = 0
  let stopAnnouncing: Stop | undefined
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
    while (running && binding < parallelBindings && performance.now() < end) {
      const waiting = queue.take()
      if (!waiting) return
      scheduleOne(waiting)
    }
    // With all bindings in flight, the next one to end continues the loop.
    if (binding < parallelBindings) wake()
  }

  function scheduleOne(waiting: Waiting): void {
    const begun = performance.now()
    let placement: Placement
    try {
      placement = picker.pick(waiting.pod)
    } catch (error) {
      observe(waiting, error instanceof FitError ? 'unschedulable' : 'error', begun, performance.now())
      if (error instanceof FitError) refused(waiting, error)
      else failed(waiting, error)
      return
    }
    const chosen = performance.now()
    cluster.assume(waiting.pod, placement.node)
    releaseNomination(waiting.pod.key, placement.node.name)
    const work = bind(waiting, placement)
      .then(() => observe(waiting, 'scheduled', begun, chosen))
      .catch((error: unknown) => {
        observe(waiting, 'error', begun, chosen)
        notBound(waiting, error)
      })
      .finally(() => {
        underWay.delete(work)
        wake()
      })
    underWay.add(work)
  }

  function observe(
    { attempts, since }: Waiting,
    result: SchedulingAttempt['result'],
    begun: number,
    chosen: number,
  ): void {
    options.observe?.({
      result,
      choiceMs: chosen - begun,
      ms: performance.now() - begun,
      attempts,
      sinceCreationMs: clock.now() - since,
    })
  }

  async function bind(waiting: Waiting, { node, beforeBinding }: Placement): Promise<void> {
    const { pod } = waiting.pod
    const { namespace, name, uid } = pod.metadata
    for (const prepare of beforeBinding) await within(clock, volumePatience, prepare(node))
    binding++
    try {
      await client.post(pods, { namespace, name }, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node.name },
      })
    } finally {
      binding--
    }
    if (queue.get(waiting.pod.key) === waiting) queue.remove(waiting.pod.key)
    lastPlacement = clock.now()
    placed.push({ pod, node: node.name, at: lastPlacement })
    announceSoon()
  }

  function notBound(waiting: Waiting, error: unknown): void {
    for (const change of cluster.forget(waiting.pod)) queue.changed(change)
    // Deleted meanwhile, or bound by another client: the informer's event handles it.
    const current = podInformer.get(waiting.pod.key)
    if (isNotFound(error) || current?.metadata.uid !== waiting.pod.uid || current.spec?.nodeName) {
      if (queue.get(waiting.pod.key) === waiting) queue.remove(waiting.pod.key)
    } else {
      const node = current.status?.nominatedNodeName
      if (node) nominated.set(waiting.pod, node)
      failed(waiting, error)
    }
  }

  function refused(waiting: Waiting, error: FitError): void {
    const preemption = preemptionFor(waiting.pod, error)
    if (preemption && 'victims' in preemption) {
      nominated.set(waiting.pod, preemption.node.name)
      complain(waiting, 'Unschedulable', error.message, preemption.node.name)
      preempt(waiting, preemption.victims, preemption.node.name)
      return
    }
    queue.refuse(waiting, error.refusedBy)
    const message = preemption ? `${error.message} ${noClaims}, preemption: ${preemption.message}` : error.message
    complain(waiting, 'Unschedulable', message, preemption?.futile ? null : undefined)
    if (preemption?.futile) releaseNomination(waiting.pod.key)
  }

  function preemptionFor(pod: PodInfo, { failure }: FitError): Preemption | undefined {
    return (
      failure &&
      findPreemption(pod, failure, {
        cluster,
        nominated,
        budgets: () => budgetInformer.list(),
        now: clock.now(),
        random: options.random ?? Math.random,
      })
    )
  }

  /**
   * Ends the victims. The pod is tried again afterwards: until then its node is nominated, and it preempts nothing else.
   * Pods of a lower priority that wait for the node look for another one.
   */
  function preempt(waiting: Waiting, victims: readonly PodInfo[], nodeName: string): void {
    const preemptor = waiting.pod.pod
    const work = endVictims(
      { preemptor, victims: victims.map(({ pod }) => pod), nodeName },
      { client, recorder, clock, log },
    ).finally(() => {
      underWay.delete(work)
      if (running) queue.retryLater(waiting)
    })
    underWay.add(work)
    for (const { key, pod } of nominated.below(waiting.pod, nodeName)) {
      nominated.remove(key)
      writeStatus(pod, { nominatedNodeName: null })
      queue.activate(key)
    }
  }

  /** The pod needs no nomination any more: unless it has come to that node, others may take the room. */
  function releaseNomination(key: string, placedOn?: string): void {
    const nomination = nominated.remove(key)
    const node = nomination && cluster.node(nomination.nodeName)
    if (node && node.name !== placedOn) queue.changed({ type: 'pod-removed', node, pod: nomination.pod })
  }

  function failed(waiting: Waiting, error: unknown): void {
    if (!running) return
    log.warn('scheduling failed', { pod: waiting.pod.key, error: messageOf(error) })
    queue.retryLater(waiting)
    complain(waiting, 'SchedulerError', messageOf(error))
  }

  /** @param nominatedNodeName null clears it, undefined leaves it */
  function complain(
    { pod: { pod } }: Waiting,
    reason: string,
    message: string,
    nominatedNodeName?: string | null,
  ): void {
    recorder.event(withType(pods, pod), 'Warning', 'FailedScheduling', message)
    const present = podCondition(pod, 'PodScheduled')
    const isKnown = present?.status === 'False' && present.reason === reason && present.message === message
    const isNominated = (nominatedNodeName ?? undefined) === pod.status?.nominatedNodeName
    const nomination = nominatedNodeName === undefined || isNominated ? {} : { nominatedNodeName }
    if (isKnown && Object.keys(nomination).length === 0) return
    const update = { type: 'PodScheduled', status: 'False', reason, message }
    const now = timestamp(clock.now())
    const condition = { ...withTransitionTime<PodCondition>(pod.status?.conditions, update, now), lastProbeTime: null }
    writeStatus(pod, { conditions: [condition], ...nomination })
  }

  function writeStatus(pod: Stored<Pod>, status: object): void {
    const { namespace, name, uid } = pod.metadata
    client
      .patch(
        pods,
        { namespace, name },
        { type: 'strategic', body: { metadata: { uid }, status } },
        { subresource: 'status' },
      )
      .catch((error: unknown) => log.debug('status not written', { pod: keyOf(pod), error: messageOf(error) }))
  }

  /** Records `Scheduled` events once scheduling pauses. */
  function announceSoon(): void {
    stopAnnouncing ??= clock.after(pauseMs, () => {
      stopAnnouncing = undefined
      const now = clock.now()
      const [first] = placed
      if (!first) return
      if (now - lastPlacement < pauseMs && now - first.at < longestSilence) announceSoon()
      else announce()
    })
  }

  function announce(): void {
    for (const { pod, node } of placed.splice(0))
      recorder.event(
        withType(pods, pod),
        'Normal',
        'Scheduled',
        `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node}`,
      )
  }

  function podSeen(pod: Stored<Pod>, previous?: Pod): void {
    if (pod.spec?.nodeName) placedPodSeen(pod, pod.spec.nodeName, previous)
    else if (isOurs(pod)) waitingPodSeen(pod, previous)
    else waitingPodGone(keyOf(pod))
  }

  function waitingPodGone(key: string): void {
    queue.remove(key)
    releaseNomination(key)
  }

  function waitingPodSeen(pod: Stored<Pod>, previous: Pod | undefined): void {
    const info = podInfoOf(pod)
    nominated.seen(info, previous?.status?.nominatedNodeName)
    const known = queue.get(info.key)
    // The scheduler's own condition write comes back as an event: no reason for another attempt.
    if (known && previous && isSamePlacement(previous, pod)) queue.refresh(info)
    else queue.put(info, { held: plugins.some((plugin) => plugin.holdsBack?.(pod) !== undefined) })
  }

  function placedPodSeen(pod: Stored<Pod>, node: string, previous: Pod | undefined): void {
    const key = keyOf(pod)
    if (previous && isSamePlacement(previous, pod) && isPodTerminal(previous) === isPodTerminal(pod)) {
      cluster.refresh(key, pod)
      return
    }
    queue.remove(key)
    releaseNomination(key, node)
    // A finished pod uses nothing of its node.
    tell(isPodTerminal(pod) ? cluster.removePod(key) : cluster.setPod(podInfoOf(pod), node))
  }

  function podGone(pod: Stored<Pod>): void {
    const key = keyOf(pod)
    waitingPodGone(key)
    tell(cluster.removePod(key))
  }

  function tell(changes: readonly Change[]): void {
    for (const change of changes) queue.changed(change)
  }

  function watchAll(): void {
    stops.add(
      nodeInformer.onChange({
        added: (node) => tell(cluster.setNode(node)),
        updated: (_, node) => tell(cluster.setNode(node)),
        deleted: ({ metadata }) => cluster.removeNode(metadata.name),
      }),
    )
    stops.add(
      podInformer.onChange({
        added: (pod) => podSeen(pod),
        updated: (previous, pod) => podSeen(pod, previous),
        deleted: podGone,
      }),
    )
    stops.add(
      lookups.namespaces.onChange({
        updated(previous, { metadata }) {
          if (jsonEqual(previous.metadata.labels, metadata.labels)) return
          cluster.groups.forget()
          queue.changed({ type: 'namespaces' })
        },
      }),
    )
    const volumesChanged = (): void => queue.changed({ type: 'volumes' })
    for (const informer of [lookups.claims, lookups.volumes, lookups.storageClasses])
      stops.add(informer.onChange({ added: volumesChanged, updated: volumesChanged, deleted: volumesChanged }))
  }

  return {
    pending: () => queue.count(),
    async start() {
      // The other informers affect scores, or requeue the pods that were rejected for lack of an object.
      await Promise.all([podInformer.synced, nodeInformer.synced, lookups.namespaces.synced])
      const { services, replicaSets: sets, claims, volumes, storageClasses: classes } = lookups
      const patience = new Promise<void>((resolve) => stops.add(clock.after(lookupPatience, resolve)))
      const wanted = [services, sets, claims, volumes, classes, budgetInformer].map(({ synced }) => synced)
      await Promise.race([Promise.all(wanted), patience])
      if (stops.stopped) return
      running = true
      watchAll()
    },
    async stop() {
      running = false
      queue.stop()
      await stops.stop()
      for (const informer of [podInformer, nodeInformer, budgetInformer, ...Object.values(lookups)]) informer.stop()
      if (!options.informers) informers.stop()
      await Promise.all(underWay)
      await stopAnnouncing?.()
      announce()
      await recorder.flush()
    },
  }
}

const isOurs = (pod: Pod): boolean =>
  !isPodTerminal(pod) && !pod.metadata.deletionTimestamp && (pod.spec?.schedulerName ?? schedulerName) === schedulerName

async function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  let stop: Stop | undefined
  const timeout = new Promise<never>((_, reject) => {
    stop = clock.after(ms, () => reject(new Error('timed out waiting for the volumes of the pod')))
  })
  try {
    await Promise.race([work, timeout])
  } finally {
    await stop?.()
  }
}
