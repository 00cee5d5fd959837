import type { Container, ContainerStatus, Pod, PodStatus, ResourceRequirements } from '#shared/kube/generated/types.ts'
import { asNumber, jsonEqual } from '#shared/kube/json.ts'
import type { ContainerAttempt } from '#shared/kube/kubelet/container-attempt.ts'
import {
  backOffDelay,
  crashesAfter,
  letsNextStart,
  nextAttempt,
  nextStep,
  restartPolicyOf,
  shownPullFailure,
} from '#shared/kube/kubelet/container-restart.ts'
import {
  isPodComplete,
  podStatus,
  type ContainerObservation,
  type PodObservation,
} from '#shared/kube/kubelet/pod-status.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import {
  behaviourOf,
  containersOf,
  endOf,
  probeDelays,
  readinessAt,
  type Behaviour,
  type PodContainer,
  type SettingLayers,
} from './behaviour.ts'

/** What a simulated pod depends on, besides itself. */
export interface Surroundings {
  hostIP: string
  podIP: string
  layers: SettingLayers
  /** ms since the epoch */
  now: number
}

export interface Progress {
  status: PodStatus
  /** When it goes on by itself, ms since the epoch; Infinity = not before something else happens. */
  wakeAt: number
  /** It has stopped after its deletion: its object can go. */
  isOver: boolean
  warnings: { reason: string; message: string; fieldPath: string }[]
}

/** Exit codes of processes that SIGTERM and SIGKILL end. */
const terminatedCode = 143
const killedCode = 137

interface Run {
  /** The two newest, oldest first. */
  attempts: ContainerAttempt[]
  /** When the newest began to run, ms: its own time has only seconds. */
  since: number
  crashes: number
  pulled: boolean
  pullFailures: number
  retryAt: number
  /** When the preparation of its next start began. */
  preparing: number | undefined
  waiting: { reason: string; message: string } | undefined
  /** What the newest attempt was started with, or has been resized to. */
  resources: ResourceRequirements | undefined
}

/**
 * One pod on a simulated node. Each call of `advance` brings it to the present by the kubelet's own rules for restarts
 * and status; only the containers are made up. Its state is rebuilt from the pod's status after a restart.
 */
export class SimulatedPod {
  readonly #runs = new Map<string, Run>()
  readonly #startTime: string
  #stopping: number | undefined
  #stopped = false
  #failure: { reason: string; message: string } | undefined
  #wakeAt = Infinity
  #warnings: Progress['warnings'] = []

  constructor(pod: Stored<Pod>, now: number) {
    this.#startTime = pod.status?.startTime ?? timestamp(now)
    for (const { container } of containersOf(pod)) this.#runs.set(container.name, resumed(pod, container))
  }

  /** Containers that run, with the times of their starts, ms. */
  running(): { name: string; since: number; startedAt: string }[] {
    return [...this.#runs].flatMap(([name, { attempts, since }]) => {
      const latest = attempts.at(-1)
      return latest?.state === 'running' ? [{ name, since, startedAt: latest.startedAt ?? latest.createdAt }] : []
    })
  }

  /** Brings the pod to `now`. Equal inputs change nothing more. */
  advance(pod: Stored<Pod>, around: Surroundings): Progress {
    this.#wakeAt = Infinity
    this.#warnings = []
    let isOver = false
    if (pod.metadata.deletionTimestamp !== undefined) isOver = this.#terminate(pod, around)
    // Ended by another's word: as with a kubelet, nothing of it runs on, and nothing of it is measured.
    else if (isPodTerminal(pod)) this.#stopAll(around.now, killedCode)
    else this.#run(pod, around)
    const status = podStatus(pod, this.#observe(pod, around), timestamp(around.now))
    return { status, wakeAt: this.#wakeAt, isOver, warnings: this.#warnings }
  }

  #run(pod: Stored<Pod>, around: Surroundings): void {
    const { now } = around
    this.#checkDeadline(pod, now)
    if (!this.#failure) {
      const containers = containersOf(pod)
      if (this.#initialize(pod, containers, around))
        for (const each of containers) if (each.kind === 'main') this.#sync(pod, each, around)
      for (const each of containers) if (each.kind === 'ephemeral') this.#sync(pod, each, around)
    }
    // Nothing runs on in a pod that is complete, sidecars included.
    if (this.#failure || isPodComplete(pod, this.#observe(pod, around))) this.#stopAll(now, terminatedCode)
  }

  /** Init containers one after the other, sidecars from their turn on. @returns whether the main containers may run */
  #initialize(pod: Stored<Pod>, containers: readonly PodContainer[], around: Surroundings): boolean {
    for (const each of containers) {
      if (each.kind !== 'init' && each.kind !== 'sidecar') continue
      const run = this.#runOf(each)
      const done = (): boolean =>
        letsNextStart({
          kind: each.kind,
          latest: run.attempts.at(-1),
          isStale: false,
          started: this.#isStarted(each.container, run, around.now),
        })
      if (each.kind === 'sidecar' || !done()) this.#sync(pod, each, around)
      if (!done()) return false
    }
    return true
  }

  #checkDeadline({ spec }: Pod, now: number): void {
    if (spec?.activeDeadlineSeconds === undefined) return
    const deadline = Date.parse(this.#startTime) + asNumber(spec.activeDeadlineSeconds) * 1_000
    if (now < deadline) this.#wake(deadline)
    else
      this.#failure ??= {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      }
  }

  /** Containers stop by themselves after their delay, or are killed at the end of the grace period. */
  #terminate(pod: Stored<Pod>, around: Surroundings): boolean {
    const { now } = around
    const grace = asNumber(pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000
    const running = containersOf(pod).filter((each) => this.#runOf(each).attempts.at(-1)?.state === 'running')
    const slowest = Math.max(
      0,
      ...running.map(({ container, kind }) => behaviourOf(container, kind, pod, around.layers).stopMs),
    )
    this.#stopping ??= now
    const at = this.#stopping + Math.min(slowest, grace)
    if (now < at) {
      this.#wake(at)
      return false
    }
    this.#stopAll(now, slowest > grace ? killedCode : terminatedCode)
    this.#stopped = true
    return true
  }

  #stopAll(now: number, exitCode: number): void {
    for (const run of this.#runs.values()) if (run.attempts.at(-1)?.state === 'running') exit(run, now, exitCode, false)
  }

  /** Brings one container to the present (kubelet: computePodActions, doBackOff). */
  #sync(pod: Stored<Pod>, each: PodContainer, around: Surroundings): void {
    const { container, kind } = each
    const { now } = around
    const run = this.#runOf(each)
    const behaviour = behaviourOf(container, kind, pod, around.layers)
    const policy = restartPolicyOf(kind, pod.spec?.restartPolicy, container, lastExitCode(run))
    this.#supervise(run, container, policy, behaviour, now)
    const next = nextStep({
      kind,
      policy,
      latest: run.attempts.at(-1),
      hash: container.image ?? '',
      isStale: false,
      crashes: run.crashes,
      retryAt: run.retryAt,
      now,
    })
    if (next.step === 'leave') return
    if (next.step === 'supervise') {
      run.waiting = undefined
      this.#readiness(run, container, behaviour, now)
    } else if (next.step === 'replace') {
      exit(run, now, terminatedCode, false)
      run.pulled = false
      this.#sync(pod, each, around)
    } else if (next.step === 'backOff') this.#backOff(pod, each, run, next, now)
    else if (next.step === 'retryLater') this.#pullBackOff(each, run, now)
    else if (this.#prepare(each, run, behaviour, now)) {
      begin(run, pod, container, now)
      // It may end at once.
      this.#sync(pod, each, around)
    }
  }

  /** What ends a running container: its time, or a resize that it does not take while it runs. */
  #supervise(
    run: Run,
    container: Container,
    policy: ReturnType<typeof restartPolicyOf>,
    behaviour: Behaviour,
    now: number,
  ): void {
    const latest = run.attempts.at(-1)
    if (latest?.state !== 'running') return
    const end = endOf(behaviour, { since: run.since, attempt: latest.attempt, policy })
    if (end && end.at <= now) {
      exit(run, now, end.exitCode, end.oomKilled)
      return
    }
    if (end) this.#wake(end.at)
    if (restartsForResize(container, run.resources)) exit(run, now, terminatedCode, false)
    else run.resources = container.resources
  }

  #readiness(run: Run, container: Container, behaviour: Behaviour, now: number): void {
    const { started, ready } = probeDelays(container)
    if (now < run.since + started) this.#wake(run.since + started)
    this.#wake(readinessAt(run.since + Math.max(ready, behaviour.readyMs), behaviour, now).until)
  }

  #backOff(
    pod: Stored<Pod>,
    each: PodContainer,
    run: Run,
    next: { delayMs: number; waitMs: number },
    now: number,
  ): void {
    const { name, namespace, uid } = pod.metadata
    const podId = `${name}_${namespace}(${uid})`
    if (run.waiting?.reason !== 'CrashLoopBackOff')
      this.#warn(each, 'BackOff', `Back-off restarting failed container ${each.container.name} in pod ${podId}`)
    run.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${backOffText(next.delayMs)} restarting failed container=${each.container.name} pod=${podId}`,
    }
    this.#wake(now + next.waitMs)
  }

  /** Pulls the image and creates the container. @returns whether it can run now */
  #prepare(
    each: PodContainer,
    run: Run,
    { pullMs, startMs, pullError, pullFailures, configError }: Behaviour,
    now: number,
  ): boolean {
    const begun = (run.preparing ??= now)
    const pulledAt = begun + (run.pulled ? 0 : pullMs)
    if (now < pulledAt) {
      this.#wake(pulledAt)
      return false
    }
    if (!run.pulled && pullError !== undefined && run.pullFailures < pullFailures) {
      const message = `failed to pull image "${each.container.image ?? ''}": ${pullError}`
      run.preparing = undefined
      run.retryAt = now + backOffDelay(++run.pullFailures)
      run.waiting = { reason: 'ErrImagePull', message }
      this.#warn(each, 'Failed', `Failed to pull image "${each.container.image ?? ''}": ${pullError}`)
      this.#wake(now + shownPullFailure)
      return false
    }
    if (configError !== undefined) {
      if (run.waiting?.message !== configError) this.#warn(each, 'Failed', `Error: ${configError}`)
      run.waiting = { reason: 'CreateContainerConfigError', message: configError }
      return false
    }
    if (now < pulledAt + startMs) {
      this.#wake(pulledAt + startMs)
      return false
    }
    return true
  }

  #pullBackOff({ container }: PodContainer, run: Run, now: number): void {
    const failedAt = run.retryAt - backOffDelay(run.pullFailures)
    if (run.waiting?.reason === 'ErrImagePull' && now < failedAt + shownPullFailure) {
      this.#wake(failedAt + shownPullFailure)
      return
    }
    if (run.waiting?.reason === 'ErrImagePull')
      run.waiting = {
        reason: 'ImagePullBackOff',
        message: `Back-off pulling image "${container.image ?? ''}": ErrImagePull: ${run.waiting.message}`,
      }
    this.#wake(run.retryAt)
  }

  #isStarted(container: Container, run: Run, now: number): boolean | undefined {
    return container.startupProbe ? now >= run.since + probeDelays(container).started : undefined
  }

  #observe(pod: Stored<Pod>, { hostIP, podIP, layers, now }: Surroundings): PodObservation {
    const containers = new Map<string, ContainerObservation>()
    for (const each of containersOf(pod)) {
      const { container, kind } = each
      const run = this.#runOf(each)
      const { attempts, waiting } = run
      const behaviour = behaviourOf(container, kind, pod, layers)
      const runs = attempts.at(-1)?.state === 'running'
      const from = run.since + Math.max(probeDelays(container).ready, behaviour.readyMs)
      containers.set(container.name, {
        attempts,
        messages: noMessages,
        ...(waiting ? { waiting } : {}),
        ...(runs && container.startupProbe ? { started: this.#isStarted(container, run, now) === true } : {}),
        ...(runs ? { ready: readinessAt(from, behaviour, now).ready } : {}),
        ...(attempts.length > 0 ? { imageId: `simulated://${container.image ?? ''}` } : {}),
      })
    }
    // The sandbox, with its address, is there from the first start on.
    const hasBegun = [...this.#runs.values()].some(({ attempts }) => attempts.length > 0)
    return {
      ...(hasBegun && !this.#stopped ? { sandbox: { state: 'running' } } : {}),
      containers,
      podIps: hasBegun ? [podIP] : [],
      hostIps: [hostIP],
      startTime: this.#startTime,
      ...(this.#failure ? { failure: this.#failure } : {}),
      stopped: this.#stopped,
      runtime: 'simulated',
    }
  }

  /** Ephemeral containers may be added while the pod runs. */
  #runOf({ container: { name } }: PodContainer): Run {
    let run = this.#runs.get(name)
    if (!run) this.#runs.set(name, (run = untried()))
    return run
  }

  #wake(at: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, at)
  }

  #warn({ container, kind }: PodContainer, reason: string, message: string): void {
    const list = kind === 'main' ? 'containers' : kind === 'ephemeral' ? 'ephemeralContainers' : 'initContainers'
    this.#warnings.push({ reason, message, fieldPath: `spec.${list}{${container.name}}` })
  }
}

const noMessages: ReadonlyMap<string, string> = new Map()

const untried = (): Run => ({
  attempts: [],
  since: 0,
  crashes: 0,
  pulled: false,
  pullFailures: 0,
  retryAt: 0,
  preparing: undefined,
  waiting: undefined,
  resources: undefined,
})

/** The state of a container as its pod's status tells it, after a restart of the control plane. */
function resumed({ status }: Stored<Pod>, container: Container): Run {
  const run = untried()
  const lists = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses]
  const reported = lists.flatMap((list) => list ?? []).find(({ name }) => name === container.name)
  if (!reported) return run
  const { state = {}, lastState = {}, restartCount } = reported
  const ended = lastState.terminated
  if (ended)
    run.attempts.push(endedAttempt(ended, reported, container, state.waiting ? restartCount : restartCount - 1))
  if (state.terminated) run.attempts.push(endedAttempt(state.terminated, reported, container, restartCount))
  if (state.running) {
    const startedAt = state.running.startedAt ?? timestamp(0)
    run.attempts.push({ ...fresh(reported.containerID, restartCount, container, startedAt), startedAt })
    run.since = Date.parse(startedAt)
  }
  if (run.attempts.length > 0) run.pulled = true
  run.crashes = restartCount
  run.resources = container.resources
  return run
}

function endedAttempt(
  {
    exitCode,
    reason,
    startedAt,
    finishedAt,
    containerID,
  }: NonNullable<NonNullable<ContainerStatus['state']>['terminated']>,
  reported: ContainerStatus,
  container: Container,
  attempt: number,
): ContainerAttempt {
  return {
    ...fresh(containerID ?? reported.containerID, attempt, container, startedAt ?? timestamp(0)),
    state: 'exited',
    exitCode,
    oomKilled: reason === 'OOMKilled',
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
  }
}

const fresh = (id: string | undefined, attempt: number, { image }: Container, createdAt: string): ContainerAttempt => ({
  id: (id ?? '').replace(/^\w+:\/\//, ''),
  attempt,
  state: 'running',
  exitCode: 0,
  oomKilled: false,
  error: '',
  createdAt,
  hash: image ?? '',
})

function begin(run: Run, pod: Stored<Pod>, container: Container, now: number): void {
  const previous = run.attempts.at(-1)
  const attempt = nextAttempt(previous, undefined)
  const time = timestamp(now)
  run.crashes = crashesAfter(previous, run.crashes)
  run.attempts = [
    ...run.attempts.slice(-1),
    { ...fresh(`${pod.metadata.uid}/${container.name}/${attempt}`, attempt, container, time), startedAt: time },
  ]
  run.since = now
  run.pulled = true
  run.pullFailures = 0
  run.retryAt = 0
  run.preparing = undefined
  run.waiting = undefined
  run.resources = container.resources
}

function exit(run: Run, now: number, exitCode: number, oomKilled: boolean): void {
  const latest = run.attempts.at(-1)
  if (!latest) return
  run.attempts = [
    ...run.attempts.slice(0, -1),
    { ...latest, state: 'exited', exitCode, oomKilled, finishedAt: timestamp(now) },
  ]
  run.waiting = undefined
}

/** Whether a changed resource asks for a restart (resizePolicy). */
function restartsForResize(
  { resources, resizePolicy = [] }: Container,
  applied: ResourceRequirements | undefined,
): boolean {
  if (jsonEqual(resources, applied)) return false
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      (resources?.limits?.[resourceName] !== applied?.limits?.[resourceName] ||
        resources?.requests?.[resourceName] !== applied?.requests?.[resourceName]),
  )
}

/** As Go prints a duration: `10s`, `1m20s`, `5m0s`. */
function backOffText(ms: number): string {
  const seconds = ms / 1_000
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

const lastExitCode = ({ attempts }: Run): number | undefined => {
  const latest = attempts.at(-1)
  return latest?.state === 'exited' ? latest.exitCode : undefined
}
