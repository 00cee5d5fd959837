import type { Condition, Ingress, LoadBalancerIngress, PortStatus, Service } from '#shared/kube/generated/types.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  type FieldError,
} from '#shared/kube/status.ts'
import { portProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'
import { checkAddress, checkHostname } from './addresses.ts'
import { addInvalid, checkNotNegative, checkSupported } from './fields.ts'

/**
 * Status validation that several kinds share (the Validate…StatusUpdate functions of Kubernetes). Agents, proxies and
 * controllers act on a status, and its reporter is trusted with that kind's status only.
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
  return errors
}

/** `VIP` is the default ipMode of an address (SetDefaults_Service of Kubernetes). */
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

const reasonPattern = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const maxReason = 1024
const maxMessage = 32 * 1024

/** Validates conditions (metav1.Condition, unversionedvalidation.ValidateConditions). */
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

/** Validates the conditions of FlowSchemas and priority levels, of which only the type matters. */
export function flowConditionFindings(conditions: readonly { type?: string }[] | undefined): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  conditions?.forEach(({ type = '' }, i) => {
    const field = `status.conditions[${i}].type`
    if (seen.has(type)) errors.push(fieldDuplicate(field, type))
    seen.add(type)
    if (type === '') errors.push(fieldRequired(field))
  })
  return errors
}
