import type { Pod } from '#shared/kube/generated/types.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { firstBackOff } from '#shared/kube/kubelet/container-restart.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { pods } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ObservedContainer } from '../runtime/runtime.ts'
import { removeVolumes, tearDownVolumes } from '../volumes.ts'
import type { Refusal } from './admission.ts'
import { unsupported } from './container-plan.ts'
import { isCriticalPod } from './critical.ts'
import { containersOf, PodContainer } from './container.ts'
import { PodDevices } from './pod-devices.ts'
import { PodVolumes } from './pod-volumes.ts'
import { RetryDelay } from './retry-delay.ts'
import { Sandbox } from './sandbox.ts'
import { podKey, podRef, type PodContext, type PodScope } from './scope.ts'
import { PodSources } from './sources.ts'
import { StatusReporter } from './status-reporter.ts'
import { isPodComplete, type PodObservation } from '#shared/kube/kubelet/pod-status.ts'
import { Termination } from './termination.ts'
import { Timers } from './timers.ts'

/** When a resize that waits for others is tried again, ms. */
const deferredResize = 10_000
/** How long what is left of a pod may wait for others that start, ms. */
const longestQuiet = 2_000
/** How long a pod whose object is gone runs on at most while others start, ms; Kubernetes gives it two seconds. */
const longestWait = 400
/** Seconds that an evicted pod's containers get to end. */
const evictionGrace = 1

export interface PodEviction {
  /** `Evicted`, when unset. */
  reason?: string
  message: string
  /** Of the event. */
  annotations?: Readonly<Record<string, string>>
  isDisruption?: boolean
  /** Seconds. */
  grace?: number
}

/**
 * One pod on this node, from its arrival to its end. Whatever happens (the pod changed, a container ended, a probe gave
 * its verdict, a timer ran out) only wakes the loop; each pass reads everything anew and brings the pod one step further.
 */
export class PodWorker {
  #pod: Stored<Pod>
  readonly #scope: PodScope
  readonly #sandbox: Sandbox
  readonly #volumes: PodVolumes
  readonly #devices: PodDevices
  readonly #sources: PodSources
  readonly #reporter: StatusReporter
  /** By name, in the order in which they start. */
  readonly #containers = new Map<string, PodContainer>()
  readonly #startTime: string
  readonly #retry = new RetryDelay({ initial: 1_000, max: 10_000 })
  #awake = false
  #working: Promise<void> | undefined
  /** The loop has ended: the agent stops, or nothing of the pod is left. */
  #ended = false
  /** The pod's object is gone. */
  #gone = false
  /** Ends the pod for good: its deadline is over, it is evicted, or this node does not run it. */
  #failure: PodObservation['failure']
  /** Decides whether this node runs the pod; unset once it does. */
  #admit: (() => Promise<Refusal | undefined>) | undefined
  /** Its containers are being stopped: the loop waits for them, for as long as their grace lasts. */
  #stopping = false
  /** It has succeeded or failed, whether or not its object says so yet: its sandbox is gone, and nothing of it runs again. */
  #isOver = false
  /** Everything has been stopped because the pod is being deleted. */
  #stopped = false
  /** Why its containers keep the resources that they have. */
  #pendingResize: Refusal | undefined
  /** Why its group could not be resized. */
  #groupError: string | undefined
  #reportedUnsupported = false
  /** They are removed once, when the pod has ended. */
  #hasVolumes = true

  /** @param admit says why this node does not run the pod; unset for one that it runs */
  constructor(pod: Stored<Pod>, context: PodContext, admit?: () => Promise<Refusal | undefined>) {
    this.#pod = pod
    this.#admit = admit
    this.#startTime = pod.status?.startTime ?? timestamp(context.clock.now())
    const wake = (): void => this.kick()
    this.#scope = {
      ...context,
      objectUid: context.objectUid ?? (() => pod.metadata.uid),
      uid: pod.metadata.uid,
      pod: () => this.#pod,
      mayResize: () => this.#pendingResize === undefined,
      termination: new Termination(),
      timers: new Timers({ clock: context.clock, wake }),
      wake,
    }
    this.#sandbox = new Sandbox(this.#scope)
    this.#sources = new PodSources(this.#scope)
    this.#volumes = new PodVolumes(this.#scope, this.#sources)
    this.#devices = new PodDevices(this.#scope)
    this.#reporter = new StatusReporter(this.#scope)
    this.#takeContainers()
  }

  get pod(): Stored<Pod> {
    return this.#pod
  }

  /** The pod's object has changed. */
  update(pod: Stored<Pod>): void {
    this.#pod = pod
    this.#takeContainers()
    if (pod.metadata.deletionTimestamp !== undefined)
      this.#endWithin(pod.metadata.deletionGracePeriodSeconds ?? Infinity)
    this.kick()
  }

  /** Ends the pod, which fails: for what it uses, or for what its node is short of (pkg/kubelet/eviction). */
  evict({ reason = 'Evicted', message, annotations, isDisruption = false, grace = evictionGrace }: PodEviction): void {
    if (this.#failure || this.#pod.metadata.deletionTimestamp !== undefined || isCriticalPod(this.#pod)) return
    this.#scope.recorder.event(this.#pod, 'Warning', reason, message, undefined, annotations)
    this.#fail({ reason, message, isDisruption }, grace)
  }

  /** Ends the pod, which fails: its node is being shut down. @param grace seconds */
  shutDown(grace: number): void {
    if (this.#failure || this.#pod.metadata.deletionTimestamp !== undefined || isPodTerminal(this.#pod)) return
    const message = 'Pod was terminated in response to imminent node shutdown.'
    this.#fail({ reason: 'Terminated', message, isDisruption: true }, grace)
  }

  /** Room on the disk matters more than what ended containers have written, the newest one's log of a live pod aside. */
  async removeEndedContainers(): Promise<void> {
    const isOver = isPodTerminal(this.#pod)
    for (const container of this.#containers.values()) await container.removeEnded({ newestToo: isOver })
  }

  /** Resolves once the status that was reported last is written, or has failed to be. */
  async flush(): Promise<void> {
    await this.#reporter.flush()
  }

  #fail(failure: NonNullable<PodObservation['failure']>, grace: number): void {
    this.#failure = failure
    this.#endWithin(grace)
    this.kick()
  }

  /** Ends the pod as if it were deleted: its file is gone. */
  endNow(): void {
    if (this.#pod.metadata.deletionTimestamp !== undefined) return
    const grace = this.#pod.spec?.terminationGracePeriodSeconds ?? 30
    const deletionTimestamp = timestamp(this.#scope.clock.now())
    const metadata = { ...this.#pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace }
    this.update({ ...this.#pod, metadata })
  }

  /** Nothing of it is left, or the agent has let go of it. */
  get hasEnded(): boolean {
    return this.#ended
  }

  /** The pod's object is gone without our having ended it: everything of it is removed at once. */
  abandon(): void {
    this.#gone = true
    this.#endWithin(0)
    this.kick()
  }

  /** Leaves the pod as it is: the agent ends, the pod goes on. */
  stop(): void {
    this.#ended = true
    this.#scope.timers.stop()
    this.#volumes.stop()
    for (const container of this.#containers.values()) container.detach()
  }

  /** Looks at the pod again; calls during a pass lead to one more. */
  kick(): void {
    this.#awake = true
    // Readiness goes on being told while the loop waits (kubelet: a terminating pod's status manager).
    if (this.#stopping && this.#isRunning) this.#report()
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    while (this.#awake && !this.#ended) {
      this.#awake = false
      try {
        await this.#sync()
        this.#retry.succeeded()
      } catch (error) {
        const { message, delayMs, isNew } = this.#retry.failed(error)
        if (isNew) this.#scope.log.warn('pod sync failed', { pod: podKey(this.#pod), error: message })
        this.#scope.timers.wakeAfter('retry', delayMs)
      }
    }
    this.#working = undefined
  }

  /** One pass of the loop, whatever stage of its life the pod is in. */
  async #sync(): Promise<void> {
    this.#checkDeadline()
    if (this.#gone || this.#pod.metadata.deletionTimestamp !== undefined) return this.#terminate()
    if (!isPodTerminal(this.#pod)) await this.#decideAdmission()
    if (this.#failure || this.#isOver || isPodTerminal(this.#pod)) return this.#finish()
    this.#reportUnsupported()
    await this.#collectExits()
    await this.#restartAll()
    if (this.#isEndedBySandbox()) return this.#finish()
    if (!(await this.#devices.ensure())) {
      this.#report()
      return
    }
    const [sandbox] = await Promise.all([
      this.#sandbox.ensure(() => this.#leaveSandbox()),
      this.#volumes.ensure(this.#sandbox.ips),
      this.#scope.groups?.ensure(this.#pod),
    ])
    if (sandbox && this.#volumes.ready) await this.#runContainers(sandbox)
    const isComplete = isPodComplete(this.#pod, this.#observe())
    // Its devices are free before anybody hears that it has ended.
    if (!isComplete || !this.#devices.isHeld) this.#report()
    if (isComplete) await this.#finish()
  }

  /** A rule of one container that has ended restarts all of them in the same sandbox, from the first init container on. */
  async #restartAll(): Promise<void> {
    const all = [...this.#containers.values()]
    if (!all.some(({ restartsAll }) => restartsAll)) return
    await Promise.all(all.map((container) => container.restartWithAll()))
    await this.#collectExits()
  }

  async #decideAdmission(): Promise<void> {
    const refusal = await this.#admit?.()
    this.#admit = undefined
    if (!refusal) return
    this.#scope.recorder.event(this.#pod, 'Warning', refusal.reason, refusal.message)
    this.#failure = { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}`, isRejection: true }
  }

  /** A resize that does not fit is not begun; one that others stand in the way of is looked at again. */
  #decideResize(): void {
    const { groups, recorder, resizeRefusal, timers } = this.#scope
    const isWanted = this.#isResizing || groups?.needsResize(this.#pod) === true
    const refusal = isWanted ? resizeRefusal?.(this.#pod) : undefined
    if (refusal && refusal.reason !== this.#pendingResize?.reason)
      recorder.event(this.#pod, 'Warning', `Resize${refusal.reason}`, refusal.message)
    this.#pendingResize = refusal
    if (refusal?.reason === 'Deferred') timers.wakeAfter('deferred resize', deferredResize)
  }

  get #isResizing(): boolean {
    return [...this.#containers.values()].some(({ needsResize }) => needsResize)
  }

  /** The pod's group is raised before its containers and lowered after them (kubelet: doPodResizeAction). */
  async #resizeGroup(step: 'raise' | 'settle'): Promise<void> {
    const { groups, timers } = this.#scope
    if (!groups?.needsResize(this.#pod) || this.#pendingResize || (step === 'settle' && this.#isResizing)) return
    try {
      await groups[step](this.#pod)
      this.#groupError = undefined
    } catch (error) {
      this.#groupError = messageOf(error)
      timers.wakeAfter('resize of the pod', firstBackOff)
    }
  }

  async #runContainers(sandbox: ObservedContainer): Promise<void> {
    this.#decideResize()
    await this.#resizeGroup('raise')
    if (await this.#runInitContainers(sandbox))
      for (const container of this.#ofKind('main')) await container.sync(sandbox)
    for (const container of this.#ofKind('ephemeral')) await container.sync(sandbox)
    await this.#resizeGroup('settle')
    for (const container of this.#containers.values()) await container.prune()
  }

  /** Init containers one after the other, sidecars from their turn on. @returns whether the main containers may run */
  async #runInitContainers(sandbox: ObservedContainer): Promise<boolean> {
    for (const container of this.#ofKind('init', 'sidecar')) {
      if (container.kind === 'init') {
        if (container.letsNextStart) continue
        await container.sync(sandbox)
        return false
      }
      await container.sync(sandbox)
      if (!container.letsNextStart) return false
    }
    return true
  }

  /** The pod is over but its object stays: nothing of it runs on, its logs stay readable. */
  async #finish(): Promise<void> {
    this.#isOver = true
    const grace = this.#pod.spec?.terminationGracePeriodSeconds ?? 30
    await this.#stopContainers(Math.min(grace, this.#scope.termination.grace))
    await this.#collectExits()
    await this.#devices.release()
    await this.#sandbox.stop()
    this.#report()
    if (!this.#hasVolumes) return
    this.#volumes.stop()
    await removeVolumes(this.#scope, this.#scope.uid)
    this.#scope.groups?.remove(this.#scope.uid)
    this.#hasVolumes = false
  }

  /**
   * The pod is deleted: stops it, gives back what it has, and removes its object. Its containers have ended by then, and are
   * removed when nothing is being started (the kubelet collects them as garbage): its successor comes in this moment.
   */
  async #terminate(): Promise<void> {
    const { deletionGracePeriodSeconds } = this.#pod.metadata
    const grace = deletionGracePeriodSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30
    // Nobody waits for the end of a pod without an object, but for its successor. Ports of the node are needed for that.
    if (this.#gone && !this.#pod.spec?.hostNetwork) await this.#scope.starts.quiet(longestWait)
    await this.#stopContainers(this.#gone ? 0 : grace)
    await this.#collectExits()
    await this.#devices.release()
    this.#stopped = true
    this.#report()
    if (this.#gone) {
      await this.#sandbox.detach()
      await this.#scope.starts.quiet(longestQuiet)
    } else await this.#sandbox.stop()
    this.#scope.groups?.remove(this.#scope.uid)
    await tearDownVolumes(this.#scope, this.#scope.uid)
    if (!this.#gone) {
      await this.#reporter.flush()
      await this.#deleteObject()
      await this.#scope.starts.quiet(longestQuiet)
    }
    for (const container of this.#containers.values()) await container.remove()
    await this.#sandbox.remove()
    this.stop()
  }

  async #deleteObject(): Promise<void> {
    const { client, objectUid } = this.#scope
    const uid = objectUid()
    if (uid === undefined) return
    try {
      await client.delete(pods, podRef(this.#pod), { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      // It is gone already, or another pod has its name.
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error
    }
  }

  /**
   * Sidecars outlive the containers that they serve, and each those that were started after it. Hooks do not wait
   * (kubelet: `newTerminationOrdering`).
   */
  async #stopContainers(grace: number): Promise<void> {
    this.#stopping = true
    try {
      const stops = [stopAll(this.#ofKind('main', 'init', 'ephemeral'), grace)]
      for (const sidecar of this.#ofKind('sidecar').reverse())
        stops.push(stopAll([sidecar], grace, Promise.allSettled(stops)))
      const failed = (await Promise.allSettled(stops)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    } finally {
      this.#stopping = false
    }
  }

  /** A second delete may shorten the grace of the first: what is being stopped is then stopped sooner. */
  #endWithin(grace: number): void {
    const { termination } = this.#scope
    const stopping = [...this.#containers.values()].filter(({ isStopping }) => isStopping)
    if (!termination.begin(grace) || stopping.length === 0) return
    termination.shorten()
    for (const container of stopping) container.hurry(grace)
  }

  #checkDeadline(): void {
    const { clock, timers } = this.#scope
    const seconds = this.#pod.spec?.activeDeadlineSeconds
    if (seconds === undefined || this.#failure || this.#pod.metadata.deletionTimestamp) return
    const left = Date.parse(this.#startTime) + seconds * 1_000 - clock.now()
    if (left > 0) timers.wakeAfter('deadline', left)
    else
      this.#failure = {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      }
  }

  #reportUnsupported(): void {
    if (this.#reportedUnsupported) return
    this.#reportedUnsupported = true
    for (const what of unsupported(this.#pod))
      this.#scope.recorder.event(
        this.#pod,
        'Warning',
        'Unsupported',
        `Not supported by Slipway, the pod runs without it: ${what}`,
      )
  }

  /** After a stop of the worker: a pod that must not run again stays ended (kubelet: computePodActions). */
  #isEndedBySandbox(): boolean {
    const sandbox = this.#sandbox.observed
    const all = [...this.#containers.values()]
    const hasBegun = all.some(({ attempts }) => attempts.some(({ state }) => state !== 'created'))
    if (!sandbox || sandbox.state === 'running' || !hasBegun) return false
    const policy = this.#pod.spec?.restartPolicy ?? 'Always'
    const containers = [...(this.#pod.spec?.containers ?? []), ...(this.#pod.spec?.initContainers ?? [])]
    if (policy === 'Never') return containers.every(({ restartPolicy }) => (restartPolicy ?? 'Never') === 'Never')
    return policy === 'OnFailure' && this.#ofKind('main').every(({ latest }) => latest?.exitCode === 0)
  }

  async #collectExits(): Promise<void> {
    for (const container of this.#containers.values()) await container.collectExits()
  }

  async #leaveSandbox(): Promise<void> {
    for (const container of this.#containers.values()) await container.leaveSandbox()
  }

  get #isRunning(): boolean {
    return [...this.#containers.values()].some(({ latest }) => latest?.state === 'running')
  }

  #ofKind(...kinds: PodContainer['kind'][]): PodContainer[] {
    return [...this.#containers.values()].filter(({ kind }) => kinds.includes(kind))
  }

  /** Ephemeral containers may have been added, and images and limits changed. */
  #takeContainers(): void {
    for (const { container: spec, kind } of containersOf(this.#pod)) {
      const known = this.#containers.get(spec.name)
      const parts = { scope: this.#scope, sandbox: this.#sandbox, sources: this.#sources }
      if (known) known.update(spec)
      else this.#containers.set(spec.name, new PodContainer(spec, kind, parts))
    }
  }

  /** Waits for the next pass while an exit has not been collected: its termination message belongs to the same status. */
  #report(): void {
    if (this.#gone || [...this.#containers.values()].some(({ hasNewExit }) => hasNewExit)) return
    this.#reporter.report(this.#observe())
  }

  #observe(): PodObservation {
    const sandbox = this.#sandbox.observed
    const { node, recursiveReadOnly = false } = this.#scope
    const failed = [...this.#containers.values()].find(({ resizeError: error }) => error)
    const resizeError = failed?.resizeError ?? this.#groupError
    return {
      ...(sandbox ? { sandbox } : {}),
      containers: new Map([...this.#containers].map(([name, container]) => [name, container.observe()])),
      podIps: this.#sandbox.ips,
      hostIps: [node.ip, ...(node.ip6 ? [node.ip6] : [])],
      mounts: { recursiveReadOnly },
      startTime: this.#startTime,
      ...(this.#failure ? { failure: this.#failure } : {}),
      ...(resizeError ? { resizeError } : {}),
      ...(this.#pendingResize ? { pendingResize: this.#pendingResize } : {}),
      resizing: this.#scope.groups?.needsResize(this.#pod) ?? false,
      stopped: this.#stopped,
    }
  }
}

/** @param turn what must have ended before they are */
async function stopAll(containers: readonly PodContainer[], grace: number, turn?: Promise<unknown>): Promise<void> {
  await Promise.all(
    containers.map(async (container) => {
      const running = container.attempts.filter(({ state }) => state === 'running')
      await Promise.all(running.map((attempt) => container.stop(attempt, undefined, grace, turn)))
    }),
  )
}
