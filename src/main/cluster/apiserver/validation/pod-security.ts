import type { Container, PodSpec, PodTemplateSpec, SecurityContext } from '#shared/kube/generated/types.ts'

/** The Pod Security Standards (kubernetes.io/docs/concepts/security/pod-security-standards). */

export type Level = 'baseline' | 'restricted'

/** One control: what of the pod offends, in Kubernetes' words; undefined when nothing does. */
type Control = (pod: Inspected) => string | undefined

interface Inspected {
  spec: PodSpec
  annotations: Record<string, string>
  containers: Container[]
}

/** What of a pod is not allowed at a level. */
export function violationsOf({ metadata, spec }: PodTemplateSpec, level: Level): string[] {
  if (!spec) return []
  const pod: Inspected = {
    spec,
    annotations: metadata?.annotations ?? {},
    containers: [
      ...(spec.initContainers ?? []),
      ...spec.containers,
      ...((spec.ephemeralContainers ?? []) as Container[]),
    ],
  }
  const controls = level === 'restricted' ? [...baseline, ...restricted] : baseline
  return controls.flatMap((control) => control(pod) ?? [])
}

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')
const named = (containers: readonly Container[]): string =>
  `${containers.length === 1 ? 'container' : 'containers'} ${quoted(containers.map(({ name }) => name))}`
const context = ({ securityContext }: Container): SecurityContext => securityContext ?? {}

/** Containers that offend, in a sentence. */
const offenders =
  (
    offends: (container: Container, pod: Inspected) => boolean,
    say: (who: string, containers: Container[]) => string,
  ): Control =>
  (pod) => {
    const found = pod.containers.filter((container) => offends(container, pod))
    return found.length === 0 ? undefined : say(named(found), found)
  }

const baselineCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])

const added = (container: Container, allowed: ReadonlySet<string>): string[] =>
  (context(container).capabilities?.add ?? []).filter((name) => !allowed.has(name))

const baseline: readonly Control[] = [
  ({ spec }) => {
    const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name])
    return used.length === 0 ? undefined : `host namespaces (${used.map((name) => `${name}=true`).join(', ')})`
  },
  offenders(
    (container) => context(container).privileged === true,
    (who) => `privileged (${who} must not set securityContext.privileged=true)`,
  ),
  offenders(
    (container) => added(container, baselineCapabilities).length > 0,
    (who, found) =>
      `non-default capabilities (${who} must not include ${quoted([...new Set(found.flatMap((one) => added(one, baselineCapabilities)))].sort())} in securityContext.capabilities.add)`,
  ),
  ({ spec }) => {
    const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath)
    if (volumes.length === 0) return undefined
    return `hostPath volumes (${volumes.length === 1 ? 'volume' : 'volumes'} ${quoted(volumes.map(({ name }) => name))})`
  },
  offenders(
    ({ ports }) => ports?.some(({ hostPort }) => hostPort) ?? false,
    (who, found) => {
      const ports = found.flatMap(({ ports: all = [] }) => all.flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])))
      return `hostPort (${who} ${ports.length === 1 ? 'uses hostPort' : 'use hostPorts'} ${[...new Set(ports)].join(', ')})`
    },
  ),
  (pod) => {
    const types = [pod.spec.securityContext, ...pod.containers.map(context)].flatMap(
      (one) => one?.seLinuxOptions?.type ?? [],
    )
    const bad = types.filter(
      (type) => !['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'].includes(type),
    )
    return bad.length === 0
      ? undefined
      : `seLinuxOptions (set forbidden securityContext.seLinuxOptions: type ${quoted(bad)})`
  },
  offenders(
    (container) => !['Default', undefined].includes(context(container).procMount),
    (who, found) =>
      `procMount (${who} must not set securityContext.procMount to ${quoted([...new Set(found.map((one) => context(one).procMount ?? ''))])})`,
  ),
  (pod) => {
    const profiles = [pod.spec.securityContext, ...pod.containers.map(context)].flatMap(
      (one) => one?.seccompProfile?.type ?? [],
    )
    return profiles.includes('Unconfined')
      ? 'seccompProfile (pod or containers must not set securityContext.seccompProfile.type to "Unconfined")'
      : undefined
  },
  ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.has(name))
    return bad.length === 0 ? undefined : `forbidden sysctls (${bad.join(', ')})`
  },
  (pod) => {
    const all = [pod.spec.securityContext, ...pod.containers.map(context)]
    return all.some((one) => one?.windowsOptions?.hostProcess)
      ? 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)'
      : undefined
  },
]

const restrictedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])
const bindService = new Set(['NET_BIND_SERVICE'])

const restricted: readonly Control[] = [
  ({ spec }) => {
    const bad = (spec.volumes ?? []).flatMap((volume) => {
      const kind = Object.keys(volume).find((key) => key !== 'name')
      return kind !== undefined && !restrictedVolumes.has(kind) ? [{ name: volume.name, kind }] : []
    })
    if (bad.length === 0) return undefined
    return `restricted volume types (${bad.length === 1 ? 'volume' : 'volumes'} ${quoted(bad.map(({ name }) => name))} ${bad.length === 1 ? 'uses' : 'use'} restricted volume ${bad.length === 1 ? 'type' : 'types'} ${quoted([...new Set(bad.map(({ kind }) => kind))])})`
  },
  offenders(
    (container) => context(container).allowPrivilegeEscalation !== false,
    (who) => `allowPrivilegeEscalation != false (${who} must set securityContext.allowPrivilegeEscalation=false)`,
  ),
  offenders(
    (container) =>
      !(context(container).capabilities?.drop ?? []).includes('ALL') || added(container, bindService).length > 0,
    (who, found) => {
      const dropless = found.filter((one) => !(context(one).capabilities?.drop ?? []).includes('ALL'))
      const more = [...new Set(found.flatMap((one) => added(one, bindService)))].sort()
      const parts = [
        ...(dropless.length > 0 ? [`${named(dropless)} must set securityContext.capabilities.drop=["ALL"]`] : []),
        ...(more.length > 0 ? [`${who} must not include ${quoted(more)} in securityContext.capabilities.add`] : []),
      ]
      return `unrestricted capabilities (${parts.join('; ')})`
    },
  ),
  (pod) => {
    const podWide = pod.spec.securityContext?.runAsNonRoot
    const bad = pod.containers.filter((one) => (context(one).runAsNonRoot ?? podWide) !== true)
    if (bad.length === 0) return undefined
    return `runAsNonRoot != true (pod or ${named(bad)} must set securityContext.runAsNonRoot=true)`
  },
  (pod) => {
    const bad = pod.containers.filter((one) => context(one).runAsUser === 0)
    const parts = [
      ...(pod.spec.securityContext?.runAsUser === 0 ? ['pod'] : []),
      ...(bad.length > 0 ? [named(bad)] : []),
    ]
    return parts.length === 0 ? undefined : `runAsUser=0 (${parts.join(' and ')} must not set runAsUser=0)`
  },
  (pod) => {
    const podWide = pod.spec.securityContext?.seccompProfile?.type
    const bad = pod.containers.filter((one) => {
      const type = context(one).seccompProfile?.type ?? podWide
      return type !== 'RuntimeDefault' && type !== 'Localhost'
    })
    if (bad.length === 0) return undefined
    return `seccompProfile (pod or ${named(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`
  },
]
