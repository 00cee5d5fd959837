import { sleep, type Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Container, ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import { goDuration } from '#shared/kube/human-duration.ts'
import { isRestartableInit } from '#shared/kube/pod.ts'
import { blockDevicesOf } from '../block-volumes.ts'
import { resolveDevices } from '../dra/cdi.ts'
import { environmentOf } from '../environment.ts'
import { readMessage } from '../files/termination-message.ts'
import { ImageFailed, type EnsuredImage } from '../images.ts'
import type { ProbeKind } from '../probes.ts'
import type { ObservedContainer } from '../runtime/runtime.ts'
import { podFolder } from '../volume-folders.ts'
import { mountsOf } from '../volumes.ts'
import { execInContainer } from './container-exec.ts'
import { containerHash, limitsOf, planContainer, resizeNeeded } from './container-plan.ts'
import { ContainerProbes } from './container-probes.ts'
import { ImageFetch } from './image-fetch.ts'
import { ImageVolumes } from './image-volumes.ts'
import { ownMounts } from './kubelet-files.ts'
import { runHook } from './lifecycle-hook.ts'
import {
  crashesAfter,
  firstBackOff,
  letsNextStart,
  nextAttempt,
  nextStep,
  restartPolicyOf,
  restartsAll,
  type ContainerKind,
} from '#shared/kube/kubelet/container-restart.ts'
import { pullCredentials } from './pull-credentials.ts'
import { strictPrimaryGroup } from './primary-group.ts'
import type { Sandbox } from './sandbox.ts'
import { failureEvents, startFailure } from './start-failure.ts'
import type { PodScope } from './scope.ts'
import { requireEnforceable, seccompOf } from './security.ts'
import type { PodSources } from './sources.ts'
import type { ContainerObservation } from '#shared/kube/kubelet/pod-status.ts'

/** How long a postStart hook may take. */
const longestPostStart = 600_000
/** After a long preStop hook a container still gets this many seconds to end, as the kubelet grants. */
const leastGrace = 2
const defaultGrace = 30

/**
 * One container of a pod, of whatever kind: all its attempts, and what is known about them. `sync` brings it one step
 * further; what happens between two steps (an exit, a verdict of a probe, a timer) only wakes the pod's loop.
 */
export class PodContainer {
  readonly kind: ContainerKind
  readonly #scope: PodScope
  readonly #sandbox: Sandbox
  readonly #sources: PodSources
  #spec: Container
  readonly #fetch = new ImageFetch()
  readonly #imageVolumes: ImageVolumes
  #imageId: { reference: string | undefined; id: string } | undefined
  #waiting: { reason: string; message: string } | undefined
  readonly #probes: ContainerProbes
  #crashes = 0
  /** Starts in a row that failed, and when the next is tried. */
  #failure = { count: 0, retryAt: 0 }
  /** The image that could not be fetched: its own, or that of a volume. */
  #failedImage: string | undefined
  #resizeError: string | undefined
  /** Ids of attempts that are being stopped. */
  readonly #stopping = new Set<string>()
  /** Ids of attempts that are over because all containers of the pod are restarted. */
  readonly #restarted = new Set<string>()
  /** Termination messages of ended attempts, by id. */
  readonly #messages = new Map<string, string>()

  constructor(
    spec: Container,
    kind: ContainerKind,
    { scope, sandbox, sources }: { scope: PodScope; sandbox: Sandbox; sources: PodSources },
  ) {
    this.#spec = spec
    this.kind = kind
    this.#scope = scope
    this.#sandbox = sandbox
    this.#sources = sources
    this.#imageVolumes = new ImageVolumes(scope)
    this.#probes = new ContainerProbes({
      clock: scope.clock,
      exec: (id, command, timeoutMs) => execInContainer(scope, id, command, timeoutMs),
      onFailure: (message) => this.#event('Warning', 'Unhealthy', message),
      onWarning: (message) => this.#event('Warning', 'ProbeWarning', message),
      onResult: (probe, ok) => scope.onProbe?.({ pod: scope.pod(), container: this.name, kind: probe, ok }),
      onChange: () => scope.wake(),
      onKill: (id, probe, grace) => this.#killFailed(id, probe, grace),
    })
  }

  get name(): string {
    return this.#spec.name
  }

  /** Takes over what the pod's spec says of it now. */
  update(spec: Container): void {
    this.#spec = spec
  }

  /** Oldest first. */
  get attempts(): ObservedContainer[] {
    const { runtime, uid } = this.#scope
    return runtime.containers(uid).filter(({ sandbox, name }) => !sandbox && name === this.name)
  }

  get latest(): ObservedContainer | undefined {
    return this.attempts.at(-1)
  }

  get isStopping(): boolean {
    return this.#stopping.size > 0
  }

  /** Why a resize could not be carried out yet. */
  get resizeError(): string | undefined {
    return this.#resizeError
  }

  /** Of an init container: whether the one after it may start. */
  get letsNextStart(): boolean {
    const { latest } = this
    const isStale = latest !== undefined && (this.#sandbox.isOlder(latest) || this.#restarted.has(latest.id))
    return letsNextStart({ kind: this.kind, latest, isStale, started: this.#probes.started })
  }

  /** Its limits are not those of its spec. */
  get needsResize(): boolean {
    const { latest } = this
    return latest?.state === 'running' && resizeNeeded(this.#scope.pod(), this.#spec, latest.resources) !== 'none'
  }

  /** What the pod's status says of it. */
  observe(): ContainerObservation {
    const { started, ready } = this.#probes
    const imageId = this.#knownImageId()
    return {
      attempts: this.attempts,
      ...(this.#waiting ? { waiting: this.#waiting } : {}),
      ...(started === undefined ? {} : { started }),
      ...(ready === undefined ? {} : { ready }),
      ...(imageId === undefined ? {} : { imageId }),
      messages: this.#messages,
      resizing: this.needsResize,
      restartsWithAll: this.#restartsWithAll,
    }
  }

  /** As this agent has found its image; of a container that an earlier agent has made, as the engine knows it. */
  #knownImageId(): string | undefined {
    if (this.#imageId && this.#imageId.reference === this.#spec.image) return this.#imageId.id
    const id = this.latest?.imageId
    return id ? `docker://${id}` : undefined
  }

  /** Starts, restarts, replaces or supervises it, as its last attempt and its policy have it. */
  async sync(sandbox: ObservedContainer): Promise<void> {
    const { latest } = this
    const next = nextStep({
      kind: this.kind,
      policy: restartPolicyOf(
        this.kind,
        this.#scope.pod().spec?.restartPolicy,
        this.#spec,
        latest?.state === 'exited' ? latest.exitCode : undefined,
      ),
      latest,
      hash: containerHash(this.#spec),
      isStale: latest !== undefined && this.#sandbox.isOlder(latest),
      restartsWithAll: this.#restartsWithAll,
      crashes: this.#crashes,
      retryAt: this.#failure.retryAt,
      now: this.#scope.clock.now(),
    })
    switch (next.step) {
      case 'supervise':
        return this.#supervise(next.running)
      case 'replace':
        this.#waiting = undefined
        return this.stop(next.running, 'definition changed, will be restarted')
      case 'leave':
        return
      case 'backOff':
        this.#backOff(next)
        return
      case 'retryLater':
        this.#retryLater(next.waitMs)
        return
      case 'start':
        return this.#start(sandbox, latest)
    }
  }

  /** Whether it has ended in a way that restarts all containers of the pod, which has not been done yet. */
  get restartsAll(): boolean {
    const { latest } = this
    return latest?.state === 'exited' && !this.#restarted.has(latest.id) && restartsAll(this.#spec, latest.exitCode)
  }

  get #restartsWithAll(): boolean {
    const { latest } = this
    return latest?.state === 'exited' && this.#restarted.has(latest.id)
  }

  /** Ends it at once, without hooks and grace, to start again as if it had never run; an ephemeral one stays ended. */
  async restartWithAll(): Promise<void> {
    const { latest } = this
    if (!latest || latest.state === 'created') return
    if (this.kind !== 'ephemeral') this.#restarted.add(latest.id)
    if (latest.state !== 'running' || this.#stopping.has(latest.id)) return
    this.#stopping.add(latest.id)
    try {
      this.#event('Normal', 'Killing', `Container ${this.name} is restarted with all containers of the pod`)
      await this.#scope.runtime.stopContainer(latest.id, 0)
    } finally {
      this.#probes.end(latest.id)
      this.#stopping.delete(latest.id)
    }
  }

  /** Whether an attempt has ended whose termination message is not read yet. */
  get hasNewExit(): boolean {
    return this.attempts.some(({ id, state }) => state === 'exited' && !this.#messages.has(id))
  }

  /** Takes notice of attempts that have ended: their probes stop, their termination messages are read. */
  async collectExits(): Promise<void> {
    for (const attempt of this.attempts) {
      if (attempt.state !== 'exited' || this.#messages.has(attempt.id)) continue
      this.#probes.end(attempt.id)
      this.#messages.set(attempt.id, await this.#terminationMessage(attempt))
    }
  }

  /** Keeps the newest attempt and the one before it, whose log `--previous` reads. */
  async prune(): Promise<void> {
    for (const { id } of this.attempts.slice(0, -2)) {
      await this.#scope.runtime.removeContainer(id)
      this.#messages.delete(id)
      this.#restarted.delete(id)
    }
  }

  /** @param newestToo nothing of it is needed any more */
  async removeEnded({ newestToo }: { newestToo: boolean }): Promise<void> {
    const { attempts } = this
    for (const { id, state } of newestToo ? attempts : attempts.slice(0, -1)) {
      if (state !== 'exited') continue
      await this.#scope.runtime.removeContainer(id)
      this.#messages.delete(id)
    }
  }

  /**
   * Stops an attempt that runs: preStop hook, then SIGTERM, then SIGKILL when `grace` seconds are over. It stays ready as
   * long as its probe says so: whoever it serves is told when it no longer takes work.
   * @param why of the Killing event; none when the whole pod stops
   * @param turn what must have ended before SIGTERM, if it does within the grace
   */
  async stop(attempt: ObservedContainer, why?: string, grace = this.#podGrace, turn?: Promise<unknown>): Promise<void> {
    if (this.#stopping.has(attempt.id)) return
    this.#stopping.add(attempt.id)
    const { clock, runtime, termination } = this.#scope
    try {
      this.#probes.keepReadiness(attempt.id)
      this.#event('Normal', 'Killing', why ? `Container ${this.name} ${why}` : `Stopping container ${this.name}`)
      const begun = clock.now()
      const secondsLeft = (): number => Math.min(grace, termination.grace) - Math.max(0, clock.now() - begun) / 1_000
      if (grace > 0) await this.#preStop(attempt, grace)
      if (turn) await within(turn, secondsLeft(), { clock, signal: termination.shortened })
      const left = secondsLeft()
      const isImmediate = grace === 0 || termination.grace === 0
      await runtime.stopContainer(attempt.id, isImmediate ? 0 : Math.max(leastGrace, left))
    } finally {
      this.#probes.end(attempt.id)
      this.#stopping.delete(attempt.id)
    }
  }

  /** Gives attempts that are being stopped `grace` seconds from now on. */
  hurry(grace: number): void {
    for (const id of this.#stopping) void this.#scope.runtime.stopContainer(id, grace).catch(() => undefined)
  }

  /**
   * Its sandbox has died. What has run is kept as an attempt: it counts as a restart, and shows that a pod which must
   * not be restarted is complete.
   */
  async leaveSandbox(): Promise<void> {
    const { runtime } = this.#scope
    for (const { id, state } of this.attempts) {
      this.#probes.end(id)
      if (state === 'running') await runtime.stopContainer(id, 0)
      else if (state === 'created') await runtime.removeContainer(id)
    }
  }

  async remove(): Promise<void> {
    for (const { id } of this.attempts) await this.#scope.runtime.removeContainer(id)
  }

  /** Stops what belongs to this agent; the container goes on. */
  detach(): void {
    this.#probes.end()
  }

  get #podGrace(): number {
    return this.#scope.pod().spec?.terminationGracePeriodSeconds ?? defaultGrace
  }

  async #start(sandbox: ObservedContainer, previous: ObservedContainer | undefined): Promise<void> {
    const { runtime, starts } = this.#scope
    let isCreated = false
    try {
      if (!(await this.#imageVolumes.ensure(this.#spec, (reference) => this.#pulling(reference)))) return
      const fetched = await this.#image()
      if (!fetched) return
      const attempt = nextAttempt(
        previous,
        this.#reportedStatus(() => true),
      )
      const running = await starts.during(async () => {
        const id = previous?.state === 'created' ? previous.id : await this.#create(attempt, sandbox, fetched)
        isCreated = true
        this.#event('Normal', 'Created', 'Container created')
        this.#crashes = crashesAfter(previous, this.#crashes)
        return runtime.startContainer(id)
      })
      this.#event('Normal', 'Started', 'Container started')
      this.#waiting = undefined
      this.#failure = { count: 0, retryAt: 0 }
      this.#probes.reset()
      await this.#postStart(running)
      this.#probe()
    } catch (error) {
      this.#startFailed(error as Error, isCreated)
    }
  }

  #pulling(reference: string): void {
    this.#event('Normal', 'Pulling', `Pulling image "${reference}"`)
  }

  /** @returns undefined while it is fetched @throws ImageFailed */
  async #image(): Promise<EnsuredImage | undefined> {
    const reference = this.#spec.image ?? ''
    const fetched = await this.#fetch.take(this.#scope.images, this.#spec, {
      onPull: () => this.#pulling(reference),
      onDone: () => this.#scope.wake(),
      credentials: () => pullCredentials(this.#scope, reference),
    })
    if (!fetched) return undefined
    const { image, pulledMs, totalMs = 0 } = fetched
    const id = image.digest.includes('@') ? image.digest : `docker://${image.id}`
    this.#imageId = { reference: this.#spec.image, id }
    this.#event(
      'Normal',
      'Pulled',
      pulledMs === undefined
        ? `Container image "${reference}" already present on machine and can be accessed by the pod`
        : `Successfully pulled image "${reference}" in ${goDuration(pulledMs)} (${goDuration(totalMs)} including waiting). Image size: ${image.sizeBytes} bytes.`,
    )
    return fetched
  }

  /** @returns its id */
  async #create(attempt: number, sandbox: ObservedContainer, { image }: EnsuredImage): Promise<string> {
    const { claims, root, runtime, node } = this.#scope
    const pod = this.#scope.pod()
    const container = this.#spec
    requireEnforceable(pod, container)
    const seccomp = await seccompOf(root, pod, container)
    const env = await environmentOf(pod, container, this.#sources.open(this.#sandbox.ips))
    const mounts = [
      ...(await mountsOf(this.#scope, pod, container, env)),
      ...(await ownMounts(root, pod, container, attempt)),
    ]
    const debugged = this.#debugged()
    const hostname = this.#sandbox.ownHostname
    const cgroupParent = await this.#scope.groups?.ensure(pod)
    const { userNamespace } = sandbox
    const primaryGroup = await strictPrimaryGroup(pod, container, image)
    return runtime.createContainer(
      planContainer({
        pod,
        container,
        attempt,
        sandboxId: sandbox.id,
        image,
        env,
        mounts,
        devices: await blockDevicesOf(root, pod, container),
        edits: await resolveDevices(claims?.devicesOf(pod, container) ?? []),
        nodeMemory: node.memoryBytes,
        ...(hostname === undefined ? {} : { hostname }),
        ...(userNamespace === undefined ? {} : { userNamespace }),
        ...(cgroupParent === undefined ? {} : { cgroupParent }),
        ...(seccomp === undefined ? {} : { seccomp }),
        ...(primaryGroup === undefined ? {} : { primaryGroup }),
        ...(debugged === undefined ? {} : { debugged }),
      }),
    )
  }

  /** Id of the container whose processes an ephemeral container was sent to look at. */
  #debugged(): string | undefined {
    const target = (this.#spec as { targetContainerName?: string }).targetContainerName
    if (target === undefined) return undefined
    const { runtime, uid } = this.#scope
    const found = runtime.containers(uid).findLast(({ sandbox, name }) => !sandbox && name === target)
    return found?.state === 'running' ? found.id : undefined
  }

  /** It cannot be started: says why, once, and when it is tried again. */
  #startFailed(error: Error, isCreated: boolean): void {
    const { clock, images, timers } = this.#scope
    const count = this.#failure.count + 1
    const { reason, retryMs, wakeMs } = startFailure(error, { count, isCreated })
    // The engine may have lost the image.
    if (!isCreated) images.forget(this.#spec.image ?? '')
    if (this.#waiting?.message !== error.message)
      for (const event of failureEvents(error, reason)) this.#event('Warning', event.reason, event.message)
    this.#waiting = { reason, message: error.message }
    this.#failedImage = error instanceof ImageFailed ? error.image : undefined
    this.#failure = { count, retryAt: clock.now() + retryMs }
    timers.wakeAfter(`start ${this.name}`, wakeMs)
  }

  /** A start that failed is tried again at its time, whatever wakes the loop meanwhile. */
  #retryLater(waitMs: number): void {
    if (this.#waiting?.reason === 'ErrImagePull') {
      const message = `Back-off pulling image "${this.#failedImage ?? this.#spec.image ?? ''}"`
      this.#waiting = { reason: 'ImagePullBackOff', message: `${message}: ErrImagePull: ${this.#waiting.message}` }
      this.#event('Normal', 'BackOff', message)
      this.#event('Warning', 'Failed', 'Error: ImagePullBackOff')
    }
    this.#scope.timers.wakeAfter(`start ${this.name}`, waitMs)
  }

  #backOff({ delayMs, waitMs }: { delayMs: number; waitMs: number }): void {
    const { name, namespace, uid } = this.#scope.pod().metadata
    const podId = `${name}_${namespace}(${uid})`
    if (this.#waiting?.reason !== 'CrashLoopBackOff')
      this.#event('Warning', 'BackOff', `Back-off restarting failed container ${this.name} in pod ${podId}`)
    const message = `back-off ${delayMs / 1_000}s restarting failed container=${this.name} pod=${podId}`
    this.#waiting = { reason: 'CrashLoopBackOff', message }
    this.#scope.timers.wakeAfter(`backoff ${this.name}`, waitMs)
  }

  async #supervise(running: ObservedContainer): Promise<void> {
    this.#waiting = undefined
    await this.#resize(running)
    this.#probe()
  }

  /** Changed limits are given to the container as it runs, or by a restart where it asks for one. */
  async #resize(running: ObservedContainer): Promise<void> {
    const { runtime, timers } = this.#scope
    const need = resizeNeeded(this.#scope.pod(), this.#spec, running.resources)
    if (need === 'none' || !this.#scope.mayResize()) return
    if (need === 'restart') return this.stop(running, 'resize requires restart')
    try {
      await runtime.updateContainer(running.id, limitsOf(this.#scope.pod(), this.#spec))
      this.#resizeError = undefined
    } catch (error) {
      this.#resizeError = messageOf(error)
      timers.wakeAfter('resize', firstBackOff)
    }
  }

  async #postStart(running: ObservedContainer): Promise<void> {
    const hook = this.#spec.lifecycle?.postStart
    if (!hook) return
    try {
      await runHook(hook, this.#hookOptions(running, longestPostStart, this.#scope.termination.begun))
    } catch (error) {
      this.#event('Warning', 'FailedPostStartHook', messageOf(error))
      await this.stop(running, 'failed postStart hook')
    }
  }

  async #preStop(attempt: ObservedContainer, grace: number): Promise<void> {
    const hook = this.#spec.lifecycle?.preStop
    if (!hook) return
    try {
      await runHook(hook, this.#hookOptions(attempt, grace * 1_000, this.#scope.termination.shortened))
    } catch (error) {
      this.#event('Warning', 'FailedPreStopHook', messageOf(error))
    }
  }

  #hookOptions(attempt: ObservedContainer, timeoutMs: number, signal: AbortSignal): Parameters<typeof runHook>[1] {
    const { runtime, clock } = this.#scope
    const podIp = this.#sandbox.ip ?? ''
    const hostNetwork = this.#isHostNetwork
    return { runtime, clock, container: this.#spec, containerId: attempt.id, podIp, hostNetwork, timeoutMs, signal }
  }

  /** Probes the attempt that runs; one that is being stopped is not probed any more. */
  #probe(): void {
    const running = this.latest
    if (running?.state !== 'running' || this.#stopping.has(running.id)) return
    const reported = this.#reportedStatus(({ containerID }) => containerID === `docker://${running.id}`)
    const network = { podIp: this.#sandbox.ip ?? this.#scope.node.ip, hostNetwork: this.#isHostNetwork }
    this.#probes.watch(running.id, this.#spec, network, reported)
  }

  get #isHostNetwork(): boolean {
    return this.#scope.pod().spec?.hostNetwork === true
  }

  #killFailed(id: string, kind: ProbeKind, grace: number | undefined): void {
    const attempt = this.attempts.find((each) => each.id === id)
    if (attempt?.state !== 'running') return
    this.stop(attempt, `failed ${kind} probe, will be restarted`, grace)
      .catch((error: unknown) =>
        this.#scope.log.warn('container not stopped', { container: this.name, error: messageOf(error) }),
      )
      .finally(() => this.#scope.wake())
  }

  async #terminationMessage(ended: ObservedContainer): Promise<string> {
    const { root, runtime, uid } = this.#scope
    const text = await readMessage(podFolder(root, uid), this.name, ended.attempt)
    if (text) return text
    if (this.#spec.terminationMessagePolicy !== 'FallbackToLogsOnError' || ended.exitCode === 0) return ''
    const logs = await runtime.logs(ended.id, { follow: false, timestamps: false, tail: 80 })
    let tail = ''
    for await (const chunk of logs) tail = (tail + (chunk as Buffer).toString('utf8')).slice(-2_048)
    return tail
  }

  /** What the pod's status in the API says of it, where that is as asked. */
  #reportedStatus(accepts: (status: ContainerStatus) => boolean): ContainerStatus | undefined {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#scope.pod().status ?? {}
    return [...containerStatuses, ...initContainerStatuses].find(
      (status) => status.name === this.name && accepts(status),
    )
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const list =
      this.kind === 'main' ? 'containers' : this.kind === 'ephemeral' ? 'ephemeralContainers' : 'initContainers'
    this.#scope.recorder.event(this.#scope.pod(), type, reason, message, `spec.${list}{${this.name}}`)
  }
}

/** Resolves with `event`, when `seconds` are over, or when `signal` aborts. */
async function within(
  event: Promise<unknown>,
  seconds: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const over = new AbortController()
  const time = sleep(clock, Math.max(0, seconds) * 1_000, AbortSignal.any([signal, over.signal]))
  await Promise.race([event, time.catch(() => undefined)])
  over.abort()
}

/** The containers of a pod's spec with their kinds, in the order in which they start. */
export function containersOf({ spec }: Pod): { container: Container; kind: ContainerKind }[] {
  return [
    ...(spec?.initContainers ?? []).map((container) => ({
      container,
      kind: isRestartableInit(container) ? ('sidecar' as const) : ('init' as const),
    })),
    ...(spec?.containers ?? []).map((container) => ({ container, kind: 'main' as const })),
    ...(spec?.ephemeralContainers ?? []).map((container) => ({ container, kind: 'ephemeral' as const })),
  ]
}
