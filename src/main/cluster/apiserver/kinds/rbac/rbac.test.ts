import { describe, expect, it } from 'vitest'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { clusterRole } from './clusterrole.ts'
import { clusterRoleBinding } from './clusterrolebinding.ts'
import { role } from './role.ts'
import { roleBinding } from './rolebinding.ts'

const group = 'rbac.authorization.k8s.io'
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] }
const binding = {
  metadata: { name: 'b' },
  roleRef: { kind: 'Role', name: 'r' },
  subjects: [
    { kind: 'User', name: 'u' },
    { kind: 'ServiceAccount', name: 's', namespace: 'n' },
  ],
}

describe('a role is refused', () => {
  it.each<[string, object, string[]]>([
    [
      'without verbs',
      { ...rule, verbs: [] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      'without resources',
      { verbs: ['get'], apiGroups: [''] },
      ['rules[0].resources: Required value: resource rules must supply at least one resource'],
    ],
    [
      'with non-resource URLs',
      { verbs: ['get'], nonResourceURLs: ['/healthz'] },
      ['rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs'],
    ],
  ])('%s', (_, wrong, errors) => {
    expect(findings(role, { metadata: { name: 'r' }, rules: [wrong] })).toEqual(errors)
  })

  it('with non-resource URLs only when namespaced', () => {
    const rules = [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }]
    expect(findings(clusterRole, { metadata: { name: 'r' }, rules })).toEqual([])
  })
})

describe('a binding', () => {
  it('defaults the API groups of role and subjects', () => {
    expect(defaulted(roleBinding, binding)).toMatchObject({
      roleRef: { apiGroup: group },
      subjects: [{ kind: 'User', apiGroup: group }, { kind: 'ServiceAccount' }],
    })
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['without the name of a role', { 'roleRef.name': '' }, ['roleRef.name: Required value']],
    [
      'to another kind than a role',
      { 'roleRef.kind': 'Pod' },
      ['roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"'],
    ],
    [
      'to an unknown kind of subject',
      { subjects: [{ kind: 'Dog', name: 'd' }] },
      ['subjects[0].kind: Unsupported value: "Dog": supported values: "ServiceAccount", "User", "Group"'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings(roleBinding, change(binding, changes))).toEqual(errors)
  })

  it('for the whole cluster requires a ClusterRole', () => {
    expect(findings(clusterRoleBinding, binding)).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ])
  })

  it('cannot change its role', () => {
    expect(updateFindings(roleBinding, change(binding, { 'roleRef.name': 'x' }), binding)).toEqual([
      `roleRef: Invalid value: {"kind":"Role","name":"x","apiGroup":"${group}"}: cannot change roleRef`,
    ])
  })

  it('is printed as kubectl prints it', () => {
    expect(cells(roleBinding, binding)).toMatchObject({
      Role: 'Role/r',
      Users: 'u',
      Groups: '',
      ServiceAccounts: 'n/s',
    })
  })
})
