import type { Container, ContainerPort, PodSpec, PodTemplateSpec, Volume } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { parseQuantity } from '#shared/kube/quantity.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'
import { deprecatedLabel, selectorTermWarnings } from './node-label-warnings.ts'
import { deprecatedSources } from './volume-warnings.ts'

/** What is warned about in a pod, or in the template of one. */
export type Warned = Wire<{ metadata: PodTemplateSpec['metadata']; spec: PodSpec }>

/**
 * Returns warnings about a pod that is valid but probably a mistake.
 * @param at path of the pod or template with a dot behind it: `spec.template.`; '' for a pod
 */
export function podWarnings({ metadata, spec = {} }: Warned, at = ''): string[] {
  const warnings: string[] = []
  const field = `${at}spec`
  warnAboutLabels(spec, field, warnings)
  warnAboutAnnotations(metadata?.annotations, spec, at, warnings)
  spec.volumes?.forEach((volume, i) => {
    warnAboutVolume(volume, `${field}.volumes[${i}]`, warnings)
  })
  warnAboutRepeated(spec, field, warnings)
  warnAboutBytes(spec.overhead, `${field}.overhead`, warnings)
  const ports: KnownPort[] = []
  for (const list of ['initContainers', 'containers'] as const)
    spec[list]?.forEach((container, i) => {
      warnAboutContainer(container, `${field}.${list}[${i}]`, warnings)
      warnAboutPorts(container.ports ?? [], `${field}.${list}[${i}]`, ports, warnings)
    })
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0)
    warnings.push(
      `${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  return warnings
}

/**
 * Warnings about the template of a workload, where it is new or has changed.
 * @param at its path with a dot behind it @param names whether pods and their host names get the name of the workload
 */
export function templateWarnings(
  object: KubeObject,
  previous: KubeObject | undefined,
  template: Warned | undefined,
  { at = 'spec.template.', names = true } = {},
): string[] {
  if (previous && previous.metadata.generation === object.metadata.generation) return []
  const problems = names && !previous ? labelProblems(object.metadata.name ?? '') : []
  const named = nameWarning(problems, 'Pod names and hostnames')
  return [...named, ...podWarnings(template ?? {}, at)]
}

/** A pod's host name is its name. */
export const podNameWarnings = ({ metadata }: KubeObject): string[] =>
  nameWarning(labelProblems(metadata.name ?? ''), "the Pod's hostname")

const nameWarning = (problems: readonly string[], use: string): string[] =>
  problems.length === 0
    ? []
    : [
        `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`,
      ]

function warnAboutLabels(spec: Wire<PodSpec>, field: string, warnings: string[]): void {
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const problem = deprecatedLabel(key)
    if (problem !== undefined) warnings.push(`${field}.nodeSelector[${key}]: ${problem}`)
  }
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution } =
    spec.affinity?.nodeAffinity ?? {}
  const at = `${field}.affinity.nodeAffinity`
  required?.nodeSelectorTerms?.forEach((term, i) => {
    const path = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`
    warnings.push(...selectorTermWarnings(term, path))
  })
  preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference = {} }, i) => {
    const path = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`
    warnings.push(...selectorTermWarnings(preference, path))
  })
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, i) => {
    const path = `${field}.topologySpreadConstraints[${i}]`
    const problem = deprecatedLabel(topologyKey ?? '')
    if (problem !== undefined) warnings.push(`${path}.topologyKey: ${topologyKey ?? ''} is ${problem}`)
    if (labelSelector === undefined)
      warnings.push(`${path}.labelSelector: a null labelSelector results in matching no pod`)
  })
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod'
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/'

function warnAboutAnnotations(
  annotations: Wire<Record<string, string>> | undefined,
  spec: Wire<PodSpec>,
  at: string,
  warnings: string[],
): void {
  const instead = new Map(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name, securityContext }) => [
      name,
      securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile,
    ]),
  )
  for (const key of Object.keys(annotations ?? {})) {
    const field = `${at}metadata.annotations[${key}]`
    if (key === podSeccomp || key.startsWith(containerSeccomp))
      warnings.push(`${field}: non-functional in v1.27+; use the "seccompProfile" field instead`)
    else if (key.startsWith(appArmorPrefix) && instead.get(key.slice(appArmorPrefix.length)) === undefined)
      warnings.push(`${field}: deprecated since v1.30; use the "appArmorProfile" field instead`)
  }
}

function warnAboutVolume(volume: Wire<Volume>, field: string, warnings: string[]): void {
  for (const [source, problem] of deprecatedSources)
    if (volume[source] !== undefined) warnings.push(`${field}.${source}: ${problem}`)
  if (volume.gitRepo) warnings.push(`${field}.gitRepo: deprecated in v1.11, and disabled by default in v1.33+`)
  const sources = volume.projected?.sources
  if (sources?.some((source) => Object.keys(source).length === 0))
    warnings.push(`volume ${JSON.stringify(volume.name ?? '')} (Projected) has no sources provided`)
}

/** Items that a client merges by a key that they share. */
function warnAboutRepeated(spec: Wire<PodSpec>, field: string, warnings: string[]): void {
  const addresses = new Set<string>()
  spec.hostAliases?.forEach(({ ip = '' }, i) => {
    if (addresses.has(ip)) warnings.push(`${field}.hostAliases[${i}].ip: duplicate ip "${ip}"`)
    addresses.add(ip)
  })
  const secrets = new Set<string>()
  spec.imagePullSecrets?.forEach(({ name = '' }, i) => {
    const path = `${field}.imagePullSecrets[${i}].name`
    if (name === '') warnings.push(`${path}: invalid empty name ""`)
    else if (secrets.has(name)) warnings.push(`${path}: duplicate name "${name}"`)
    secrets.add(name)
  })
}

const bytes = ['memory', 'ephemeral-storage']

function warnAboutBytes(amounts: Wire<Record<string, string>> | undefined, field: string, warnings: string[]): void {
  for (const name of bytes) {
    const quantity = amounts?.[name]
    if (quantity !== undefined && parseQuantity(quantity).nano % 1_000_000_000n !== 0n)
      warnings.push(`${field}[${name}]: fractional byte value "${quantity}" is invalid, must be an integer`)
  }
}

function warnAboutContainer({ env, resources }: Wire<Container>, field: string, warnings: string[]): void {
  const names = new Set<string>()
  env?.forEach(({ name = '', value }, i) => {
    // A variable may extend an earlier one of the same name.
    if (names.has(name) && !value?.includes(`$(${name})`))
      warnings.push(`${field}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`)
    names.add(name)
  })
  for (const side of ['limits', 'requests'] as const)
    warnAboutBytes(resources?.[side], `${field}.resources.${side}`, warnings)
}

interface KnownPort {
  port: Wire<ContainerPort>
  field: string
}

function warnAboutPorts(
  ports: readonly Wire<ContainerPort>[],
  container: string,
  known: KnownPort[],
  warnings: string[],
): void {
  ports.forEach((port, i) => {
    const field = `${container}.ports[${i}]`
    const { name = '', hostIP = '', hostPort = 0, containerPort = 0, protocol = '' } = port
    if (hostIP !== '' && hostPort === 0)
      warnings.push(
        `${field}: hostIP set without hostPort: {Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`,
      )
    for (const other of known) {
      const conflict = conflictOf(port, other.port)
      if (conflict !== undefined) warnings.push(`${field}: ${conflict} with ${other.field}`)
    }
    const first = name === '' ? undefined : known.find((other) => other.port.name === name)
    if (first && !first.field.startsWith(`${container}.`))
      warnings.push(
        `${field}: duplicate port name "${name}" with ${first.field}, services and probes that select ports by name will use ${first.field}`,
      )
    known.push({ port, field })
  })
}

function conflictOf(a: Wire<ContainerPort>, b: Wire<ContainerPort>): string | undefined {
  if (a.containerPort !== b.containerPort || a.protocol !== b.protocol) return undefined
  const [portA = 0, portB = 0] = [a.hostPort, b.hostPort]
  const [ipA = '', ipB = ''] = [a.hostIP, b.hostIP]
  if (ipA === ipB && portA === portB) return 'duplicate port definition'
  if (portA === 0 || portB === 0) return 'overlapping port definition'
  return portA === portB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous port definition' : undefined
}
