import { findCondition, withTransitionTime } from '../conditions.ts'
import type { Container, ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from '../generated/types.ts'
import { defined } from '../json.ts'
import { isRestartableInit, qosClassOf } from '../pod.ts'
import type { ContainerAttempt } from './container-attempt.ts'
import { restartPolicyOf } from './container-restart.ts'
import { isRecursivelyReadOnly } from './recursive-read-only.ts'

/** What the kubelet observes of a pod: with its spec, the input of its status. */
export interface PodObservation {
  sandbox?: Pick<ContainerAttempt, 'state'>
  /** By name; containers that are not here have not been tried yet. */
  containers: ReadonlyMap<string, ContainerObservation>
  /** Of each family, IPv4 first; none while it has no network. */
  podIps: readonly string[]
  hostIps: readonly string[]
  startTime: string
  /**
   * Why the pod has failed as a whole: active deadline, eviction, shutdown of the node, or a node that did not run it at all.
   * `isDisruption`: it was ended for the sake of its node, which others may answer with a new pod.
   */
  failure?: { reason: string; message: string; isRejection?: boolean; isDisruption?: boolean }
  /** Why a resize could not be carried out yet. */
  resizeError?: string
  /** Why a resize is not begun: `Infeasible` or `Deferred`. */
  pendingResize?: { reason: string; message: string }
  /** The limits of the pod as a whole have changed and are not in effect yet. */
  resizing?: boolean
  /** All containers have been stopped because the pod is being deleted. */
  stopped: boolean
  /** How its volumes are mounted; not told, when unset. */
  mounts?: { recursiveReadOnly: boolean }
  /** Scheme of container ids; `docker` when unset. */
  runtime?: string
}

export interface ContainerObservation {
  /** Oldest first. */
  attempts: readonly ContainerAttempt[]
  /** Why it waits, where it is not simply being created. */
  waiting?: { reason: string; message: string }
  /** Verdicts of its probes; a running container without such a probe counts as passed. */
  started?: boolean
  ready?: boolean
  imageId?: string
  /** Its limits have changed and are not in effect yet. */
  resizing?: boolean
  /** Its last attempt is over, and it starts again with all containers of the pod. */
  restartsWithAll?: boolean
  /** Termination messages of its attempts, by id. */
  messages: ReadonlyMap<string, string>
}

/** Of a container that has not been tried. */
const untried: ContainerObservation = { attempts: [], messages: new Map() }

/** The status that the kubelet reports, as `kubelet/kubelet_pods.go` computes it. @param now RFC 3339 */
export function podStatus(pod: Pod, seen: PodObservation, now: string): PodStatus {
  // Nothing is left of it to say more: a rejected pod, or one whose containers are gone.
  if (pod.status && isTerminal(pod.status.phase) && !seen.failure && allAttempts(seen).length === 0) return pod.status
  if (seen.failure?.isRejection) return rejectedStatus(pod, seen.failure, seen.startTime)
  const spec = pod.spec ?? { containers: [] }
  const inits = spec.initContainers ?? []
  const { initStatuses, statuses, initialized, outcome } = runOf(pod, seen)
  // The phase is terminal only once every container has stopped, sidecars included.
  const lasts = isTerminal(outcome) && allAttempts(seen).some(({ state }) => state === 'running')
  const phase = lasts && !isTerminal(pod.status?.phase) ? 'Running' : outcome
  const done = isTerminal(phase)
  const sandboxRuns = seen.sandbox?.state === 'running' && seen.podIps.length > 0
  const unready = statuses.filter(({ ready }) => !ready).map(({ name }) => name)
  const uninitialized = inits
    .filter((container, index) => !isInitDone(container, initStatuses[index]))
    .map(({ name }) => name)

  const conditions = [
    condition('PodReadyToStartContainers', sandboxRuns && !done),
    condition(
      'Initialized',
      initialized || phase === 'Succeeded',
      phase === 'Succeeded'
        ? completed
        : incomplete('ContainersNotInitialized', 'containers with incomplete status', uninitialized),
    ),
    condition(
      'Ready',
      !done && unready.length === 0 && closedGates(pod).length === 0,
      phase === 'Succeeded'
        ? completed
        : phase === 'Failed'
          ? { reason: 'PodFailed' }
          : unready.length > 0
            ? incomplete('ContainersNotReady', 'containers with unready status', unready)
            : { reason: 'ReadinessGatesNotReady', message: closedGates(pod).join(', ') },
    ),
    condition(
      'ContainersReady',
      !done && unready.length === 0,
      phase === 'Succeeded'
        ? completed
        : phase === 'Failed'
          ? { reason: 'PodFailed' }
          : incomplete('ContainersNotReady', 'containers with unready status', unready),
    ),
    condition('PodScheduled', true),
    ...(seen.failure?.isDisruption
      ? [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: seen.failure.message }]
      : []),
    ...resizeConditions(seen),
  ].map((next) => keepTransition(pod, next, now))
  const { generation } = pod.metadata

  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions,
    ...addressesOf(seen),
    startTime: seen.startTime,
    qosClass: qosClassOf(pod),
    ...(done ? {} : podResourcesOf(pod, seen)),
    ...(inits.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    ...(spec.ephemeralContainers?.length
      ? {
          ephemeralContainerStatuses: spec.ephemeralContainers.map((container) =>
            containerStatus(pod, container, seen, false),
          ),
        }
      : {}),
    ...(seen.failure ? { reason: seen.failure.reason, message: seen.failure.message } : {}),
  }
}

/** The first of each list is also a field of its own. */
function addressesOf({ podIps: [podIP, podIP2], hostIps: [hostIP = '', hostIP2] }: PodObservation): PodStatus {
  const listOf = (...ips: (string | undefined)[]): { ip: string }[] => ips.flatMap((ip) => (ip ? [{ ip }] : []))
  return {
    hostIP,
    hostIPs: listOf(hostIP, hostIP2),
    ...(podIP ? { podIP, podIPs: listOf(podIP, podIP2) } : {}),
  }
}

/** A pod that its node did not run says nothing of containers (kubelet: rejectPod). */
function rejectedStatus(
  pod: Pod,
  { reason, message }: { reason: string; message: string },
  startTime: string,
): PodStatus {
  const { generation } = pod.metadata
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: 'Failed',
    reason,
    message,
    qosClass: qosClassOf(pod),
    startTime,
  }
}

/** Whether the pod is complete, so that what still runs of it is to be stopped. */
export const isPodComplete = (pod: Pod, seen: PodObservation): boolean => isTerminal(runOf(pod, seen).outcome)

const isTerminal = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed'

/**
 * A strategic patch to `status` that leaves other writers' conditions alone. Fields and conditions of our own that are
 * no longer set are removed; addresses are replaced, because a merge by key would keep old ones.
 */
export function statusPatch(status: PodStatus, before: PodStatus | undefined): Record<string, unknown> {
  const gone = (before?.conditions ?? []).filter(
    ({ type }) =>
      resizeConditionTypes.includes(type) && !status.conditions?.some((condition) => condition.type === type),
  )
  return {
    ...status,
    conditions: [
      ...(status.conditions ?? []).map((condition) => ({ reason: null, message: null, ...condition })),
      ...gone.map(({ type }) => ({ type, $patch: 'delete' })),
    ],
    podIPs: [...(status.podIPs ?? []), { $patch: 'replace' }],
    hostIPs: [...(status.hostIPs ?? []), { $patch: 'replace' }],
  }
}

/** The status of each container, and the phase that follows from them. */
function runOf(
  pod: Pod,
  seen: PodObservation,
): { initStatuses: ContainerStatus[]; statuses: ContainerStatus[]; initialized: boolean; outcome: string } {
  const { initContainers: inits = [], containers } = pod.spec ?? { containers: [] }
  const hasInits = inits.length > 0
  const initStatuses = inits.map((container) => containerStatus(pod, container, seen, hasInits))
  // Once a main container has started, the pod stays initialized, even when a sidecar ends later.
  const hasBegun = containers.some(({ name }) => seen.containers.get(name)?.attempts.some(({ startedAt }) => startedAt))
  const initialized = hasBegun || inits.every((container, index) => isInitDone(container, initStatuses[index]))
  const statuses = containers.map((container) => containerStatus(pod, container, seen, hasInits))
  return { initStatuses, statuses, initialized, outcome: phaseOf(pod, statuses, initStatuses, initialized, seen) }
}

const allAttempts = ({ containers }: PodObservation): ContainerAttempt[] =>
  [...containers.values()].flatMap(({ attempts }) => attempts)

const succeeded = ({ state, exitCode }: ContainerAttempt): boolean => state === 'exited' && exitCode === 0
const completed = { reason: 'PodCompleted' }
const incomplete = (reason: string, what: string, names: readonly string[]) => ({
  reason,
  message: `${what}: [${names.join(' ')}]`,
})

function isInitDone(container: Container, status: ContainerStatus | undefined): boolean {
  return isRestartableInit(container) ? status?.started === true : status?.state?.terminated?.exitCode === 0
}

/** @param hasInits whether it is one of, or waits for, init containers: it then says so until it has started */
function containerStatus(pod: Pod, container: Container, seen: PodObservation, hasInits: boolean): ContainerStatus {
  const observed = seen.containers.get(container.name) ?? untried
  const { attempts, waiting } = observed
  const current = attempts.at(-1)
  const previous = attempts.at(-2)
  // While a container waits for its restart, its last termination is its lastState.
  const isWaiting = !current || current.state === 'created' || (current.state === 'exited' && waiting !== undefined)
  const last = current?.state === 'exited' && isWaiting ? current : previous
  const running = current?.state === 'running'
  const isInit = pod.spec?.initContainers?.some(({ name }) => name === container.name) ?? false
  const ready =
    isInit && !isRestartableInit(container)
      ? current !== undefined && succeeded(current)
      : running && (observed.ready ?? true)
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: observed.imageId ?? '',
    ...(current && current.state !== 'created' ? { containerID: idOf(current, seen) } : {}),
    restartCount: current ? current.attempt : 0,
    ready,
    started: running && (observed.started ?? true),
    state: isWaiting
      ? { waiting: waiting ?? { reason: hasInits ? 'PodInitializing' : 'ContainerCreating' } }
      : stateOf(current, observed, seen),
    lastState: last ? stateOf(last, observed, seen) : {},
    ...volumeMountsOf(container, seen),
    ...(current?.user ? { user: { linux: current.user } } : {}),
    // Only with the gate ContainerStopSignals does a spec still have it.
    ...(current && container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    ...(observed.resizing && seen.pendingResize
      ? keptResources(pod, container.name)
      : resourcesOf(container, observed.resizing ?? false)),
  }
}

/** What is read-only tells whether that holds for what is mounted beneath (KEP-3857). */
function volumeMountsOf(
  { volumeMounts = [] }: Container,
  { mounts }: PodObservation,
): Pick<ContainerStatus, 'volumeMounts'> {
  if (!mounts || volumeMounts.length === 0) return {}
  return {
    volumeMounts: volumeMounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly
        ? {
            readOnly: true,
            recursiveReadOnly: isRecursivelyReadOnly(mount, mounts.recursiveReadOnly) ? 'Enabled' : 'Disabled',
          }
        : {}),
    })),
  }
}

const idOf = ({ id }: ContainerAttempt, { runtime = 'docker' }: PodObservation): string => `${runtime}://${id}`

function stateOf(
  container: ContainerAttempt,
  { messages }: ContainerObservation,
  seen: PodObservation,
): ContainerState {
  if (container.state === 'running') return { running: defined({ startedAt: container.startedAt }) }
  const message = messages.get(container.id) || container.error
  const { finishedAt, startedAt = finishedAt } = container
  return {
    terminated: {
      exitCode: container.exitCode,
      reason:
        container.error && !container.startedAt
          ? 'StartError'
          : container.oomKilled
            ? 'OOMKilled'
            : container.exitCode === 0
              ? 'Completed'
              : 'Error',
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
      containerID: idOf(container, seen),
      ...(message ? { message } : {}),
    },
  }
}

function phaseOf(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  inits: readonly ContainerStatus[],
  initialized: boolean,
  seen: PodObservation,
): string {
  if (seen.failure) return 'Failed'
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return pod.status.phase
  const policy = pod.spec?.restartPolicy ?? 'Always'
  const specOf = (name: string, containers: readonly Container[] | undefined): Container =>
    containers?.find((container) => container.name === name) ?? { name }
  // The exit code of a sidecar, which is stopped at the end, does not make the pod fail.
  const hasFailedInit = inits.some(({ name, state }) => {
    const container = specOf(name, pod.spec?.initContainers)
    const exitCode = state?.terminated?.exitCode ?? 0
    if (exitCode === 0 || isRestartableInit(container) || seen.containers.get(name)?.restartsWithAll) return false
    return restartPolicyOf('init', policy, container, exitCode) === 'Never'
  })
  if (hasFailedInit) return 'Failed'
  if (!initialized) return 'Pending'
  const ended = statuses.filter(({ state }) => state?.terminated)
  if (ended.length === statuses.length) {
    const allWell = ended.every(({ state }) => state?.terminated?.exitCode === 0)
    if (seen.stopped) return allWell ? 'Succeeded' : 'Failed'
    const isRestarted = ended.some(({ name, state }) => {
      if (seen.containers.get(name)?.restartsWithAll) return true
      const exitCode = state?.terminated?.exitCode ?? 0
      const own = restartPolicyOf('main', policy, specOf(name, pod.spec?.containers), exitCode)
      return own === 'Always' || (own === 'OnFailure' && exitCode !== 0)
    })
    if (isRestarted) return 'Running'
    return allWell ? 'Succeeded' : 'Failed'
  }
  const neverStarted = statuses.some(({ state, lastState }) => state?.waiting && !lastState?.terminated)
  return neverStarted ? 'Pending' : 'Running'
}

/** Allocated resources, and those in effect: unset while a resize is pending. */
function resourcesOf(container: Container, resizing: boolean): Partial<ContainerStatus> {
  const { requests, limits } = container.resources ?? {}
  if (!requests && !limits) return {}
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    ...(!resizing ? { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } } : {}),
  }
}

/** Of the pod as a whole, where it asks for resources as such: as of its containers. */
function podResourcesOf({ spec, status }: Pod, { resizing = false, pendingResize }: PodObservation): PodStatus {
  const { requests, limits } = spec?.resources ?? {}
  if (!requests && !limits) return {}
  const { allocatedResources, resources } = status ?? {}
  if (resizing && pendingResize) return defined({ allocatedResources, resources })
  return defined({ allocatedResources: requests, resources: resizing ? resources : defined({ limits, requests }) })
}

/** Of a container whose resize is not begun: what it had. */
function keptResources({ status }: Pod, name: string): Partial<ContainerStatus> {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const { allocatedResources, resources } = all.find((each) => each.name === name) ?? {}
  return defined({ allocatedResources, resources })
}

const resizeConditions = ({ resizeError, pendingResize }: PodObservation): PodCondition[] => [
  ...(pendingResize ? [{ type: 'PodResizePending', status: 'True', ...pendingResize }] : []),
  ...(resizeError === undefined
    ? []
    : [{ type: 'PodResizeInProgress', status: 'True', reason: 'Error', message: resizeError }]),
]
const resizeConditionTypes = ['PodResizePending', 'PodResizeInProgress']

/** Why the pod's readiness gates keep it from being ready (`kubelet/status/generate.go`). */
function closedGates({ spec, status }: Pod): string[] {
  const problems: string[] = []
  for (const { conditionType } of spec?.readinessGates ?? []) {
    const gate = findCondition(status?.conditions, conditionType)
    if (!gate) problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`)
    else if (gate.status !== 'True')
      problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`)
  }
  return problems
}

function condition(type: string, holds: boolean, otherwise: { reason?: string; message?: string } = {}): PodCondition {
  return holds
    ? { type, status: 'True', ...(otherwise === completed ? completed : {}) }
    : { type, status: 'False', ...otherwise }
}

function keepTransition(pod: Pod, next: PodCondition, now: string): PodCondition {
  const { generation: observedGeneration } = pod.metadata
  const update = defined({ ...next, observedGeneration, lastProbeTime: null as unknown as string })
  return withTransitionTime(pod.status?.conditions, update, now)
}

/** Of a status that the API server holds: the fields and conditions that `reported` has, times of conditions aside. */
export function ownPart(held: PodStatus | undefined, reported: PodStatus): unknown {
  const { conditions = [], ...fields } = reported
  const kept: Record<string, unknown> = { ...held }
  return [
    Object.keys(fields).map((field) => kept[field]),
    conditions.map(({ type }) => {
      const condition = held?.conditions?.find((each) => each.type === type)
      return [condition?.status, condition?.reason, condition?.message]
    }),
  ]
}
