import { jsonEqual } from '#shared/kube/json.ts'
import type {
  CSIPersistentVolumeSource,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  TypedLocalObjectReference,
  VolumeNodeAffinity,
} from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  invalidMessage,
  forbiddenChange,
  type FieldError,
} from '#shared/kube/status.ts'
import { labelProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkImmutable, checkSupported } from './fields.ts'
import { checkLabelSelector } from './labels.ts'
import { checkNodeSelector } from './scheduling.ts'
import { checkCsiSource, checkOneSource, checkPath, volumeSources, type SourceCheck } from './volume-sources.ts'
import type { Wire } from '../api/wire.ts'

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const volumeModes = ['Block', 'Filesystem']

/** Validates the spec of a claim, also of a pod's ephemeral volume. */
export function checkClaimSpec(spec: Wire<PersistentVolumeClaimSpec>, field: string, errors: FieldError[]): void {
  checkLabelSelector(spec.selector, `${field}.selector`, errors)
  checkAccessModes(spec.accessModes ?? [], 'at least 1 access mode is required', field, errors)
  const storage = spec.resources?.requests?.['storage']
  if (storage === undefined) errors.push(fieldRequired(`${field}.resources[storage]`))
  else checkPositive(storage, `${field}.resources[storage]`, errors)
  checkClassName(spec.storageClassName, `${field}.storageClassName`, errors)
  checkSupported(spec.volumeMode, volumeModes, `${field}.volumeMode`, errors)
  checkDataSources(spec, field, errors)
  checkClassName(spec.volumeAttributesClassName, `${field}.volumeAttributesClassName`, errors)
}

function checkClassName(name: string | undefined, field: string, errors: FieldError[]): void {
  if (name) addInvalid(subdomainProblems(name), name, field, errors)
}

function checkDataSources(spec: Wire<PersistentVolumeClaimSpec>, field: string, errors: FieldError[]): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource) checkDataSource(dataSource, `${field}.dataSource`, errors)
  if (!dataSourceRef) return
  checkDataSource(dataSourceRef, `${field}.dataSourceRef`, errors)
  const { namespace, ...local } = dataSourceRef
  if (namespace) addInvalid(labelProblems(namespace), namespace, `${field}.dataSourceRef.namespace`, errors)
  if (!dataSource) return
  if (namespace) errors.push(invalidPath(field, 'may not be specified when dataSourceRef.namespace is specified'))
  else if (
    !jsonEqual({ ...dataSource, apiGroup: dataSource.apiGroup ?? '' }, { ...local, apiGroup: local.apiGroup ?? '' })
  )
    errors.push(invalidPath(field, 'must match dataSourceRef'))
}

/** Kubernetes reports the path instead of a value, which is an empty object in JSON. */
const invalidPath = (field: string, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: invalidMessage('{}', detail),
})

function checkDataSource(
  { name, kind = '', apiGroup }: Wire<TypedLocalObjectReference>,
  field: string,
  errors: FieldError[],
): void {
  if (!name) errors.push(fieldRequired(`${field}.name`))
  if (!kind) errors.push(fieldRequired(`${field}.kind`))
  if (apiGroup) addInvalid(subdomainProblems(apiGroup), apiGroup, `${field}.apiGroup`, errors)
  else if (kind !== 'PersistentVolumeClaim')
    errors.push(fieldInvalid(field, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
}

function checkAccessModes(modes: readonly string[], wanted: string, field: string, errors: FieldError[]): void {
  if (modes.length === 0) errors.push(fieldRequired(`${field}.accessModes`, wanted))
  for (const mode of modes) checkSupported(mode, accessModes, `${field}.accessModes`, errors)
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(fieldForbidden(`${field}.accessModes`, 'may not use ReadWriteOncePod with other access modes'))
}

function checkPositive(quantity: string, field: string, errors: FieldError[]): void {
  if (compareQuantities(quantity, '0') <= 0) errors.push(fieldInvalid(field, quantity, 'must be greater than zero'))
}

/**
 * Validates the spec of a PersistentVolume.
 *
 * @param inline whether it stands in a VolumeAttachment, where a pod's volume is described and nothing else
 */
export function checkVolumeSpec(
  spec: Wire<PersistentVolumeSpec>,
  field: string,
  inline: boolean,
  errors: FieldError[],
): void {
  checkAccessModes(spec.accessModes ?? [], '', field, errors)
  if (inline) {
    for (const name of notInline)
      if (spec[name])
        errors.push(fieldForbidden(`${field}.${name}`, 'may not be specified in the context of inline volumes'))
  } else {
    checkCapacity(spec, field, errors)
    checkSupported(
      spec.persistentVolumeReclaimPolicy || undefined,
      ['Delete', 'Recycle', 'Retain'],
      `${field}.persistentVolumeReclaimPolicy`,
      errors,
    )
    if (spec.nodeAffinity) checkVolumeAffinity(spec.nodeAffinity, `${field}.nodeAffinity`, errors)
  }
  checkOneSource(spec, persistentSources, field, true, errors)
  if (spec.persistentVolumeReclaimPolicy === 'Recycle' && isRoot(spec.hostPath?.path))
    errors.push(
      fieldForbidden(`${field}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"),
    )
  if (inline) return
  checkClassName(spec.storageClassName, `${field}.storageClassName`, errors)
  checkSupported(spec.volumeMode, volumeModes, `${field}.volumeMode`, errors)
  checkVolumeAttributesClass(spec, field, errors)
}

const notInline = [
  'capacity',
  'persistentVolumeReclaimPolicy',
  'nodeAffinity',
  'storageClassName',
  'volumeMode',
  'volumeAttributesClassName',
  'claimRef',
] as const

const isRoot = (path = ''): boolean => /^\/+(\.\/*)*$/.test(path)

function checkCapacity({ capacity = {} }: Wire<PersistentVolumeSpec>, field: string, errors: FieldError[]): void {
  const names = Object.keys(capacity)
  if (names.length === 0) errors.push(fieldRequired(`${field}.capacity`))
  if (capacity['storage'] === undefined || names.length > 1)
    errors.push(fieldNotSupported(`${field}.capacity`, capacity, ['storage']))
  for (const name of names) checkPositive(capacity[name] ?? '0', `${field}.capacity[${name}]`, errors)
}

function checkVolumeAffinity({ required }: Wire<VolumeNodeAffinity>, field: string, errors: FieldError[]): void {
  if (required) checkNodeSelector(required, `${field}.required`, errors)
  else errors.push(fieldRequired(`${field}.required`, 'must specify required node constraints'))
}

function checkVolumeAttributesClass(
  { volumeAttributesClassName: name, csi }: Wire<PersistentVolumeSpec>,
  field: string,
  errors: FieldError[],
): void {
  if (name === undefined) return
  if (name === '') errors.push(fieldRequired(`${field}.volumeAttributesClassName`, 'an empty string is disallowed'))
  else checkClassName(name, `${field}.volumeAttributesClassName`, errors)
  if (!csi) errors.push(fieldRequired(`${field}.csi`, 'has to be specified when using volumeAttributesClassName'))
}

/** The sources of a PersistentVolume in the order in which Kubernetes looks at them. */
const persistentSources: Readonly<Record<string, SourceCheck<Wire<PersistentVolumeSpec>>>> = {
  ...volumeSources,
  local: ({ local, nodeAffinity }, field, errors) => {
    checkPath(local?.path, `${field}.path`, errors)
    if (!nodeAffinity)
      errors.push(
        fieldRequired(`${field.slice(0, -'.local'.length)}.nodeAffinity`, 'Local volume requires node affinity'),
      )
  },
  csi: ({ csi = {} }, field, errors) => {
    checkCsiSource(csi, field, errors)
  },
}

/**
 * Validates what an update of a PersistentVolume changes. Some fields are named without `spec`, as in Kubernetes.
 */
export function validateVolumeUpdate(
  next: Wire<PersistentVolumeSpec>,
  previous: Wire<PersistentVolumeSpec>,
): FieldError[] {
  const errors: FieldError[] = []
  const source = (spec: Wire<PersistentVolumeSpec>): Record<string, unknown> =>
    Object.fromEntries(Object.keys(persistentSources).map((name) => [name, (spec as Record<string, unknown>)[name]]))
  const after = withoutNewSecrets(source(next), source(previous))
  if (!jsonEqual(after, source(previous)))
    errors.push(
      forbiddenChange('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation', {
        before: source(previous),
        after,
        at: 'spec',
        struct: 'PersistentVolumeSource',
      }),
    )
  checkImmutable(next.volumeMode, previous.volumeMode, 'volumeMode', errors)
  if (previous.nodeAffinity && !jsonEqual(next.nodeAffinity, previous.nodeAffinity)) {
    const error = fieldInvalid(
      'nodeAffinity',
      next.nodeAffinity,
      'field is immutable, except for updating from beta label to GA',
    )
    errors.push(error.invalid ? { ...error, invalid: { ...error.invalid, at: 'spec.nodeAffinity' } } : error)
  }
  if (previous.volumeAttributesClassName !== undefined && next.volumeAttributesClassName === undefined)
    errors.push(fieldForbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'))
  return errors
}

/** The secrets for growing a volume may be added later. */
function withoutNewSecrets(next: Record<string, unknown>, previous: Record<string, unknown>): Record<string, unknown> {
  const [to, from] = [next['csi'], previous['csi']] as [
    Wire<CSIPersistentVolumeSource>?,
    Wire<CSIPersistentVolumeSource>?,
  ]
  if (!to || !from) return next
  const csi = { ...to }
  for (const name of ['controllerExpandSecretRef', 'nodeExpandSecretRef'] as const) if (!from[name]) delete csi[name]
  return { ...next, csi }
}
