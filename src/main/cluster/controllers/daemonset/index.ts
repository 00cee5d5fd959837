import { refOf } from '#shared/client/client.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { Backoff } from '#shared/base/backoff.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isNamespaceTerminating, isNotFound, messageOf } from '#shared/kube/error-kinds.ts'
import type { DaemonSet, DaemonSetStatus, Node, Pod, PodSpec, Toleration } from '#shared/kube/generated/types.ts'
import { resolveCount } from '#shared/kube/int-or-string.ts'
import { selectsNode } from '#shared/kube/node-selection.ts'
import { isPodAvailable, isPodReady, isPodTerminal, readySince } from '#shared/kube/pod.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { claim, controllerOf, controllerReference, indexByController } from '#shared/reconcile/ownership.ts'
import { keepHistory, revisionHashLabel, trimHistory, type History } from '#shared/reconcile/revisions.ts'
import { slowStart } from '#shared/reconcile/slow-start.ts'

/** As many creations or deletions as one look at a DaemonSet may ask for. */
const burst = 250

/** A pod that fails over and over on a node is replaced after 1 s, 2 s, 4 s … up to 15 min. */
const failureDelays = { initial: 1000, max: 900_000 }

/** Runs one pod of a DaemonSet on every node that it fits. */
export function startDaemonSets(context: ControllerContext): Stop {
  const { client, clock } = context
  const log = context.log.child({ controller: 'daemonset' })
  const recorder = createEventRecorder({ client, clock, log, component: 'daemonset-controller' })
  const sets = context.informers.share(daemonSets)
  const podInformer = context.informers.share(pods)
  const nodeInformer = context.informers.share(nodes)
  const revisions = context.informers.share(controllerRevisions)
  indexByController(podInformer)
  indexByController(revisions)
  sets.addIndex('namespace', (set) => set.metadata.namespace)
  const failures = new Backoff(failureDelays)
  /** By set and node: when the next failed pod there may be replaced. */
  const replaceableAt = new Map<string, number>()

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.get(key)
    if (!set) return undefined
    const claimed = await claim({
      client,
      owner: set,
      ownerResource: daemonSets,
      resource: pods,
      informer: podInformer,
      selected: (pod) => selects(set.spec?.selector, pod.metadata.labels),
    })
    if (set.metadata.deletionTimestamp) return undefined
    const history = await keepHistory(client, revisions, {
      owner: set,
      resource: daemonSets,
      template: set.spec?.template,
      collisionCount: set.status?.collisionCount,
    })
    const plan = planOf(set, claimed, nodeInformer.list(), history.hash, clock.now())
    const heldBack = holdBackFailing(set, plan)
    const changed = await carryOut(set, plan, history.hash)
    // Pods have come or gone, which brings us back here: the status can wait for that.
    if (changed) return heldBack
    await trimHistory(client, history, set.spec?.revisionHistoryLimit ?? 10, hashesOf(claimed))
    await writeStatus(set, plan, history)
    return heldBack ?? nextAvailability(set, claimed)
  }

  /** Takes out of the plan what failed too soon after the last failure. @returns when to look at it again. */
  function holdBackFailing(set: DaemonSet, plan: Plan): Outcome {
    const now = clock.now()
    let wait = Infinity
    plan.remove = plan.remove.filter(({ pod, why }) => {
      if (why?.reason !== 'FailedDaemonPod') return true
      const key = `${set.metadata.uid ?? ''}/${pod.spec?.nodeName ?? ''}`
      const left = (replaceableAt.get(key) ?? 0) - now
      if (left > 0) wait = Math.min(wait, left)
      else replaceableAt.set(key, now + failures.next(key))
      return left <= 0
    })
    return wait === Infinity ? undefined : { requeueAfter: wait }
  }

  function forgetFailures({ metadata }: DaemonSet): void {
    for (const key of replaceableAt.keys()) {
      if (!key.startsWith(`${metadata.uid ?? ''}/`)) continue
      replaceableAt.delete(key)
      failures.forget(key)
    }
  }

  /** @returns whether anything was created or deleted. */
  async function carryOut(set: DaemonSet, { create, remove }: Plan, hash: string): Promise<boolean> {
    const victims = remove.slice(0, burst)
    const targets = create.slice(0, burst)
    const created: Pod[] = []
    const removing = Promise.all(victims.map((victim) => removePod(set, victim)))
    const { error } = await slowStart(targets.length, async (index) => {
      created.push(await createPod(set, targets[index] ?? '', hash))
    })
    await Promise.all([podInformer.caughtUp(...created), removing])
    if (error !== undefined && !isNamespaceTerminating(error)) throw error
    return created.length + victims.length > 0
  }

  async function createPod(set: DaemonSet, node: string, hash: string): Promise<Pod> {
    try {
      const pod = await client.create(pods, daemonPod(set, node, hash))
      say(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name ?? ''}`)
      return pod
    } catch (error) {
      if (!isNamespaceTerminating(error)) say(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  async function removePod(set: DaemonSet, { pod, why }: Removal): Promise<void> {
    const uid = pod.metadata.uid ?? ''
    if (why) say(set, why.type, why.reason, why.message)
    try {
      await client.delete(pods, refOf(pod), { preconditions: { uid } })
      say(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name ?? ''}`)
    } catch (error) {
      if (isNotFound(error) || isAnotherObject(error)) return
      say(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
      throw error
    }
    await podInformer.until(
      keyOf(pod),
      (seen) => seen?.metadata.uid !== uid || Boolean(seen?.metadata.deletionTimestamp),
    )
  }

  async function writeStatus(set: DaemonSet, plan: Plan, history: History): Promise<void> {
    const status = withoutZeros(statusOf(set, plan, history.hash, clock.now()), ...requiredCounts)
    if (jsonEqual(status, set.status)) return
    await sets.caughtUp(await client.updateStatus(daemonSets, { ...set, status }))
  }

  /** Time passes without an event: look again when the next ready pod has been so for minReadySeconds. */
  function nextAvailability(set: DaemonSet, claimed: readonly Pod[]): Outcome {
    const minReady = set.spec?.minReadySeconds ?? 0
    const waiting = claimed.filter((pod) => isPodReady(pod) && !isPodAvailable(pod, minReady, clock.now()))
    if (minReady === 0 || waiting.length === 0) return undefined
    const times = waiting.map((pod) => readySince(pod) + minReady * 1000 - clock.now())
    return { requeueAfter: Math.max(1, Math.min(...times)) }
  }

  function say(set: DaemonSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
    recorder.event({ ...set, apiVersion: 'apps/v1', kind: 'DaemonSet' }, type, reason, message)
  }

  function setsOf(pod: Pod): string[] {
    const controller = controllerOf(pod)
    if (controller) return controller.kind === 'DaemonSet' ? [`${pod.metadata.namespace ?? ''}/${controller.name}`] : []
    return sets
      .byIndex('namespace', pod.metadata.namespace ?? '')
      .filter((set) => selects(set.spec?.selector, pod.metadata.labels))
      .map(keyOf)
  }

  const forgetting = sets.onChange({ deleted: forgetFailures })
  const controller = runController({
    ...context,
    name: 'daemonset',
    reconcile,
    shares: [sets, podInformer, nodeInformer, revisions],
    workers: 8,
    watches: [
      watch(sets, keyOf),
      watch(podInformer, setsOf),
      watch(nodeInformer, () => sets.list().map(keyOf), changesFit),
    ],
  })

  return async () => {
    void forgetting()
    await controller.stop()
  }
}

/** Heartbeats change a node's status; where its pods may be depends on this alone. */
const changesFit = (previous: Node, node: Node): boolean =>
  !jsonEqual(previous.metadata.labels, node.metadata.labels) || !jsonEqual(previous.spec?.taints, node.spec?.taints)

/** Counts that are written even where they are 0. */
const requiredCounts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
] as const

interface Removal {
  pod: Pod
  why?: { type: 'Normal' | 'Warning'; reason: string; message: string }
}

/** What to do, and what the nodes look like that this comes from. */
interface Plan {
  create: string[]
  remove: Removal[]
  nodes: NodeState[]
}

interface NodeState {
  name: string
  shouldRun: boolean
  shouldStay: boolean
  pods: Pod[]
}

function planOf(set: DaemonSet, claimed: readonly Pod[], all: readonly Node[], hash: string, now: number): Plan {
  const byNode = groupByTarget(claimed)
  const spec = withTolerations(set.spec?.template?.spec)
  const states = all.map((node) => stateOf(node, spec, byNode.get(node.metadata.name ?? '') ?? []))
  const plan: Plan = { create: [], remove: [], nodes: states }
  for (const state of states) placeOn(set, state, hash, now, plan)
  const known = new Set(states.map(({ name }) => name))
  // Pods that wait for a node that is gone; those that ran there are the pod collector's.
  for (const [target, stranded] of byNode)
    if (!known.has(target))
      for (const pod of stranded) if (!pod.spec?.nodeName && isStaying(pod)) plan.remove.push({ pod })
  if ((set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate') rollOver(set, hash, now, plan)
  return plan
}

/** By the node that each pod is on, or is made for. */
function groupByTarget(claimed: readonly Pod[]): Map<string, Pod[]> {
  const groups = new Map<string, Pod[]>()
  for (const pod of claimed) {
    const target = pod.spec?.nodeName ?? targetOf(pod)
    if (!target) continue
    const group = groups.get(target)
    if (group) group.push(pod)
    else groups.set(target, [pod])
  }
  return groups
}

const targetOf = ({ spec }: Pod): string | undefined =>
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
    .flatMap(({ matchFields }) => matchFields ?? [])
    .find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values?.[0]

/** What the scheduler would say, resources aside: the pod waits on its node for those. */
function stateOf(node: Node, spec: PodSpec, present: Pod[]): NodeState {
  const name = node.metadata.name ?? ''
  const fits = (!spec.nodeName || spec.nodeName === name) && selectsNode(spec, node)
  const { taints } = node.spec ?? {}
  return {
    name,
    pods: present,
    shouldRun: fits && !untolerated(taints, spec.tolerations, ['NoSchedule', 'NoExecute']),
    shouldStay: fits && !untolerated(taints, spec.tolerations, ['NoExecute']),
  }
}

/** One pod for a node that should have one, none for others; finished pods make room for the next. */
function placeOn(
  set: DaemonSet,
  { name, shouldRun, shouldStay, pods: present }: NodeState,
  hash: string,
  now: number,
  plan: Plan,
): void {
  if (!shouldStay) {
    plan.remove.push(...present.filter(isStaying).map((pod) => ({ pod })))
    return
  }
  if (present.length === 0) {
    if (shouldRun) plan.create.push(name)
    return
  }
  const running: Pod[] = []
  for (const pod of present) {
    if (!isStaying(pod)) continue
    if (isPodTerminal(pod)) plan.remove.push({ pod, why: whyFinished(pod, name) })
    else running.push(pod)
  }
  plan.remove.push(...surplusOf(set, running, hash, now).map((pod) => ({ pod })))
}

function whyFinished(pod: Pod, node: string): Removal['why'] {
  const failed = pod.status?.phase === 'Failed'
  const [adjective, verb] = failed ? ['failed', 'kill'] : ['succeeded', 'delete']
  return {
    type: failed ? 'Warning' : 'Normal',
    reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
    message: `Found ${adjective ?? ''} daemon pod ${keyOf(pod)} on node ${node}, will try to ${verb ?? ''} it`,
  }
}

/** The oldest pod stays; under a surge an old one and its successor may be there together until the latter is ready. */
function surplusOf(set: DaemonSet, running: readonly Pod[], hash: string, now: number): Pod[] {
  if (running.length <= 1) return []
  const byAge = [...running].sort(
    (a, b) =>
      Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName)) ||
      ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1),
  )
  if (maxSurgeOf(set, 1) === 0) return byAge.slice(1)
  const [newest, ...otherNew] = byAge.filter((pod) => isOf(pod, hash)).reverse()
  const [oldest, ...otherOld] = byAge.filter((pod) => !isOf(pod, hash))
  const done = newest && oldest && isAvailable(set, newest, now) ? [oldest] : []
  return [...otherNew, ...otherOld, ...done]
}

/** Replaces pods of old templates, as many at a time as may be missing, or may be doubled under a surge. */
function rollOver(set: DaemonSet, hash: string, now: number, plan: Plan): void {
  const states = plan.nodes.filter(({ shouldStay }) => shouldStay)
  const desired = plan.nodes.filter(({ shouldRun }) => shouldRun).length
  const surge = maxSurgeOf(set, desired)
  const unavailable = resolveCount(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, 'up')
  if (surge > 0) surgeOver(set, states, hash, now, surge, plan)
  else deleteOver(set, states, hash, now, unavailable, plan)
}

function deleteOver(
  set: DaemonSet,
  states: readonly NodeState[],
  hash: string,
  now: number,
  maxUnavailable: number,
  plan: Plan,
): void {
  let missing = 0
  const broken: Pod[] = []
  const healthy: Pod[] = []
  for (const { pods: present } of states) {
    const staying = present.filter((pod) => isStaying(pod) && !isPodTerminal(pod))
    const [only] = staying
    if (!only || staying.length > 1) missing++
    else if (isOf(only, hash)) missing += isAvailable(set, only, now) ? 0 : 1
    else if (isAvailable(set, only, now)) healthy.push(only)
    else {
      broken.push(only)
      missing++
    }
  }
  // What is not available costs nothing to replace.
  const spare = Math.max(0, maxUnavailable - missing)
  plan.remove.push(...[...broken, ...healthy.slice(0, spare)].map((pod) => ({ pod })))
}

function surgeOver(
  set: DaemonSet,
  states: readonly NodeState[],
  hash: string,
  now: number,
  maxSurge: number,
  plan: Plan,
): void {
  let doubled = 0
  const broken: string[] = []
  const healthy: string[] = []
  for (const { name, shouldRun, pods: present } of states) {
    const staying = present.filter((pod) => isStaying(pod) && !isPodTerminal(pod))
    const old = staying.find((pod) => !isOf(pod, hash))
    const successor = staying.find((pod) => isOf(pod, hash))
    if (!old || !shouldRun) continue
    if (successor) doubled++
    else if (isAvailable(set, old, now)) healthy.push(name)
    else broken.push(name)
  }
  plan.create.push(...broken, ...healthy.slice(0, Math.max(0, maxSurge - doubled)))
}

const maxSurgeOf = ({ spec }: DaemonSet, desired: number): number =>
  spec?.updateStrategy?.type === 'OnDelete'
    ? 0
    : resolveCount(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, desired, 'up')

const isStaying = ({ metadata }: Pod): boolean => !metadata.deletionTimestamp

const isOf = ({ metadata }: Pod, hash: string): boolean => metadata.labels?.[revisionHashLabel] === hash

const isAvailable = (set: DaemonSet, pod: Pod, now: number): boolean =>
  isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now)

const hashesOf = (claimed: readonly Pod[]): Set<string> =>
  new Set(claimed.map(({ metadata }) => metadata.labels?.[revisionHashLabel] ?? ''))

/** Pinned to its node by a field that only the scheduler's affinity can match; it is scheduled like any other pod. */
function daemonPod(set: DaemonSet, node: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec?.template, set, controllerReference(set, daemonSets))
  const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation']
  pod.metadata.labels = {
    ...pod.metadata.labels,
    [revisionHashLabel]: hash,
    ...(generation ? { 'pod-template-generation': generation } : {}),
  }
  const spec = withTolerations(pod.spec)
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }
  return {
    ...pod,
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...spec.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
        },
      },
    },
  }
}

/** Daemons outlive what drives other pods off a node: they often are what brings it back. */
function withTolerations(spec: PodSpec | undefined): PodSpec {
  const standard: [key: string, effect: string][] = [
    ['node.kubernetes.io/not-ready', 'NoExecute'],
    ['node.kubernetes.io/unreachable', 'NoExecute'],
    ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
    ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
    ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
    ['node.kubernetes.io/unschedulable', 'NoSchedule'],
  ]
  if (spec?.hostNetwork) standard.push(['node.kubernetes.io/network-unavailable', 'NoSchedule'])
  const present = spec?.tolerations ?? []
  const isThere = (added: Toleration): boolean => present.some((toleration) => jsonEqual(toleration, added))
  const added = standard.map(([key, effect]): Toleration => ({ key, operator: 'Exists', effect }))
  return { containers: [], ...spec, tolerations: [...present, ...added.filter((toleration) => !isThere(toleration))] }
}

function statusOf(set: DaemonSet, { nodes: states }: Plan, hash: string, now: number): DaemonSetStatus {
  const wanted = states.filter(({ shouldRun }) => shouldRun)
  // On each node the oldest pod counts, or of those that are ready one that is.
  const chosen = wanted
    .map(({ pods: present }) => present.find(isPodReady) ?? present[0])
    .filter((pod) => pod !== undefined)
  const available = chosen.filter((pod) => isStaying(pod) && isAvailable(set, pod, now)).length
  const { collisionCount } = set.status ?? {}
  return {
    currentNumberScheduled: chosen.length,
    numberMisscheduled: states.filter(({ shouldRun, pods: present }) => !shouldRun && present.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: chosen.filter(isPodReady).length,
    observedGeneration: set.metadata.generation,
    updatedNumberScheduled: wanted.filter(({ pods: present }) => present.some((pod) => isOf(pod, hash))).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
}
