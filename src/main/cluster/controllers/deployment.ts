import { refOf } from '#shared/client/client.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAlreadyExists, isNotFound, messageOf } from '#shared/kube/error-kinds.ts'
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
} from '#shared/kube/generated/types.ts'
import { resolveCount } from '#shared/kube/int-or-string.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { templateHash } from '#shared/kube/pod-template.ts'
import { deployments, pods, replicaSets } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import {
  claim,
  controllerOf,
  controllerReference,
  dependentsOf,
  indexByController,
} from '#shared/reconcile/ownership.ts'

const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
const maxAnnotation = 'deployment.kubernetes.io/max-replicas'
const hashLabel = 'pod-template-hash'

/** What belongs to a Deployment or to one of its ReplicaSets alone; all other annotations are passed down. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
])

/** Rolls the pods of a Deployment from one template to the next by scaling ReplicaSets, one per template. */
export function startDeployments(context: ControllerContext): Stop {
  const { client, clock } = context
  const log = context.log.child({ controller: 'deployment' })
  const recorder = createEventRecorder({ client, clock, log, component: 'deployment-controller' })
  const deploymentInformer = context.informers.share(deployments)
  const sets = context.informers.share(replicaSets)
  const podInformer = context.informers.share(pods)
  indexByController(sets)
  indexByController(podInformer)
  deploymentInformer.addIndex('namespace', (deployment) => deployment.metadata.namespace)

  async function reconcile(key: string): Promise<Outcome> {
    const deployment = deploymentInformer.get(key)
    if (!deployment) return undefined
    const owned = await claim({
      client,
      owner: deployment,
      ownerResource: deployments,
      resource: replicaSets,
      informer: sets,
      selected: (set) => selects(deployment.spec?.selector, set.metadata.labels),
    })
    const rollout = new Rollout(deployment, owned)
    if (!deployment.metadata.deletionTimestamp) await advance(rollout)
    return writeStatus(rollout)
  }

  /** One step towards the spec: what else is to do follows from the events that this step causes. */
  async function advance(rollout: Rollout): Promise<void> {
    if (rollout.paused || rollout.wasResized()) {
      if (rollout.current) await keepRevision(rollout)
      await scaleInProportion(rollout)
      if (rollout.paused) await forgetHistory(rollout)
    } else if (rollout.deployment.spec?.strategy?.type === 'Recreate') await recreate(rollout)
    else await rollOver(rollout)
  }

  async function rollOver(rollout: Rollout): Promise<void> {
    await ensureCurrent(rollout)
    if (await growCurrent(rollout)) return
    if (await shrinkOld(rollout)) return
    if (rollout.isComplete(statusOf(rollout))) await forgetHistory(rollout)
  }

  /** Recreate: nothing new before everything old is gone, down to the last terminating pod. */
  async function recreate(rollout: Rollout): Promise<void> {
    const active = rollout.old.filter((set) => replicasOf(set) > 0)
    if (active.length > 0) {
      await Promise.all(active.map((set) => scale(rollout, set, 0)))
      return
    }
    if (hasOldPods(rollout)) return
    const current = await ensureCurrent(rollout)
    if (current) await scale(rollout, current, rollout.replicas)
    if (rollout.isComplete(statusOf(rollout))) await forgetHistory(rollout)
  }

  const hasOldPods = ({ old }: Rollout): boolean =>
    old.some(
      (set) => (set.status?.replicas ?? 0) > 0 || dependentsOf(podInformer, set).some((pod) => !isPodTerminal(pod)),
    )

  /** The ReplicaSet of the present template: found, or made with as many replicas as the surge allows. */
  async function ensureCurrent(rollout: Rollout): Promise<ReplicaSet | undefined> {
    if (rollout.current) return keepRevision(rollout)
    const wanted = newReplicaSet(rollout)
    try {
      const created = await client.create(replicaSets, wanted)
      await sets.caughtUp(created)
      rollout.adopt(created)
      if (replicasOf(created) > 0) say(rollout, 'Normal', scaled('up', created, 0, replicasOf(created)))
      rollout.progress('NewReplicaSetCreated', `Created new replica set "${created.metadata.name ?? ''}"`)
    } catch (error) {
      if (isAlreadyExists(error)) await resolveCollision(rollout, wanted)
      else {
        rollout.fail(wanted, error)
        await writeStatus(rollout)
        throw error
      }
    }
    await annotateRevision(rollout)
    return rollout.current
  }

  /** The name is taken: by our own creation that the cache does not show yet, or by a hash that happens to be equal. */
  async function resolveCollision(rollout: Rollout, wanted: ReplicaSet): Promise<void> {
    const { deployment } = rollout
    const live = await client.get(replicaSets, refOf(wanted))
    const ours = controllerOf(live)?.uid === deployment.metadata.uid
    if (ours && sameTemplate(live.spec?.template, deployment.spec?.template)) {
      rollout.adopt(live)
      return
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
    await client.updateStatus(deployments, { ...deployment, status: { ...deployment.status, collisionCount } })
    throw new Error(`hash collision for deployment ${keyOf(deployment)}, trying again with another hash`)
  }

  /** An old template come back is the newest revision: its ReplicaSet is renumbered and its annotations follow. */
  async function keepRevision(rollout: Rollout): Promise<ReplicaSet | undefined> {
    const { current } = rollout
    if (!current) return undefined
    const annotations = rollout.annotationsFor(current)
    const minReadySeconds = rollout.deployment.spec?.minReadySeconds ?? 0
    const unchanged =
      jsonEqual(annotations, current.metadata.annotations ?? {}) &&
      (current.spec?.minReadySeconds ?? 0) === minReadySeconds
    if (!unchanged) {
      await writeSet(rollout, {
        ...current,
        metadata: { ...current.metadata, annotations },
        spec: { ...current.spec, selector: current.spec?.selector ?? {}, minReadySeconds },
      })
    }
    if (!rollout.condition('Progressing'))
      rollout.progress('FoundNewReplicaSet', `Found new replica set "${current.metadata.name ?? ''}"`)
    await annotateRevision(rollout)
    return rollout.current
  }

  async function annotateRevision(rollout: Rollout): Promise<void> {
    const revision = rollout.current?.metadata.annotations?.[revisionAnnotation]
    const { deployment } = rollout
    if (!revision || deployment.metadata.annotations?.[revisionAnnotation] === revision) return
    rollout.deployment = await client.patch(deployments, refOf(deployment), {
      type: 'merge',
      body: { metadata: { annotations: { [revisionAnnotation]: revision } } },
    })
    await deploymentInformer.caughtUp(rollout.deployment)
  }

  async function growCurrent(rollout: Rollout): Promise<boolean> {
    const { current } = rollout
    if (!current) return false
    return scale(rollout, current, Math.min(rollout.replicas, replicasOf(current) + rollout.room(current)))
  }

  /** Takes away what is unhealthy first, then what the available new pods make up for. */
  async function shrinkOld(rollout: Rollout): Promise<boolean> {
    const { current } = rollout
    if (!current || total(rollout.old) === 0) return false
    const floor = rollout.replicas - rollout.maxUnavailable
    const newNotAvailable = replicasOf(current) - (current.status?.availableReplicas ?? 0)
    const spare = total(rollout.all) - floor - newNotAvailable
    if (spare <= 0) return false

    const sizes = new Map(rollout.old.map((set) => [set, replicasOf(set)]))
    takeAway(sizes, spare, (set) => replicasOf(set) - (set.status?.availableReplicas ?? 0))
    const available = rollout.all.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0)
    takeAway(sizes, available - floor, (set) => sizes.get(set) ?? 0)
    const changes = await Promise.all([...sizes].map(([set, size]) => scale(rollout, set, size)))
    return changes.includes(true)
  }

  /**
   * The Deployment was resized while ReplicaSets of several templates are alive, or while it is paused: each keeps its
   * share of the whole, the remainder going to the largest.
   */
  async function scaleInProportion(rollout: Rollout): Promise<void> {
    const only = rollout.activeOrLatest()
    if (only) {
      await scale(rollout, only, rollout.replicas)
      return
    }
    if (rollout.isSaturated()) {
      await Promise.all(rollout.old.map((set) => scale(rollout, set, 0)))
      return
    }
    if (rollout.deployment.spec?.strategy?.type === 'Recreate') return
    const sizes = rollout.proportions()
    await Promise.all([...sizes].map(([set, size]) => scale(rollout, set, size)))
  }

  /** @returns whether the size changed. */
  async function scale(rollout: Rollout, set: ReplicaSet, size: number): Promise<boolean> {
    const before = replicasOf(set)
    const annotations = { ...set.metadata.annotations, ...rollout.sizeAnnotations() }
    if (before === size && jsonEqual(annotations, set.metadata.annotations)) return false
    await writeSet(rollout, {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, selector: set.spec?.selector ?? {}, replicas: size },
    })
    if (before === size) return false
    say(rollout, 'Normal', scaled(size > before ? 'up' : 'down', set, before, size))
    return true
  }

  async function writeSet(rollout: Rollout, set: ReplicaSet): Promise<void> {
    const written = await client.update(replicaSets, set)
    await sets.caughtUp(written)
    rollout.replace(written)
  }

  /** Deletes the oldest empty ReplicaSets beyond revisionHistoryLimit. */
  async function forgetHistory({ deployment, old }: Rollout): Promise<void> {
    const alive = old.filter((set) => !set.metadata.deletionTimestamp)
    const excess = alive.length - (deployment.spec?.revisionHistoryLimit ?? 10)
    if (excess <= 0) return
    const oldest = alive.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, excess)
    await Promise.all(
      oldest.filter(isEmptyAndObserved).map((set) =>
        client
          .delete(replicaSets, refOf(set), { preconditions: { uid: set.metadata.uid ?? '' } })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error
          }),
      ),
    )
  }

  async function writeStatus(rollout: Rollout): Promise<Outcome> {
    const status = withoutZeros(rollout.judge(statusOf(rollout), clock.now()), 'terminatingReplicas')
    const { deployment } = rollout
    if (!jsonEqual(status, deployment.status))
      await deploymentInformer.caughtUp(await client.updateStatus(deployments, { ...deployment, status }))
    return rollout.nextDeadline(status, clock.now())
  }

  function say({ deployment }: Rollout, type: 'Normal' | 'Warning', message: string): void {
    recorder.event({ ...deployment, apiVersion: 'apps/v1', kind: 'Deployment' }, type, 'ScalingReplicaSet', message)
  }

  /** The Deployment that controls the ReplicaSet, or those that might adopt it. */
  function deploymentsOf(set: ReplicaSet): string[] {
    const controller = controllerOf(set)
    if (controller)
      return controller.kind === 'Deployment' ? [`${set.metadata.namespace ?? ''}/${controller.name}`] : []
    return deploymentInformer
      .byIndex('namespace', set.metadata.namespace ?? '')
      .filter((deployment) => selects(deployment.spec?.selector, set.metadata.labels))
      .map(keyOf)
  }

  /** Pods matter to Recreate alone, which waits for the last of the old ones. */
  function recreatedDeployment(pod: Pod): string[] {
    const controller = controllerOf(pod)
    const set = controller && sets.get(`${pod.metadata.namespace ?? ''}/${controller.name}`)
    if (!set) return []
    return deploymentsOf(set).filter((key) => deploymentInformer.get(key)?.spec?.strategy?.type === 'Recreate')
  }

  const controller = runController({
    ...context,
    name: 'deployment',
    reconcile,
    shares: [deploymentInformer, sets, podInformer],
    workers: 16,
    watches: [
      watch(deploymentInformer, keyOf),
      watch(sets, deploymentsOf),
      watch(podInformer, recreatedDeployment, (previous, pod) => previous.status?.phase !== pod.status?.phase),
    ],
  })

  return () => controller.stop()
}

const scaled = (direction: 'up' | 'down', set: ReplicaSet, from: number, to: number): string =>
  `Scaled ${direction} replica set ${set.metadata.name ?? ''} from ${from} to ${to}`

/** A ReplicaSet for the present template, as large as the bounds of the roll-over allow from the start. */
function newReplicaSet(rollout: Rollout): ReplicaSet {
  const { deployment } = rollout
  const { template, selector, minReadySeconds } = deployment.spec ?? {}
  const hash = templateHash(template, deployment.status?.collisionCount)
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash }
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name ?? ''}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      ownerReferences: [controllerReference(deployment, deployments)],
    },
    spec: {
      replicas: 0,
      minReadySeconds: minReadySeconds ?? 0,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  }
  set.metadata.annotations = { ...rollout.annotationsFor(set), ...rollout.sizeAnnotations() }
  const isRecreate = deployment.spec?.strategy?.type === 'Recreate'
  const size = isRecreate ? rollout.replicas : Math.min(rollout.replicas, rollout.room(set))
  return { ...set, spec: { ...set.spec, selector: set.spec?.selector ?? {}, replicas: size } }
}

/** One look at a Deployment and its ReplicaSets; kept up to date with what this look writes. */
class Rollout {
  deployment: Deployment
  current: ReplicaSet | undefined
  /** Oldest first. */
  old: ReplicaSet[]
  #conditions: DeploymentCondition[] | undefined
  /** What this look has to say of its progress. */
  #pending: { status: string; reason: string; message: string } | undefined
  readonly #maxOldRevision: number

  constructor(deployment: Deployment, sets: readonly ReplicaSet[]) {
    this.deployment = deployment
    const byAge = [...sets].sort(compareAges)
    // The oldest of equal templates, so that every look agrees on which it is.
    this.current = byAge.find((set) => sameTemplate(set.spec?.template, deployment.spec?.template))
    this.old = byAge.filter((set) => set !== this.current)
    this.#maxOldRevision = Math.max(0, ...this.old.map(revisionOf))
  }

  get replicas(): number {
    return this.deployment.spec?.replicas ?? 1
  }

  get paused(): boolean {
    return this.deployment.spec?.paused ?? false
  }

  get all(): ReplicaSet[] {
    return this.current ? [...this.old, this.current] : this.old
  }

  get maxSurge(): number {
    return this.#bounds().surge
  }

  get maxUnavailable(): number {
    return this.replicas === 0 ? 0 : Math.min(this.#bounds().unavailable, this.replicas)
  }

  /** Surge rounds up, unavailability down; where both come to nothing, one may be unavailable or no step were possible. */
  #bounds(): { surge: number; unavailable: number } {
    const strategy = this.deployment.spec?.strategy
    if (strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 }
    const surge = resolveCount(strategy?.rollingUpdate?.maxSurge ?? '25%', this.replicas, 'up')
    const unavailable = resolveCount(strategy?.rollingUpdate?.maxUnavailable ?? '25%', this.replicas, 'down')
    return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
  }

  /** How many pods more may exist for the ReplicaSet to grow; less than nothing where it is too large itself. */
  room(set: ReplicaSet): number {
    if (replicasOf(set) > this.replicas) return this.replicas - replicasOf(set)
    return Math.max(0, this.replicas + this.maxSurge - total(this.all))
  }

  adopt(set: ReplicaSet): void {
    this.current = set
  }

  /** Takes the written state of a ReplicaSet for its cached one. */
  replace(set: ReplicaSet): void {
    if (this.current?.metadata.uid === set.metadata.uid) this.current = set
    else this.old = this.old.map((other) => (other.metadata.uid === set.metadata.uid ? set : other))
  }

  /** Whether spec.replicas has changed since the ReplicaSets were sized. */
  wasResized(): boolean {
    return this.all.some((set) => {
      const desired = set.metadata.annotations?.[desiredAnnotation]
      return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== this.replicas
    })
  }

  activeOrLatest(): ReplicaSet | undefined {
    const active = this.all.filter((set) => replicasOf(set) > 0)
    if (active.length > 1) return undefined
    return active[0] ?? this.current ?? this.old.at(-1)
  }

  isSaturated(): boolean {
    const { current } = this
    return (
      current !== undefined &&
      replicasOf(current) === this.replicas &&
      current.metadata.annotations?.[desiredAnnotation] === String(this.replicas) &&
      current.status?.availableReplicas === this.replicas
    )
  }

  proportions(): Map<ReplicaSet, number> {
    const active = this.all.filter((set) => replicasOf(set) > 0)
    const allowed = this.replicas > 0 ? this.replicas + this.maxSurge : 0
    const toAdd = allowed - total(active)
    // Growing favours the newer of equally large sets, shrinking takes from the older.
    active.sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? compareAges(b, a) : compareAges(a, b)))
    const sizes = new Map<ReplicaSet, number>()
    let added = 0
    for (const set of active) {
      const left = toAdd - added
      const share = this.#share(set)
      const change = toAdd > 0 ? Math.min(share, left) : toAdd < 0 ? Math.max(share, left) : 0
      sizes.set(set, replicasOf(set) + change)
      added += change
    }
    const largest = active[0]
    if (largest) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added))
    return sizes
  }

  /** By how much a ReplicaSet grows when the whole grows, by the size it was cut to. */
  #share(set: ReplicaSet): number {
    if (this.replicas === 0) return -replicasOf(set)
    const before = Number(set.metadata.annotations?.[maxAnnotation] ?? this.deployment.status?.replicas ?? 0)
    if (before === 0) return 0
    return Math.round((replicasOf(set) * (this.replicas + this.maxSurge)) / before) - replicasOf(set)
  }

  sizeAnnotations(): Record<string, string> {
    return { [desiredAnnotation]: String(this.replicas), [maxAnnotation]: String(this.replicas + this.maxSurge) }
  }

  /** Annotations of the present template's ReplicaSet: the Deployment's, its revision, and the revisions it had before. */
  annotationsFor(set: ReplicaSet): Record<string, string> {
    const annotations = { ...set.metadata.annotations }
    for (const [name, value] of Object.entries(this.deployment.metadata.annotations ?? {}))
      if (!ownAnnotations.has(name)) annotations[name] = value
    const before = revisionOf(set)
    const revision = this.#maxOldRevision + 1
    if (before >= revision) return annotations
    annotations[revisionAnnotation] = String(revision)
    if (before > 0) {
      const history = annotations[historyAnnotation]
      annotations[historyAnnotation] = history ? `${history},${before}` : String(before)
    }
    return annotations
  }

  condition(type: string): DeploymentCondition | undefined {
    return (this.#conditions ?? this.deployment.status?.conditions)?.find((condition) => condition.type === type)
  }

  isComplete(status: DeploymentStatus): boolean {
    return (
      (status.updatedReplicas ?? 0) === this.replicas &&
      (status.replicas ?? 0) === this.replicas &&
      (status.availableReplicas ?? 0) === this.replicas
    )
  }

  /** A condition `Progressing` to write with the status. */
  progress(reason: string, message: string): void {
    this.#pending = { status: 'True', reason, message }
  }

  fail(set: ReplicaSet, error: unknown): void {
    const message = `Failed to create new replica set "${set.metadata.name ?? ''}": ${messageOf(error)}`
    this.#pending = { status: 'False', reason: 'ReplicaSetCreateError', message }
  }

  /** Adds to `status` the conditions: available, progressing, failing. */
  judge(status: DeploymentStatus, now: number): DeploymentStatus {
    const conditions = new Conditions(this.deployment.status?.conditions ?? [], now)
    this.#judgeAvailability(conditions, status)
    this.#judgeProgress(conditions, status, now)
    this.#judgeFailure(conditions)
    this.#conditions = conditions.list()
    return { ...status, conditions: this.#conditions }
  }

  #judgeAvailability(conditions: Conditions, status: DeploymentStatus): void {
    if ((status.availableReplicas ?? 0) >= this.replicas - this.maxUnavailable)
      conditions.set('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    else
      conditions.set(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
      )
  }

  #judgeProgress(conditions: Conditions, status: DeploymentStatus, now: number): void {
    if (!this.#hasDeadline()) {
      conditions.remove('Progressing')
      return
    }
    if (this.#pending) conditions.set('Progressing', this.#pending.status, this.#pending.reason, this.#pending.message)
    const present = conditions.get('Progressing')
    if (this.paused) {
      if (present?.reason !== 'ProgressDeadlineExceeded')
        conditions.set('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused')
      return
    }
    if (present?.reason === 'DeploymentPaused') {
      conditions.set('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed')
    }
    const finished = status.replicas === status.updatedReplicas && present?.reason === 'NewReplicaSetAvailable'
    if (finished || this.deployment.metadata.deletionTimestamp) return
    const name = this.current
      ? `ReplicaSet "${this.current.metadata.name ?? ''}"`
      : `Deployment "${this.deployment.metadata.name ?? ''}"`
    if (this.isComplete(status))
      conditions.set('Progressing', 'True', 'NewReplicaSetAvailable', `${name} has successfully progressed.`)
    else if (this.#hasMoved(status))
      conditions.refresh('Progressing', 'True', 'ReplicaSetUpdated', `${name} is progressing.`)
    else if (this.#isOverdue(conditions.get('Progressing'), now))
      conditions.set('Progressing', 'False', 'ProgressDeadlineExceeded', `${name} has timed out progressing.`)
  }

  #judgeFailure(conditions: Conditions): void {
    const failures = (this.current ? [this.current, ...this.old] : this.old).flatMap(
      (set) =>
        set.status?.conditions?.filter(({ type, status }) => type === 'ReplicaFailure' && status === 'True') ?? [],
    )
    const failure = failures[0]
    if (failure) conditions.set('ReplicaFailure', failure.status, failure.reason ?? '', failure.message ?? '')
    else conditions.remove('ReplicaFailure')
  }

  #hasDeadline(): boolean {
    const deadline = this.deployment.spec?.progressDeadlineSeconds
    return deadline !== undefined && deadline < 2 ** 31 - 1
  }

  #hasMoved(status: DeploymentStatus): boolean {
    const before = this.deployment.status ?? {}
    const oldPods = (of: DeploymentStatus): number => (of.replicas ?? 0) - (of.updatedReplicas ?? 0)
    return (
      (status.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
      oldPods(status) < oldPods(before) ||
      (status.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
      (status.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
    )
  }

  #isOverdue(condition: DeploymentCondition | undefined, now: number): boolean {
    if (!condition || condition.reason === 'NewReplicaSetAvailable') return false
    return condition.reason === 'ProgressDeadlineExceeded' || this.#deadlineOf(condition) <= now
  }

  #deadlineOf(condition: DeploymentCondition): number {
    const since = Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '') || 0
    return since + (this.deployment.spec?.progressDeadlineSeconds ?? 0) * 1000
  }

  /** A rollout that is stuck makes no events: look again when its deadline passes. */
  nextDeadline(status: DeploymentStatus, now: number): Outcome {
    const condition = this.condition('Progressing')
    const settled = ['NewReplicaSetAvailable', 'ProgressDeadlineExceeded', 'DeploymentPaused']
    if (!this.#hasDeadline() || !condition || settled.includes(condition.reason ?? '')) return undefined
    if (this.isComplete(status)) return undefined
    return { requeueAfter: Math.max(1000, this.#deadlineOf(condition) - now + 1000) }
  }
}

/** Conditions under Kubernetes' rule: the same status and reason is no change, the same status no transition. */
class Conditions {
  #list: DeploymentCondition[]
  readonly #now: string

  constructor(list: readonly DeploymentCondition[], now: number) {
    this.#list = [...list]
    this.#now = timestamp(now)
  }

  list(): DeploymentCondition[] {
    return this.#list
  }

  get(type: string): DeploymentCondition | undefined {
    return this.#list.find((condition) => condition.type === type)
  }

  set(type: string, status: string, reason: string, message: string): void {
    const present = this.get(type)
    if (present?.status === status && present.reason === reason) return
    this.refresh(type, status, reason, message)
  }

  /** As `set`, with the time of update renewed even where nothing else changes. */
  refresh(type: string, status: string, reason: string, message: string): void {
    const present = this.get(type)
    const lastTransitionTime = present?.status === status ? present.lastTransitionTime : this.#now
    this.remove(type)
    this.#list.push({ type, status, reason, message, lastUpdateTime: this.#now, lastTransitionTime })
  }

  remove(type: string): void {
    this.#list = this.#list.filter((condition) => condition.type !== type)
  }
}

function statusOf({ deployment, current, all }: Rollout): DeploymentStatus {
  const sum = (field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas'): number =>
    all.reduce((result, set) => result + (set.status?.[field] ?? 0), 0)
  const { collisionCount } = deployment.status ?? {}
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sum('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum('readyReplicas'),
    availableReplicas: sum('availableReplicas'),
    unavailableReplicas: Math.max(0, total(all) - sum('availableReplicas')),
    terminatingReplicas: sum('terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: deployment.status?.conditions,
  }
}

/** Takes up to `amount` from `sizes` in their order, at most `most(set)` from each. */
function takeAway(sizes: Map<ReplicaSet, number>, amount: number, most: (set: ReplicaSet) => number): void {
  let left = amount
  for (const [set, size] of sizes) {
    const taken = Math.max(0, Math.min(left, size, most(set)))
    sizes.set(set, size - taken)
    left -= taken
  }
}

const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 1

const total = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0)

const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0)

const compareAges = (a: ReplicaSet, b: ReplicaSet): number =>
  Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '') ||
  (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')

const isEmptyAndObserved = ({ metadata, spec, status }: ReplicaSet): boolean =>
  (status?.replicas ?? 0) === 0 &&
  (spec?.replicas ?? 0) === 0 &&
  (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

/** Whether two templates make the same pods: the label that tells ReplicaSets apart does not count. */
function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return jsonEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {}
  return { ...template, metadata: { ...template?.metadata, labels } }
}
