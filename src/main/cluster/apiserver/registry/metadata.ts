import type { KubeObject, ObjectMeta } from '#shared/kube/object.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, mostErrors, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { allMetadata } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'
import { checkAnnotations, checkLabels } from '../validation/labels.ts'
import { setField } from '#shared/kube/json.ts'

/** Validation of ObjectMeta, the same for every kind; messages are those of apimachinery. */

/** Drops empty lists and maps of `metadata`, which Kubernetes' types omit: of all owners removed, nothing is left. */
export function omitEmptyMetadata({ metadata }: KubeObject): void {
  for (const field of allMetadata) {
    const value = metadata[field]
    if (value !== undefined && Object.keys(value).length === 0) delete metadata[field]
  }
}

/** Validates `metadata` of any object. */
export function validateMetadata(resource: ServedResource, { metadata }: KubeObject): FieldError[] {
  const { kind } = resource
  const errors: FieldError[] = []
  const name = metadata.name ?? ''
  if (name === '') errors.push(fieldRequired('metadata.name', 'name or generateName is required'))
  else {
    const problems = kind.validateName ? kind.validateName(name) : subdomainProblems(name)
    for (const problem of problems) errors.push(fieldInvalid('metadata.name', name, problem))
  }
  if (kind.namespaced && !metadata.namespace) errors.push(fieldRequired('metadata.namespace'))
  return [
    ...errors,
    ...checkLabels(metadata.labels, 'metadata.labels'),
    ...checkAnnotations(metadata.annotations, 'metadata.annotations'),
    ...(metadata.ownerReferences ? checkOwners(metadata.ownerReferences) : []),
    ...(metadata.finalizers ? checkFinalizers(metadata.finalizers, isExtension(resource)) : []),
  ]
}

function checkOwners(owners: NonNullable<ObjectMeta['ownerReferences']>): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  owners.forEach((owner, i) => {
    const field = `metadata.ownerReferences[${i}]`
    if (!owner.apiVersion)
      errors.push(fieldInvalid(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'))
    if (!owner.kind) errors.push(fieldInvalid(`${field}.kind`, owner.kind ?? '', 'must not be empty'))
    if (!owner.name) errors.push(fieldInvalid(`${field}.name`, owner.name ?? '', 'must not be empty'))
    if (!owner.uid) errors.push(fieldInvalid(`${field}.uid`, owner.uid ?? '', 'must not be empty'))
    if (!owner.controller) return
    if (controller !== undefined)
      errors.push(
        fieldInvalid(
          'metadata.ownerReferences',
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`,
        ),
      )
    controller = owner.name
  })
  return errors
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** Custom resources and their definitions may have finalizers of any name, as in apiextensions. */
const isExtension = ({ kind, custom }: ServedResource): boolean =>
  custom !== undefined || kind.group === 'apiextensions.k8s.io'

function checkFinalizers(finalizers: readonly string[], anyName: boolean): FieldError[] {
  const errors: FieldError[] = []
  for (const finalizer of finalizers) {
    if (errors.length > mostErrors) break
    for (const problem of qualifiedNameProblems(finalizer))
      errors.push(fieldInvalid('metadata.finalizers', finalizer, problem))
    if (!anyName && !finalizer.includes('/') && !standardFinalizers.has(finalizer))
      errors.push(
        fieldInvalid(
          'metadata.finalizers',
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      )
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(
      fieldInvalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    )
  return errors
}

/** Validates the fields of `metadata` that are immutable, or that change only during deletion. */
export function validateMetadataUpdate(
  { metadata: next }: KubeObject,
  { metadata: previous }: KubeObject,
): FieldError[] {
  const errors: FieldError[] = []
  const immutable = (
    field: 'name' | 'namespace' | 'uid' | 'creationTimestamp' | 'deletionTimestamp' | 'deletionGracePeriodSeconds',
  ): void => {
    if ((next[field] ?? undefined) !== (previous[field] ?? undefined))
      errors.push(fieldInvalid(`metadata.${field}`, next[field], 'field is immutable'))
  }
  immutable('name')
  immutable('namespace')
  immutable('uid')
  immutable('creationTimestamp')
  immutable('deletionTimestamp')
  immutable('deletionGracePeriodSeconds')
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
  return errors
}

/** Restores system fields that a client omitted or may not set; a given uid is kept, to be compared. */
export function keepSystemFields(next: ObjectMeta, previous: ObjectMeta): void {
  setField(next, 'uid', next.uid || previous.uid)
  setField(next, 'creationTimestamp', next.creationTimestamp ?? previous.creationTimestamp)
  setField(next, 'generateName', next.generateName ?? previous.generateName)
  delete next.selfLink
  setField(next, 'generation', previous.generation)
  setField(next, 'deletionTimestamp', previous.deletionTimestamp)
  setField(next, 'deletionGracePeriodSeconds', previous.deletionGracePeriodSeconds)
}

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789'
const maxGenerated = 58

/** Generates a name from `generateName`: at most 58 characters of the base and five random ones that spell no words. */
export function generateName(base: string): string {
  let suffix = ''
  for (let i = 0; i < 5; i++) suffix += suffixLetters[Math.floor(Math.random() * suffixLetters.length)] ?? ''
  return base.slice(0, maxGenerated) + suffix
}
