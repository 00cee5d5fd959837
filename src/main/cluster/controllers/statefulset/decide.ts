import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { resolveCount } from '#shared/kube/int-or-string.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { claimsOfPod, isStale, withRetention } from './claims.ts'
import {
  hasIdentity,
  hasStorage,
  isInRange,
  isRunningAndAvailable,
  isTerminating,
  isUnavailable,
  ordinalOf,
  ordinalRange,
  podOfRevision,
  revisionOf,
  withIdentityLabels,
  withStorage,
} from './pods.ts'

/** What a decision is made from: the caches, at one moment. */
export interface Snapshot {
  set: Stored<StatefulSet>
  /** Those that the StatefulSet controls. */
  pods: readonly Stored<Pod>[]
  /** The claim of a name in the set's namespace. */
  claimOf: (name: string) => Stored<PersistentVolumeClaim> | undefined
  /** The revision that pods below the partition have. */
  current: Stored<ControllerRevision>
  /** The revision of the present template. */
  update: Stored<ControllerRevision>
  /** ms since the epoch */
  now: number
}

/** What is done about one pod: its claims first, so that no pod is without them. */
export interface Step {
  pod: Pod & Named
  createClaims: (PersistentVolumeClaim & Named)[]
  updateClaims: Stored<PersistentVolumeClaim>[]
  write?: 'create' | 'update' | 'delete'
}

/** A place in the range, with its pod where there is one. */
interface Replica {
  ordinal: number
  pod: Stored<Pod> | undefined
}

export const isOrdered = ({ spec }: StatefulSet): boolean => spec?.podManagementPolicy !== 'Parallel'

/**
 * What to do now. First every ordinal gets its pod, from the lowest; then pods outside of the range go, from the
 * highest; then pods of old revisions are replaced. An ordered set takes one step of these at a time and waits until
 * all pods before it are available; a parallel one takes all at once.
 */
export function decide(snapshot: Snapshot): Step[] {
  const { set, pods } = snapshot
  if (set.metadata.deletionTimestamp) return []
  const replicas = replicasOf(snapshot)
  const condemned = pods
    .map((pod) => ({ pod, ordinal: ordinalOf(set, pod) ?? -1 }))
    .filter(({ ordinal }) => ordinal >= 0 && !isInRange(set, ordinal))
    .sort((a, b) => b.ordinal - a.ordinal)
  const steps: Step[] = []
  for (const replica of replicas) {
    const { step, waits } = keepReplica(snapshot, replica)
    if (step) steps.push(step)
    if (waits && isOrdered(set)) return steps
  }
  steps.push(...scaleDown(snapshot, condemned))
  if (isOrdered(set) && condemned.length > 0) return steps
  if ((set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate')
    steps.push(...rollOver(snapshot, replicas, new Set(steps.map(({ pod }) => pod.metadata.name))))
  return steps
}

function replicasOf({ set, pods }: Snapshot): Replica[] {
  const present = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]))
  const { start, end } = ordinalRange(set)
  return Array.from({ length: end - start }, (_, index) => ({
    ordinal: start + index,
    pod: present.get(start + index),
  }))
}

/** How many of the lowest pods keep the current revision. */
const partitionOf = ({ spec }: StatefulSet): number =>
  spec?.updateStrategy?.type === 'OnDelete' ? 0 : (spec?.updateStrategy?.rollingUpdate?.partition ?? 0)

/** What a replica needs, and whether those after it wait for it in an ordered set. */
interface Care {
  step?: Step
  waits: boolean
}

const keepReplica = (snapshot: Snapshot, { ordinal, pod }: Replica): Care =>
  pod ? keepPod(snapshot, pod, ordinal) : makePod(snapshot, ordinal)

function makePod(snapshot: Snapshot, ordinal: number): Care {
  const { set, current, update } = snapshot
  const isBelowPartition = ordinal - ordinalRange(set).start < partitionOf(set)
  const pod = podOfRevision(set, isBelowPartition ? current : update, ordinal)
  const { missing, toUpdate, leaving, stale } = claimsOf(snapshot, pod, ordinal)
  // A claim on its way out, or one that goes with the last pod of the name, is waited for.
  if (leaving || stale) return { waits: true }
  return { step: { pod, createClaims: missing, updateClaims: toUpdate, write: 'create' }, waits: true }
}

function keepPod(snapshot: Snapshot, pod: Stored<Pod>, ordinal: number): Care {
  const { set, now } = snapshot
  // Kubernetes replaces pods that succeeded too: an eviction may end in either phase.
  if (isPodTerminal(pod)) return isTerminating(pod) ? { waits: true } : { step: removal(pod), waits: true }
  const claims = claimsOf(snapshot, pod, ordinal)
  const missing = claims.leaving ? [] : claims.missing
  const waits = isTerminating(pod) || !isRunningAndAvailable(set, pod, now)
  const step: Step = { pod, createClaims: pod.status?.phase === 'Pending' ? missing : [], updateClaims: [] }
  if (!waits || !isOrdered(set)) {
    step.updateClaims = claims.toUpdate
    if (!hasIdentity(pod) || !hasStorage(set, pod, ordinal)) {
      step.pod = withStorage(set, withIdentityLabels(pod, ordinal), ordinal)
      step.createClaims = missing
      step.write = 'update'
    }
  }
  return isEmpty(step) ? { waits } : { step, waits }
}

const removal = (pod: Stored<Pod>): Step => ({ pod, createClaims: [], updateClaims: [], write: 'delete' })

const isEmpty = ({ createClaims, updateClaims, write }: Step): boolean =>
  createClaims.length === 0 && updateClaims.length === 0 && write === undefined

interface ClaimState {
  missing: (PersistentVolumeClaim & Named)[]
  /** Those whose owners are not as the retention policy asks, with the right ones. */
  toUpdate: Stored<PersistentVolumeClaim>[]
  /** Whether one is being deleted. */
  leaving: boolean
  /** Whether one goes with an earlier pod of the name. */
  stale: boolean
}

function claimsOf({ set, claimOf }: Snapshot, pod: Pod & Named, ordinal: number): ClaimState {
  const state: ClaimState = { missing: [], toUpdate: [], leaving: false, stale: false }
  for (const wanted of claimsOfPod(set, ordinal)) {
    const claim = claimOf(wanted.metadata.name)
    if (!claim) state.missing.push(wanted)
    else {
      const updated = withRetention(claim, set, pod, !isInRange(set, ordinal))
      if (updated) state.toUpdate.push(updated)
      state.leaving ||= claim.metadata.deletionTimestamp !== undefined
      state.stale ||= isStale(claim, set, pod)
    }
  }
  return state
}

/**
 * Deletes pods outside of the range. In an ordered set, whose other pods are all available by then, only the highest
 * goes, and one that is not available only when none below it is unavailable: what is broken is not made worse.
 * @param condemned from the highest ordinal to the lowest
 */
function scaleDown(snapshot: Snapshot, condemned: readonly { pod: Stored<Pod>; ordinal: number }[]): Step[] {
  const { set, now } = snapshot
  const lowestUnavailable = condemned.findLast(({ pod }) => isUnavailable(set, pod, now))?.pod
  const mayGo = (pod: Pod, position: number): boolean => {
    if (isTerminating(pod)) return false
    if (!isOrdered(set)) return true
    return position === 0 && (isRunningAndAvailable(set, pod, now) || pod === lowestUnavailable)
  }
  return condemned
    .map(({ pod, ordinal }, position): Step => ({
      pod,
      createClaims: [],
      updateClaims: claimsOf(snapshot, pod, ordinal).toUpdate,
      ...(mayGo(pod, position) ? { write: 'delete' } : {}),
    }))
    .filter((step) => !isEmpty(step))
}

/**
 * Deletes pods of old revisions from the highest ordinal to the partition, to be made anew from the present template.
 * Without `maxUnavailable`, one at a time, whether it is available or not, when all above it are.
 * @param touched names of pods that another step is about
 */
function rollOver(snapshot: Snapshot, replicas: readonly Replica[], touched: ReadonlySet<string | undefined>): Step[] {
  const { set, update, now } = snapshot
  const isOld = (pod: Pod): boolean => revisionOf(pod) !== update.metadata.name && !isTerminating(pod)
  const isMissing = (pod: Pod | undefined): boolean => !pod || isUnavailable(set, pod, now)
  const targets = replicas
    .slice(partitionOf(set))
    .map(({ pod }) => pod)
    .reverse()
  const { maxUnavailable } = set.spec?.updateStrategy?.rollingUpdate ?? {}
  if (maxUnavailable === undefined) {
    const next = targets.find((pod) => !pod || isOld(pod) || isMissing(pod))
    return next && isOld(next) && !touched.has(next.metadata.name) ? [removal(next)] : []
  }
  const most = Math.max(1, resolveCount(maxUnavailable, replicas.length, 'down'))
  const unavailable = replicas.filter(({ pod }) => isMissing(pod)).length
  const old = targets.filter((pod) => pod !== undefined).filter((pod) => isOld(pod) && !touched.has(pod.metadata.name))
  // Those that are unavailable already cost nothing, and may be so because of what the update mends.
  const broken = old.filter(isMissing)
  const healthy = old.filter((pod) => !isMissing(pod))
  return [...broken, ...healthy.slice(0, Math.max(0, most - unavailable))].map(removal)
}
