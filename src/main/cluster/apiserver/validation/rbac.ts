import type { PolicyRule, RoleRef, Subject } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { pathSegmentProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from './fields.ts'
import type { Wire } from '../api/wire.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'

/** Validates the rules of a Role or ClusterRole. */
export function policyRuleFindings(rules: readonly Wire<PolicyRule>[], namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  rules.forEach((rule, i) => {
    checkRule(rule, namespaced, `rules[${i}]`, errors)
  })
  return errors
}

function checkRule(rule: Wire<PolicyRule>, namespaced: boolean, field: string, errors: FieldError[]): void {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  if (verbs.length === 0) errors.push(fieldRequired(`${field}.verbs`, 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    const refuse = (why: string): number => errors.push(fieldInvalid(`${field}.nonResourceURLs`, nonResourceURLs, why))
    if (namespaced) refuse('namespaced rules cannot apply to non-resource URLs')
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0)
      refuse('rules cannot apply to both regular resources and non-resource URLs')
    return
  }
  if (apiGroups.length === 0)
    errors.push(fieldRequired(`${field}.apiGroups`, 'resource rules must supply at least one api group'))
  if (resources.length === 0)
    errors.push(fieldRequired(`${field}.resources`, 'resource rules must supply at least one resource'))
}

/** Validates the role reference of a binding. */
export function roleRefFindings(roleRef: Wire<RoleRef> | undefined, kinds: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {}
  if (apiGroup !== rbacGroup) errors.push(fieldNotSupported('roleRef.apiGroup', apiGroup, [rbacGroup]))
  if (!kinds.includes(kind)) errors.push(fieldNotSupported('roleRef.kind', kind, kinds))
  if (name === '') errors.push(fieldRequired('roleRef.name'))
  else addInvalid(pathSegmentProblems(name), name, 'roleRef.name', errors)
  return errors
}

/** Validates the subjects of a binding. */
export function subjectFindings(subjects: readonly Wire<Subject>[], namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  subjects.forEach(({ kind = '', name = '', apiGroup = '', namespace = '' }, i) => {
    const field = `subjects[${i}]`
    if (name === '') errors.push(fieldRequired(`${field}.name`))
    switch (kind) {
      case 'ServiceAccount':
        if (name !== '') addInvalid(subdomainProblems(name), name, `${field}.name`, errors)
        if (apiGroup !== '') errors.push(fieldNotSupported(`${field}.apiGroup`, apiGroup, ['']))
        if (!namespaced && namespace === '') errors.push(fieldRequired(`${field}.namespace`))
        break
      case 'User':
      case 'Group':
        if (apiGroup !== rbacGroup) errors.push(fieldNotSupported(`${field}.apiGroup`, apiGroup, [rbacGroup]))
        break
      default:
        errors.push(fieldNotSupported(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group']))
    }
  })
  return errors
}

/** Sets defaults of a binding: the API groups of the role and of users and groups. */
export function setBindingDefaults(binding: { roleRef?: Wire<RoleRef>; subjects?: Wire<Subject>[] }): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= rbacGroup
  for (const subject of binding.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup
}

/** The role of a binding is immutable: changing it would grant permissions that nobody reviewed. */
export function roleRefChange(next: Wire<RoleRef>, previous: Wire<RoleRef>): FieldError[] {
  const same = next.apiGroup === previous.apiGroup && next.kind === previous.kind && next.name === previous.name
  return same ? [] : [fieldInvalid('roleRef', next, 'cannot change roleRef')]
}
