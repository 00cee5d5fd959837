import { beforeEach, describe, expect, it } from 'vitest'
import { objectReader } from '#test/support/object-reader.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { isNamespaceTerminating } from '#shared/kube/error-kinds.ts'
import type { RbacAuthorizer } from '../auth/rbac.ts'
import type { UserInfo } from '../api/access.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../api/admission.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'

/** Objects by `<plural>/<namespace>/<name>`. */
let objects: Map<string, object>
beforeEach(() => (objects = new Map()))

type Loose = Partial<Omit<AdmissionAttributes, 'kind' | 'object' | 'oldObject'>> & {
  kind: string
  object?: object
  oldObject?: object
}

function attributes({ kind, object, oldObject, ...over }: Loose): AdmissionAttributes {
  const [plural = '', ...groups] = kind.split('.')
  const group = groups.join('.')
  return {
    operation: 'CREATE',
    kind: { group, plural } as AdmissionAttributes['kind'],
    subresource: '',
    namespace: 'dev',
    name: 'x',
    object: object && { metadata: {}, ...object },
    oldObject: oldObject && { metadata: {}, ...oldObject },
    user: { name: 'alice', groups: [] },
    dryRun: false,
    options: {},
    reader: objectReader(() => objects),
    warn: () => undefined,
    conform: () => undefined,
    ...over,
  }
}

async function admitted<T>(plugin: AdmissionPlugin, loose: Loose): Promise<T> {
  const given = attributes(loose)
  await plugin.admit?.(given)
  await plugin.validate?.(given)
  return given.object as T
}

interface AnyPod {
  spec: {
    serviceAccountName?: string
    volumes?: { name: string; projected: unknown }[]
    containers: { volumeMounts?: { mountPath: string; name: string }[] }[]
    imagePullSecrets?: unknown
    tolerations?: { key: string; tolerationSeconds?: number }[]
    priority?: number
    priorityClassName?: string
  }
}
const pod = (spec: object = {}): object => ({ spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec } })

describe('NamespaceLifecycle', () => {
  const create = (): Promise<unknown> => admitted(namespaceLifecycle, { kind: 'pods', object: pod() })

  it('allows objects in existing namespaces', async () => {
    await expect(create()).rejects.toThrow('namespaces "dev" not found')
    objects.set('namespaces//dev', { metadata: { name: 'dev' } })
    await create()
  })

  it('refuses new objects in a terminating namespace, with the cause NamespaceTerminating', async () => {
    objects.set('namespaces//dev', { metadata: { name: 'dev', deletionTimestamp: 'now' } })
    const error: unknown = await create().catch((error: unknown) => error)
    expect(messageOf(error)).toBe(
      'pods "x" is forbidden: unable to create new content in namespace dev because it is being terminated',
    )
    expect(isNamespaceTerminating(error)).toBe(true)
  })

  it('refuses to delete system namespaces', async () => {
    const remove = (name: string): Promise<unknown> =>
      admitted(namespaceLifecycle, { kind: 'namespaces', operation: 'DELETE', name, namespace: name })
    await expect(remove('default')).rejects.toThrow(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    )
    await remove('dev')
  })
})

describe('ServiceAccount', () => {
  let waited: number
  const clock = {
    now: () => 0,
    after: (_ms: number, task: () => void) => {
      waited++
      if (waited === 3) objects.set('serviceaccounts/dev/default', { metadata: { name: 'default' } })
      queueMicrotask(task)
      return () => undefined
    },
  }
  beforeEach(() => {
    waited = 100
    objects.set('serviceaccounts/dev/default', { metadata: {}, imagePullSecrets: [{ name: 'registry' }] })
  })
  const admit = (spec: object = {}): Promise<AnyPod> =>
    admitted(serviceAccount({ clock }), { kind: 'pods', object: pod(spec) })

  it('sets the default account and its pull secrets, and mounts its token in every container', async () => {
    const { spec } = await admit()
    expect(spec.serviceAccountName).toBe('default')
    expect(spec.imagePullSecrets).toEqual([{ name: 'registry' }])
    const name = spec.volumes?.[0]?.name
    expect(name).toMatch(/^kube-api-access-[a-z0-9]{5}$/)
    for (const container of spec.containers)
      expect(container.volumeMounts).toEqual([
        { name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
      ])
    expect(spec.volumes?.[0]?.projected).toMatchObject({
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: {} },
        { downwardAPI: {} },
      ],
    })
  })

  it('mounts no token when pod or account opt out', async () => {
    expect((await admit({ automountServiceAccountToken: false })).spec.volumes).toBeUndefined()
    objects.set('serviceaccounts/dev/default', { metadata: {}, automountServiceAccountToken: false })
    expect((await admit()).spec.volumes).toBeUndefined()
    expect((await admit({ automountServiceAccountToken: true })).spec.volumes).toHaveLength(1)
  })

  it('leaves a container unchanged that mounts something at the token’s path', async () => {
    const own = [{ name: 'mine', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }]
    const { spec } = await admit({ containers: [{ name: 'a', volumeMounts: own }] })
    expect(spec.containers[0]?.volumeMounts).toEqual(own)
    expect(spec.volumes).toBeUndefined()
  })

  it('refuses a missing account', async () => {
    await expect(admit({ serviceAccountName: 'ci' })).rejects.toThrow(
      'pods "x" is forbidden: error looking up service account dev/ci: serviceaccount "ci" not found',
    )
  })

  it('waits for the default account of a new namespace', async () => {
    objects.delete('serviceaccounts/dev/default')
    waited = 0
    expect((await admit()).spec.volumes).toHaveLength(1)
    expect(waited).toBe(3)
  })
})

describe('DefaultTolerationSeconds', () => {
  const admit = async (tolerations?: object[]): Promise<AnyPod['spec']['tolerations']> =>
    (await admitted<AnyPod>(defaultTolerationSeconds, { kind: 'pods', object: pod({ tolerations }) })).spec.tolerations

  it('adds tolerations of five minutes for nodes that are not ready or unreachable', async () => {
    expect((await admit())?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds])).toEqual([
      ['node.kubernetes.io/not-ready', 300],
      ['node.kubernetes.io/unreachable', 300],
    ])
  })

  it('keeps the pod’s own tolerations', async () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }
    expect((await admit([own]))?.map(({ tolerationSeconds }) => tolerationSeconds)).toEqual([5, 300])
    expect(await admit([{ operator: 'Exists' }])).toEqual([{ operator: 'Exists' }])
  })
})

describe('Priority', () => {
  const admit = async (spec: object, over: Partial<Loose> = {}): Promise<AnyPod['spec']> =>
    (await admitted<AnyPod>(priority, { kind: 'pods', object: pod(spec), ...over })).spec

  it('sets the priority of the class', async () => {
    objects.set('priorityclasses//high', { metadata: { name: 'high' }, value: 1000 })
    expect(await admit({ priorityClassName: 'high' })).toMatchObject({ priority: 1000 })
    expect(await admit({ priorityClassName: 'system-node-critical' })).toMatchObject({ priority: 2_000_001_000 })
    expect(await admit({})).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' })
    objects.set('priorityclasses//usual', { metadata: { name: 'usual' }, value: 7, globalDefault: true })
    expect(await admit({})).toMatchObject({ priority: 7, priorityClassName: 'usual' })
  })

  it('refuses unknown classes and priorities set by the client', async () => {
    await expect(admit({ priorityClassName: 'nope' })).rejects.toThrow('no PriorityClass with name nope was found')
    await expect(admit({ priority: 5 })).rejects.toThrow('the integer value of priority (5) must not be provided')
  })

  it('keeps the priority in updates that omit it', async () => {
    const oldObject = pod({ priority: 7 })
    expect(await admit({}, { operation: 'UPDATE', oldObject })).toMatchObject({ priority: 7 })
  })
})

describe('TaintNodesByCondition', () => {
  it('taints a new node as not ready', async () => {
    const node = await admitted<{ spec: { taints: unknown } }>(taintNodesByCondition, { kind: 'nodes', object: {} })
    expect(node.spec.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
  })
})

describe('DefaultStorageClass', () => {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' }
  const admit = (spec: object): Promise<{ spec: object }> =>
    admitted(defaultStorageClass, { kind: 'persistentvolumeclaims', object: { spec } })

  it('sets the newest default class on a claim that names none', async () => {
    objects.set('storageclasses//old', {
      metadata: { name: 'old', annotations, creationTimestamp: '2026-01-01T00:00:00Z' },
    })
    objects.set('storageclasses//new', {
      metadata: { name: 'new', annotations, creationTimestamp: '2026-02-01T00:00:00Z' },
    })
    objects.set('storageclasses//other', { metadata: { name: 'other' } })
    expect((await admit({})).spec).toEqual({ storageClassName: 'new' })
    expect((await admit({ storageClassName: '' })).spec).toEqual({ storageClassName: '' })
  })
})

describe('NodeRestriction', () => {
  const restriction = nodeRestriction({ authorizer: { authorize: () => ({ allowed: false }) } })
  const user: UserInfo = { name: 'system:node:worker-1', groups: ['system:nodes', 'system:authenticated'] }
  const volumes = [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }]
  const on = (nodeName: string, labels = {}): object => ({
    metadata: { uid: 'u', labels },
    spec: { nodeName, volumes },
  })
  const admit = (loose: Loose): Promise<unknown> => admitted(restriction, { user, ...loose })

  it('lets a node update the status of its own pods only', async () => {
    const report = (node: string): Loose => ({
      kind: 'pods',
      subresource: 'status',
      operation: 'UPDATE',
      object: on(node),
      oldObject: on(node),
    })
    await admit(report('worker-1'))
    await expect(admit(report('worker-2'))).rejects.toThrow(
      'pods "x" is forbidden: node "worker-1" can only update pod status for pods with spec.nodeName set to itself',
    )
    await expect(admit({ ...report('worker-1'), object: on('worker-1', { role: 'db' }) })).rejects.toThrow('labels')
  })

  it('lets a node update its own Node only, and not its taints', async () => {
    const update = (name: string, object: object): Loose => ({
      kind: 'nodes',
      namespace: '',
      operation: 'UPDATE',
      name,
      object,
      oldObject: {},
    })
    await admit(update('worker-1', { metadata: { labels: { zone: 'a' } } }))
    await expect(admit(update('worker-2', {}))).rejects.toThrow(
      'node "worker-1" is not allowed to modify node "worker-2"',
    )
    await expect(admit(update('worker-1', { spec: { taints: [{ key: 'a' }] } }))).rejects.toThrow('modify taints')
    await expect(
      admit(update('worker-1', { metadata: { labels: { 'node-restriction.kubernetes.io/a': 'b' } } })),
    ).rejects.toThrow('modify labels')
  })

  it('lets a node delete and request tokens for its own pods only', async () => {
    await admit({ kind: 'pods', operation: 'DELETE', oldObject: on('worker-1') })
    await expect(admit({ kind: 'pods', operation: 'DELETE', oldObject: on('worker-2') })).rejects.toThrow('delete pods')
    await expect(admit({ kind: 'pods', object: on('worker-1') })).rejects.toThrow('mirror')
    const token = (name: string): Loose => ({
      kind: 'serviceaccounts',
      subresource: 'token',
      object: { spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: 'u' } } },
    })
    objects.set('pods/dev/mine', on('worker-1'))
    objects.set('pods/dev/theirs', on('worker-2'))
    await admit(token('mine'))
    await expect(admit(token('theirs'))).rejects.toThrow('scheduled on a different node')
    await expect(admit({ ...token('mine'), object: { spec: {} } })).rejects.toThrow('not bound to a pod')
  })

  it('lets a node renew its own lease only', async () => {
    const lease = { kind: 'leases.coordination', operation: 'UPDATE', object: {} } as const
    const renew = (namespace: string, name: string): Promise<unknown> => {
      const given = attributes({ ...lease, user, namespace, name })
      Object.assign(given, { kind: { group: 'coordination.k8s.io', plural: 'leases' } })
      return Promise.resolve().then(() => restriction.admit?.(given))
    }
    await renew('kube-node-lease', 'worker-1')
    await expect(renew('kube-node-lease', 'worker-2')).rejects.toThrow('same name')
    await expect(renew('default', 'worker-1')).rejects.toThrow('kube-node-lease')
  })

  it('does not apply to other users', async () => {
    await admit({ kind: 'nodes', user: { name: 'alice', groups: [] }, operation: 'UPDATE', object: {}, oldObject: {} })
  })
})

describe('RbacEscalation', () => {
  const held = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }]
  const rbac = (special: string[] = []): RbacAuthorizer =>
    ({
      authorize: ({ verb }: { verb: string }) => ({ allowed: special.includes(verb) }),
      rulesOf: () => held,
      roleRules: ({ name }: { name: string }) => (name === 'reader' ? held : name === 'admin' ? [secrets] : undefined),
    }) as unknown as RbacAuthorizer
  const secrets = { verbs: ['get'], apiGroups: [''], resources: ['secrets'] }
  const grant = (plural: string, object: object, over: Partial<Loose> = {}, special?: string[]): Promise<unknown> => {
    const given = attributes({ kind: 'x', object, ...over })
    const kind = plural.endsWith('bindings') ? 'RoleBinding' : 'Role'
    Object.assign(given, { kind: { group: 'rbac.authorization.k8s.io', plural, kind } })
    return Promise.resolve().then(() => rbacEscalation({ rbac: rbac(special) }).validate?.(given))
  }

  it('lets users grant only permissions that they hold', async () => {
    await grant('roles', { rules: held })
    await expect(grant('roles', { rules: [secrets] })).rejects.toThrow(
      'roles.rbac.authorization.k8s.io "x" is forbidden: user "alice" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    )
  })

  it('allows users who may escalate or bind, and administrators', async () => {
    await grant('roles', { rules: [secrets] }, {}, ['escalate'])
    await grant('rolebindings', { roleRef: { kind: 'Role', name: 'admin' } }, {}, ['bind'])
    await grant('roles', { rules: [secrets] }, { user: { name: 'root', groups: ['system:masters'] } })
  })

  it('lets users bind roles whose rules they hold', async () => {
    const bind = (name: string): Promise<unknown> => grant('rolebindings', { roleRef: { kind: 'ClusterRole', name } })
    await bind('reader')
    await expect(bind('admin')).rejects.toThrow('not currently held')
    await expect(bind('nope')).rejects.toThrow('clusterroles.rbac.authorization.k8s.io "nope" not found')
  })

  it('allows changes that grant nothing', async () => {
    await grant('roles', { rules: [secrets] }, { operation: 'UPDATE', oldObject: { rules: [secrets] } })
  })
})

describe('DefaultIngressClass', () => {
  interface AnyIngress {
    spec: { ingressClassName?: string }
  }
  const create = (object: object): Promise<AnyIngress> =>
    admitted(defaultIngressClass, { kind: 'ingresses.networking.k8s.io', object })
  const addClass = (name: string, creationTimestamp: string, isDefault = 'true'): unknown =>
    objects.set(`ingressclasses//${name}`, {
      metadata: { name, creationTimestamp, annotations: { 'ingressclass.kubernetes.io/is-default-class': isDefault } },
    })

  it('sets the newest default class where none is named', async () => {
    expect((await create({ spec: {} })).spec.ingressClassName).toBeUndefined()
    addClass('old', '2026-01-01T00:00:00Z')
    addClass('new', '2026-02-01T00:00:00Z')
    addClass('no', '2026-03-01T00:00:00Z', 'false')
    expect((await create({ spec: {} })).spec.ingressClassName).toBe('new')
    expect((await create({ spec: { ingressClassName: 'mine' } })).spec.ingressClassName).toBe('mine')
    const annotated = { metadata: { annotations: { 'kubernetes.io/ingress.class': 'old-way' } }, spec: {} }
    expect((await create(annotated)).spec.ingressClassName).toBeUndefined()
  })
})

describe('StorageObjectInUseProtection', () => {
  it('adds the protection finalizer to new claims and volumes', async () => {
    const admit = (kind: string, finalizers?: string[]): Promise<KubeObject> =>
      admitted(storageObjectInUseProtection, { kind, object: { metadata: { finalizers } } })
    expect((await admit('persistentvolumeclaims')).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection'])
    expect((await admit('persistentvolumes', ['a/b'])).metadata.finalizers).toEqual([
      'a/b',
      'kubernetes.io/pv-protection',
    ])
    expect((await admit('pods')).metadata.finalizers).toBeUndefined()
  })
})

describe('PersistentVolumeClaimResize', () => {
  const claim = (storage: string, phase = 'Bound'): object => ({
    spec: { storageClassName: 'growing', resources: { requests: { storage } } },
    status: { phase },
  })
  const resize = (from: object, to: object): Promise<unknown> =>
    admitted(persistentVolumeClaimResize, {
      kind: 'persistentvolumeclaims',
      operation: 'UPDATE',
      object: to,
      oldObject: from,
    })

  it('allows expansion of bound claims whose class allows it', async () => {
    await expect(resize(claim('1Gi'), claim('2Gi'))).rejects.toThrow('only dynamically provisioned pvc can be resized')
    objects.set('storageclasses//growing', { metadata: { name: 'growing' }, allowVolumeExpansion: true })
    await resize(claim('1Gi'), claim('2Gi'))
    await expect(resize(claim('1Gi', 'Pending'), claim('2Gi'))).rejects.toThrow(
      'Only bound persistent volume claims can be expanded',
    )
    await resize(claim('1Gi', 'Pending'), claim('1024Mi', 'Pending'))
  })
})

describe('PodTopologyLabels', () => {
  it('copies the zone and region of the node to the pod’s labels', async () => {
    const labels = { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'eu', other: 'x' }
    objects.set('nodes//n', { metadata: { name: 'n', labels } })
    const bind = (subresource: string): Promise<KubeObject> =>
      admitted(podTopologyLabels, {
        kind: 'pods',
        subresource,
        object: { metadata: { labels: { own: 'y' } }, target: { name: 'n' } },
      })
    expect((await bind('binding')).metadata.labels).toEqual({
      own: 'y',
      'topology.kubernetes.io/zone': 'a',
      'topology.kubernetes.io/region': 'eu',
    })
    expect((await bind('')).metadata.labels).toEqual({ own: 'y' })
  })
})
