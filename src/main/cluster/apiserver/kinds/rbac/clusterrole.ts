import type { AggregationRule, ClusterRole } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { pathSegmentProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { checkLabelSelector } from '../../validation/labels.ts'
import { policyRuleFindings } from '../../validation/rbac.ts'
import { createdAt } from '../../api/columns.ts'

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
  validate({ rules, aggregationRule }) {
    const errors = policyRuleFindings(rules ?? [], false)
    if (aggregationRule) checkAggregation(aggregationRule, errors)
    return errors
  },
  columns: [createdAt],
}

function checkAggregation({ clusterRoleSelectors: selectors = [] }: Wire<AggregationRule>, errors: FieldError[]): void {
  const field = 'aggregationRule.clusterRoleSelectors'
  if (selectors.length === 0)
    errors.push(fieldRequired(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  selectors.forEach((selector, i) => {
    const before = errors.length
    checkLabelSelector(selector, `${field}[${i}]`, errors)
    // The selector as a whole cannot be parsed either; its value is nothing then.
    if (errors.length > before) errors.push(fieldInvalid(`${field}[${i}]`, null, 'invalid label selector.'))
  })
}
