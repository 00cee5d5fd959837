import type { KubeObject, ObjectMeta } from '#shared/kube/object.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, mostErrors, type FieldError } from '#shared/kube/status.ts'
import {
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
  type NameCheck,
} from '#shared/kube/validation-names.ts'
import { allMetadata } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'
import { addInvalid } from '../validation/fields.ts'
import { checkAnnotations, checkLabels } from '../validation/labels.ts'
import type { Call } from '../api/request.ts'
import { jsonEqual, setField } from '#shared/kube/json.ts'

/** Validation of ObjectMeta, the same for every kind; messages are those of apimachinery. */

/** Drops empty lists and maps of `metadata`, which Kubernetes' types omit: of all owners removed, nothing is left. */
export function omitEmptyMetadata({ metadata }: KubeObject): void {
  for (const field of allMetadata) {
    const value = metadata[field]
    if (value !== undefined && Object.keys(value).length === 0) delete metadata[field]
  }
}

/** Drops owner references that are there twice, with a warning. */
export function dropRepeatedOwners(
  { metadata }: KubeObject,
  { method, warnings }: Pick<Call, 'method' | 'warnings'>,
): void {
  const owners = metadata.ownerReferences
  if (owners === undefined || owners.length < 2) return
  const repeated = owners.filter((owner, index) => owners.slice(0, index).some((other) => jsonEqual(other, owner)))
  if (repeated.length === 0) return
  metadata.ownerReferences = owners.filter((owner) => !repeated.includes(owner))
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${method === 'PATCH' ? ' after mutating admission happens' : ''}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.map(({ uid }) => uid).join(', ')}`,
  )
}

/**
 * Validates `metadata` of an object that is created. Kinds whose own validation looks at the spec only accept any
 * segment of a path as a name (BeforeCreate).
 */
export function validateNewMetadata(resource: ServedResource, object: KubeObject): FieldError[] {
  return resource.kind.metadataOnUpdate === 'unchecked'
    ? segmentMetadata(resource, object)
    : ownMetadata(resource, object)
}

/**
 * Validates `metadata` of an update: once for every kind (BeforeUpdate), and once more by the kind's own validation.
 * What both find is reported twice, as in Kubernetes.
 */
export function validateUpdatedMetadata(
  resource: ServedResource,
  next: KubeObject,
  previous: KubeObject,
  subresource: string,
): FieldError[] {
  const own = subresource === '' ? resource.kind.metadataOnUpdate : 'change'
  const errors = [...segmentMetadata(resource, next), ...changedMetadata(next, previous)]
  if (own === undefined || own === 'change') {
    errors.push(...changedMetadata(next, previous))
    if (!isExtension(resource)) checkPlainFinalizers(next.metadata.finalizers, errors)
  }
  if (own === undefined || own === 'object') errors.push(...ownMetadata(resource, next))
  return errors
}

/** ValidateObjectMeta of Kubernetes' core, with the kind's own rule for names. */
function ownMetadata(resource: ServedResource, object: KubeObject): FieldError[] {
  const errors = objectMetadata(resource, object, resource.kind.validateName ?? subdomainProblems)
  if (!isExtension(resource)) checkPlainFinalizers(object.metadata.finalizers, errors)
  return errors
}

const segmentMetadata = (resource: ServedResource, object: KubeObject): FieldError[] =>
  objectMetadata(resource, object, pathSegmentProblems, segmentStartProblems)

/** The beginning of a segment may be `.` or `..`: more follows. */
const segmentStartProblems: NameCheck = (text) => (/^\.\.?$/.test(text) ? [] : pathSegmentProblems(text))

/** ValidateObjectMeta of apimachinery. @param baseProblemsOf checks the base of generated names */
function objectMetadata(
  { kind }: ServedResource,
  { metadata }: KubeObject,
  problemsOf: NameCheck,
  baseProblemsOf: NameCheck = (base) => problemsOf(withoutTrailingDash(base)),
): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', generateName: base } = metadata
  if (base) addInvalid(baseProblemsOf(base), base, 'metadata.generateName', errors)
  if (name === '') errors.push(fieldRequired('metadata.name', 'name or generateName is required'))
  else addInvalid(problemsOf(name), name, 'metadata.name', errors)
  if (kind.namespaced && !metadata.namespace) errors.push(fieldRequired('metadata.namespace'))
  errors.push(
    ...checkLabels(metadata.labels, 'metadata.labels'),
    ...checkAnnotations(metadata.annotations, 'metadata.annotations'),
  )
  if (metadata.ownerReferences) checkOwners(metadata.ownerReferences, errors)
  if (metadata.finalizers) checkFinalizers(metadata.finalizers, errors)
  return errors
}

/** A base may end in a dash, which the suffix follows (maskTrailingDash). */
const withoutTrailingDash = (base: string): string =>
  base.length > 1 && base.endsWith('-') ? `${base.slice(0, -2)}a` : base

type Owner = NonNullable<ObjectMeta['ownerReferences']>[number]

/** The field carries no index, as in apimachinery. */
function checkOwners(owners: readonly Partial<Owner>[], errors: FieldError[]): void {
  const field = 'metadata.ownerReferences'
  let controller: string | undefined
  for (const owner of owners) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner
    if (versionOf(apiVersion) === '')
      errors.push(fieldInvalid(`${field}.apiVersion`, apiVersion, 'version must not be empty'))
    for (const [key, value] of Object.entries({ kind, name, uid }))
      if (!value) errors.push(fieldInvalid(`${field}.${key}`, value, 'must not be empty'))
    if (apiVersion === 'v1' && kind === 'Event')
      errors.push(fieldInvalid(field, owner, '/v1, Kind=Event is disallowed from being an owner'))
    if (!owner.controller) continue
    if (controller !== undefined)
      errors.push(
        fieldInvalid(
          field,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      )
    controller = name
  }
}

/** The version of an apiVersion; '' when it has none or more than one slash. */
function versionOf(apiVersion: string): string {
  const parts = apiVersion.split('/')
  return parts.length > 2 ? '' : (parts.at(-1) ?? '')
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** Kinds of the API machinery itself, whose finalizers may have any name. */
const isExtension = ({ kind, custom }: ServedResource): boolean => custom !== undefined || machinery.has(kind.group)
const machinery = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
])

function checkFinalizers(finalizers: readonly string[], errors: FieldError[]): void {
  for (const finalizer of finalizers) {
    if (errors.length > mostErrors) break
    addInvalid(qualifiedNameProblems(finalizer), finalizer, 'metadata.finalizers', errors)
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(
      fieldInvalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    )
}

/** Finalizers without a prefix are those of Kubernetes itself (validateKubeFinalizerName). */
function checkPlainFinalizers(finalizers: readonly string[] | undefined, errors: FieldError[]): void {
  finalizers?.forEach((finalizer, i) => {
    if (errors.length > mostErrors || finalizer.includes('/') || standardFinalizers.has(finalizer)) return
    errors.push(
      fieldInvalid(
        `metadata.finalizers[${i}]`,
        finalizer,
        'name is neither a standard finalizer name nor is it fully qualified',
      ),
    )
  })
}

/** ValidateObjectMetaUpdate of apimachinery: what is immutable, and what changes only before deletion. */
function changedMetadata({ metadata: next }: KubeObject, { metadata: previous }: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  if (previous.deletionTimestamp !== undefined && next.finalizers) {
    const added = next.finalizers.filter((finalizer) => !previous.finalizers?.includes(finalizer))
    if (added.length > 0)
      errors.push(
        fieldForbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
        ),
      )
  }
  for (const field of immutableFields)
    if ((next[field] ?? undefined) !== (previous[field] ?? undefined))
      errors.push(fieldInvalid(`metadata.${field}`, next[field], 'field is immutable'))
  errors.push(
    ...checkLabels(next.labels, 'metadata.labels'),
    ...checkAnnotations(next.annotations, 'metadata.annotations'),
  )
  if (next.ownerReferences) checkOwners(next.ownerReferences, errors)
  return errors
}

const immutableFields = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

/** Restores system fields that a client omitted or may not set; a given uid is kept, to be compared. */
export function keepSystemFields(next: ObjectMeta, previous: ObjectMeta): void {
  setField(next, 'uid', next.uid || previous.uid)
  setField(next, 'creationTimestamp', previous.creationTimestamp)
  setField(next, 'generateName', next.generateName ?? previous.generateName)
  setField(next, 'generation', previous.generation)
  setField(next, 'deletionTimestamp', previous.deletionTimestamp ?? next.deletionTimestamp)
  setField(next, 'deletionGracePeriodSeconds', next.deletionGracePeriodSeconds ?? previous.deletionGracePeriodSeconds)
}

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789'
const maxGenerated = 58

/** Generates a name from `generateName`: at most 58 characters of the base and five random ones that spell no words. */
export function generateName(base: string): string {
  let suffix = ''
  for (let i = 0; i < 5; i++) suffix += suffixLetters[Math.floor(Math.random() * suffixLetters.length)] ?? ''
  return base.slice(0, maxGenerated) + suffix
}
