import { createHash } from 'node:crypto'
import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isRestartableInit, qosClassOf } from '#shared/kube/pod.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import type { DeviceEdits } from '../dra/cdi.ts'
import { expand } from '../environment.ts'
import { quotaOf, sharesOf } from '../pod-groups/settings.ts'
import { lacksCapability } from '../runtime/capabilities.ts'
import type { ContainerSpec, DeviceNode, ImageInfo, Limits, Mount } from '../runtime/runtime.ts'

/** The spec of a container is invalid for its image: the container waits in CreateContainerConfigError. */
export class BadContainerConfig extends Error {}

export interface PlanOptions {
  pod: Stored<Pod>
  container: Container
  attempt: number
  sandboxId: string
  /** Where it is not that of the sandbox. */
  hostname?: string
  /** Of the sandbox. */
  userNamespace?: number
  cgroupParent?: string
  image: ImageInfo
  env: ReadonlyMap<string, string>
  mounts: Mount[]
  /** Of its block volumes. */
  devices: DeviceNode[]
  /** Of the devices that it claims. */
  edits: DeviceEdits
  /** Memory of the node in bytes, for the out-of-memory score. */
  nodeMemory: number
  /** `builtin`, or the text of a profile; none when undefined. */
  seccomp?: string
  /** Of a container that names none, where its groups are to be those of its spec alone. */
  primaryGroup?: number
  /** Id of the container whose processes this ephemeral one sees. */
  debugged?: string
}

/** Translates a container of a pod into what the engine creates. @throws BadContainerConfig */
export function planContainer({
  pod,
  container,
  attempt,
  sandboxId,
  hostname,
  userNamespace,
  cgroupParent,
  image,
  env,
  mounts,
  devices,
  edits,
  nodeMemory,
  seccomp,
  primaryGroup,
  debugged,
}: PlanOptions): ContainerSpec {
  const spec = pod.spec ?? { containers: [] }
  const own = container.securityContext ?? {}
  const shared = spec.securityContext ?? {}
  const user = own.runAsUser ?? shared.runAsUser
  const group = own.runAsGroup ?? shared.runAsGroup ?? primaryGroup
  const nonRoot = own.runAsNonRoot ?? shared.runAsNonRoot
  if (nonRoot) requireNonRoot(user, image, container.name)
  const words = (list: readonly string[] | undefined): string[] | undefined =>
    list?.length ? list.map((word) => expand(word, env)) : undefined
  const command = words(container.command)
  const args = words(container.args)
  return {
    podUid: pod.metadata.uid,
    podNamespace: pod.metadata.namespace,
    podName: pod.metadata.name,
    name: container.name,
    attempt,
    hash: containerHash(container),
    sandboxId,
    ...(hostname === undefined ? {} : { hostname }),
    ...(userNamespace === undefined ? {} : { userNamespace }),
    ...(cgroupParent === undefined ? {} : { cgroupParent }),
    image: container.image ?? '',
    ...(command ? { command } : {}),
    ...(args ? { args } : {}),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    env: [...env, ...edits.env].map(([name, value]) => `${name}=${value}`),
    mounts: [...mounts, ...edits.mounts],
    devices: [...devices, ...edits.nodes],
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    ...(user === undefined && group === undefined ? {} : { user: userText(user, group, image) }),
    groups: [
      ...[...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])].map(String),
      ...edits.groups,
    ],
    privileged: own.privileged ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    unmaskedProc: own.procMount === 'Unmasked',
    readOnlyRoot: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    ...(seccomp === undefined ? {} : { seccomp }),
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    ...(spec.shareProcessNamespace ? { pidOf: sandboxId } : debugged === undefined ? {} : { pidOf: debugged }),
    ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    ...limitsOf(pod, container),
    oomScoreAdj: oomScore(pod, container, nodeMemory),
  }
}

/**
 * A container's requests and limits in the engine's terms. Without a limit of its own it has that of the pod (kubelet:
 * getCPULimit, getMemoryLimit).
 */
export function limitsOf({ spec }: Pod, { resources: { limits, requests } = {} }: Container): Limits {
  const cpu = limits?.cpu ?? spec?.resources?.limits?.cpu
  const memory = limits?.memory ?? spec?.resources?.limits?.memory
  const weight = requests?.cpu ?? cpu
  return {
    cpuShares: sharesOf(weight ? quantityMillis(weight) : 0),
    ...(cpu ? { cpuQuotaMillis: quantityMillis(cpu) } : {}),
    ...(memory ? { memoryBytes: quantityValue(memory) } : {}),
  }
}

/** How the limits of a spec are applied to a running container: no change, while it runs, or by a restart (resizePolicy). */
export function resizeNeeded(
  pod: Pod,
  container: Container,
  applied: { cpuShares: number; cpuQuota: number; memoryBytes: number },
): 'none' | 'live' | 'restart' {
  const wanted = limitsOf(pod, container)
  const quota = quotaOf(wanted.cpuQuotaMillis ?? 0)
  const changed = [
    ...(wanted.cpuShares !== applied.cpuShares || quota !== applied.cpuQuota ? ['cpu'] : []),
    ...((wanted.memoryBytes ?? 0) === applied.memoryBytes ? [] : ['memory']),
  ]
  if (changed.length === 0) return 'none'
  const restarts = (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  )
  return restarts ? 'restart' : 'live'
}

/** A container whose hash changes is replaced: name and image (kubelet: computePodActions). */
export const containerHash = (container: Container): string =>
  createHash('sha256')
    .update(`${container.name}\0${container.image ?? ''}`)
    .digest('hex')
    .slice(0, 16)

/** A group alone is that of the image's own user (kubelet: determineEffectiveSecurityContext). */
function userText(user: number | undefined, group: number | undefined, image: ImageInfo): string {
  const [imageUser = ''] = image.user.split(':')
  const name = user === undefined ? imageUser || '0' : String(user)
  return group === undefined ? name : `${name}:${group}`
}

function requireNonRoot(user: number | undefined, image: ImageInfo, name: string): void {
  const [imageUser = ''] = image.user.split(':')
  if (user === 0) throw new BadContainerConfig(`container's runAsUser breaks non-root policy (container: ${name})`)
  if (user !== undefined) return
  if (imageUser === '' || imageUser === '0' || imageUser === 'root')
    throw new BadContainerConfig(`container has runAsNonRoot and image will run as root (container: ${name})`)
  if (!/^\d+$/.test(imageUser))
    throw new BadContainerConfig(
      `container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root (container: ${name})`,
    )
}

/** The kernel's out-of-memory score by QoS class: higher is killed first (kubelet: policy.go). */
function oomScore(pod: Pod, container: Container, nodeMemory: number): number {
  const qos = qosClassOf(pod)
  if (qos === 'Guaranteed' || pod.spec?.priorityClassName === 'system-node-critical') return -997
  if (qos === 'BestEffort') return 1000
  const request = requestedMemory(container) + shareOfPod(pod)
  const score = 1000 - Math.floor((1000 * request) / nodeMemory)
  return Math.min(999, Math.max(3, score))
}

/** What the pod requests beyond its containers counts for each of them alike. */
function shareOfPod({ spec }: Pod): number {
  const requested = spec?.resources?.requests?.memory
  if (!spec || requested === undefined) return 0
  const all = [...spec.containers, ...(spec.initContainers ?? []).filter(isRestartableInit)]
  const own = all.reduce((sum, container) => sum + requestedMemory(container), 0)
  return Math.max(0, Math.floor((quantityValue(requested) - own) / all.length))
}

const requestedMemory = ({ resources }: Container): number => quantityValue(resources?.requests?.memory ?? '0')

/**
 * What the spec asks for and Slipway does not support: reported in an event. Nothing here makes a pod less confined than
 * it asked to be; what would is refused (`security.ts`).
 */
export function unsupported({ spec }: Pod, lacks = lacksCapability): string[] {
  if (!spec) return []
  const found: string[] = []
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  if (spec.securityContext?.seLinuxOptions) found.push('SELinux options')
  for (const { name, securityContext } of containers) {
    if (securityContext?.seLinuxOptions) found.push(`${name}: SELinux options`)
    const withheld = (securityContext?.capabilities?.add ?? []).filter((capability) => lacks(capability))
    if (withheld.length > 0) found.push(`${name}: ${withheld.join(', ')}, which a worker does not have`)
  }
  return found
}
