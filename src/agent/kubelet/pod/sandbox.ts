import { messageOf } from '#shared/base/message-of.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { runtimeClasses } from '#shared/kube/resources.ts'
import type { HostPort, PodAddress } from '../../network/pod-network.ts'
import { kernelHostname } from '../pod-files.ts'
import type { ObservedContainer, SandboxSpec } from '../runtime/runtime.ts'
import { writePodFiles } from './kubelet-files.ts'
import { RetryDelay } from './retry-delay.ts'
import { podKey, type PodScope } from './scope.ts'
import { requireSandbox } from './security.ts'

/** The container that holds the pod's namespaces, and the pod's place in the network. */
export class Sandbox {
  readonly #scope: PodScope
  readonly #retry = new RetryDelay({ initial: 2_000, max: 30_000 })
  /** ms; one that was made and did not start is replaced then, whatever its own events wake meanwhile. */
  #retryAt = 0
  #address: PodAddress | undefined

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  get observed(): ObservedContainer | undefined {
    return this.#scope.runtime.containers(this.#scope.uid).findLast(({ sandbox }) => sandbox)
  }

  /** The pod's address; undefined until it is attached to the network. */
  get ip(): string | undefined {
    return this.#address?.ip
  }

  /** Of each family; none while it has none. */
  get ips(): string[] {
    const { ip, ip6 } = this.#address ?? {}
    return [ip, ip6].filter((each) => each !== undefined)
  }

  /** The pod's hostname, where containers do not have it from the sandbox. */
  get ownHostname(): string | undefined {
    const pod = this.#scope.pod()
    if (pod.spec?.hostNetwork) return undefined
    const hostname = kernelHostname(pod, this.#scope.dns.clusterDomain)
    return this.observed?.hostname === hostname ? undefined : hostname
  }

  /** Whether an attempt was made in an earlier sandbox of the pod. */
  isOlder(attempt: ObservedContainer): boolean {
    return attempt.createdAt < (this.observed?.createdAt ?? '')
  }

  /**
   * Makes sure that the sandbox runs and has an address. One that has died is replaced, `clear` having removed what ran
   * in it. @returns undefined when it failed: that is an event, and is tried again
   */
  async ensure(clear: () => Promise<void>): Promise<ObservedContainer | undefined> {
    const { clock, recorder, dns, root, starts, timers } = this.#scope
    const pod = this.#scope.pod()
    const known = this.observed
    if (known?.state === 'running' && this.#address !== undefined) return known
    if (clock.now() < this.#retryAt) return undefined
    try {
      if (known && known.state !== 'running') {
        await clear()
        await this.#replace(known)
      }
      const running = known?.state === 'running' ? known : await starts.during(() => this.#start(pod))
      this.#address ??= await this.#attach(running)
      for (const omission of await writePodFiles(root, pod, this.ips, dns))
        recorder.event(pod, 'Warning', 'DNSConfigForming', omission)
      this.#retry.succeeded()
      return running
    } catch (error) {
      const { message, delayMs } = this.#retry.failed(error)
      recorder.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`)
      if (this.observed) this.#retryAt = clock.now() + delayMs
      timers.wakeAfter('sandbox', delayMs)
      return undefined
    }
  }

  /** Ends it, but keeps it: the logs of the pod's containers stay readable. */
  async stop(): Promise<void> {
    const { runtime } = this.#scope
    const sandbox = this.observed
    if (sandbox?.state !== 'running') return
    await this.detach()
    await runtime.stopContainer(sandbox.id, 0)
  }

  /** Takes the pod's place in the network from it, and leaves the rest for later. */
  async detach(): Promise<void> {
    await this.#scope.network.detach(this.#scope.uid)
  }

  async remove(): Promise<void> {
    const { runtime, uid, userNamespaces } = this.#scope
    await this.detach()
    const sandbox = this.observed
    if (sandbox) await runtime.removeContainer(sandbox.id)
    userNamespaces?.release(uid)
  }

  async #start(pod: Stored<Pod>): Promise<ObservedContainer> {
    return (await this.#adopt(pod)) ?? (await this.#create(pod))
  }

  async #create(pod: Stored<Pod>): Promise<ObservedContainer> {
    const { client, runtime, dns, uid, userNamespaces } = this.#scope
    const className = pod.spec?.runtimeClassName
    const runtimeClass = className ? await client.get(runtimeClasses, { name: className }) : undefined
    requireSandbox(pod, { handler: runtimeClass?.handler, hasUserNamespaces: userNamespaces !== undefined })
    const userNamespace = pod.spec?.hostUsers === false ? userNamespaces?.take(uid) : undefined
    const spec = sandboxSpec(pod, dns.clusterDomain)
    return runtime.startContainer(
      await runtime.createSandbox({ ...spec, ...(userNamespace === undefined ? {} : { userNamespace }) }),
    )
  }

  /**
   * A sandbox that waits for a pod. What ran in an earlier sandbox of the pod would be younger than it (`isOlder`).
   * @returns undefined when there is none, or the pod asks for one of its own
   */
  async #adopt(pod: Stored<Pod>): Promise<ObservedContainer | undefined> {
    const { dns, log, network, runtime, uid, warm } = this.#scope
    if (!mayBeWarm(pod) || runtime.containers(uid).length > 0) return undefined
    const sandbox = warm?.take()
    if (!sandbox) return undefined
    // The address first: an agent that ends in between finds a pod without sandbox, not one without its address.
    await network.handOver(sandbox.podUid, uid)
    const { name, namespace } = pod.metadata
    const owner = { podUid: uid, podNamespace: namespace, podName: name }
    const named = runtime.adoptSandbox(sandbox.id, { ...owner, hostname: kernelHostname(pod, dns.clusterDomain) })
    try {
      const [adopted, address] = await Promise.all([named, this.#attach(sandbox)])
      this.#address = address
      return adopted
    } catch (error) {
      await named.catch(() => undefined)
      log.warn('warm sandbox not used', { pod: podKey(pod), error: messageOf(error) })
      await runtime.removeContainer(sandbox.id)
      return undefined
    }
  }

  async #replace(dead: ObservedContainer): Promise<void> {
    await this.detach()
    await this.#scope.runtime.removeContainer(dead.id)
    this.#address = undefined
  }

  async #attach(sandbox: ObservedContainer): Promise<PodAddress> {
    const pod = this.#scope.pod()
    const { ip, ip6 } = this.#scope.node
    if (pod.spec?.hostNetwork) return { ip, ...(ip6 ? { ip6 } : {}) }
    return this.#scope.network.attach({
      uid: this.#scope.uid,
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      pid: sandbox.pid,
      hostPorts: hostPortsOf(pod),
    })
  }
}

/** Whether a sandbox that is like most serves a pod. */
const mayBeWarm = ({ spec }: Pod): boolean =>
  !spec?.hostNetwork &&
  !spec?.hostPID &&
  !spec?.hostIPC &&
  spec?.hostUsers !== false &&
  !spec?.runtimeClassName &&
  !spec?.setHostnameAsFQDN &&
  !spec?.securityContext?.sysctls?.length

function sandboxSpec(pod: Stored<Pod>, clusterDomain: string): SandboxSpec {
  const { metadata, spec } = pod
  return {
    podUid: metadata.uid,
    podNamespace: metadata.namespace,
    podName: metadata.name,
    hostname: kernelHostname(pod, clusterDomain),
    hostNetwork: spec?.hostNetwork ?? false,
    hostPid: spec?.hostPID ?? false,
    hostIpc: spec?.hostIPC ?? false,
    sysctls: Object.fromEntries((spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
  }
}

const hostPortsOf = ({ spec }: Pod): HostPort[] =>
  (spec?.containers ?? [])
    .flatMap(({ ports }) => ports ?? [])
    .filter(({ hostPort }) => hostPort)
    .map(({ hostIP, hostPort, containerPort, protocol }) => ({
      hostIp: hostIP ?? '',
      hostPort: hostPort ?? 0,
      containerPort,
      protocol: (protocol ?? 'TCP') as HostPort['protocol'],
    }))
