import type { RoleBinding } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { pathSegmentProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { roleRefFindings, roleRefChange, setBindingDefaults, subjectFindings } from '../../validation/rbac.ts'
import { bindingColumns } from '../rbac.ts'

/** Grants a role to subjects in one namespace. */
export const roleBinding: KindDeclaration<RoleBinding> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
  schema: 'io.k8s.api.rbac.v1.RoleBinding',
  generation: false,
  createOnUpdate: true,
  validateName: pathSegmentProblems,
  setDefaults: setBindingDefaults,
  validate: ({ roleRef, subjects = [] }): FieldError[] => [
    ...roleRefFindings(roleRef, ['Role', 'ClusterRole']),
    ...subjectFindings(subjects, true),
  ],
  validateUpdate: (next, previous) => roleRefChange(next.roleRef, previous.roleRef),
  columns: bindingColumns,
}
