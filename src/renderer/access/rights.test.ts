import { describe, expect, it } from 'vitest'
import type { PolicyRule } from '#shared/kube/generated/types.ts'
import { changeManifest } from './manifest.ts'
import { isEmpty, matrixOf, pathsOf, summaryOf } from './matrix.ts'
import { grantsOf, subjectKey, subjectOf, subjectsOf, verdictOf, whoCan, type Rbac, type Subject } from './rights.ts'
import { whyNot } from './why.ts'

const meta = (name: string, namespace?: string) => ({
  name,
  uid: name,
  resourceVersion: '1',
  ...(namespace === undefined ? {} : { namespace }),
})
const inShop = (name: string) => ({ ...meta(name), namespace: 'shop' })
const group = 'rbac.authorization.k8s.io'
const nora: Subject = { kind: 'User', name: 'nora@shop.example', groups: ['dev-team'] }
const web: Subject = { kind: 'ServiceAccount', name: 'web', namespace: 'shop' }

const rules: PolicyRule[] = [
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list'] },
  { apiGroups: [''], resources: ['pods', 'pods/exec'], verbs: ['get', 'create'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['cert'], verbs: ['get'] },
]
const rbac: Rbac = {
  roles: [{ metadata: inShop('developer'), rules }],
  clusterRoles: [
    { metadata: meta('admin'), rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
    { metadata: { ...meta('view'), labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }, rules: [] },
    {
      metadata: meta('health'),
      rules: [
        { nonResourceURLs: ['/healthz/*'], verbs: ['get'] },
        { apiGroups: [''], resources: ['*/log'], verbs: ['get'] },
      ],
    },
  ],
  roleBindings: [
    {
      metadata: inShop('dev-team'),
      roleRef: { apiGroup: group, kind: 'Role', name: 'developer' },
      subjects: [
        { kind: 'Group', name: 'dev-team' },
        { kind: 'User', name: 'system:serviceaccount:shop:web' },
      ],
    },
    {
      metadata: inShop('lost'),
      roleRef: { apiGroup: group, kind: 'Role', name: 'gone' },
      subjects: [{ kind: 'User', name: 'nora@shop.example' }],
    },
  ],
  clusterRoleBindings: [
    {
      metadata: meta('admins'),
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'admin' },
      subjects: [{ kind: 'User', name: 'root' }],
    },
    {
      metadata: meta('health'),
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'health' },
      subjects: [{ kind: 'Group', name: 'system:serviceaccounts' }],
    },
  ],
}
const may = (subject: Subject, verb: string, of: string, target = '', namespace = 'shop') =>
  verdictOf(grantsOf(rbac, subject, namespace), { verb, group: of, resource: target })

describe('rights', () => {
  it('come from bindings of the subject and of its groups, in the namespace of the binding', () => {
    expect(may(nora, 'list', 'networking.k8s.io', 'ingresses').answer).toBe('yes')
    expect(may(nora, 'list', 'networking.k8s.io', 'ingresses', 'other').answer).toBe('no')
    expect(may({ kind: 'User', name: 'nora@shop.example' }, 'get', '', 'pods').answer).toBe('no')
  })

  it('of an account hold however it is named, and those of all accounts of the cluster', () => {
    expect(may(web, 'create', '', 'pods/exec').answer).toBe('yes')
    expect(may(web, 'get', '', 'pods/log', '').answer).toBe('yes')
    expect(pathsOf(grantsOf(rbac, web, ''))).toEqual([{ path: '/healthz/*', verbs: ['get'] }])
  })

  it('on some names are not rights on all', () => {
    expect(may(nora, 'get', '', 'secrets')).toMatchObject({ answer: 'some', names: ['cert'] })
    expect(
      verdictOf(grantsOf(rbac, nora, 'shop'), { verb: 'get', group: '', resource: 'secrets', name: 'cert' }).answer,
    ).toBe('yes')
  })

  it('by stars cover every resource, subresource and verb', () => {
    expect(may({ kind: 'User', name: 'root' }, 'bind', 'apps', 'deployments/scale', '').answer).toBe('yes')
    expect(summaryOf(grantsOf(rbac, { kind: 'User', name: 'root' }, ''), { group: '', resource: 'pods' })).toBe('all')
  })

  it('are one word for each resource', () => {
    const word = (of: string, resource: string) => summaryOf(grantsOf(rbac, nora, 'shop'), { group: of, resource })
    expect(word('networking.k8s.io', 'ingresses')).toBe('read')
    expect(word('', 'pods')).toBe('write')
    expect(word('', 'pods/exec')).toBe('use')
    expect(word('', 'secrets')).toBe('some')
    expect(word('apps', 'deployments')).toBe('none')
  })

  it('as a matrix have the cluster’s resources, and those that rules name', () => {
    const rows = matrixOf(grantsOf(rbac, nora, 'shop'), [{ group: 'apps', resource: 'deployments' }])
    expect(rows.map(({ resource }) => resource)).toEqual(['deployments', 'ingresses', 'pods', 'pods/exec', 'secrets'])
    expect(rows.filter(isEmpty).map(({ resource }) => resource)).toEqual(['deployments'])
  })
})

describe('who can', () => {
  it('names subjects and groups with the binding that says so, some names last', () => {
    const found = whoCan(rbac, { verb: 'get', group: '', resource: 'secrets' }, 'shop')
    expect(found.map(({ subject, verdict }) => `${subjectKey(subject)} ${verdict.answer}`)).toEqual([
      'User root yes',
      'Group dev-team some',
      'ServiceAccount shop/web some',
    ])
    expect(found[1]?.verdict.grants[0]).toMatchObject({ at: 2, by: { binding: { name: 'dev-team' } } })
  })

  it('knows everyone whom a binding names, and their keys', () => {
    const all = subjectsOf(rbac, 'shop')
    expect(all.map(subjectKey).map(subjectOf)).toEqual(all)
    expect(subjectOf('nobody')).toBeUndefined()
  })
})

describe('why not', () => {
  const asked = { verb: 'patch', group: 'networking.k8s.io', resource: 'ingresses' }

  it('walks over bindings and roles, and tells roles that do not exist', () => {
    const { walks, verdict } = whyNot(rbac, nora, asked, 'shop')
    expect(verdict.answer).toBe('no')
    expect(walks.map(({ binding, has, at, rules: found }) => [binding.name, has, at, found === undefined])).toEqual([
      ['dev-team', ['get', 'list'], 0, false],
      ['lost', [], undefined, true],
    ])
  })

  it('offers one verb more in the rule for this resource, and says who else gets it', () => {
    const { change } = whyNot(rbac, nora, asked, 'shop')
    expect(change?.role).toEqual({ kind: 'Role', name: 'developer', namespace: 'shop' })
    expect(change?.after[0]?.verbs).toEqual(['get', 'list', 'patch'])
    expect(change?.others.map(subjectKey)).toEqual(['Group dev-team', 'ServiceAccount shop/web'])
  })

  it('adds a rule where the one there is gives more, or only some names', () => {
    const added = (resource: string) =>
      whyNot(rbac, nora, { verb: 'delete', group: '', resource }, 'shop').change?.after.at(-1)
    expect(added('pods')).toEqual({ apiGroups: [''], resources: ['pods'], verbs: ['delete'] })
    expect(added('secrets')).toEqual({ apiGroups: [''], resources: ['secrets'], verbs: ['delete'] })
  })

  it('makes a role and a binding where a role would give it to more namespaces', () => {
    const { change } = whyNot(rbac, web, { verb: 'list', group: '', resource: 'nodes' }, '')
    expect(change?.role).toEqual({ kind: 'ClusterRole', name: 'health' })
    const ben: Subject = { kind: 'User', name: 'ben' }
    const other = whyNot(rbac, ben, asked, 'shop').change
    expect(other?.binding).toEqual({ kind: 'RoleBinding', name: 'ben-patch-ingresses', namespace: 'shop' })
    expect(other && changeManifest(other, ben)).toContain('kind: RoleBinding')
  })

  it('offers nothing where the subject may, and says where it may', () => {
    expect(whyNot(rbac, nora, { ...asked, verb: 'get' }, 'shop').change).toBeUndefined()
    expect(whyNot(rbac, nora, { ...asked, verb: 'get' }, 'other').elsewhere).toEqual(['shop'])
  })
})
