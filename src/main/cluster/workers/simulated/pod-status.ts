import { withTransitionTime } from '#shared/kube/conditions.ts'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isRestartableInit, podCondition } from '#shared/kube/pod.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

/** The pod statuses that a kubelet writes in each phase. */
export interface Circumstances {
  hostIP: string
  podIP: string
  /** ms since the epoch */
  now: number
}

/** The kubelet has accepted the pod and creates its containers. */
export function creatingStatus(pod: Stored<Pod>, { hostIP, now }: Circumstances): PodStatus {
  const inits = pod.spec?.initContainers ?? []
  const waiting = (container: Container): ContainerStatus =>
    statusOf(container, pod, {
      waiting: { reason: inits.length > 0 ? 'PodInitializing' : 'ContainerCreating' },
    })
  const uninitialized = inits.map(({ name }) => name)
  return {
    ...common(pod, hostIP),
    phase: 'Pending',
    startTime: timestamp(now),
    conditions: [
      condition(pod, now, 'PodReadyToStartContainers', 'False'),
      uninitialized.length > 0
        ? condition(
            pod,
            now,
            'Initialized',
            'False',
            'ContainersNotInitialized',
            `containers with incomplete status: [${uninitialized.join(' ')}]`,
          )
        : condition(pod, now, 'Initialized', 'True'),
      ...unready(pod, now),
    ],
    ...(inits.length > 0 ? { initContainerStatuses: inits.map(waiting) } : {}),
    containerStatuses: containersOf(pod).map(waiting),
  }
}

/** All containers run and are ready; readiness gates may still be closed. */
export function runningStatus(pod: Stored<Pod>, { hostIP, podIP, now }: Circumstances): PodStatus {
  const running = { running: { startedAt: timestamp(now) } }
  const closed = closedGates(pod)
  const inits = pod.spec?.initContainers ?? []
  return {
    ...common(pod, hostIP),
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [
      condition(pod, now, 'PodReadyToStartContainers', 'True'),
      condition(pod, now, 'Initialized', 'True'),
      closed.length > 0
        ? condition(pod, now, 'Ready', 'False', 'ReadinessGatesNotReady', closed.map(gateMessage).join('\n'))
        : condition(pod, now, 'Ready', 'True'),
      condition(pod, now, 'ContainersReady', 'True'),
    ],
    ...(inits.length > 0
      ? {
          initContainerStatuses: inits.map((container) =>
            statusOf(container, pod, isRestartableInit(container) ? kept(container, pod, running) : terminated(0, now)),
          ),
        }
      : {}),
    containerStatuses: containersOf(pod).map((container) => statusOf(container, pod, kept(container, pod, running))),
  }
}

/** Whether all readiness gates of the pod are open. */
export const areGatesOpen = (pod: Pod): boolean => closedGates(pod).length === 0

const closedGates = (pod: Pod): { conditionType: string }[] =>
  (pod.spec?.readinessGates ?? []).filter(({ conditionType }) => podCondition(pod, conditionType)?.status !== 'True')

const gateMessage = ({ conditionType }: { conditionType: string }): string =>
  `corresponding condition of pod readiness gate "${conditionType}" does not exist.`

/** All containers have ended, and none is started again. */
export function endedStatus(pod: Stored<Pod>, { hostIP, now }: Circumstances, exitCode: number): PodStatus {
  const reason = exitCode === 0 ? 'PodCompleted' : 'PodFailed'
  return {
    ...common(pod, hostIP),
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [
      condition(pod, now, 'PodReadyToStartContainers', 'False'),
      condition(pod, now, 'Initialized', 'True', exitCode === 0 ? reason : undefined),
      condition(pod, now, 'Ready', 'False', reason),
      condition(pod, now, 'ContainersReady', 'False', reason),
    ],
    containerStatuses: containersOf(pod).map((container) =>
      statusOf(container, pod, terminated(exitCode, now, startOf(container, pod))),
    ),
  }
}

const containersOf = ({ spec }: Pod): readonly Container[] => spec?.containers ?? []

const common = (pod: Pod, hostIP: string): PodStatus => ({
  ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  hostIP,
  hostIPs: [{ ip: hostIP }],
})

function unready(pod: Pod, now: number): PodCondition[] {
  const names = containersOf(pod).map(({ name }) => name)
  const message = `containers with unready status: [${names.join(' ')}]`
  return ['Ready', 'ContainersReady'].map((type) => condition(pod, now, type, 'False', 'ContainersNotReady', message))
}

function condition(
  pod: Pod,
  now: number,
  type: string,
  status: string,
  reason?: string,
  message?: string,
): PodCondition {
  const update = {
    type,
    status,
    lastProbeTime: null as never,
    // A merge patch removes only fields that it names: null takes away what no longer holds.
    reason: (reason ?? null) as never,
    message: (message ?? null) as never,
  }
  return withTransitionTime(pod.status?.conditions, update, timestamp(now))
}

function statusOf(container: Container, pod: Stored<Pod>, state: ContainerState): ContainerStatus {
  const { name, image = '', resources } = container
  const begun = state.waiting === undefined
  const ready = state.running !== undefined || (state.terminated?.exitCode === 0 && isInit(container, pod))
  return {
    name,
    image,
    imageID: begun ? `simulated://${image}` : '',
    ...(begun ? { containerID: `simulated://${pod.metadata.uid}/${name}` } : {}),
    ready,
    started: state.running !== undefined,
    restartCount: presentStatus(container, pod)?.restartCount ?? 0,
    state: { waiting: null, running: null, terminated: null, ...state } as never,
    lastState: {},
    ...(begun && resources
      ? { resources, ...(resources.requests ? { allocatedResources: resources.requests } : {}) }
      : {}),
  }
}

const isInit = ({ name }: Container, { spec }: Pod): boolean =>
  spec?.initContainers?.some((container) => container.name === name) ?? false

const presentStatus = ({ name }: Container, { status }: Pod): ContainerStatus | undefined =>
  [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find((each) => each.name === name)

/** The state of a container that runs already is kept. */
const kept = (container: Container, pod: Pod, started: ContainerState): ContainerState => {
  const running = presentStatus(container, pod)?.state?.running
  return running ? { running } : started
}

const startOf = (container: Container, pod: Pod): string | undefined =>
  presentStatus(container, pod)?.state?.running?.startedAt

function terminated(exitCode: number, now: number, startedAt = timestamp(now)): ContainerState {
  return {
    terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt, finishedAt: timestamp(now) },
  }
}
