import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jsonEqual as deepEqual } from '#shared/kube/json.ts'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import type {
  ConfigMap,
  Container,
  LifecycleHandler,
  Pod,
  PodStatus,
  Secret,
  Service,
} from '#shared/kube/generated/types.ts'
import { isPodTerminal, isRestartableInit } from '#shared/kube/pod.ts'
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods as podResource,
  secrets,
  serviceAccounts,
} from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import {
  BadContainerConfig,
  containerHash,
  limitsOf,
  planContainer,
  resizeNeeded,
  unsupported,
} from './container-plan.ts'
import { environmentOf, MissingSource } from './environment.ts'
import { ImageFailed, type EnsuredImage, type Images } from './images.ts'
import { hostsFile, kernelHostname, podHostname, resolvConf, type DnsSettings } from './pod-files.ts'
import { httpProbe, portOf, startProbes } from './probes.ts'
import type { Mount, ObservedContainer, Runtime } from './runtime/runtime.ts'
import { allContainers, hasHadItsRun, latest, podStatus, statusPatch, type PodObservation } from './status.ts'
import { MountFailed, mountsOf, podFolder, setUpVolumes, tearDownVolumes, type VolumeSources } from './volumes.ts'

/** The pod's place in the network; `agent/network` implements it. */
export interface PodNetwork {
  /** Gives the namespaces of process `pid` an interface; the same address again for a pod that has one. */
  attach(pod: {
    uid: string
    namespace: string
    name: string
    pid: number
    hostPorts: HostPort[]
  }): Promise<{ ip: string }>
  detach(podUid: string): Promise<void>
}

export interface HostPort {
  hostIp: string
  hostPort: number
  containerPort: number
  protocol: 'TCP' | 'UDP' | 'SCTP'
}

export interface PodWorkerContext {
  runtime: Runtime
  images: Images
  network: PodNetwork
  client: Client
  recorder: EventRecorder
  clock: Clock
  log: Log
  /** `/var/lib/kubelet` */
  root: string
  node: { name: string; ip: string; cpuMillis: number; memoryBytes: number }
  dns: DnsSettings
  services(): Service[]
}

/**
 * Restart back-off of Kubernetes: 10 s doubling to 5 minutes, forgotten after 10 minutes of running. As there, it lives
 * in memory: after a reboot of the node nobody waits.
 */
const firstBackoff = 10_000
const longestBackoff = 300_000
const forgetBackoff = 600_000
/** How often volumes that follow ConfigMaps, Secrets and tokens are refreshed. */
const volumeRefresh = 30_000
/** How long a failed fetch of an image is shown as such before it is shown as waiting for the next try. */
const shownFailure = 2_000

/**
 * One pod on this node: brings what runs to what the pod asks for, one look at a time. Whatever happens (the pod
 * changed, a container ended, a probe gave its verdict, a timer ran out) only calls `kick`; the look reads everything anew.
 */
export class PodWorker {
  #pod: Pod
  readonly #context: PodWorkerContext
  readonly #uid: string
  readonly #startTime: string
  #dirty = false
  #working: Promise<void> | undefined
  #ended = false
  #ip: string | undefined
  #volumesReady = false
  #volumesFollow = false
  #failure: { reason: string; message: string } | undefined
  #stopped = false
  #gone = false
  #saidUnsupported = false
  readonly #waiting = new Map<string, { reason: string; message: string }>()
  readonly #started = new Map<string, boolean>()
  readonly #ready = new Map<string, boolean>()
  readonly #imageIds = new Map<string, string>()
  readonly #messages = new Map<string, string>()
  readonly #crashes = new Map<string, number>()
  /** Fetches of images, by container: under way, or done and not yet taken notice of. */
  readonly #fetches = new Map<string, { image?: EnsuredImage; error?: unknown }>()
  readonly #failures = new Map<string, { count: number; retryAt: number }>()
  readonly #tokens = new Map<string, { token: string; renewAt: number }>()
  #leave: () => void = () => undefined
  /** Resolves when the pod is to end: whatever waits for its containers gives up. */
  readonly #leaving = new Promise<void>((resolve) => (this.#leave = resolve))
  #hurry: () => void = () => undefined
  /** Resolves when the pod is to end sooner than the grace that it was given first. */
  readonly #hurried = new Promise<void>((resolve) => (this.#hurry = resolve))
  #grace = Infinity
  /** Why a resize could not be carried out yet. */
  #resizeError: string | undefined
  readonly #probes = new Map<string, Stop>()
  readonly #killing = new Set<string>()
  readonly #timers = new Map<string, Stop>()
  #reported: PodStatus | undefined
  #reporting: Promise<void> = Promise.resolve()

  constructor(pod: Pod, context: PodWorkerContext) {
    this.#pod = pod
    this.#context = context
    this.#uid = pod.metadata.uid ?? ''
    this.#startTime = pod.status?.startTime ?? timestamp(context.clock.now())
  }

  get pod(): Pod {
    return this.#pod
  }

  update(pod: Pod): void {
    this.#pod = pod
    if (pod.metadata.deletionTimestamp !== undefined)
      this.#endWithin(pod.metadata.deletionGracePeriodSeconds ?? Infinity)
    this.kick()
  }

  /** The pod's object is gone without our having ended it: everything of it is removed at once. */
  abandon(): void {
    this.#gone = true
    this.#endWithin(0)
    this.kick()
  }

  kick(): void {
    this.#dirty = true
    this.#working ??= this.#work()
  }

  /** A second delete may shorten the grace of the first: what is being stopped is then stopped sooner. */
  #endWithin(grace: number): void {
    this.#leave()
    if (grace < this.#grace && this.#killing.size > 0) {
      this.#hurry()
      for (const id of this.#killing) void this.#context.runtime.stopContainer(id, grace).catch(() => undefined)
    }
    this.#grace = Math.min(this.#grace, grace)
  }

  /** Leaves the pod as it is: the agent ends, the pod goes on. */
  stop(): void {
    this.#ended = true
    for (const stop of [...this.#probes.values(), ...this.#timers.values()]) void stop()
  }

  async #work(): Promise<void> {
    while (this.#dirty && !this.#ended) {
      this.#dirty = false
      try {
        await this.#sync()
      } catch (error) {
        this.#context.log.warn('pod sync failed', { pod: this.#name, error: (error as Error).message })
        this.#later('retry', 1_000)
      }
    }
    this.#working = undefined
  }

  get #name(): string {
    return `${this.#pod.metadata.namespace ?? ''}/${this.#pod.metadata.name ?? ''}`
  }

  get #containers(): ObservedContainer[] {
    return this.#context.runtime.containers(this.#uid).filter(({ sandbox }) => !sandbox)
  }

  get #sandbox(): ObservedContainer | undefined {
    return this.#context.runtime.containers(this.#uid).findLast(({ sandbox }) => sandbox)
  }

  async #sync(): Promise<void> {
    this.#checkDeadline()
    if (this.#gone || this.#pod.metadata.deletionTimestamp !== undefined) return this.#terminate()
    if (this.#failure || isPodTerminal(this.#pod)) return this.#finish()
    this.#sayUnsupported()
    await this.#collectExits()
    if (this.#hasLostItsSandbox()) return this.#finish()
    const [sandbox] = await Promise.all([this.#ensureSandbox(), this.#ensureVolumes()])
    if (!sandbox || !this.#volumesReady) {
      this.#report()
      return
    }
    if (await this.#runInitContainers(sandbox)) {
      for (const container of this.#pod.spec?.containers ?? [])
        await this.#runContainer(container, sandbox, this.#pod.spec?.restartPolicy ?? 'Always')
    }
    for (const container of this.#pod.spec?.ephemeralContainers ?? [])
      await this.#runContainer(container, sandbox, 'Never')
    await this.#pruneAttempts()
    this.#report()
    if (hasHadItsRun(this.#pod, this.#observation())) await this.#finish()
  }

  /** After a stop of the worker: a pod that must not run again stays ended (kubelet: computePodActions). */
  #hasLostItsSandbox(): boolean {
    const sandbox = this.#sandbox
    const begun = this.#containers.filter(({ state }) => state !== 'created')
    if (!sandbox || sandbox.state === 'running' || begun.length === 0) return false
    const policy = this.#pod.spec?.restartPolicy ?? 'Always'
    if (policy === 'Never') return true
    return (
      policy === 'OnFailure' &&
      (this.#pod.spec?.containers ?? []).every(({ name }) => latest(this.#containers, name)?.exitCode === 0)
    )
  }

  /** Whether an attempt was made in an earlier sandbox of the pod: then init containers run once more. */
  #isStale(attempt: ObservedContainer): boolean {
    return attempt.createdAt < (this.#sandbox?.createdAt ?? '')
  }

  /** @returns whether all of them are done, so that the main containers may run. */
  async #runInitContainers(sandbox: ObservedContainer): Promise<boolean> {
    for (const container of this.#pod.spec?.initContainers ?? []) {
      const current = latest(this.#containers, container.name)
      if (isRestartableInit(container)) {
        await this.#runContainer(container, sandbox, 'Always')
        if (
          latest(this.#containers, container.name)?.state !== 'running' ||
          this.#started.get(container.name) === false
        )
          return false
        continue
      }
      if (current?.state === 'exited' && current.exitCode === 0 && !this.#isStale(current)) continue
      const policy = this.#pod.spec?.restartPolicy === 'Never' ? 'Never' : 'OnFailure'
      await this.#runContainer(container, sandbox, policy)
      return false
    }
    return true
  }

  /** Starts, restarts or leaves a container, as its last attempt and the policy have it. */
  async #runContainer(container: Container, sandbox: ObservedContainer, policy: string): Promise<void> {
    const current = latest(this.#containers, container.name)
    if (current?.state === 'running') {
      this.#waiting.delete(container.name)
      if (current.hash !== containerHash(container))
        await this.#kill(current, container, 'definition changed, will be restarted')
      else {
        await this.#resize(container, current)
        this.#watchOver(container, current)
      }
      return
    }
    if (current?.state === 'exited') {
      const isInit = this.#pod.spec?.initContainers?.includes(container) ?? false
      const again =
        policy === 'Always' || (policy === 'OnFailure' && current.exitCode !== 0) || (isInit && this.#isStale(current))
      if (!again) return
      if (this.#isBackingOff(container, current)) return
    }
    if (this.#isWaitingForRetry(container)) return
    await this.#startContainer(container, sandbox, current)
  }

  /** Limits that changed are given to the container as it runs, or by a restart where it asks for one. */
  async #resize(container: Container, running: ObservedContainer): Promise<void> {
    const need = resizeNeeded(container, running.resources)
    if (need === 'none') return
    if (need === 'restart') return this.#kill(running, container, 'resize requires restart')
    try {
      await this.#context.runtime.updateContainer(running.id, limitsOf(container))
      this.#resizeError = undefined
    } catch (error) {
      this.#resizeError = (error as Error).message
      this.#later('resize', firstBackoff)
    }
  }

  /** What failed before it began (no image, no configuration) is tried again later, whatever happens meanwhile. */
  #isWaitingForRetry(container: Container): boolean {
    const failure = this.#failures.get(container.name)
    const wait = (failure?.retryAt ?? 0) - this.#context.clock.now()
    if (wait <= 0) return false
    if (this.#waiting.get(container.name)?.reason === 'ErrImagePull') {
      const message = `Back-off pulling image "${container.image ?? ''}"`
      this.#waiting.set(container.name, { reason: 'ImagePullBackOff', message })
      this.#context.recorder.event(this.#pod, 'Normal', 'BackOff', message, this.#path(container))
    }
    this.#later(`start ${container.name}`, wait)
    return true
  }

  /** @returns undefined while it is being fetched; the pod is looked at again then @throws ImageFailed */
  #image(container: Container): EnsuredImage | undefined {
    const known = this.#fetches.get(container.name)
    if (!known) {
      const fetch: { image?: EnsuredImage; error?: unknown } = {}
      this.#fetches.set(container.name, fetch)
      const say = (): void =>
        this.#context.recorder.event(
          this.#pod,
          'Normal',
          'Pulling',
          `Pulling image "${container.image ?? ''}"`,
          this.#path(container),
        )
      void this.#context.images
        .ensure(container, say)
        .then(
          (image) => (fetch.image = image),
          (error: unknown) => (fetch.error = error),
        )
        .finally(() => this.kick())
      return undefined
    }
    if (known.image || known.error) this.#fetches.delete(container.name)
    if (known.error) throw known.error as Error
    return known.image
  }

  #isBackingOff(container: Container, ended: ObservedContainer): boolean {
    const { clock, recorder } = this.#context
    const finished = Date.parse(ended.finishedAt ?? ended.createdAt)
    const ran = finished - Date.parse(ended.startedAt ?? ended.createdAt)
    const crashes = ran > forgetBackoff ? 0 : (this.#crashes.get(container.name) ?? 0)
    if (crashes === 0) return false
    const delay = Math.min(firstBackoff * 2 ** (crashes - 1), longestBackoff)
    const wait = finished + delay - clock.now()
    if (wait <= 0) return false
    const message = `back-off ${delay / 1_000}s restarting failed container=${container.name} pod=${this.#pod.metadata.name ?? ''}_${this.#pod.metadata.namespace ?? ''}(${this.#uid})`
    if (this.#waiting.get(container.name)?.reason !== 'CrashLoopBackOff')
      recorder.event(
        this.#pod,
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${container.name} in pod ${this.#name.replace('/', '_')}(${this.#uid})`,
        this.#path(container),
      )
    this.#waiting.set(container.name, { reason: 'CrashLoopBackOff', message })
    this.#later(`backoff ${container.name}`, wait)
    return true
  }

  async #startContainer(
    container: Container,
    sandbox: ObservedContainer,
    previous: ObservedContainer | undefined,
  ): Promise<void> {
    const { runtime, recorder, images } = this.#context
    try {
      const fetched = (await images.present(container)) ?? this.#image(container)
      if (!fetched) return
      const { image, pulledMs } = fetched
      this.#imageIds.set(container.image ?? '', image.digest.includes('@') ? image.digest : `docker://${image.id}`)
      const pulled =
        pulledMs === undefined
          ? `Container image "${container.image ?? ''}" already present on machine`
          : `Successfully pulled image "${container.image ?? ''}" in ${pulledMs}ms`
      recorder.event(this.#pod, 'Normal', 'Pulled', pulled, this.#path(container))
      const attempt = this.#nextAttempt(container, previous)
      const id = previous?.state === 'created' ? previous.id : await this.#create(container, attempt, sandbox, image)
      recorder.event(this.#pod, 'Normal', 'Created', `Container created`, this.#path(container))
      this.#crashes.set(container.name, this.#crashesBefore(container, previous))
      const started = await runtime.startContainer(id)
      recorder.event(this.#pod, 'Normal', 'Started', `Container started`, this.#path(container))
      this.#waiting.delete(container.name)
      this.#failures.delete(container.name)
      this.#started.delete(container.name)
      this.#ready.delete(container.name)
      await this.#postStart(container, started)
      this.#watchOver(container, started)
    } catch (error) {
      this.#waitAfter(error as Error, container)
    }
  }

  /** Counts on from what the pod's status says when the attempts themselves are gone with the worker's disk. */
  #nextAttempt(container: Container, previous: ObservedContainer | undefined): number {
    if (previous) return previous.state === 'created' ? previous.attempt : previous.attempt + 1
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status ?? {}
    const said = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container.name)
    return said?.containerID ? said.restartCount + 1 : 0
  }

  #crashesBefore(container: Container, previous: ObservedContainer | undefined): number {
    if (previous?.state !== 'exited') return 0
    const ended = Date.parse(previous.finishedAt ?? previous.createdAt)
    const ran = ended - Date.parse(previous.startedAt ?? previous.createdAt)
    return ran > forgetBackoff ? 1 : (this.#crashes.get(container.name) ?? 0) + 1
  }

  /** The container cannot be started: says why, once, and when it is tried again. */
  #waitAfter(error: Error, container: Container): void {
    const { clock, recorder, images } = this.#context
    const count = (this.#failures.get(container.name)?.count ?? 0) + 1
    const [reason, delay] =
      error instanceof ImageFailed
        ? [error.reason, Math.min(firstBackoff * 2 ** (count - 1), longestBackoff)]
        : error instanceof MissingSource || error instanceof BadContainerConfig
          ? ['CreateContainerConfigError', 2_000]
          : error instanceof MountFailed
            ? ['CreateContainerError', 2_000]
            : ['RunContainerError', firstBackoff]
    if (reason === 'RunContainerError') images.forget(container.image ?? '')
    if (this.#waiting.get(container.name)?.message !== error.message)
      recorder.event(
        this.#pod,
        'Warning',
        'Failed',
        reason === 'ErrImagePull' ? error.message : `Error: ${error.message}`,
        this.#path(container),
      )
    this.#waiting.set(container.name, { reason, message: error.message })
    this.#failures.set(container.name, { count, retryAt: clock.now() + delay })
    this.#later(`start ${container.name}`, reason === 'ErrImagePull' ? shownFailure : delay)
  }

  async #create(
    container: Container,
    attempt: number,
    sandbox: ObservedContainer,
    image: Awaited<ReturnType<Images['ensure']>>['image'],
  ): Promise<string> {
    const { root, runtime, node } = this.#context
    const env = await environmentOf(this.#pod, container, this.#sources())
    const mounts = [
      ...(await mountsOf(root, this.#pod, container, env)),
      ...(await this.#ownMounts(container, attempt)),
    ]
    return runtime.createContainer(
      planContainer({
        pod: this.#pod,
        container,
        attempt,
        sandboxId: sandbox.id,
        image,
        env,
        mounts,
        nodeMemory: node.memoryBytes,
        ...this.#debugged(container),
      }),
    )
  }

  /** What an ephemeral container was sent to look into. */
  #debugged(container: Container): { debugged?: string } {
    const target = (container as { targetContainerName?: string }).targetContainerName
    const found = target === undefined ? undefined : latest(this.#containers, target)
    return found?.state === 'running' ? { debugged: found.id } : {}
  }

  /** Files that the kubelet itself keeps in each container: hosts, resolv.conf, the termination message. */
  async #ownMounts(container: Container, attempt: number): Promise<Mount[]> {
    const folder = podFolder(this.#context.root, this.#uid)
    const message = this.#messageFile(container.name, attempt)
    await mkdir(join(folder, 'containers', container.name), { recursive: true })
    await writeFile(message, '', { mode: 0o666 })
    const bind = (source: string, target: string): Mount => ({
      source,
      target,
      readOnly: false,
      propagation: 'rprivate',
    })
    const taken = new Set((container.volumeMounts ?? []).map(({ mountPath }) => mountPath))
    return [
      bind(join(folder, 'etc-hosts'), '/etc/hosts'),
      bind(join(folder, 'resolv.conf'), '/etc/resolv.conf'),
      bind(message, container.terminationMessagePath ?? '/dev/termination-log'),
    ].filter(({ target }) => !taken.has(target))
  }

  #messageFile(container: string, attempt: number): string {
    return join(podFolder(this.#context.root, this.#uid), 'containers', container, String(attempt))
  }

  async #postStart(container: Container, started: ObservedContainer): Promise<void> {
    const hook = container.lifecycle?.postStart
    if (!hook) return
    try {
      await Promise.race([this.#runHook(hook, container, started, 600_000), this.#leaving])
    } catch (error) {
      this.#context.recorder.event(
        this.#pod,
        'Warning',
        'FailedPostStartHook',
        (error as Error).message,
        this.#path(container),
      )
      await this.#kill(started, container, 'failed postStart hook')
    }
  }

  async #runHook(
    hook: LifecycleHandler,
    container: Container,
    target: ObservedContainer,
    timeout: number,
  ): Promise<void> {
    if (hook.exec) {
      const { code, output } = await this.#exec(target.id, hook.exec.command ?? [], timeout)
      if (code !== 0) throw new Error(`hook ended with exit code ${code}: ${output.trim()}`)
    } else if (hook.httpGet) {
      const { ok, message } = await httpProbe(
        hook.httpGet,
        portOf(container, hook.httpGet.port),
        this.#ip ?? '',
        timeout,
      )
      if (!ok) throw new Error(message)
    } else if (hook.sleep) {
      await new Promise((resolve) =>
        this.#context.clock.after(Math.min(timeout, hook.sleep?.seconds ? hook.sleep.seconds * 1_000 : 0), () =>
          resolve(undefined),
        ),
      )
    }
  }

  async #exec(id: string, command: readonly string[], timeout: number): Promise<{ code: number; output: string }> {
    const session = await this.#context.runtime.exec(id, command, { stdin: false, tty: false })
    let output = ''
    for (const stream of [session.stdout, session.stderr])
      stream.on('data', (chunk: Buffer) => {
        if (output.length < 10_000) output += chunk.toString('utf8')
      })
    let late: Stop = () => undefined
    const timedOut = new Promise<never>((_resolve, reject) => {
      late = this.#context.clock.after(timeout, () => reject(new Error(`command timed out: ${command.join(' ')}`)))
    })
    try {
      const { code, failure } = await Promise.race([session.exit(), timedOut])
      return { code, output: failure ?? output }
    } finally {
      void late()
      session.end()
    }
  }

  /** Starts the probes of a container that runs, once. */
  #watchOver(container: Container, running: ObservedContainer): void {
    if (this.#probes.has(running.id)) return
    // After a restart of the agent a container keeps the verdicts that it had, until its probes give new ones.
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status ?? {}
    const before = [...containerStatuses, ...initContainerStatuses].find(
      ({ containerID }) => containerID === `docker://${running.id}`,
    )
    const started = before?.started === true
    if (container.startupProbe) this.#started.set(container.name, started)
    if (container.readinessProbe || container.startupProbe)
      this.#ready.set(container.name, before?.ready === true && started)
    const stop = startProbes({
      container,
      started,
      podIp: this.#ip ?? this.#context.node.ip,
      clock: this.#context.clock,
      exec: (command, timeout) => this.#exec(running.id, command, timeout),
      onFailure: (kind, message) =>
        this.#context.recorder.event(
          this.#pod,
          'Warning',
          'Unhealthy',
          `${capital(kind)} probe failed: ${message}`,
          this.#path(container),
        ),
      onVerdict: (kind, passed) => {
        if (kind === 'readiness') this.#ready.set(container.name, passed)
        else if (kind === 'startup' && passed) {
          this.#started.set(container.name, true)
          if (!container.readinessProbe) this.#ready.set(container.name, true)
        } else if (!passed) {
          const grace = (kind === 'startup' ? container.startupProbe : container.livenessProbe)
            ?.terminationGracePeriodSeconds
          void this.#kill(running, container, `failed ${kind} probe, will be restarted`, grace).then(() => this.kick())
          return
        }
        this.kick()
      },
    })
    this.#probes.set(running.id, stop)
  }

  async #kill(
    target: ObservedContainer,
    container: Container | undefined,
    why: string,
    grace = this.#pod.spec?.terminationGracePeriodSeconds ?? 30,
  ): Promise<void> {
    if (this.#killing.has(target.id)) return
    this.#killing.add(target.id)
    try {
      this.#endProbes(target.id)
      const reason = why ? `Container ${target.name} ${why}` : `Stopping container ${target.name}`
      this.#context.recorder.event(this.#pod, 'Normal', 'Killing', reason, container && this.#path(container))
      const begun = this.#context.clock.now()
      const hook = container?.lifecycle?.preStop
      if (hook && grace > 0)
        await Promise.race([
          this.#hurried,
          this.#runHook(hook, container, target, grace * 1_000).catch((error: unknown) =>
            this.#context.recorder.event(
              this.#pod,
              'Warning',
              'FailedPreStopHook',
              (error as Error).message,
              this.#path(container),
            ),
          ),
        ])
      const left = Math.min(grace, this.#grace) - (this.#context.clock.now() - begun) / 1_000
      // After a long hook there are two seconds left to end in order, as the kubelet grants.
      await this.#context.runtime.stopContainer(target.id, grace === 0 || this.#grace === 0 ? 0 : Math.max(2, left))
    } finally {
      this.#killing.delete(target.id)
    }
  }

  #endProbes(id: string): void {
    void this.#probes.get(id)?.()
    this.#probes.delete(id)
  }

  /** Takes notice of containers that have ended: their probes stop, their last words are read. */
  async #collectExits(): Promise<void> {
    for (const container of this.#containers) {
      if (container.state !== 'exited' || this.#messages.has(container.id)) continue
      this.#endProbes(container.id)
      this.#messages.set(container.id, await this.#lastWords(container))
    }
  }

  async #lastWords(ended: ObservedContainer): Promise<string> {
    const text = await readFile(this.#messageFile(ended.name, ended.attempt), 'utf8').catch(() => '')
    if (text) return text.slice(-4_096)
    const spec = allContainers(this.#pod).find(({ name }) => name === ended.name)
    if (spec?.terminationMessagePolicy !== 'FallbackToLogsOnError' || ended.exitCode === 0) return ''
    const logs = await this.#context.runtime.logs(ended.id, { follow: false, timestamps: false, tail: 80 })
    let tail = ''
    for await (const chunk of logs) tail = (tail + (chunk as Buffer).toString('utf8')).slice(-2_048)
    return tail
  }

  /** Keeps the newest attempt and the one before it, whose log `--previous` reads. */
  async #pruneAttempts(): Promise<void> {
    const names = new Set(this.#containers.map(({ name }) => name))
    for (const name of names) {
      const attempts = this.#containers.filter((container) => container.name === name)
      for (const old of attempts.slice(0, -2)) await this.#context.runtime.removeContainer(old.id)
    }
  }

  async #ensureSandbox(): Promise<ObservedContainer | undefined> {
    const { runtime, recorder } = this.#context
    const known = this.#sandbox
    if (known?.state === 'running' && this.#ip !== undefined) return known
    try {
      if (known && known.state !== 'running') await this.#removeSandbox(known)
      const running =
        known?.state === 'running'
          ? known
          : await runtime.startContainer(await runtime.createSandbox(this.#sandboxSpec()))
      this.#ip = await this.#attach(running)
      await this.#writePodFiles()
      return running
    } catch (error) {
      recorder.event(
        this.#pod,
        'Warning',
        'FailedCreatePodSandBox',
        `Failed to create pod sandbox: ${(error as Error).message}`,
      )
      this.#later('sandbox', 2_000)
      return undefined
    }
  }

  #sandboxSpec(): Parameters<Runtime['createSandbox']>[0] {
    const spec = this.#pod.spec
    return {
      podUid: this.#uid,
      podNamespace: this.#pod.metadata.namespace ?? '',
      podName: this.#pod.metadata.name ?? '',
      hostname: kernelHostname(this.#pod, this.#context.dns.clusterDomain),
      hostNetwork: spec?.hostNetwork ?? false,
      hostPid: spec?.hostPID ?? false,
      hostIpc: spec?.hostIPC ?? false,
      sysctls: Object.fromEntries((spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    }
  }

  async #attach(sandbox: ObservedContainer): Promise<string> {
    const spec = this.#pod.spec
    if (spec?.hostNetwork) return this.#context.node.ip
    const hostPorts = (spec?.containers ?? [])
      .flatMap(({ ports }) => ports ?? [])
      .filter(({ hostPort }) => hostPort)
      .map(({ hostIP, hostPort, containerPort, protocol }) => ({
        hostIp: hostIP ?? '',
        hostPort: hostPort ?? 0,
        containerPort,
        protocol: (protocol ?? 'TCP') as HostPort['protocol'],
      }))
    const { ip } = await this.#context.network.attach({
      uid: this.#uid,
      namespace: this.#pod.metadata.namespace ?? '',
      name: this.#pod.metadata.name ?? '',
      pid: sandbox.pid,
      hostPorts,
    })
    return ip
  }

  async #writePodFiles(): Promise<void> {
    const folder = podFolder(this.#context.root, this.#uid)
    await mkdir(folder, { recursive: true })
    const { dns } = this.#context
    const identity = {
      hostname: podHostname(this.#pod),
      ip: this.#ip ?? '',
      clusterDomain: dns.clusterDomain,
      namespace: this.#pod.metadata.namespace ?? '',
    }
    await Promise.all([
      writeFile(join(folder, 'etc-hosts'), hostsFile(this.#pod, identity)),
      writeFile(join(folder, 'resolv.conf'), resolvConf(this.#pod, dns)),
    ])
  }

  /**
   * After the worker was rebooted, or the sandbox died. What has run is kept as an attempt: it counts as a restart, and
   * tells that a pod which must not be restarted has had its run.
   */
  async #removeSandbox(sandbox: ObservedContainer): Promise<void> {
    const { network, runtime } = this.#context
    for (const { id, state } of this.#containers) {
      this.#endProbes(id)
      if (state === 'running') await runtime.stopContainer(id, 0)
      else if (state === 'created') await runtime.removeContainer(id)
    }
    await network.detach(this.#uid)
    await runtime.removeContainer(sandbox.id)
    this.#ip = undefined
  }

  async #ensureVolumes(): Promise<void> {
    if (this.#volumesReady && !this.#volumesFollow) return
    try {
      const { live } = await setUpVolumes(this.#context.root, this.#pod, this.#sources())
      this.#volumesReady = true
      this.#volumesFollow = false
      if (live) this.#later('volumes', volumeRefresh, () => (this.#volumesFollow = true))
    } catch (error) {
      // Volumes that were set up once keep what they have when their source goes away.
      if (this.#volumesReady) {
        this.#volumesFollow = false
        this.#later('volumes', volumeRefresh, () => (this.#volumesFollow = true))
        return
      }
      this.#context.recorder.event(
        this.#pod,
        'Warning',
        'FailedMount',
        `MountVolume.SetUp failed: ${(error as Error).message}`,
      )
      this.#later('volumes', 2_000)
    }
  }

  #sources(): VolumeSources {
    const { client, node, services } = this.#context
    const namespace = this.#pod.metadata.namespace ?? ''
    const maps = new Map<string, Promise<ConfigMap | undefined>>()
    const hidden = new Map<string, Promise<Secret | undefined>>()
    const remember = <T>(
      cache: Map<string, Promise<T | undefined>>,
      name: string,
      read: () => Promise<T>,
    ): Promise<T | undefined> => {
      let value = cache.get(name)
      if (!value) cache.set(name, (value = read().catch(undefinedIfMissing)))
      return value
    }
    return {
      configMap: (name) => remember(maps, name, () => client.get(configMaps, { namespace, name })),
      secret: (name) => remember(hidden, name, () => client.get(secrets, { namespace, name })),
      services,
      podIp: this.#ip ?? '',
      hostIp: node.ip,
      nodeName: node.name,
      node,
      hostFolderOf: async (claimName) => {
        const claim = await client.get(persistentVolumeClaims, { namespace, name: claimName })
        const name = claim.spec?.volumeName
        if (!name) return undefined
        const { spec } = await client.get(persistentVolumes, { name })
        return spec?.hostPath?.path ?? spec?.local?.path
      },
      serviceAccountToken: (audience, expirationSeconds) => this.#token(audience, expirationSeconds),
    }
  }

  /** A token is kept until four fifths of its life are over, at most a day (kubelet: token_manager.go). */
  async #token(audience: string | undefined, expirationSeconds: number): Promise<string> {
    const { client, clock } = this.#context
    const key = `${audience ?? ''} ${expirationSeconds}`
    const known = this.#tokens.get(key)
    if (known && clock.now() < known.renewAt) return known.token
    const ref = { namespace: this.#ref.namespace, name: this.#pod.spec?.serviceAccountName ?? 'default' }
    const answer = (await client.post(serviceAccounts, ref, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience ? { audiences: [audience] } : {}),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: this.#pod.metadata.name, uid: this.#uid },
      },
    })) as { status?: { token?: string } }
    const token = answer.status?.token ?? ''
    const life = Math.min(expirationSeconds * 800, 86_400_000)
    this.#tokens.set(key, { token, renewAt: clock.now() + life })
    return token
  }

  #checkDeadline(): void {
    const seconds = this.#pod.spec?.activeDeadlineSeconds
    if (seconds === undefined || this.#failure || this.#pod.metadata.deletionTimestamp) return
    const left = Date.parse(this.#startTime) + seconds * 1_000 - this.#context.clock.now()
    if (left > 0) this.#later('deadline', left)
    else
      this.#failure = {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      }
  }

  #sayUnsupported(): void {
    if (this.#saidUnsupported) return
    this.#saidUnsupported = true
    for (const what of unsupported(this.#pod))
      this.#context.recorder.event(
        this.#pod,
        'Warning',
        'Unsupported',
        `Slipway does not carry this yet, and runs the pod without it: ${what}`,
      )
  }

  /** The pod is over but its object stays: nothing of it runs on, its logs stay readable. */
  async #finish(): Promise<void> {
    await this.#stopContainers(this.#pod.spec?.terminationGracePeriodSeconds ?? 30)
    await this.#collectExits()
    const sandbox = this.#sandbox
    if (sandbox?.state === 'running') {
      await this.#context.network.detach(this.#uid)
      await this.#context.runtime.stopContainer(sandbox.id, 0)
    }
    this.#report()
  }

  async #terminate(): Promise<void> {
    const grace = this.#gone
      ? 0
      : (this.#pod.metadata.deletionGracePeriodSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30)
    await this.#stopContainers(grace)
    await this.#collectExits()
    this.#stopped = true
    if (!this.#gone) this.#report()
    for (const container of this.#containers) await this.#context.runtime.removeContainer(container.id)
    await this.#context.network.detach(this.#uid)
    const sandbox = this.#sandbox
    if (sandbox) await this.#context.runtime.removeContainer(sandbox.id)
    await tearDownVolumes(this.#context.root, this.#uid)
    this.stop()
    if (this.#gone) return
    await this.#reporting
    await this.#context.client
      .delete(podResource, this.#ref, { gracePeriodSeconds: 0, preconditions: { uid: this.#uid } })
      .catch((error: unknown) => {
        if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return
        this.#ended = false
        throw error
      })
  }

  async #stopContainers(grace: number): Promise<void> {
    const spec = allContainers(this.#pod)
    const running = this.#containers.filter(({ state }) => state === 'running')
    const isSidecar = ({ name }: ObservedContainer): boolean =>
      this.#pod.spec?.initContainers?.some((container) => container.name === name && isRestartableInit(container)) ??
      false
    const stop = (targets: ObservedContainer[]): Promise<unknown> =>
      Promise.all(
        targets.map((target) =>
          this.#kill(
            target,
            spec.find(({ name }) => name === target.name),
            '',
            grace,
          ),
        ),
      )
    // Sidecars outlive the containers that they serve.
    await stop(running.filter((container) => !isSidecar(container)))
    await stop(running.filter(isSidecar))
  }

  get #ref(): { namespace: string; name: string } {
    return { namespace: this.#pod.metadata.namespace ?? '', name: this.#pod.metadata.name ?? '' }
  }

  /** Sends the status when it differs from what was sent last; one request at a time, always the newest state. */
  #report(): void {
    if (this.#gone) return
    const base = this.#reported ? { ...this.#pod, status: { ...this.#pod.status, ...this.#reported } } : this.#pod
    const status = podStatus(base, this.#observation(), timestamp(this.#context.clock.now()))
    if (deepEqual(status, this.#reported)) return
    this.#reported = status
    this.#reporting = this.#reporting.then(() => this.#send(status))
  }

  #observation(): PodObservation {
    return {
      ...(this.#sandbox ? { sandbox: this.#sandbox } : {}),
      containers: this.#containers,
      ...(this.#ip ? { podIp: this.#ip } : {}),
      hostIp: this.#context.node.ip,
      startTime: this.#startTime,
      waiting: this.#waiting,
      started: this.#started,
      ready: this.#ready,
      imageIds: this.#imageIds,
      terminationMessages: this.#messages,
      ...(this.#failure ? { failure: this.#failure } : {}),
      ...(this.#resizeError ? { resizeError: this.#resizeError } : {}),
      stopped: this.#stopped,
    }
  }

  async #send(status: PodStatus): Promise<void> {
    if (status !== this.#reported) return
    try {
      const body = { metadata: { uid: this.#uid }, status: statusPatch(status, this.#pod.status) }
      await this.#context.client.patch(podResource, this.#ref, { type: 'strategic', body }, { subresource: 'status' })
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return
      this.#context.log.warn('pod status not written', { pod: this.#name, error: (error as Error).message })
      if (status === this.#reported) this.#reported = undefined
      this.#later('report', 1_000)
    }
  }

  #path(container: Container): string {
    const list = this.#pod.spec?.initContainers?.includes(container)
      ? 'initContainers'
      : this.#pod.spec?.ephemeralContainers?.includes(container)
        ? 'ephemeralContainers'
        : 'containers'
    return `spec.${list}{${container.name}}`
  }

  /** Looks again after `ms`; a later call of the same name replaces the earlier. */
  #later(name: string, ms: number, before: () => void = () => undefined): void {
    void this.#timers.get(name)?.()
    if (this.#ended) return
    this.#timers.set(
      name,
      this.#context.clock.after(ms, () => {
        this.#timers.delete(name)
        before()
        this.kick()
      }),
    )
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined
  throw error
}
