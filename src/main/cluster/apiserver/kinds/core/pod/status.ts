import { isIP } from 'node:net'
import type { Pod } from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldInternal, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { ipProblems, qualifiedNameProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../../api/wire.ts'
import { addInvalid, checkImmutable } from '../../../validation/fields.ts'
import { podAnnotationFindings } from './update.ts'

/** Validates the status of a pod (ValidatePodStatusUpdate of Kubernetes). */
export function podStatusFindings(next: Pod, previous: Pod): FieldError[] {
  const errors = podAnnotationFindings(next, previous)
  const status: Wire<Pod['status'] & object> = next.status ?? {}
  const { podIPs = [], hostIP = '', hostIPs = [], nominatedNodeName } = status
  checkAddresses(podIPs, 'status.podIPs', errors)
  checkHostAddresses(hostIP, hostIPs, errors)
  if (nominatedNodeName && nominatedNodeName !== previous.status?.nominatedNodeName)
    addInvalid(subdomainProblems(nominatedNodeName), nominatedNodeName, 'status.nominatedNodeName', errors)
  if (previous.status?.qosClass) checkImmutable(status.qosClass, previous.status.qosClass, 'status.qosClass', errors)
  status.conditions?.forEach(({ type = '' }, i) => {
    if (!podConditions.has(type)) addInvalid(qualifiedNameProblems(type), type, `status.conditions[${i}].type`, errors)
  })
  checkClaims(next, errors)
  checkExtendedClaim(next, errors)
  return errors
}

const podConditions = new Set(['PodScheduled', 'Ready', 'Initialized', 'ContainersReady', 'DisruptionTarget'])

/** Valid addresses, at most one per IP family (validatePodIPs and validateHostIPs of Kubernetes). */
function checkAddresses(list: readonly Wire<{ ip: string }>[], field: string, errors: FieldError[]): void {
  const addresses = list.map(({ ip = '' }) => ip)
  addresses.forEach((ip, i) => addInvalid(ipProblems(ip), ip, `${field}[${i}]`, errors))
  if (addresses.length < 2) return
  const wrong = addresses.findIndex((ip) => isIP(ip) === 0)
  if (wrong >= 0)
    errors.push(
      fieldInternal(field, `failed to check for dual stack with error:invalid IP[${wrong}]: ${addresses[wrong]}`),
    )
  const families = new Set(addresses.map((ip) => isIP(ip)))
  if (wrong >= 0 || addresses.length > 2 || families.size !== 2)
    errors.push(fieldInvalid(field, list, 'may specify no more than one IP for each IP family'))
}

/**
 * The single field of the host is one of its own, beside the list, whose first it must be. Alone it may be any text, as in
 * Kubernetes (validateHostIPs); nothing here takes it for an address.
 */
function checkHostAddresses(hostIP: string, list: readonly Wire<{ ip: string }>[], errors: FieldError[]): void {
  const [first] = list
  if (!first) return
  if (first.ip !== hostIP)
    errors.push(fieldInvalid('status.hostIPs[0].ip', first.ip ?? '', 'must be equal to `hostIP`'))
  checkAddresses(list, 'status.hostIPs', errors)
}

/** The single address mirrors the first of the list (Convert_v1_PodStatus_To_core_PodStatus). */
export function setPodStatusDefaults({ status }: Pod): void {
  if (!status) return
  const [first] = status.podIPs ?? []
  if (status.podIP && first?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }]
  else if (!status.podIP && first?.ip) status.podIP = first.ip
}

/** Resource claims in a pod's status must be in its spec. */
function checkClaims({ spec, status }: Pod, errors: FieldError[]): void {
  const known = new Set((spec?.resourceClaims ?? []).map(({ name }) => name))
  const seen = new Set<string>()
  status?.resourceClaimStatuses?.forEach(({ name, resourceClaimName }, i) => {
    const field = `status.resourceClaimStatuses[${i}]`
    if (!known.has(name))
      errors.push(fieldInvalid(`${field}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'))
    if (seen.has(name)) errors.push(fieldDuplicate(`${field}.name`, name))
    seen.add(name)
    if (resourceClaimName !== undefined)
      addInvalid(subdomainProblems(resourceClaimName), resourceClaimName, `${field}.resourceClaimName`, errors)
  })
}

/** The claim of extended resources that the scheduler has made names containers of the pod. */
function checkExtendedClaim({ spec, status }: Pod, errors: FieldError[]): void {
  const claim: Wire<NonNullable<typeof status>['extendedResourceClaimStatus'] & object> | undefined =
    status?.extendedResourceClaimStatus
  if (!claim) return
  const field = 'status.extendedResourceClaimStatus'
  const { requestMappings = [], resourceClaimName = '' } = claim
  const containers = new Set([...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name))
  if (requestMappings.length === 0)
    errors.push(fieldRequired(`${field}.requestMappings`, 'at least one request mapping is required'))
  requestMappings.forEach(({ containerName = '' }, i) => {
    if (containers.has(containerName)) return
    const at = `${field}.requestMappings[${i}].containerName`
    const wanted = 'must match the name of an entry in spec.initContainers.name or spec.containers.name'
    errors.push(fieldInvalid(at, containerName, wanted))
  })
  if (resourceClaimName === '') errors.push(fieldRequired(`${field}.resourceClaimName`))
  else addInvalid(subdomainProblems(resourceClaimName), resourceClaimName, `${field}.resourceClaimName`, errors)
}
