import { isIP } from 'node:net'
import type { Pod } from '#shared/kube/generated/types.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../../api/wire.ts'
import { checkAddress } from '../../../validation/addresses.ts'
import { addInvalid, checkImmutable } from '../../../validation/fields.ts'
import { podAnnotationFindings } from './update.ts'

/** Validates the status of a pod (ValidatePodStatusUpdate of Kubernetes). */
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

/** At most one address per IP family; the single field mirrors the first of the list. */
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
  status?.resourceClaimStatuses?.forEach(({ name, resourceClaimName }, i) => {
    const field = `status.resourceClaimStatuses[${i}]`
    if (!known.has(name))
      errors.push(fieldInvalid(`${field}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'))
    if (resourceClaimName !== undefined)
      addInvalid(subdomainProblems(resourceClaimName), resourceClaimName, `${field}.resourceClaimName`, errors)
  })
}
