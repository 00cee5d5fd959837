import type { Namespace } from '#shared/kube/generated/types.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { labelProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age, text } from '../../api/columns.ts'
import { setField } from '#shared/kube/json.ts'

const nameLabel = 'kubernetes.io/metadata.name'

/** A scope for names. Deletion completes when the namespace controller has removed its contents. */
export const namespace: KindDeclaration<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace',
  generation: false,
  returnsDeleted: true,
  subresources: {
    finalize: {
      verbs: ['update'],
      part: 'spec',
      field: 'finalizers',
      validate: ({ spec }) => finalizerFindings(spec?.finalizers ?? [], (i) => `spec.finalizers[${i}]`),
    },
  },
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  validateName: labelProblems,
  setDefaults: setNameLabel,
  prepareForCreate(object) {
    setNameLabel(object)
    object.status = { phase: 'Active' }
    const finalizers = object.spec?.finalizers ?? []
    object.spec = {
      ...object.spec,
      finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
    }
  },
  prepareForUpdate(next, previous) {
    // Only the finalize subresource removes finalizers of the spec.
    setField(next, 'spec', previous.spec)
  },
  validate: ({ spec }) => finalizerFindings(spec?.finalizers ?? [], () => 'spec.finalizers'),
  status: {
    validateStatus,
    setStatusDefaults(object) {
      const status = (object.status ??= {})
      status.phase ||= 'Active'
    },
  },
  holdsDeletion: ({ spec }) => (spec?.finalizers?.length ?? 0) > 0,
  prepareForDelete(object) {
    object.status = { ...object.status, phase: 'Terminating' }
  },
  fields: { name: ({ metadata }) => metadata.name ?? '', 'status.phase': ({ status }) => status?.phase ?? '' },
  columns: [text('Status', 'Whether the namespace is in use or going away.', ({ status }) => status?.phase ?? ''), age],
}

/** Sets the label that selectors match the name of a namespace by. */
function setNameLabel({ metadata }: Namespace): void {
  if (!metadata.name) return
  metadata.labels ??= {}
  metadata.labels[nameLabel] = metadata.name
}

function finalizerFindings(finalizers: readonly string[], fieldOf: (i: number) => string): FieldError[] {
  return finalizers.flatMap((name, i) => {
    const found = [...qualifiedNameProblems(name)]
    if (!name.includes('/') && name !== 'kubernetes')
      found.push('name is neither a standard finalizer name nor is it fully qualified')
    return found.map((problem) => fieldInvalid(fieldOf(i), name, problem))
  })
}

function validateStatus({ metadata, status }: Namespace): FieldError[] {
  const phase = status?.phase ?? ''
  if (metadata.deletionTimestamp === undefined)
    return phase === 'Active'
      ? []
      : [fieldInvalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")]
  return phase === 'Terminating'
    ? []
    : [fieldInvalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")]
}
