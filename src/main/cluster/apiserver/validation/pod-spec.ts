import type { PodDNSConfig, PodResourceClaim, PodSpec, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  type FieldError,
} from '#shared/kube/status.ts'
import {
  ipProblems,
  labelProblems,
  qualifiedNameProblems,
  rangeProblems,
  searchDomainProblems,
  subdomainProblems,
  type NameCheck,
} from '#shared/kube/validation-names.ts'
import { checkLabels } from './labels.ts'
import { checkContainers, checkEphemeralContainers, checkInitContainers, type PodContext } from './containers.ts'
import { addInvalid, checkOneOf, checkSupported } from './fields.ts'
import { checkPodLevelResources, checkResourceClaims, checkResources } from './resources.ts'
import { checkPodPlatform } from './pod-platform.ts'
import { checkAffinity, checkSpread, checkTolerations } from './scheduling.ts'
import { checkPodSecurityContext } from './security-context.ts'
import { checkVolumes } from './volumes.ts'
import type { Wire } from '../api/wire.ts'

/** Validates a pod template. @param field `spec.template` */
export function checkPodTemplate(template: Wire<PodTemplateSpec>, field: string, errors: FieldError[]): void {
  const { metadata = {}, spec = {} } = template
  for (const error of checkLabels(metadata.labels as Record<string, string> | undefined, `${field}.labels`))
    errors.push(error)
  for (const key of Object.keys(metadata.annotations ?? {}))
    addInvalid(qualifiedNameProblems(key.toLowerCase()), key, `${field}.annotations`, errors)
  checkPodSpec(spec, `${field}.spec`, errors)
  if (spec.ephemeralContainers?.length)
    errors.push(fieldForbidden(`${field}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
}

/** Validates the spec of a pod. @param field `spec` */
export function checkPodSpec(spec: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  const pod: PodContext = {
    volumes: checkVolumes(spec.volumes ?? [], `${field}.volumes`, errors),
    claims: new Set(
      (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
        name && (persistentVolumeClaim ?? ephemeral) ? [name] : [],
      ),
    ),
    resourceClaims: (spec.resourceClaims ?? []).flatMap(({ name }) => (name ? [name] : [])),
    restartPolicy: spec.restartPolicy ?? '',
    hostNetwork: spec.hostNetwork ?? false,
    names: new Set(),
  }
  checkContainers(spec.containers ?? [], `${field}.containers`, pod, errors)
  if (spec.initContainers) checkInitContainers(spec.initContainers, `${field}.initContainers`, pod, errors)
  if (spec.ephemeralContainers)
    checkEphemeralContainers(spec.ephemeralContainers, `${field}.ephemeralContainers`, pod, errors)
  checkOneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${field}.restartPolicy`, errors)
  checkOneOf(
    spec.dnsPolicy,
    ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
    `${field}.dnsPolicy`,
    errors,
  )
  for (const error of checkLabels(spec.nodeSelector as Record<string, string> | undefined, `${field}.nodeSelector`))
    errors.push(error)
  checkHostNamespaces(spec, field, errors)
  checkPodPlatform(spec, field, errors)
  checkPodSecurityContext(spec.securityContext, `${field}.securityContext`, errors)
  checkNames(spec, field, errors)
  checkAffinity(spec.affinity, `${field}.affinity`, errors)
  if (spec.dnsConfig || spec.dnsPolicy === 'None') checkDns(spec, `${field}.dnsConfig`, errors)
  checkGates(spec, field, errors)
  if (spec.topologySpreadConstraints)
    checkSpread(spec.topologySpreadConstraints, `${field}.topologySpreadConstraints`, errors)
  if (spec.tolerations) checkTolerations(spec.tolerations, `${field}.tolerations`, errors)
  checkHostAliases(spec, `${field}.hostAliases`, errors)
  checkPodResources(spec, field, errors)
  if (spec.preemptionPolicy !== undefined)
    checkOneOf(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], `${field}.preemptionPolicy`, errors)
  if (spec.os) {
    if (spec.os.name) checkSupported(spec.os.name, ['linux', 'windows'], `${field}.os`, errors)
    else errors.push(fieldRequired(`${field}.os.name`))
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined)
    addInvalid(rangeProblems(deadline, 1, 2 ** 31 - 1), deadline, `${field}.activeDeadlineSeconds`, errors)
}

function checkHostNamespaces(spec: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(
      fieldInvalid(
        `${field}.securityContext.shareProcessNamespace`,
        spec.shareProcessNamespace,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    )
  if (spec.hostUsers !== false) return
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
    if (spec[name]) errors.push(fieldForbidden(`${field}.${name}`, 'when `hostUsers` is false'))
}

const namedFields: readonly [keyof PodSpec, NameCheck][] = [
  ['serviceAccountName', subdomainProblems],
  ['nodeName', subdomainProblems],
  ['hostname', labelProblems],
  ['subdomain', labelProblems],
  ['priorityClassName', subdomainProblems],
  ['runtimeClassName', subdomainProblems],
]

function checkNames(spec: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  for (const [name, problems] of namedFields) {
    const value = spec[name] as string | undefined
    if (value) addInvalid(problems(value), value, `${field}.${name}`, errors)
  }
  const { hostnameOverride: hostname } = spec
  if (hostname === undefined) return
  if (hostname.length > longestHostname) errors.push(fieldTooLong(`${field}.hostnameOverride`, longestHostname))
  addInvalid(subdomainProblems(hostname), hostname, `${field}.hostnameOverride`, errors)
}

/** Of Linux, in bytes. */
const longestHostname = 64

/** What the pod takes as a whole: its overhead, its own resources, and its claims of devices. */
function checkPodResources(spec: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  const { overhead, resources, resourceClaims = [] } = spec
  if (overhead) checkResources({ limits: overhead }, `${field}.overhead`, errors)
  checkPodLevelResources(resources, `${field}.resources`, errors)
  if (resources?.claims?.length) {
    errors.push(fieldForbidden(`${field}.resources.claims`, 'claims may not be set for Resources at pod-level'))
    const known = resourceClaims.flatMap(({ name }) => (name ? [name] : []))
    checkResourceClaims(resources.claims, known, `${field}.resources.claims`, errors)
  }
  const seen = new Set<string>()
  resourceClaims.forEach((claim, i) => {
    const at = `${field}.resourceClaims[${i}]`
    const name = claim.name ?? ''
    if (name === '') errors.push(fieldRequired(`${at}.name`))
    else if (seen.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
    else addInvalid(labelProblems(name), name, `${at}.name`, errors)
    seen.add(name)
    checkClaimSource(claim, at, errors)
  })
}

function checkClaimSource(claim: Wire<PodResourceClaim>, field: string, errors: FieldError[]): void {
  const { resourceClaimName, resourceClaimTemplateName } = claim
  if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
    errors.push(
      fieldInvalid(field, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'),
    )
  if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
    errors.push(fieldInvalid(field, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
  for (const [key, source] of Object.entries({ resourceClaimName, resourceClaimTemplateName }))
    if (source !== undefined) addInvalid(subdomainProblems(source), source, `${field}.${key}`, errors)
}

function checkDns({ dnsConfig, dnsPolicy }: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  const { nameservers = [], searches = [], options = [] }: Wire<PodDNSConfig> = dnsConfig ?? {}
  if (dnsPolicy === 'None') {
    if (!dnsConfig) {
      errors.push(fieldRequired(field, 'must provide `dnsConfig` when `dnsPolicy` is None'))
      return
    }
    if (nameservers.length === 0)
      errors.push(
        fieldRequired(`${field}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
      )
  }
  if (nameservers.length > 3)
    errors.push(fieldInvalid(`${field}.nameservers`, nameservers, 'must not have more than 3 nameservers'))
  nameservers.forEach((address, i) => {
    addInvalid(ipProblems(address), address, `${field}.nameservers[${i}]`, errors)
  })
  if (searches.length > 32)
    errors.push(fieldInvalid(`${field}.searches`, searches, 'must not have more than 32 search paths'))
  searches.forEach((search, i) => {
    const domain = search === '.' ? undefined : search.replace(/\.$/, '')
    if (domain !== undefined) addInvalid(searchDomainProblems(domain), domain, `${field}.searches[${i}]`, errors)
  })
  options.forEach(({ name }, i) => {
    if (!name) errors.push(fieldRequired(`${field}.options[${i}]`, 'must not be empty'))
  })
}

function checkGates({ readinessGates, schedulingGates }: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  readinessGates?.forEach(({ conditionType = '' }, i) => {
    addInvalid(
      qualifiedNameProblems(conditionType),
      conditionType,
      `${field}.readinessGates[${i}].conditionType`,
      errors,
    )
  })
  const seen = new Set<string>()
  schedulingGates?.forEach(({ name = '' }, i) => {
    const at = `${field}.schedulingGates[${i}]`
    addInvalid(qualifiedNameProblems(name), name, at, errors)
    if (seen.has(name)) errors.push(fieldDuplicate(at, name))
    seen.add(name)
  })
}

function checkHostAliases({ hostAliases }: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  hostAliases?.forEach(({ ip = '', hostnames = [] }, i) => {
    addInvalid(ipProblems(ip), ip, `${field}[${i}].ip`, errors)
    hostnames.forEach((hostname, j) => {
      addInvalid(subdomainProblems(hostname), hostname, `${field}[${i}].hostnames[${j}]`, errors)
    })
  })
}
