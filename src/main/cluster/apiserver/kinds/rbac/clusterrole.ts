import type { ClusterRole } from '#shared/kube/generated/types.ts'
import { pathSegmentProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { policyRuleFindings } from '../../validation/rbac.ts'
import { createdAt } from '../rbac.ts'

/** Permissions in the whole cluster. */
export const clusterRole: KindDeclaration<ClusterRole> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRole',
  generation: false,
  createOnUpdate: true,
  validateName: pathSegmentProblems,
  validate: ({ rules }) => policyRuleFindings(rules ?? [], false),
  columns: [createdAt],
}
