import { jsonEqual } from '#shared/kube/json.ts'
import { notFound } from '#shared/kube/status.ts'
import type { RbacAuthorizer } from '../auth/rbac.ts'
import { rbacGroup, type BindingObject, type PolicyRule, type RoleObject } from '../auth/rbac-types.ts'
import { ruleText, uncoveredRules } from '../auth/rules.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

/** Users grant only permissions that they hold, by role or binding, unless they may `escalate` or `bind`. */
export const rbacEscalation = ({ rbac }: { rbac: RbacAuthorizer }): AdmissionPlugin => ({
  name: 'RbacEscalation',
  validate(attributes) {
    const { operation, kind, user } = attributes
    if (kind.group !== rbacGroup || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    if (user.groups.includes('system:masters')) return
    if (kind.kind.endsWith('Binding')) checkBinding(attributes, rbac)
    else checkRole(attributes, rbac)
  },
})

function checkRole(attributes: AdmissionAttributes, rbac: RbacAuthorizer): void {
  const next = attributes.object as RoleObject
  const previous: RoleObject | undefined = attributes.oldObject
  if (previous && jsonEqual(next.rules, previous.rules) && jsonEqual(next.aggregationRule, previous.aggregationRule))
    return
  const { kind, namespace, name } = attributes
  if (may(attributes, rbac, 'escalate', kind.plural, namespace, name)) return
  if (
    next.aggregationRule &&
    !jsonEqual(next.aggregationRule, previous?.aggregationRule) &&
    !holdsAll(attributes, rbac)
  )
    throw refusal(attributes, 'must have cluster-admin privileges to use an aggregationRule')
  refuseEscalation(attributes, rbac, next.rules ?? [])
}

function checkBinding(attributes: AdmissionAttributes, rbac: RbacAuthorizer): void {
  const next = attributes.object as BindingObject
  const previous = attributes.oldObject as BindingObject | undefined
  if (previous && jsonEqual(next.roleRef, previous.roleRef) && jsonEqual(next.subjects, previous.subjects)) return
  const { namespace } = attributes
  const { roleRef } = next
  const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
  if (may(attributes, rbac, 'bind', resource, namespace, roleRef.name)) return
  const rules = rbac.roleRules(roleRef, namespace)
  if (!rules) throw notFound({ group: rbacGroup, resource }, roleRef.name)
  refuseEscalation(attributes, rbac, rules)
}

/** @throws ApiError 403 with the permissions that are not held */
function refuseEscalation(attributes: AdmissionAttributes, rbac: RbacAuthorizer, wanted: readonly PolicyRule[]): void {
  const { user, namespace } = attributes
  const missing = uncoveredRules(rbac.rulesOf(user, namespace), wanted)
  if (missing.length === 0) return
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ')
  throw refusal(
    attributes,
    `user "${user.name}" (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).join('\n')}`,
  )
}

const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

const holdsAll = ({ user }: AdmissionAttributes, rbac: RbacAuthorizer): boolean =>
  uncoveredRules(rbac.rulesOf(user, ''), everything).length === 0

function may(
  { user }: AdmissionAttributes,
  rbac: RbacAuthorizer,
  verb: string,
  resource: string,
  namespace: string,
  name: string,
): boolean {
  const asked = {
    user,
    resourceRequest: true,
    verb,
    group: rbacGroup,
    version: 'v1',
    resource,
    subresource: '',
    namespace,
    name,
  } as const
  return rbac.authorize(asked).allowed
}
