import { jsonEqual } from '#shared/kube/json.ts'
import type { PersistentVolumeClaimSpec, PersistentVolumeSpec } from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkImmutable, checkSupported } from './fields.ts'
import { checkLabelSelector } from './labels.ts'
import type { Wire } from '../api/wire.ts'

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const volumeModes = ['Block', 'Filesystem']

/** Validates the spec of a claim, also of a pod's ephemeral volume. */
export function checkClaimSpec(spec: Wire<PersistentVolumeClaimSpec>, field: string, errors: FieldError[]): void {
  checkLabelSelector(spec.selector, `${field}.selector`, errors)
  checkAccessModes(spec.accessModes ?? [], field, errors)
  const storage = spec.resources?.requests?.['storage']
  if (storage === undefined) errors.push(fieldRequired(`${field}.resources[storage]`))
  else checkPositive(storage, `${field}.resources[storage]`, errors)
  if (spec.storageClassName)
    addInvalid(subdomainProblems(spec.storageClassName), spec.storageClassName, `${field}.storageClassName`, errors)
  checkSupported(spec.volumeMode, volumeModes, `${field}.volumeMode`, errors)
}

function checkAccessModes(modes: readonly string[], field: string, errors: FieldError[]): void {
  if (modes.length === 0) errors.push(fieldRequired(`${field}.accessModes`, 'at least 1 access mode is required'))
  for (const mode of modes) checkSupported(mode, accessModes, `${field}.accessModes`, errors)
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(fieldForbidden(`${field}.accessModes`, 'may not use ReadWriteOncePod with other access modes'))
}

function checkPositive(quantity: string, field: string, errors: FieldError[]): void {
  if (compareQuantities(quantity, '0') <= 0) errors.push(fieldInvalid(field, quantity, 'must be greater than zero'))
}

const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

const sourcesOf = (spec: Wire<PersistentVolumeSpec>): string[] =>
  Object.keys(spec).filter((field) => !notSources.has(field))

export function validateVolumeSpec(spec: Wire<PersistentVolumeSpec>): FieldError[] {
  const errors: FieldError[] = []
  checkAccessModes(spec.accessModes ?? [], 'spec', errors)
  const capacity = Object.entries(spec.capacity ?? {})
  if (capacity.length === 0) errors.push(fieldRequired('spec.capacity'))
  for (const [name, quantity = '0'] of capacity) {
    if (name !== 'storage') errors.push(fieldNotSupported('spec.capacity', spec.capacity, ['storage']))
    else checkPositive(quantity, 'spec.capacity[storage]', errors)
  }
  checkSupported(
    spec.persistentVolumeReclaimPolicy,
    ['Delete', 'Recycle', 'Retain'],
    'spec.persistentVolumeReclaimPolicy',
    errors,
  )
  checkSource(spec, errors)
  if (spec.storageClassName)
    addInvalid(subdomainProblems(spec.storageClassName), spec.storageClassName, 'spec.storageClassName', errors)
  checkSupported(spec.volumeMode, volumeModes, 'spec.volumeMode', errors)
  return errors
}

function checkSource(spec: Wire<PersistentVolumeSpec>, errors: FieldError[]): void {
  const [source, ...more] = sourcesOf(spec)
  if (source === undefined) errors.push(fieldRequired('spec', 'must specify a volume type'))
  for (const other of more) errors.push(fieldForbidden(`spec.${other}`, 'may not specify more than 1 volume type'))
  const { hostPath, local, nfs } = spec
  if (hostPath) checkPath(hostPath.path ?? '', 'spec.hostPath.path', errors)
  if (local) {
    checkPath(local.path ?? '', 'spec.local.path', errors)
    if (!spec.nodeAffinity) errors.push(fieldRequired('spec.nodeAffinity', 'Local volume requires node affinity'))
  }
  if (nfs) {
    if (!nfs.server) errors.push(fieldRequired('spec.nfs.server'))
    if (!nfs.path?.startsWith('/'))
      errors.push(fieldInvalid('spec.nfs.path', nfs.path ?? '', 'must be an absolute path'))
  }
}

function checkPath(path: string, field: string, errors: FieldError[]): void {
  if (path === '') errors.push(fieldRequired(field))
  else if (path.split('/').includes('..')) errors.push(fieldInvalid(field, path, "must not contain '..'"))
}

export function validateVolumeUpdate(
  next: Wire<PersistentVolumeSpec>,
  previous: Wire<PersistentVolumeSpec>,
): FieldError[] {
  const errors: FieldError[] = []
  const source = (spec: Wire<PersistentVolumeSpec>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !notSources.has(field)))
  if (!jsonEqual(source(next), source(previous)))
    errors.push(
      fieldForbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
    )
  checkImmutable(next.volumeMode, previous.volumeMode, 'spec.volumeMode', errors)
  if (previous.nodeAffinity) checkImmutable(next.nodeAffinity, previous.nodeAffinity, 'spec.nodeAffinity', errors)
  return errors
}
