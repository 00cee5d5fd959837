import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { createdAt } from '../../../api/columns.ts'
import { allMetadata, type KindDeclaration } from '../../../api/kind.ts'
import { formatWarnings } from './format-warnings.ts'
import { validateDefinition, validateDefinitionUpdate } from './validation.ts'

/** Holds a definition until its objects are deleted. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

/** The definition of a custom resource. */
export const customResourceDefinition: KindDeclaration<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  unconditionalUpdate: false,
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  setDefaults({ spec }) {
    if (!spec?.names) return
    spec.names.singular ||= (spec.names.kind ?? '').toLowerCase()
    if (spec.names.kind) spec.names.listKind ||= `${spec.names.kind}List`
    spec.conversion ??= { strategy: 'None' }
    const { service } = spec.conversion.webhook?.clientConfig ?? {}
    if (service) service.port ??= 443
  },
  prepareForCreate(object) {
    const storage = object.spec?.versions?.find((version) => version.storage)?.name
    object.status = {
      acceptedNames: { plural: '', kind: '' },
      storedVersions: storage === undefined ? [] : [storage],
    }
  },
  prepareForUpdate(next) {
    // Objects are stored in this version from now on.
    const storage = next.spec?.versions?.find((version) => version.storage)?.name
    const stored = next.status?.storedVersions ?? []
    if (next.status && storage !== undefined && !stored.includes(storage))
      next.status = { ...next.status, storedVersions: [...stored, storage] }
  },
  prepareForDelete({ metadata }) {
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), cleanupFinalizer])]
  },
  holdsDeletion: ({ metadata, status }) =>
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true,
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  warnings: formatWarnings,
  status: { keptOnCreate: true, keepsMetadata: allMetadata },
  columns: [createdAt],
}
