import { isIP } from 'node:net'
import type {
  Condition,
  Ingress,
  LoadBalancerIngress,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PortStatus,
  ReplicationController,
  ResourceQuota,
  Service,
} from '#shared/kube/generated/types.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  type FieldError,
} from '#shared/kube/status.ts'
import { portProblems, qualifiedNameProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'
import { checkAddress, checkHostname } from './addresses.ts'
import { addInvalid, checkImmutable, checkNotNegative, checkSupported } from './fields.ts'
import { podAnnotationFindings } from './pod-update.ts'
import { checkStatusCounts } from './workload-status.ts'

/**
 * What a status may say (the Validate…StatusUpdate functions of Kubernetes). Whoever reports a status is trusted with
 * its kind's status alone: what it says is acted on by agents, proxies and controllers.
 */

export function serviceStatusFindings({ spec = {}, status = {} }: Wire<Service>): FieldError[] {
  const errors: FieldError[] = []
  const ingress = status.loadBalancer?.ingress ?? []
  if (ingress.length > 0 && spec.type !== 'LoadBalancer')
    errors.push(fieldForbidden('status.loadBalancer.ingress', 'may only be used when `spec.type` is "LoadBalancer"'))
  ingress.forEach((one, i) => {
    const field = `status.loadBalancer.ingress[${i}]`
    checkIngressPoint(one, field, errors)
    if (one.ipMode === undefined) {
      if (one.ip) errors.push(fieldRequired(`${field}.ipMode`, 'must be specified when `ip` is set'))
    } else if (!one.ip) errors.push(fieldForbidden(`${field}.ipMode`, 'may not be specified when `ip` is not set'))
    else checkSupported(one.ipMode, ['Proxy', 'VIP'], `${field}.ipMode`, errors)
  })
  checkConditions(status.conditions, 'status.conditions', errors)
  return errors
}

/** `VIP` is what an address without a mode means (SetDefaults_Service of Kubernetes). */
export function setServiceStatusDefaults({ status }: Service): void {
  for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
}

export function ingressStatusFindings({ status = {} }: Wire<Ingress>): FieldError[] {
  const errors: FieldError[] = []
  status.loadBalancer?.ingress?.forEach((one, i) => {
    checkIngressPoint(one, `status.loadBalancer.ingress[${i}]`, errors)
  })
  return errors
}

type IngressPoint = Pick<Wire<LoadBalancerIngress>, 'ip' | 'hostname' | 'ports'>

function checkIngressPoint({ ip, hostname, ports }: IngressPoint, field: string, errors: FieldError[]): void {
  if (ip) checkAddress(ip, `${field}.ip`, errors)
  if (hostname) checkHostname(hostname, `${field}.hostname`, errors)
  ports?.forEach(({ port, protocol, error }: Wire<PortStatus>, i) => {
    const at = `${field}.ports[${i}]`
    addInvalid(portProblems(port ?? 0), port ?? 0, `${at}.port`, errors)
    checkSupported(protocol ?? '', ['SCTP', 'TCP', 'UDP'], `${at}.protocol`, errors)
    if (error) addInvalid(qualifiedNameProblems(error), error, `${at}.error`, errors)
  })
}

export function podStatusFindings(next: Pod, previous: Pod): FieldError[] {
  const errors = podAnnotationFindings(next, previous)
  const status: Wire<Pod['status'] & object> = next.status ?? {}
  const { podIP, podIPs, hostIP, hostIPs, nominatedNodeName } = status
  checkPodAddresses(podIP, podIPs ?? [], 'podIP', errors)
  checkPodAddresses(hostIP, hostIPs ?? [], 'hostIP', errors)
  if (nominatedNodeName && nominatedNodeName !== previous.status?.nominatedNodeName)
    addInvalid(subdomainProblems(nominatedNodeName), nominatedNodeName, 'status.nominatedNodeName', errors)
  if (previous.status?.qosClass) checkImmutable(status.qosClass, previous.status.qosClass, 'status.qosClass', errors)
  status.conditions?.forEach(({ type = '' }, i) => {
    if (!podConditions.has(type)) addInvalid(qualifiedNameProblems(type), type, `status.conditions[${i}].type`, errors)
  })
  checkClaims(next, errors)
  return errors
}

const podConditions = new Set(['PodScheduled', 'Ready', 'Initialized', 'ContainersReady', 'DisruptionTarget'])

/** One address of each family at most; the single field is the first of the list. */
function checkPodAddresses(
  single: string | undefined,
  list: readonly Wire<{ ip: string }>[],
  name: 'podIP' | 'hostIP',
  errors: FieldError[],
): void {
  if (single) checkAddress(single, `status.${name}`, errors)
  list.forEach(({ ip }, i) => checkAddress(ip, `status.${name}s[${i}].ip`, errors))
  const addresses = list.map(({ ip = '' }) => ip)
  if (single && addresses[0] !== undefined && addresses[0] !== single)
    errors.push(fieldInvalid(`status.${name}s[0].ip`, addresses[0], `must be equal to \`${name}\``))
  const families = new Set(addresses.map((ip) => isIP(ip)))
  if (addresses.length > 1 && (addresses.length > 2 || families.size !== 2))
    errors.push(fieldInvalid(`status.${name}s`, addresses, 'may specify no more than one IP for each IP family'))
}

/** The single address and the list of addresses stand for each other (Convert_v1_PodStatus_To_core_PodStatus). */
export function setPodStatusDefaults({ status }: Pod): void {
  if (!status) return
  const [first] = status.podIPs ?? []
  if (status.podIP && first?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }]
  else if (!status.podIP && first?.ip) status.podIP = first.ip
}

/** Claims that a pod's status speaks of are those of its spec. */
function checkClaims({ spec, status }: Pod, errors: FieldError[]): void {
  const known = new Set((spec?.resourceClaims ?? []).map(({ name }) => name))
  status?.resourceClaimStatuses?.forEach(({ name, resourceClaimName }, i) => {
    const field = `status.resourceClaimStatuses[${i}]`
    if (!known.has(name))
      errors.push(fieldInvalid(`${field}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'))
    if (resourceClaimName !== undefined)
      addInvalid(subdomainProblems(resourceClaimName), resourceClaimName, `${field}.resourceClaimName`, errors)
  })
}

export function nodeStatusFindings({ status = {} }: Wire<Node>): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  status.addresses?.forEach(({ type = '', address = '' }, i) => {
    const field = `status.addresses[${i}]`
    const key = `${type} ${address}`
    if (seen.has(key)) errors.push(fieldDuplicate(field, { type, address }))
    seen.add(key)
    if (type === 'InternalIP' || type === 'ExternalIP') checkAddress(address, `${field}.address`, errors)
    else if (!nodeNames.includes(type)) errors.push(fieldNotSupported(`${field}.type`, type, nodeAddressTypes))
    else if (isIP(address) === 0) addInvalid(subdomainProblems(address), address, `${field}.address`, errors)
  })
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port
  if (port !== undefined && port !== 0)
    addInvalid(portProblems(port), port, 'status.daemonEndpoints.kubeletEndpoint.Port', errors)
  return errors
}

const nodeNames = ['ExternalDNS', 'Hostname', 'InternalDNS']
const nodeAddressTypes = [...nodeNames, 'ExternalIP', 'InternalIP'].sort()

export function claimStatusFindings({ status = {} }: Wire<PersistentVolumeClaim>): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['capacity', 'allocatedResources'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {}))
      if (String(quantity).startsWith('-'))
        errors.push(fieldInvalid(`status.${list}[${name}]`, quantity, 'must be greater than or equal to 0'))
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const field = `status.allocatedResourceStatuses[${name}]`
    addInvalid(qualifiedNameProblems(name), name, field, errors)
    checkSupported(state, resizeStates, field, errors)
  }
  return errors
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
]

export function budgetStatusFindings({ status }: Wire<PodDisruptionBudget>): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'] as const)
    checkNotNegative(status?.[name], `status.${name}`, errors)
  checkConditions(status?.conditions, 'status.conditions', errors)
  return errors
}

export const replicationControllerStatusFindings = (
  next: ReplicationController,
  previous: ReplicationController,
): FieldError[] =>
  checkStatusCounts(next.status, previous.status, {
    counts: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    ready: 'readyReplicas',
  })

export function quotaStatusFindings({ status = {} }: Wire<ResourceQuota>): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['hard', 'used'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {})) {
      addInvalid(qualifiedNameProblems(name), name, `status.${list}[${name}]`, errors)
      if (String(quantity).startsWith('-'))
        errors.push(fieldInvalid(`status.${list}[${name}]`, quantity, 'must be greater than or equal to 0'))
    }
  return errors
}

const reasonPattern = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const maxReason = 1024
const maxMessage = 32 * 1024

/** Conditions as apimachinery has them (metav1.Condition, unversionedvalidation.ValidateConditions). */
export function checkConditions(
  conditions: readonly Wire<Condition>[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  conditions?.forEach(
    ({ type = '', status = '', reason = '', message = '', observedGeneration, lastTransitionTime }, i) => {
      const at = `${field}[${i}]`
      if (type === '') errors.push(fieldRequired(`${at}.type`))
      else addInvalid(qualifiedNameProblems(type), type, `${at}.type`, errors)
      if (seen.has(type)) errors.push(fieldDuplicate(`${at}.type`, type))
      seen.add(type)
      checkSupported(status, ['False', 'True', 'Unknown'], `${at}.status`, errors)
      checkNotNegative(observedGeneration, `${at}.observedGeneration`, errors)
      if (!lastTransitionTime) errors.push(fieldRequired(`${at}.lastTransitionTime`, 'must be set'))
      if (reason === '') errors.push(fieldRequired(`${at}.reason`))
      else if (reason.length > maxReason) errors.push(fieldTooLong(`${at}.reason`, maxReason))
      else if (!reasonPattern.test(reason))
        errors.push(
          fieldInvalid(
            `${at}.reason`,
            reason,
            `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'`,
          ),
        )
      if (message.length > maxMessage) errors.push(fieldTooLong(`${at}.message`, maxMessage))
    },
  )
}
