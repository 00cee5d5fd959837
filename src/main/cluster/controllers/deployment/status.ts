import { findCondition, setCondition, withoutCondition, type ConditionUpdate } from '#shared/kube/conditions.ts'
import type { DeploymentCondition, DeploymentStatus } from '#shared/kube/generated/types.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import { total, type Rollout } from './rollout.ts'

/** What a reconcile did that the condition `Progressing` shall say. */
export interface Progress {
  status: 'True' | 'False'
  reason: string
  message: string
  /** Only where there is no such condition yet. */
  onlyFirst?: true
}

/** The status of a Deployment: counts of its ReplicaSets, and the conditions that follow from them. */
export function statusOf(rollout: Rollout, progress: Progress | undefined, now: number): DeploymentStatus {
  const counts = countsOf(rollout)
  const conditions = new Conditions(rollout.deployment.status?.conditions, now)
  judgeAvailability(rollout, counts, conditions)
  judgeProgress({ rollout, counts, progress, now }, conditions)
  judgeFailure(rollout, conditions)
  return withoutZeros({ ...counts, conditions: conditions.list }, 'terminatingReplicas')
}

export function countsOf({ deployment, current, all }: Rollout): DeploymentStatus {
  const sum = (field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas'): number =>
    all.reduce((result, set) => result + (set.status?.[field] ?? 0), 0)
  const { collisionCount } = deployment.status ?? {}
  const { generation } = deployment.metadata
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    replicas: sum('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum('readyReplicas'),
    availableReplicas: sum('availableReplicas'),
    unavailableReplicas: Math.max(0, total(all) - sum('availableReplicas')),
    terminatingReplicas: sum('terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
}

/** Whether all wanted pods are of the current template and available, and no others are left. */
export const isComplete = ({ replicas }: Rollout, counts: DeploymentStatus): boolean =>
  (counts.updatedReplicas ?? 0) === replicas &&
  (counts.replicas ?? 0) === replicas &&
  (counts.availableReplicas ?? 0) === replicas

/** How long until the progress deadline may have passed, ms: a rollout that is stuck causes no events. */
export function msUntilDeadline(rollout: Rollout, status: DeploymentStatus, now: number): number | undefined {
  const condition = findCondition(status.conditions, 'Progressing')
  if (!hasDeadline(rollout) || !condition || settled.has(condition.reason ?? '')) return undefined
  if (isComplete(rollout, status)) return undefined
  return Math.max(1000, deadlineOf(rollout, condition) - now + 1000)
}

/** Reasons of `Progressing` that no deadline changes. */
const settled = new Set(['NewReplicaSetAvailable', 'ProgressDeadlineExceeded', 'DeploymentPaused'])

function judgeAvailability(rollout: Rollout, counts: DeploymentStatus, conditions: Conditions): void {
  const isAvailable = (counts.availableReplicas ?? 0) >= rollout.replicas - rollout.maxUnavailable
  conditions.set(
    isAvailable
      ? available('True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
      : available('False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'),
  )
}

interface ProgressInput {
  rollout: Rollout
  counts: DeploymentStatus
  progress: Progress | undefined
  now: number
}

function judgeProgress({ rollout, counts, progress, now }: ProgressInput, conditions: Conditions): void {
  if (!hasDeadline(rollout)) {
    conditions.remove('Progressing')
    return
  }
  const present = (): DeploymentCondition | undefined => conditions.get('Progressing')
  if (progress && !(progress.onlyFirst && present())) {
    const { status, reason, message } = progress
    conditions.set(progressing(status, reason, message))
  }
  if (rollout.paused) {
    if (present()?.reason !== 'ProgressDeadlineExceeded')
      conditions.set(progressing('Unknown', 'DeploymentPaused', 'Deployment is paused'))
    return
  }
  if (present()?.reason === 'DeploymentPaused')
    conditions.set(progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed'))
  const isFinished = counts.replicas === counts.updatedReplicas && present()?.reason === 'NewReplicaSetAvailable'
  if (isFinished || rollout.deployment.metadata.deletionTimestamp) return

  const subject = subjectOf(rollout)
  if (isComplete(rollout, counts))
    conditions.set(progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`))
  else if (hasProgressed(rollout.deployment.status, counts))
    conditions.refresh(progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`))
  else if (isOverdue(rollout, present(), now))
    conditions.set(progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`))
}

const subjectOf = ({ current, deployment }: Rollout): string =>
  current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`

/** The failure of a ReplicaSet is the Deployment's, the current one's first. */
function judgeFailure({ current, old }: Rollout, conditions: Conditions): void {
  const failure = (current ? [current, ...old] : old)
    .map(({ status }) => findCondition(status?.conditions, 'ReplicaFailure'))
    .find((condition) => condition?.status === 'True')
  if (!failure) conditions.remove('ReplicaFailure')
  else {
    const { type, status, reason = '', message = '' } = failure
    conditions.set({ type, status, reason, message })
  }
}

/** The largest 32-bit number stands for no deadline. */
function hasDeadline({ deployment }: Rollout): boolean {
  const deadline = deployment.spec?.progressDeadlineSeconds
  return deadline !== undefined && deadline < 2 ** 31 - 1
}

function hasProgressed(before: DeploymentStatus = {}, counts: DeploymentStatus): boolean {
  const oldPods = (of: DeploymentStatus): number => (of.replicas ?? 0) - (of.updatedReplicas ?? 0)
  return (
    (counts.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldPods(counts) < oldPods(before) ||
    (counts.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function isOverdue(rollout: Rollout, condition: DeploymentCondition | undefined, now: number): boolean {
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false
  return condition.reason === 'ProgressDeadlineExceeded' || deadlineOf(rollout, condition) <= now
}

/** Counted from the last progress: the update time of the condition. */
function deadlineOf({ deployment }: Rollout, condition: DeploymentCondition): number {
  const since = Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '') || 0
  return since + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000
}

type Update = Omit<ConditionUpdate<DeploymentCondition>, 'lastUpdateTime'>

const available = (status: string, reason: string, message: string): Update => ({
  type: 'Available',
  status,
  reason,
  message,
})

const progressing = (status: string, reason: string, message: string): Update => ({
  type: 'Progressing',
  status,
  reason,
  message,
})

/** Conditions by the rule of Deployments: one with the same status and reason is left as it is, message included. */
class Conditions {
  list: DeploymentCondition[]
  readonly #now: string

  constructor(list: readonly DeploymentCondition[] = [], now: number) {
    this.list = [...list]
    this.#now = timestamp(now)
  }

  get(type: string): DeploymentCondition | undefined {
    return findCondition(this.list, type)
  }

  set(update: Update): void {
    const present = this.get(update.type)
    if (present?.status !== update.status || present.reason !== update.reason) this.refresh(update)
  }

  /** As `set`, with the time of update renewed even where nothing else changes. */
  refresh(update: Update): void {
    const dated = { ...update, lastUpdateTime: this.#now }
    this.list = setCondition(this.list, dated, this.#now, { position: 'last' })
  }

  remove(type: string): void {
    this.list = withoutCondition(this.list, type)
  }
}
