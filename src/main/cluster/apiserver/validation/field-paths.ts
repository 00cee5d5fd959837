import type { ObjectFieldSelector, ResourceFieldSelector } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkSupported } from './fields.ts'
import type { Wire } from '../api/wire.ts'

/** Validates references to a pod's own fields, in environment variables and volumes. */

export const envFieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const volumeFieldPaths = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

export function checkFieldRef(
  { apiVersion, fieldPath }: Wire<ObjectFieldSelector>,
  supported: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  if (!apiVersion) errors.push(fieldRequired(`${field}.apiVersion`))
  if (!fieldPath) {
    errors.push(fieldRequired(`${field}.fieldPath`))
    return
  }
  const at = `${field}.fieldPath`
  const subscript = /^(metadata\.(?:annotations|labels))\['([^']+)'\]$/.exec(fieldPath)
  if (subscript) {
    const key = subscript[2] ?? ''
    addInvalid(qualifiedNameProblems(key), key, at, errors)
  } else if (!known.has(fieldPath))
    errors.push(fieldInvalid(at, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`))
  else if (!supported.includes(fieldPath)) errors.push(fieldNotSupported(at, fieldPath, supported))
}

const known = new Set([
  ...envFieldPaths,
  ...volumeFieldPaths,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
  'status.nominatedNodeName',
  'spec.hostNetwork',
])

const resourcePaths = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

export function checkResourceFieldRef(
  { resource, containerName, divisor = '0' }: Wire<ResourceFieldSelector>,
  inVolume: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (inVolume && !containerName) errors.push(fieldRequired(`${field}.containerName`))
  if (!resource) errors.push(fieldRequired(`${field}.resource`))
  else if (!/^(limits|requests)\.hugepages-/.test(resource))
    checkSupported(resource, resourcePaths, `${field}.resource`, errors)
  const divisors = resource?.endsWith('.cpu') ? cpuDivisors : byteDivisors
  if (divisor !== '0' && !divisors.includes(divisor))
    errors.push(
      fieldInvalid(
        `${field}.divisor`,
        resource ?? '',
        `only divisor's values ${divisors.join(', ')} are supported with the ${resource ?? ''} resource`,
      ),
    )
}

const cpuDivisors = ['1m', '1']
const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']
