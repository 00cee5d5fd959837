import { createHash } from 'node:crypto'
import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { qosClassOf } from '#shared/kube/pod.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import { expand } from '../environment.ts'
import { lacksCapability } from '../runtime/capabilities.ts'
import type { ContainerSpec, ImageInfo, Limits, Mount } from '../runtime/runtime.ts'

/** The spec of a container is invalid for its image: the container waits in CreateContainerConfigError. */
export class BadContainerConfig extends Error {}

export interface PlanOptions {
  pod: Stored<Pod>
  container: Container
  attempt: number
  sandboxId: string
  /** Where it is not that of the sandbox. */
  hostname?: string
  image: ImageInfo
  env: ReadonlyMap<string, string>
  mounts: Mount[]
  /** Memory of the node in bytes, for the out-of-memory score. */
  nodeMemory: number
  /** `builtin`, or the text of a profile; none when undefined. */
  seccomp?: string
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
  image,
  env,
  mounts,
  nodeMemory,
  seccomp,
  debugged,
}: PlanOptions): ContainerSpec {
  const spec = pod.spec ?? { containers: [] }
  const own = container.securityContext ?? {}
  const shared = spec.securityContext ?? {}
  const user = own.runAsUser ?? shared.runAsUser
  const group = own.runAsGroup ?? shared.runAsGroup
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
    image: container.image ?? '',
    ...(command ? { command } : {}),
    ...(args ? { args } : {}),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    env: [...env].map(([name, value]) => `${name}=${value}`),
    mounts,
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    ...(user !== undefined
      ? { user: group === undefined ? String(user) : `${user}:${group}` }
      : group !== undefined
        ? { user: `0:${group}` }
        : {}),
    groups: [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])].map(
      String,
    ),
    privileged: own.privileged ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    readOnlyRoot: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    ...(seccomp === undefined ? {} : { seccomp }),
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    ...(spec.shareProcessNamespace ? { pidOf: sandboxId } : debugged === undefined ? {} : { pidOf: debugged }),
    ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    ...limitsOf(container),
    oomScoreAdj: oomScore(pod, container.resources?.requests?.memory, nodeMemory),
  }
}

/** A container's requests and limits in the engine's terms. */
export function limitsOf({ resources: { limits, requests } = {} }: Container): Limits {
  return {
    cpuShares: cpuShares(requests?.cpu ?? limits?.cpu),
    ...(limits?.cpu ? { cpuQuotaMillis: quantityMillis(limits.cpu) } : {}),
    ...(limits?.memory ? { memoryBytes: quantityValue(limits.memory) } : {}),
  }
}

/** How the limits of a spec are applied to a running container: no change, while it runs, or by a restart (resizePolicy). */
export function resizeNeeded(
  container: Container,
  applied: { cpuShares: number; cpuQuota: number; memoryBytes: number },
): 'none' | 'live' | 'restart' {
  const wanted = limitsOf(container)
  const quota = wanted.cpuQuotaMillis ? Math.max(1_000, wanted.cpuQuotaMillis * 100) : 0
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

/** 1024 shares per core, at least 2. */
const cpuShares = (cpu: string | undefined): number =>
  Math.max(2, Math.floor(((cpu ? quantityMillis(cpu) : 0) * 1024) / 1000))

/** The kernel's out-of-memory score by QoS class: higher is killed first (kubelet: policy.go). */
function oomScore(pod: Pod, request: string | undefined, nodeMemory: number): number {
  const qos = qosClassOf(pod)
  if (qos === 'Guaranteed' || pod.spec?.priorityClassName === 'system-node-critical') return -997
  if (qos === 'BestEffort') return 1000
  const score = 1000 - Math.floor((1000 * (request ? quantityValue(request) : 0)) / nodeMemory)
  return Math.min(999, Math.max(3, score))
}

/**
 * What the spec asks for and Slipway does not support: reported in an event. Nothing here makes a pod less confined than
 * it asked to be; what would is refused (`security.ts`).
 */
export function unsupported({ spec }: Pod, lacks = lacksCapability): string[] {
  if (!spec) return []
  const found: string[] = []
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  if (spec.resources) found.push('resources of the pod as a whole')
  if (spec.securityContext?.seLinuxOptions) found.push('SELinux options')
  for (const { name, env, volumeDevices, securityContext, restartPolicyRules } of containers) {
    for (const { action } of restartPolicyRules ?? [])
      if (action !== 'Restart') found.push(`${name}: restartPolicyRules with action ${action}`)
    if (env?.some(({ valueFrom }) => valueFrom && 'fileKeyRef' in valueFrom)) found.push(`${name}: env from files`)
    if (volumeDevices?.length) found.push(`${name}: volumeDevices`)
    if (securityContext?.seLinuxOptions) found.push(`${name}: SELinux options`)
    const withheld = (securityContext?.capabilities?.add ?? []).filter((capability) => lacks(capability))
    if (withheld.length > 0) found.push(`${name}: ${withheld.join(', ')}, which a worker does not have`)
  }
  return found
}
