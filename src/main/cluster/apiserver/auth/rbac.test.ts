import { describe, expect, it } from 'vitest'
import { objectReader } from '#test/support/object-reader.ts'
import { asStored, type KubeObject, type Stored } from '#shared/kube/object.ts'
import { Compacted, type Store, type WatchSink } from '../../store/store.ts'
import { createAuthorizer } from './authorizer.ts'
import { defaultRoles } from './default-roles.ts'
import { forbiddenRequest } from './forbidden.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from './rbac-types.ts'
import type { ResourceAttributes, UserInfo } from '../api/access.ts'
import { controllerUser, serviceAccountUser } from './users.ts'

/** The part of a store that the authorizer uses. */
class FakeStore {
  readonly objects = new Map<string, Stored>()
  sink: WatchSink | undefined
  watches = 0

  put(kind: string, given: KubeObject): void {
    const object = asStored(given, false)
    const { namespace, name } = object.metadata
    const key = `/registry/rbac.authorization.k8s.io/${kind}/${namespace ? `${namespace}/` : ''}${name}`
    this.objects.set(key, object)
    this.sink?.changes([{ type: 'put', entry: { key, revision: 1, object, json: new Uint8Array() } }])
  }

  remove(key: string): void {
    const object = this.objects.get(key)
    this.objects.delete(key)
    if (object) this.sink?.changes([{ type: 'delete', entry: { key, revision: 1, object, json: new Uint8Array() } }])
  }

  list(): { entries: { key: string; object: Stored }[]; revision: number } {
    return { entries: [...this.objects].map(([key, object]) => ({ key, object })), revision: 1 }
  }

  watch(_prefix: string, _revision: number, sink: WatchSink): () => void {
    this.sink = sink
    this.watches++
    return () => (this.sink = undefined)
  }
}

const role = (namespace: string | undefined, name: string, ...rules: PolicyRule[]): RoleObject => ({
  metadata: { name, namespace },
  rules,
})
const binding = (namespace: string | undefined, name: string, ref: string, ...subjects: Subject[]): BindingObject => {
  const [kind = '', roleName = ''] = ref.split('/')
  return {
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName },
    subjects,
  }
}
const readPods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }
const alice: Subject = { kind: 'User', name: 'alice' }

const request = (user: UserInfo, verb: string, resource: string, namespace: string): ResourceAttributes => ({
  user,
  resourceRequest: true,
  verb,
  group: '',
  version: 'v1',
  resource,
  subresource: '',
  namespace,
  name: '',
})

function setUp() {
  const store = new FakeStore()
  const objects = new Map<string, KubeObject>()
  const reader = objectReader(() => objects)
  const authorizer = createAuthorizer({ store: store as unknown as Store, reader })
  const user: UserInfo = { name: 'alice', groups: ['system:authenticated'] }
  const can = (verb: string, resource: string, namespace: string, who = user): boolean =>
    authorizer.authorize(request(who, verb, resource, namespace)).allowed
  return { store, objects, authorizer, user, can }
}

describe('RBAC', () => {
  it('allows requests that a role in the namespace allows, with the reason', () => {
    const { store, authorizer, user, can } = setUp()
    store.put('roles', role('dev', 'reader', readPods))
    store.put('rolebindings', binding('dev', 'readers', 'Role/reader', alice))
    expect(authorizer.authorize(request(user, 'list', 'pods', 'dev'))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "readers/dev" of Role "reader" to User "alice"',
    })
    expect(can('list', 'pods', 'prod')).toBe(false)
    expect(can('list', 'pods', '')).toBe(false)
  })

  it('applies a ClusterRole to one namespace by RoleBinding and to all by ClusterRoleBinding', () => {
    const { store, can } = setUp()
    store.put('clusterroles', role(undefined, 'reader', readPods))
    store.put('rolebindings', binding('dev', 'readers', 'ClusterRole/reader', alice))
    expect([can('get', 'pods', 'dev'), can('get', 'pods', 'prod')]).toEqual([true, false])
    store.put('clusterrolebindings', binding(undefined, 'readers', 'ClusterRole/reader', alice))
    expect([can('get', 'pods', 'prod'), can('get', 'pods', '')]).toEqual([true, true])
  })

  it('follows changes of rules and subjects, and deletions', () => {
    const { store, can } = setUp()
    store.put('clusterrolebindings', binding(undefined, 'readers', 'ClusterRole/reader', alice))
    expect(can('get', 'pods', 'dev')).toBe(false)
    store.put('clusterroles', role(undefined, 'reader', readPods))
    expect(can('get', 'pods', 'dev')).toBe(true)
    store.put('clusterrolebindings', binding(undefined, 'readers', 'ClusterRole/reader', { kind: 'User', name: 'bob' }))
    expect(can('get', 'pods', 'dev')).toBe(false)
    store.put(
      'clusterrolebindings',
      binding(undefined, 'readers', 'ClusterRole/reader', { kind: 'Group', name: 'system:authenticated' }),
    )
    expect(can('get', 'pods', 'dev')).toBe(true)
    store.remove('/registry/rbac.authorization.k8s.io/clusterrolebindings/readers')
    expect(can('get', 'pods', 'dev')).toBe(false)
  })

  it('lists again when its watch has fallen behind', () => {
    const { store, can } = setUp()
    store.objects.set(
      '/registry/rbac.authorization.k8s.io/clusterroles/reader',
      asStored(role(undefined, 'reader', readPods), false),
    )
    store.objects.set(
      '/registry/rbac.authorization.k8s.io/clusterrolebindings/readers',
      asStored(binding(undefined, 'readers', 'ClusterRole/reader', alice), false),
    )
    store.sink?.close(new Compacted(1))
    expect(store.watches).toBe(2)
    expect(can('get', 'pods', 'dev')).toBe(true)
  })

  it('matches a service account by namespace and name', () => {
    const { store, can } = setUp()
    store.put('roles', role('dev', 'reader', readPods))
    store.put(
      'rolebindings',
      binding('dev', 'b', 'Role/reader', { kind: 'ServiceAccount', name: 'ci', namespace: 'tools' }),
    )
    expect(can('get', 'pods', 'dev', serviceAccountUser('tools', 'ci'))).toBe(true)
    expect(can('get', 'pods', 'dev', serviceAccountUser('dev', 'ci'))).toBe(false)
  })
})

describe('the default roles', () => {
  function withDefaults() {
    const set = setUp()
    const { clusterRoles, clusterRoleBindings } = defaultRoles()
    for (const object of clusterRoles) set.store.put('clusterroles', object)
    for (const object of clusterRoleBindings) set.store.put('clusterrolebindings', object)
    return set
  }

  it('let anonymous users read health and version only', () => {
    const { authorizer } = withDefaults()
    const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
    const get = (path: string): boolean =>
      authorizer.authorize({ user: anonymous, resourceRequest: false, verb: 'get', path }).allowed
    expect(['/healthz', '/livez', '/readyz', '/version'].map(get)).toEqual([true, true, true, true])
    expect(['/api', '/apis', '/metrics', '/openapi/v3'].map(get)).toEqual([false, false, false, false])
  })

  it('give controllers the permissions for their own work only', () => {
    const { can } = withDefaults()
    const deployment = controllerUser('deployment-controller')
    expect(can('create', 'pods', 'dev', deployment)).toBe(false)
    expect(can('create', 'pods', 'dev', controllerUser('replicaset-controller'))).toBe(true)
    expect(can('list', 'secrets', 'dev', deployment)).toBe(false)
  })

  it('do not let viewers read secrets or editors change roles', () => {
    const { store, can } = withDefaults()
    store.put('rolebindings', binding('dev', 'v', 'ClusterRole/view', alice))
    store.put('rolebindings', binding('dev', 'e', 'ClusterRole/edit', { kind: 'User', name: 'ed' }))
    const ed = { name: 'ed', groups: [] }
    expect([can('list', 'pods', 'dev'), can('list', 'secrets', 'dev')]).toEqual([true, false])
    expect([can('create', 'secrets', 'dev', ed), can('create', 'roles', 'dev', ed)]).toEqual([true, false])
  })

  it('give a node, recognized by name and group, a kubelet’s permissions', () => {
    const { can } = withDefaults()
    const node = { name: 'system:node:worker-1', groups: ['system:nodes'] }
    expect([can('list', 'services', '', node), can('delete', 'nodes', '', node)]).toEqual([true, false])
    expect([can('watch', 'nodes', '', node), can('watch', 'pods', '', node)]).toEqual([true, false])
    expect(can('create', 'pods', '', { name: 'worker-1', groups: ['system:nodes'] })).toBe(false)
  })

  it('let a node read only what its pods use', () => {
    const { objects, authorizer } = withDefaults()
    const user = { name: 'system:node:worker-1', groups: ['system:nodes'] }
    const read = (resource: string, name: string, namespace = 'dev') =>
      authorizer.authorize({ ...request(user, 'get', resource, namespace), name })
    const pod = (nodeName: string, spec: object): KubeObject =>
      ({ metadata: {}, spec: { nodeName, ...spec } }) as KubeObject
    objects.set(
      'pods/dev/mine',
      pod('worker-1', {
        serviceAccountName: 'ci',
        imagePullSecrets: [{ name: 'pull' }],
        containers: [{ name: 'a', envFrom: [{ configMapRef: { name: 'env' } }] }],
        initContainers: [{ name: 'b', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }] }],
        volumes: [
          { name: 'v', secret: { secretName: 'volume' } },
          { name: 'w', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
          { name: 'x', persistentVolumeClaim: { claimName: 'claim' } },
        ],
      }),
    )
    objects.set('pods/dev/theirs', pod('worker-2', { containers: [], imagePullSecrets: [{ name: 'other' }] }))
    objects.set('persistentvolumes//disk', {
      metadata: {},
      spec: { claimRef: { namespace: 'dev', name: 'claim' } },
    } as KubeObject)
    for (const name of ['pull', 'key', 'volume']) expect(read('secrets', name).allowed, name).toBe(true)
    for (const name of ['env', 'kube-root-ca.crt']) expect(read('configmaps', name).allowed, name).toBe(true)
    expect(read('persistentvolumeclaims', 'claim').allowed).toBe(true)
    expect(read('persistentvolumes', 'disk', '').allowed).toBe(true)
    expect(read('secrets', 'other')).toEqual({
      allowed: false,
      reason: "no relationship found between node 'worker-1' and this object",
    })
    expect(read('secrets', 'pull', 'prod').allowed).toBe(false)
    expect(read('secrets', '').allowed).toBe(false)
    const token = (name: string): boolean =>
      authorizer.authorize({ ...request(user, 'create', 'serviceaccounts', 'dev'), subresource: 'token', name }).allowed
    expect([token('ci'), token('default')]).toEqual([true, false])
  })

  it('let administrators do anything before the first role exists', () => {
    const { can } = setUp()
    expect(can('deletecollection', 'secrets', 'kube-system', { name: 'root', groups: ['system:masters'] })).toBe(true)
  })
})

describe('a refusal', () => {
  const user = { name: 'x', groups: [] }

  it('has Kubernetes’ wording', () => {
    expect(forbiddenRequest(request(user, 'list', 'pods', 'default')).message).toBe(
      'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"',
    )
    const exec = { ...request(user, 'create', 'pods', 'default'), subresource: 'exec', name: 'web' }
    expect(forbiddenRequest(exec).message).toBe(
      'pods "web" is forbidden: User "x" cannot create resource "pods/exec" in API group "" in the namespace "default"',
    )
    const scale = { ...request(user, 'get', 'deployments', ''), group: 'apps' }
    expect(forbiddenRequest(scale).message).toBe(
      'deployments.apps is forbidden: User "x" cannot get resource "deployments" in API group "apps" at the cluster scope',
    )
    expect(forbiddenRequest({ user, resourceRequest: false, verb: 'get', path: '/metrics' }).message).toBe(
      'forbidden: User "x" cannot get path "/metrics"',
    )
  })
})
