import type { Container, ContainerStatus } from '../generated/types.ts'
import type { ContainerAttempt } from './container-attempt.ts'

/** An init container that keeps running beside the others is a sidecar. */
export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral'
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

/** What the next step of a container depends on. Times in ms since the epoch. */
export interface ContainerFacts<A extends ContainerAttempt = ContainerAttempt> {
  kind: ContainerKind
  policy: RestartPolicy
  /** The newest attempt; undefined before the first. */
  latest: A | undefined
  /** Hash of the definition that the container is to run with. */
  hash: string
  /** The newest attempt was made in an earlier sandbox of the pod. */
  isStale: boolean
  /** It ended, or was ended, for a rule that restarts all containers of the pod. */
  restartsWithAll?: boolean
  /** Ends in a row that count for the restart back-off. */
  crashes: number
  /** When a start that failed (no image, no configuration) is tried again; 0 when none failed. */
  retryAt: number
  now: number
}

export type NextStep<A extends ContainerAttempt = ContainerAttempt> =
  /** It runs as it should: its limits are kept and its probes run. */
  | { step: 'supervise'; running: A }
  /** It runs by an older definition. */
  | { step: 'replace'; running: A }
  /** It has ended and is not to run again. */
  | { step: 'leave' }
  | { step: 'backOff'; delayMs: number; waitMs: number }
  | { step: 'retryLater'; waitMs: number }
  | { step: 'start' }

/** What to do about a container now (kubelet: computePodActions, doBackOff). */
export function nextStep<A extends ContainerAttempt>(facts: ContainerFacts<A>): NextStep<A> {
  const { latest, now } = facts
  if (latest?.state === 'running')
    return { step: latest.hash === facts.hash ? 'supervise' : 'replace', running: latest }
  if (latest?.state === 'exited') {
    if (!isRestarted(facts, latest)) return { step: 'leave' }
    const { delayMs, until } = restartBackOff(latest, facts.crashes)
    if (isAhead(until, now, delayMs)) return { step: 'backOff', delayMs, waitMs: until - now }
  }
  if (isAhead(facts.retryAt, now, longestBackOff)) return { step: 'retryLater', waitMs: facts.retryAt - now }
  return { step: 'start' }
}

/** Whether a time is to be waited for. One that is further away than its delay is not: the clock has been set back. */
const isAhead = (time: number, now: number, delayMs: number): boolean =>
  time > now && time - now <= delayMs + engineAhead

/** How far the engine's times may be ahead of the agent's, ms: it rounds them. */
const engineAhead = 1_000

/** Init containers run once more in a new sandbox, even when they have succeeded in the old one. */
const isRestarted = (
  { kind, policy, isStale, restartsWithAll = false }: ContainerFacts,
  ended: ContainerAttempt,
): boolean =>
  restartsWithAll ||
  policy === 'Always' ||
  (policy === 'OnFailure' && ended.exitCode !== 0) ||
  ((kind === 'init' || kind === 'sidecar') && isStale)

/**
 * The policy of a container: its own, or else the pod's. One of its rules that matches how it ended comes first
 * (podutil.ContainerShouldRestart). An init container that has succeeded is done whatever the policy says.
 * @param exitCode of its last run; undefined where it has not ended
 */
export function restartPolicyOf(
  kind: ContainerKind,
  podPolicy: string | undefined,
  container: Pick<Container, 'restartPolicy' | 'restartPolicyRules'>,
  exitCode?: number,
): RestartPolicy {
  if (kind === 'sidecar') return 'Always'
  if (kind === 'ephemeral') return 'Never'
  const policy = actionOf(container, exitCode) !== undefined ? 'Always' : (container.restartPolicy ?? podPolicy)
  if (policy === 'Never') return 'Never'
  return kind === 'init' || policy === 'OnFailure' ? 'OnFailure' : 'Always'
}

/** Whether the way in which a container ended restarts all of its pod's (podutil.AllContainersCouldRestart). */
export const restartsAll = (
  container: Pick<Container, 'restartPolicy' | 'restartPolicyRules'>,
  exitCode: number,
): boolean => actionOf(container, exitCode) === 'RestartAllContainers'

/** Rules stand beside a policy of the container's own; the first that matches counts. */
function actionOf(
  { restartPolicy, restartPolicyRules = [] }: Pick<Container, 'restartPolicy' | 'restartPolicyRules'>,
  exitCode: number | undefined,
): 'Restart' | 'RestartAllContainers' | undefined {
  if (restartPolicy === undefined || exitCode === undefined) return undefined
  const matching = restartPolicyRules.find(({ exitCodes }) => {
    if (!exitCodes) return false
    const isListed = exitCodes.values?.includes(exitCode) ?? false
    return exitCodes.operator === 'In' ? isListed : exitCodes.operator === 'NotIn' && !isListed
  })
  const action = matching?.action
  return action === 'Restart' || action === 'RestartAllContainers' ? action : undefined
}

/**
 * Restart back-off of Kubernetes: 10 s doubling to 5 minutes, forgotten after 10 minutes of running. As there, it lives
 * in memory: after a reboot of the node nobody waits.
 */
export const firstBackOff = 10_000
const longestBackOff = 300_000
const forgetBackOff = 600_000

/** The delay after so many failures in a row, ms. */
export const backOffDelay = (failures: number): number => Math.min(firstBackOff * 2 ** (failures - 1), longestBackOff)

/** @returns the delay that applies after `crashes`, and until when it lasts: 0 when there is none. */
function restartBackOff(ended: ContainerAttempt, crashes: number): { delayMs: number; until: number } {
  if (crashes === 0 || ranLong(ended)) return { delayMs: 0, until: 0 }
  const delayMs = backOffDelay(crashes)
  return { delayMs, until: finishedAt(ended) + delayMs }
}

/** Crashes to count for an attempt that follows `previous`. */
export function crashesAfter(previous: ContainerAttempt | undefined, crashes: number): number {
  if (previous?.state !== 'exited') return 0
  return ranLong(previous) ? 1 : crashes + 1
}

const finishedAt = ({ finishedAt: finished, createdAt }: ContainerAttempt): number => Date.parse(finished ?? createdAt)
const ranLong = (ended: ContainerAttempt): boolean =>
  finishedAt(ended) - Date.parse(ended.startedAt ?? ended.createdAt) > forgetBackOff

/** Number of the next attempt. Counts on from the pod's status when the attempts are gone with the worker's disk. */
export function nextAttempt(previous: ContainerAttempt | undefined, reported: ContainerStatus | undefined): number {
  if (previous) return previous.state === 'created' ? previous.attempt : previous.attempt + 1
  return reported?.containerID ? reported.restartCount + 1 : 0
}

/** How long a failed pull of an image is shown as ErrImagePull before it is shown as ImagePullBackOff, ms. */
export const shownPullFailure = 2_000

/** Whether an init container lets the next container start: a sidecar once it has started, another once it succeeded. */
export function letsNextStart({
  kind,
  latest,
  isStale,
  started,
}: Pick<ContainerFacts, 'kind' | 'latest' | 'isStale'> & {
  /** Verdict of the startup probe; undefined without one. */
  started: boolean | undefined
}): boolean {
  if (kind === 'sidecar') return latest?.state === 'running' && started !== false
  return latest?.state === 'exited' && latest.exitCode === 0 && !isStale
}
