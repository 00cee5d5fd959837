import type { ClusterRoleBinding } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { pathSegmentProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { roleRefFindings, roleRefChange, setBindingDefaults, subjectFindings } from '../../validation/rbac.ts'
import { bindingColumns } from '../rbac.ts'

/** Grants a role to subjects in the whole cluster. */
export const clusterRoleBinding: KindDeclaration<ClusterRoleBinding> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  generation: false,
  createOnUpdate: true,
  validateName: pathSegmentProblems,
  setDefaults: setBindingDefaults,
  validate: ({ roleRef, subjects = [] }): FieldError[] => [
    ...roleRefFindings(roleRef, ['ClusterRole']),
    ...subjectFindings(subjects, false),
  ],
  validateUpdate: (next, previous) => roleRefChange(next.roleRef, previous.roleRef),
  columns: bindingColumns,
}
