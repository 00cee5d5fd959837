import type { ServiceSpec } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { ipFamily, ipProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'
import { addInvalid, checkNotRepeated, checkSupported } from './fields.ts'

/**
 * Validates the cluster IPs of a Service and their families, before they are allocated and with the rest of it
 * (ValidateServiceClusterIPsRelatedFields).
 */
export function clusterIpFindings(spec: Wire<ServiceSpec>): FieldError[] {
  const errors: FieldError[] = []
  const { type, clusterIP = '', clusterIPs = [], ipFamilyPolicy, ipFamilies = [] } = spec
  // A Service of another name has none of these.
  if (type === 'ExternalName') return errors
  checkFirst(clusterIP, clusterIPs, errors)
  ipFamilies.forEach((family, i) => {
    checkSupported(family, ['IPv4', 'IPv6'], `spec.ipFamilies[${i}]`, errors)
    checkNotRepeated(ipFamilies, i, `spec.ipFamilies[${i}]`, errors)
  })
  checkSupported(ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack'], 'spec.ipFamilyPolicy', errors)
  const before = errors.length
  clusterIPs.forEach((ip, i) => {
    if (ip !== 'None' || i > 0) addInvalid(ipProblems(ip), ip, `spec.clusterIPs[${i}]`, errors)
  })
  if (clusterIPs[0] === 'None' && clusterIPs.length > 1)
    errors.push(fieldInvalid('spec.clusterIPs', clusterIPs, "'None' must be the first and only value"))
  const areAddresses = errors.length === before
  if (clusterIPs.length > 2) errors.push(fieldInvalid('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'))
  // What follows would only repeat an error of the addresses.
  if (areAddresses && clusterIPs[0] !== 'None') checkFamilies(clusterIPs, ipFamilies, errors)
  return errors
}

function checkFirst(clusterIP: string, clusterIPs: readonly string[], errors: FieldError[]): void {
  if (clusterIP === '') {
    if (clusterIPs.length > 0)
      errors.push(fieldInvalid('spec.clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified'))
  } else if (clusterIPs.length === 0) errors.push(fieldRequired('spec.clusterIPs'))
  else if (clusterIPs[0] !== clusterIP)
    errors.push(fieldInvalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'))
}

function checkFamilies(clusterIPs: readonly string[], ipFamilies: readonly string[], errors: FieldError[]): void {
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(ipFamily)).size < 2)
    errors.push(fieldInvalid('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family'))
  clusterIPs.forEach((ip, i) => {
    const family = ipFamilies[i]
    if ((family === 'IPv4' || family === 'IPv6') && family !== ipFamily(ip))
      errors.push(
        fieldInvalid(`spec.clusterIPs[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``),
      )
  })
}
