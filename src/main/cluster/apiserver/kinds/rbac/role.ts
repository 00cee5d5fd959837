import type { Role } from '#shared/kube/generated/types.ts'
import { pathSegmentProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { policyRuleFindings } from '../../validation/rbac.ts'
import { createdAt } from '../../api/columns.ts'

/** Permissions in one namespace. */
export const role: KindDeclaration<Role> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
  schema: 'io.k8s.api.rbac.v1.Role',
  generation: false,
  createOnUpdate: true,
  validateName: pathSegmentProblems,
  validate: ({ rules }) => policyRuleFindings(rules ?? [], true),
  columns: [createdAt],
}
