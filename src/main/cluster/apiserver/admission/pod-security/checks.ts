import type {
  Container,
  LifecycleHandler,
  PodSecurityContext,
  PodSpec,
  PodTemplateSpec,
  Probe,
  SecurityContext,
} from '#shared/kube/generated/types.ts'

/**
 * The Pod Security Standards (kubernetes.io/docs/concepts/security/pod-security-standards): the checks of
 * k8s.io/pod-security-admission/policy, by level and by the version since which each form of a check holds.
 */

export type Level = 'baseline' | 'restricted'

/** Minor version of a policy: 34 is v1.34. */
export type PolicyVersion = number

export const latest: PolicyVersion = Number.MAX_SAFE_INTEGER

/** Violations of a level by a pod: `reason (detail)` each. */
export function violationsOf(
  { metadata, spec }: PodTemplateSpec,
  level: Level,
  version: PolicyVersion = latest,
): string[] {
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
  const inForce = checks.flatMap((check) => {
    const form = check.versions.findLast(({ since }) => since <= version)
    return form && (check.level === 'baseline' || level === 'restricted') ? [{ ...check, test: form.test }] : []
  })
  // A stricter check of the restricted level replaces the baseline check.
  const overridden = new Set(inForce.flatMap(({ overrides = [] }) => overrides))
  return inForce.flatMap(({ id, test }) => (overridden.has(id) ? [] : (test(pod) ?? [])))
}

interface Inspected {
  spec: PodSpec
  annotations: Record<string, string>
  containers: Container[]
}

/** The violation, in Kubernetes' wording; undefined when there is none. */
type Test = (pod: Inspected) => string | undefined

interface Check {
  id: string
  level: Level
  /** In ascending order; the last one not newer than the policy's version applies. */
  versions: readonly { since: PolicyVersion; test: Test }[]
  /** Baseline checks that this one includes. */
  overrides?: readonly string[]
}

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')
const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort()
const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many)
const named = (containers: readonly Container[]): string =>
  `${plural(containers.length, 'container')} ${quoted(containers.map(({ name }) => name))}`
const contextOf = ({ securityContext }: Container): SecurityContext => securityContext ?? {}
const isWindows = ({ spec }: Inspected): boolean => spec.os?.name === 'windows'
const unlessWindows =
  (test: Test): Test =>
  (pod) =>
    isWindows(pod) ? undefined : test(pod)

/** `pod and container "a"`: who sets a forbidden value; '' when nobody does. */
const setters = (pod: boolean, containers: readonly Container[]): string =>
  [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : [])].join(' and ')

/** The violating containers, as a phrase. */
const offenders =
  (offends: (container: Container) => boolean, say: (who: string, containers: Container[]) => string): Test =>
  ({ containers }) => {
    const found = containers.filter(offends)
    return found.length === 0 ? undefined : say(named(found), found)
  }

// --- baseline ---

const hostNamespaces: Test = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name])
  return used.length === 0 ? undefined : `host namespaces (${used.map((name) => `${name}=true`).join(', ')})`
}

const privileged = offenders(
  (container) => contextOf(container).privileged === true,
  (who) => `privileged (${who} must not set securityContext.privileged=true)`,
)

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

const added = (container: Container, allowed: ReadonlySet<string>): string[] =>
  (contextOf(container).capabilities?.add ?? []).filter((name) => !allowed.has(name))

const defaultCapabilities = offenders(
  (container) => added(container, baselineCapabilities).length > 0,
  (who, found) =>
    `non-default capabilities (${who} must not include ${quoted(sorted(found.flatMap((one) => added(one, baselineCapabilities))))} in securityContext.capabilities.add)`,
)

const hostPaths: Test = ({ spec }) => {
  const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath)
  if (volumes.length === 0) return undefined
  return `hostPath volumes (${plural(volumes.length, 'volume')} ${quoted(volumes.map(({ name }) => name))})`
}

const hostPorts = offenders(
  ({ ports }) => ports?.some(({ hostPort }) => hostPort) ?? false,
  (who, found) => {
    const ports = found.flatMap(({ ports: all = [] }) => all.flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])))
    return `hostPort (${who} ${ports.length === 1 ? 'uses hostPort' : 'use hostPorts'} ${[...new Set(ports)].join(', ')})`
  },
)

/** Probes and hooks run from the node's network: a custom host would give access to it. */
const handlerHosts = offenders(
  (container) => hostsOf(container).length > 0,
  (who, found) => {
    const hosts = sorted(found.flatMap(hostsOf))
    return `probe or lifecycle host (${who} ${plural(found.length, 'uses', 'use')} ${plural(hosts.length, 'probe or lifecycle host')} ${quoted(hosts)})`
  },
)

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers: (Probe | LifecycleHandler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ]
  return handlers.flatMap((handler) =>
    [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => (host ? [host] : [])),
  )
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const isAllowedAppArmor = (profile: string): boolean =>
  profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/')
const isAllowedProfile = (type: string): boolean => type === 'RuntimeDefault' || type === 'Localhost'

const appArmor: Test = ({ spec, annotations, containers }) => {
  const forbidden = (context: SecurityContext | PodSecurityContext | undefined): string | undefined => {
    const type = context?.appArmorProfile?.type
    return type === undefined || isAllowedProfile(type) ? undefined : type
  }
  const ofPod = forbidden(spec.securityContext)
  const bad = containers.filter(({ securityContext }) => forbidden(securityContext) !== undefined)
  const types = [ofPod, ...bad.map(({ securityContext }) => forbidden(securityContext))]
  const annotated = Object.entries(annotations)
    .filter(([key, profile]) => key.startsWith(appArmorPrefix) && !isAllowedAppArmor(profile))
    .map(([key, profile]) => `${key}=${JSON.stringify(profile)}`)
  const values = [...sorted(types.flatMap((type) => type ?? [])), ...annotated.sort()]
  if (values.length === 0) return undefined
  const who = [
    setters(ofPod !== undefined, bad),
    annotated.length > 0 ? plural(annotated.length, 'annotation') : '',
  ].filter((part) => part !== '')
  return `${plural(values.length, 'forbidden AppArmor profile')} (${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)})`
}

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t']

const seLinux =
  (allowed: readonly string[]): Test =>
  ({ spec, containers }) => {
    const optionsOf = (context: SecurityContext | PodSecurityContext | undefined) => context?.seLinuxOptions ?? {}
    const offends = (context: SecurityContext | PodSecurityContext | undefined): boolean => {
      const { type = '', user, role } = optionsOf(context)
      return !allowed.includes(type) || Boolean(user) || Boolean(role)
    }
    const bad = containers.filter(({ securityContext }) => offends(securityContext))
    const who = setters(offends(spec.securityContext), bad)
    if (who === '') return undefined
    const all = [spec.securityContext, ...bad.map(contextOf)].map(optionsOf)
    const types = sorted(all.flatMap(({ type = '' }) => (allowed.includes(type) ? [] : [type])))
    const details = [
      ...(types.length > 0 ? [`${plural(types.length, 'type')} ${quoted(types)}`] : []),
      ...(all.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(all.some(({ role }) => role) ? ['role may not be set'] : []),
    ]
    return `seLinuxOptions (${who} set forbidden securityContext.seLinuxOptions: ${details.join('; ')})`
  }

const procMount = offenders(
  (container) => !['Default', undefined].includes(contextOf(container).procMount),
  (who, found) =>
    `procMount (${who} must not set securityContext.procMount to ${quoted(sorted(found.map((one) => contextOf(one).procMount ?? '')))})`,
)

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

const seccompAnnotations: Test = ({ annotations, containers }) => {
  const isAllowed = (profile: string): boolean =>
    profile === 'runtime/default' || profile === 'docker/default' || profile.startsWith('localhost/')
  const forbidden = [seccompPod, ...containers.map(({ name }) => `${seccompPrefix}${name}`)].flatMap((key) => {
    const profile = annotations[key]
    return profile === undefined || isAllowed(profile) ? [] : [`${key}=${JSON.stringify(profile)}`]
  })
  if (forbidden.length === 0) return undefined
  return `seccompProfile (forbidden ${plural(forbidden.length, 'annotation')} ${sorted(forbidden).join(', ')})`
}

const seccompTypeOf = (context: SecurityContext | PodSecurityContext | undefined): string | undefined =>
  context?.seccompProfile?.type

/** Forbidden profiles that are set explicitly. */
const explicitSeccomp: Test = ({ spec, containers }) => {
  const offends = (context: SecurityContext | PodSecurityContext | undefined): boolean => {
    const type = seccompTypeOf(context)
    return type !== undefined && !isAllowedProfile(type)
  }
  const bad = containers.filter(({ securityContext }) => offends(securityContext))
  const who = setters(offends(spec.securityContext), bad)
  if (who === '') return undefined
  const types = [spec.securityContext, ...bad.map(contextOf)].flatMap((context) => {
    const type = seccompTypeOf(context)
    return type === undefined || isAllowedProfile(type) ? [] : [type]
  })
  return `seccompProfile (${who} must not set securityContext.seccompProfile.type to ${quoted(sorted(types))})`
}

const sysctls = [
  {
    since: 0,
    names: [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.ip_unprivileged_port_start',
      'net.ipv4.ping_group_range',
      'net.ipv4.tcp_syncookies',
    ],
  },
  { since: 27, names: ['net.ipv4.ip_local_reserved_ports'] },
  {
    since: 29,
    names: [
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
      'net.ipv4.tcp_keepalive_time',
    ],
  },
  { since: 32, names: ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'] },
] as const

function safeSysctls(version: PolicyVersion): Test {
  const safe = new Set<string>(sysctls.flatMap(({ since, names }) => (since <= version ? names : [])))
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safe.has(name))
    return bad.length === 0 ? undefined : `forbidden sysctls (${bad.join(', ')})`
  }
}

const hostProcess: Test = ({ spec, containers }) => {
  const bad = containers.filter((one) => contextOf(one).windowsOptions?.hostProcess === true)
  const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, bad)
  return who === '' ? undefined : `hostProcess (${who} must not set securityContext.windowsOptions.hostProcess=true)`
}

// --- restricted ---

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

const volumeTypes: Test = ({ spec }) => {
  const bad = (spec.volumes ?? []).flatMap(({ name, ...sources }) => {
    const type = Object.entries(sources).find(([key, source]) => source !== undefined && !restrictedVolumes.has(key))
    return type ? [{ name, type: type[0] }] : []
  })
  if (bad.length === 0) return undefined
  const types = sorted(bad.map(({ type }) => type))
  return `restricted volume types (${plural(bad.length, 'volume')} ${quoted(bad.map(({ name }) => name))} ${plural(bad.length, 'uses', 'use')} restricted volume ${plural(types.length, 'type')} ${quoted(types)})`
}

const privilegeEscalation = offenders(
  (container) => contextOf(container).allowPrivilegeEscalation !== false,
  (who) => `allowPrivilegeEscalation != false (${who} must set securityContext.allowPrivilegeEscalation=false)`,
)

const bindService = new Set(['NET_BIND_SERVICE'])
const dropsAll = (container: Container): boolean => (contextOf(container).capabilities?.drop ?? []).includes('ALL')

const restrictedCapabilities: Test = ({ containers }) => {
  const keeping = containers.filter((container) => !dropsAll(container))
  const adding = containers.filter((container) => added(container, bindService).length > 0)
  const more = sorted(adding.flatMap((one) => added(one, bindService)))
  const parts = [
    ...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${named(adding)} must not include ${quoted(more)} in securityContext.capabilities.add`]
      : []),
  ]
  return parts.length === 0 ? undefined : `unrestricted capabilities (${parts.join('; ')})`
}

const runAsNonRoot: Test = ({ spec, containers }) => {
  const ofPod = spec.securityContext?.runAsNonRoot
  const explicit = setters(
    ofPod === false,
    containers.filter((one) => contextOf(one).runAsNonRoot === false),
  )
  if (explicit !== '') return `runAsNonRoot != true (${explicit} must not set securityContext.runAsNonRoot=false)`
  const bad = containers.filter((one) => contextOf(one).runAsNonRoot === undefined && ofPod !== true)
  if (bad.length === 0) return undefined
  return `runAsNonRoot != true (pod or ${named(bad)} must set securityContext.runAsNonRoot=true)`
}

const runAsUser: Test = ({ spec, containers }) => {
  const bad = containers.filter((one) => contextOf(one).runAsUser === 0)
  const who = setters(spec.securityContext?.runAsUser === 0, bad)
  return who === '' ? undefined : `runAsUser=0 (${who} must not set runAsUser=0)`
}

const restrictedSeccomp: Test = (pod) => {
  const explicit = explicitSeccomp(pod)
  if (explicit !== undefined) return explicit
  if (seccompTypeOf(pod.spec.securityContext) !== undefined) return undefined
  const bad = pod.containers.filter(({ securityContext }) => seccompTypeOf(securityContext) === undefined)
  if (bad.length === 0) return undefined
  return `seccompProfile (pod or ${named(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`
}

/** Root of a user namespace of its own is nobody to the node (KEP-127). */
const unlessMapped =
  (test: Test): Test =>
  (pod) =>
    pod.spec.hostUsers === false ? undefined : test(pod)

/** In the order of Kubernetes, which reports those of the baseline first. */
const checks: readonly Check[] = [
  { id: 'hostNamespaces', level: 'baseline', versions: [{ since: 0, test: hostNamespaces }] },
  { id: 'privileged', level: 'baseline', versions: [{ since: 0, test: privileged }] },
  { id: 'capabilities_baseline', level: 'baseline', versions: [{ since: 0, test: defaultCapabilities }] },
  { id: 'hostPathVolumes', level: 'baseline', versions: [{ since: 0, test: hostPaths }] },
  { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, test: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', versions: [{ since: 34, test: handlerHosts }] },
  { id: 'appArmorProfile', level: 'baseline', versions: [{ since: 0, test: appArmor }] },
  {
    id: 'seLinuxOptions',
    level: 'baseline',
    versions: [
      { since: 0, test: seLinux(seLinuxTypes) },
      { since: 31, test: seLinux([...seLinuxTypes, 'container_engine_t']) },
    ],
  },
  {
    id: 'procMount',
    level: 'baseline',
    versions: [
      { since: 0, test: procMount },
      { since: 35, test: unlessMapped(procMount) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    versions: [
      { since: 0, test: seccompAnnotations },
      { since: 19, test: explicitSeccomp },
    ],
  },
  { id: 'sysctls', level: 'baseline', versions: sysctls.map(({ since }) => ({ since, test: safeSysctls(since) })) },
  { id: 'windowsHostProcess', level: 'baseline', versions: [{ since: 0, test: hostProcess }] },
  {
    id: 'restrictedVolumes',
    level: 'restricted',
    overrides: ['hostPathVolumes'],
    versions: [{ since: 0, test: volumeTypes }],
  },
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    versions: [
      { since: 8, test: privilegeEscalation },
      { since: 25, test: unlessWindows(privilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    overrides: ['capabilities_baseline'],
    versions: [
      { since: 22, test: restrictedCapabilities },
      { since: 25, test: unlessWindows(restrictedCapabilities) },
    ],
  },
  {
    id: 'procMount_restricted',
    level: 'restricted',
    overrides: ['procMount'],
    versions: [{ since: 35, test: procMount }],
  },
  { id: 'runAsNonRoot', level: 'restricted', versions: [{ since: 0, test: unlessMapped(runAsNonRoot) }] },
  { id: 'runAsUser', level: 'restricted', versions: [{ since: 23, test: unlessMapped(runAsUser) }] },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    overrides: ['seccompProfile_baseline'],
    versions: [
      { since: 19, test: restrictedSeccomp },
      { since: 25, test: unlessWindows(restrictedSeccomp) },
    ],
  },
]
