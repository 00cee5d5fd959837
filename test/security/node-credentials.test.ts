import 'reflect-metadata'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawApi, type Loose, type RawApi } from '../support/api-identity.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** Wall 2: the certificate of one worker is worth only its own node. */

let cluster: SimulatedCluster
let admin: RawApi
/** Has the certificate of `worker-1`; what is another's is of `worker-2`. */
let node: RawApi
let own: Loose
const mine = 'worker-1'
const other = 'worker-2'
const pods = '/api/v1/namespaces/default/pods'
const nodes = '/api/v1/nodes'
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const csiNodes = '/apis/storage.k8s.io/v1/csinodes'
const slices = '/apis/resource.k8s.io/v1/resourceslices'
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const token = (account: string): string => `/api/v1/namespaces/default/serviceaccounts/${account}/token`

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  const { server, pki } = cluster.plane
  admin = createRawApi({ server, ca: pki.ca, credentials: pki.admin })
  node = createRawApi({ server, ca: pki.ca, credentials: (await pki.issueNode(mine)).client })
  own = (await admin.get(`${nodes}/${mine}`)).object
  for (const [kind, names] of Object.entries({ secrets: ['used', 'unused', 'kept'], configmaps: ['used', 'unused'] }))
    for (const name of names) await admin.create(`/api/v1/namespaces/default/${kind}`, { metadata: { name } })
  await admin.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } })
  await admin.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'stranger' } })
  await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'stranger-is-root' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'stranger' }],
  })
  await run('mine', mine, {
    serviceAccountName: 'robot',
    volumes: [
      { name: 's', secret: { secretName: 'used' } },
      { name: 'c', configMap: { name: 'used' } },
      { name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 'token' } }] } },
    ],
  })
  await run('theirs', other, { volumes: [{ name: 's', secret: { secretName: 'unused' } }] })
}, 60_000)
afterAll(async () => {
  node?.stop()
  admin?.stop()
  await cluster?.stop()
})

async function run(name: string, nodeName: string, spec: object = {}): Promise<void> {
  const pod = { metadata: { name }, spec: { nodeName, containers: [{ name: 'main', image: 'app' }], ...spec } }
  expect((await admin.create(pods, pod)).outcome).toBe('201')
}

/** A mirror pod that a node may create, with one thing changed. */
function mirrorPod(change: { metadata?: object; spec?: object; owner?: object | object[] | null } = {}): object {
  const owner = {
    apiVersion: 'v1',
    kind: 'Node',
    name: mine,
    uid: own.metadata.uid,
    controller: true,
    ...(Array.isArray(change.owner) ? {} : change.owner),
  }
  return {
    metadata: {
      name: `mirror-${Math.random().toString(36).slice(2)}`,
      annotations: { 'kubernetes.io/config.mirror': 'hash' },
      ownerReferences: change.owner === null ? [] : Array.isArray(change.owner) ? change.owner : [owner],
      ...change.metadata,
    },
    spec: { nodeName: mine, containers: [{ name: 'main', image: 'app' }], ...change.spec },
  }
}

describe('mirror pods', () => {
  it('are what a node may create', async () => {
    expect((await node.create(pods, mirrorPod())).outcome).toBe('201')
  })

  const volume = (source: object): object => ({ spec: { volumes: [{ name: 'v', ...source }] } })
  const projected = (source: object): object => volume({ projected: { sources: [source] } })
  const main = (more: object): object => ({ spec: { containers: [{ name: 'main', image: 'app', ...more }] } })
  const refused: [what: string, pod: () => object, message: RegExp][] = [
    ['without the annotation', () => mirrorPod({ metadata: { annotations: {} } }), /can only create mirror pods/],
    ['on another node', () => mirrorPod({ spec: { nodeName: other } }), /spec\.nodeName set to itself/],
    ['without an owner', () => mirrorPod({ owner: null }), /owner reference set to itself/],
    ['owned by another node', () => mirrorPod({ owner: { name: other } }), /owner reference set to itself/],
    ['owned by another kind', () => mirrorPod({ owner: { kind: 'Pod' } }), /owner reference set to itself/],
    ['owned by another version', () => mirrorPod({ owner: { apiVersion: 'v2' } }), /owner reference set to itself/],
    ['owned by a Node of another uid', () => mirrorPod({ owner: { uid: 'x' } }), /UID mismatch/],
    ['not controlled', () => mirrorPod({ owner: { controller: false } }), /controller owner reference/],
    ['blocking deletion', () => mirrorPod({ owner: { blockOwnerDeletion: true } }), /blockOwnerDeletion/],
    [
      'with two owners',
      () => {
        const owner = { apiVersion: 'v1', kind: 'Node', name: mine, uid: own.metadata.uid, controller: true }
        return mirrorPod({ owner: [owner, { ...owner, controller: false, uid: 'x' }] })
      },
      /single owner reference/,
    ],
    ['with a service account', () => mirrorPod({ spec: { serviceAccountName: 'stranger' } }), /a service account/],
    [
      'with a service account by its old name',
      () => mirrorPod({ spec: { serviceAccount: 'stranger' } }),
      /a service account/,
    ],
    ['with a Secret volume', () => mirrorPod(volume({ secret: { secretName: 'kept' } })), /secrets/],
    ['with a projected Secret', () => mirrorPod(projected({ secret: { name: 'kept' } })), /secrets/],
    ['with a pull secret', () => mirrorPod({ spec: { imagePullSecrets: [{ name: 'kept' }] } }), /secrets/],
    [
      'with a Secret in env',
      () => mirrorPod(main({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'kept', key: 'k' } } }] })),
      /secrets/,
    ],
    ['with a Secret in envFrom', () => mirrorPod(main({ envFrom: [{ secretRef: { name: 'kept' } }] })), /secrets/],
    [
      'with a Secret of an init container',
      () =>
        mirrorPod({
          spec: { initContainers: [{ name: 'i', image: 'a', envFrom: [{ secretRef: { name: 'kept' } }] }] },
        }),
      /secrets/,
    ],
    [
      'with a CSI secret',
      () => mirrorPod(volume({ csi: { driver: 'd.example.com', nodePublishSecretRef: { name: 'kept' } } })),
      /secrets/,
    ],
    [
      'with a flex volume secret',
      () => mirrorPod(volume({ flexVolume: { driver: 'a/b', secretRef: { name: 'kept' } } })),
      /secrets/,
    ],
    ['with a ConfigMap volume', () => mirrorPod(volume({ configMap: { name: 'kept' } })), /configmaps/],
    [
      'with a ConfigMap in envFrom',
      () => mirrorPod(main({ envFrom: [{ configMapRef: { name: 'x' } }] })),
      /configmaps/,
    ],
    ['with a claim', () => mirrorPod(volume({ persistentVolumeClaim: { claimName: 'x' } })), /persistentvolumeclaims/],
    [
      'with a trust bundle',
      () => mirrorPod(projected({ clusterTrustBundle: { name: 'x', path: 'ca.pem' } })),
      /clustertrustbundles/,
    ],
    [
      'with a resource claim',
      () => mirrorPod({ spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] } }),
      /resourceclaims/,
    ],
    ['with a token', () => mirrorPod(projected({ serviceAccountToken: { path: 'token' } })), /service account tokens/],
  ]
  it.each(refused)('are refused %s', async (_, pod, message) => {
    const { code, status } = await node.create(pods, pod())
    expect(status.message).toMatch(message)
    expect(code).toBe(403)
  })

  it('do not open Secrets or tokens to a node, whoever created them', async () => {
    expect((await node.get('/api/v1/namespaces/default/secrets/kept')).code).toBe(403)
    const pod = mirrorPod({ spec: { serviceAccountName: 'stranger' } })
    expect((await admin.create(pods, pod)).outcome).toMatch(/mirror pod may not reference a service account/)
  })
})

describe('pods', () => {
  it('are read by a node where they are its own', async () => {
    expect((await node.get(`${pods}/mine`)).outcome).toBe('200')
    expect((await node.get(`${pods}?fieldSelector=metadata.name%3Dmine`)).outcome).toBe('200')
    const selected = await node.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${mine}`)
    expect(new Set(selected.object.items.map(({ spec }) => spec['nodeName']))).toEqual(new Set([mine]))
  })

  const reads = [
    '/api/v1/pods',
    pods,
    `${pods}?watch=1`,
    `${pods}/theirs`,
    `${pods}?fieldSelector=metadata.name%3Dtheirs`,
    `/api/v1/pods?fieldSelector=spec.nodeName%3D${other}`,
    `/api/v1/pods?fieldSelector=spec.nodeName%21%3D${mine}`,
    `/api/v1/pods?fieldSelector=spec.nodeName%21%3D${other}`,
    `/api/v1/pods?fieldSelector=status.phase%3DRunning`,
    `/api/v1/pods?fieldSelector=x%3Dspec.nodeName%5C%3D${mine}`,
  ]
  it.each(reads)('are not read by a node at %s', async (path) => expect((await node.get(path)).code).toBe(403))

  it('are reported, evicted and deleted by their own node alone', async () => {
    const report = { status: { message: 'x' } }
    expect((await node.patch(`${pods}/mine/status`, report)).outcome).toBe('200')
    expect((await node.patch(`${pods}/theirs/status`, report)).outcome).toMatch(/403 .*set to itself/)
    expect((await node.patch(`${pods}/mine/status`, { metadata: { labels: { app: 'db' } } })).outcome).toMatch(
      /403 .*cannot update labels through pod status/,
    )
    expect(
      (
        await node.patch(`${pods}/mine/status`, {
          status: { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'taken' }] },
        })
      ).outcome,
    ).toMatch(/403 .*resource claim/)
    const eviction = { metadata: { name: 'theirs' } }
    expect((await node.create(`${pods}/theirs/eviction`, eviction)).code).toBe(403)
    expect((await node.remove(`${pods}/theirs`)).code).toBe(403)
  })

  const writes: [method: string, path: string, body: object][] = [
    ['PATCH', `${pods}/mine`, { metadata: { labels: { a: 'b' } } }],
    ['PATCH', `${pods}/mine/ephemeralcontainers`, { spec: {} }],
    ['PATCH', `${pods}/mine/resize`, { spec: {} }],
    ['POST', `${pods}/mine/binding`, { target: { kind: 'Node', name: mine } }],
    ['POST', `${pods}/mine/exec?command=id&stdout=1`, {}],
    ['DELETE', pods, {}],
  ]
  it.each(writes)('are not written by a node with %s %s', async (method, path, body) => {
    const answer = await node.send(method, path, body, { 'content-type': 'application/merge-patch+json' })
    expect(answer.code).toBe(403)
  })
})

describe('network policies', () => {
  const peers = '/slipway/policy-peers'

  it('are read by a node, with the addresses of the pods that they name and nothing else of these', async () => {
    const policies = '/apis/networking.k8s.io/v1/networkpolicies'
    expect((await node.get(policies)).outcome).toBe('200')
    const spec = { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'named' } } }] }] }
    const created = await admin.create('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
      metadata: { name: 'named' },
      spec,
    })
    expect(created.outcome).toBe('201')
    // Nothing runs on this node: its pods' addresses are as written here.
    await admin.create(nodes, { metadata: { name: 'third' }, spec: { podCIDR: '10.244.77.0/24' } })
    const addresses = { named: '10.244.77.1', other: '10.244.77.2', liar: '10.244.78.3' }
    for (const [name, podIP] of Object.entries(addresses)) {
      await admin.create(pods, {
        metadata: { name: `peer-${name}`, labels: { app: name === 'other' ? 'other' : 'named' } },
        spec: { nodeName: 'third', containers: [{ name: 'main', image: 'app' }] },
      })
      await admin.patch(`${pods}/peer-${name}/status`, { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } })
    }
    const told = async (): Promise<string> => (await node.get(peers)).text
    await expect.poll(told, { timeout: 10_000 }).toContain('["10.244.77.1"]')
    expect(await told()).not.toMatch(/10\.244\.77\.2|10\.244\.78|peer-/)
  })

  it('are not written by a node, nor their peers read by others', async () => {
    const body = { metadata: { name: 'x' }, spec: { podSelector: {} } }
    expect((await node.create('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', body)).code).toBe(403)
    const anonymous = createRawApi({ server: cluster.plane.server, ca: cluster.plane.pki.ca })
    expect((await anonymous.get(peers)).code).toBe(403)
    anonymous.stop()
  })
})

describe('a Node', () => {
  it('reads and reports itself', async () => {
    expect((await node.get(`${nodes}/${mine}`)).outcome).toBe('200')
    expect((await node.get(`${nodes}/${other}`)).outcome).toMatch(/403 .*only its own Node object/)
    expect((await node.patch(`${nodes}/${mine}`, { metadata: { labels: { zone: 'a' } } })).outcome).toBe('200')
    expect((await node.patch(`${nodes}/${mine}/status`, { status: { phase: 'Running' } })).outcome).toBe('200')
  })

  const labels: [label: string, isAllowed: boolean][] = [
    ['team', true],
    ['example.com/role', true],
    ['kubernetes.io/hostname', true],
    ['topology.kubernetes.io/zone', true],
    ['node.kubernetes.io/instance-type', true],
    ['a.node.kubernetes.io/x', true],
    ['kubelet.kubernetes.io/x', true],
    ['node-restriction.kubernetes.io/x', false],
    ['a.node-restriction.kubernetes.io/x', false],
    ['node-role.kubernetes.io/control-plane', false],
    ['kubernetes.io/role', false],
    ['k8s.io/x', false],
    ['a.k8s.io/x', false],
    ['evil.kubernetes.io/x', false],
    ['notkubernetes.io/x', true],
  ]
  it.each(labels)('sets the label %s: %s', async (label, isAllowed) => {
    const answer = await node.patch(`${nodes}/${mine}`, { metadata: { labels: { [label]: 'x' } } })
    expect(answer.outcome).toMatch(isAllowed ? /^200/ : /^403 .*not allowed to modify labels/)
    const fromStatus = await node.patch(`${nodes}/${mine}/status`, { metadata: { labels: { [label]: 'y' } } })
    expect(fromStatus.code).toBe(isAllowed ? 200 : 403)
  })

  const changes: [what: string, change: object, message: RegExp][] = [
    ['its taints', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, /modify taints/],
    ['its podCIDR', { spec: { podCIDR: '10.0.0.0/8' } }, /modify podCIDRs/],
    ['its podCIDRs', { spec: { podCIDR: '10.0.0.0/8', podCIDRs: ['10.0.0.0/8'] } }, /modify podCIDRs/],
    ['its podCIDR to nothing', { spec: { podCIDR: null, podCIDRs: null } }, /modify podCIDRs/],
    [
      'its owners',
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'gone', uid: 'gone' }] } },
      /modify ownerReferences/,
    ],
    ['its configSource', { spec: { configSource: { configMap: { name: 'a' } } } }, /configSource/],
  ]
  it.each(changes)('does not change %s', async (_, change, message) => {
    const { code, status } = await node.patch(`${nodes}/${mine}`, change)
    expect(status.message).toMatch(message)
    expect(code).toBe(403)
  })

  it('does not write or delete other Nodes, nor delete itself', async () => {
    expect((await node.patch(`${nodes}/${other}`, { metadata: { labels: { a: 'b' } } })).code).toBe(403)
    expect((await node.patch(`${nodes}/${other}/status`, { status: {} })).code).toBe(403)
    expect((await node.create(nodes, { metadata: { name: 'worker-9' } })).code).toBe(403)
    expect((await node.remove(`${nodes}/${mine}`)).code).toBe(403)
  })

  it('does not register with ranges, owners or labels of others', async () => {
    const fresh = createRawApi({
      server: cluster.plane.server,
      ca: cluster.plane.pki.ca,
      credentials: (await cluster.plane.pki.issueNode('fresh')).client,
    })
    const register = async (change: { metadata?: object; spec?: object }): Promise<string> =>
      (await fresh.create(nodes, { metadata: { name: 'fresh', ...change.metadata }, spec: change.spec ?? {} })).outcome
    expect(await register({ spec: { podCIDR: '10.0.0.0/8' } })).toMatch(/^403 .*podCIDRs/)
    expect(await register({ spec: { podCIDRs: ['10.0.0.0/8'] } })).toMatch(/^403 .*podCIDRs/)
    expect(
      await register({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'x' }] } }),
    ).toMatch(/^403 .*ownerReferences/)
    expect(await register({ metadata: { labels: { 'node-role.kubernetes.io/master': '' } } })).toMatch(/^403 .*labels/)
    expect(await register({ spec: { configSource: { configMap: {} } } })).toMatch(/^403 .*configSource/)
    expect(await register({ metadata: { labels: { 'kubernetes.io/hostname': 'fresh' } } })).toBe('201')
    await admin.remove(`${nodes}/fresh`)
    fresh.stop()
  })
})

it('reads of a namespace what its own pods use, and no more', async () => {
  const read = async (path: string): Promise<number> => (await node.get(`/api/v1${path}`)).code
  const of = (plural: string, name: string): string => `/namespaces/default/${plural}/${name}`
  const selecting = (plural: string, name: string): string =>
    `/namespaces/default/${plural}?fieldSelector=metadata.name%3D${name}`
  for (const plural of ['secrets', 'configmaps']) {
    expect(await read(of(plural, 'used')), plural).toBe(200)
    expect(await read(selecting(plural, 'used')), plural).toBe(200)
    expect(await read(of(plural, 'unused')), plural).toBe(403)
    expect(await read(selecting(plural, 'unused')), plural).toBe(403)
    expect(await read(`/namespaces/default/${plural}`), plural).toBe(403)
    expect(await read(`/${plural}`), plural).toBe(403)
  }
  expect(await read(of('serviceaccounts', 'robot'))).toBe(200)
  expect(await read(of('serviceaccounts', 'stranger'))).toBe(403)
  for (const path of ['/persistentvolumes', '/persistentvolumeclaims', '/serviceaccounts'])
    expect(await read(path), path).toBe(403)
  const groups = ['/apis/storage.k8s.io/v1/volumeattachments', '/apis/resource.k8s.io/v1/resourceclaims', csiNodes]
  for (const path of [...groups, slices]) expect((await node.get(path)).code, path).toBe(403)
  expect((await node.get(`${slices}?fieldSelector=spec.nodeName%3D${mine}`)).code).toBe(200)
})

describe('a token for a service account', () => {
  async function ask(
    account: string,
    pod: string,
    change: { audiences?: string[]; ref?: object } = {},
  ): Promise<string> {
    const { uid } = (await admin.get(`${pods}/${pod}`)).object.metadata
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod, uid, ...change.ref }
    const spec = { boundObjectRef, ...(change.audiences ? { audiences: change.audiences } : {}) }
    return (await node.create(token(account), { spec })).outcome
  }

  it('is given for the pods of the node', async () => {
    expect(await ask('robot', 'mine')).toBe('201')
    expect(await ask('robot', 'mine', { audiences: ['vault'] })).toBe('201')
  })

  it('is not given otherwise', async () => {
    expect(await ask('stranger', 'mine')).toMatch(/^403/)
    expect(await ask('default', 'theirs')).toMatch(/^403/)
    expect(await ask('robot', 'theirs')).toMatch(/^403 .*different node/)
    expect(await ask('robot', 'mine', { ref: { uid: 'x' } })).toMatch(/^403 .*does not match the UID/)
    expect(await ask('robot', 'mine', { ref: { uid: '' } })).toMatch(/^403 .*without a uid/)
    expect(await ask('robot', 'mine', { ref: { kind: 'Node', name: mine } })).toMatch(/^403 .*not bound to a pod/)
    expect(await ask('robot', 'mine', { ref: { apiVersion: 'v2' } })).toMatch(/^403 .*not bound to a pod/)
    expect((await node.create(token('robot'), { spec: {} })).outcome).toMatch(/^403 .*not bound to a pod/)
    expect(await ask('robot', 'mine', { audiences: ['other'] })).toMatch(/^403 .*audience "other" not found/)
    expect(await ask('robot', 'mine', { audiences: ['vault', 'other'] })).toMatch(/^403 .*0 or 1 audiences/)
  })
})

it('keeps the lease, CSINode and resource slices of its own name', async () => {
  const lease = (name: string): object => ({ metadata: { name }, spec: { holderIdentity: name } })
  expect((await node.patch(`${leases}/${mine}`, { spec: { leaseDurationSeconds: 40 } })).outcome).toBe('200')
  expect((await node.patch(`${leases}/${other}`, { spec: { leaseDurationSeconds: 40 } })).code).toBe(403)
  expect((await node.create(leases, lease('worker-9'))).code).toBe(403)
  expect((await node.create(leases.replace('kube-node-lease', 'default'), lease(mine))).code).toBe(403)
  expect((await node.get(leases)).code).toBe(403)
  const csiNode = (name: string): object => ({ metadata: { name }, spec: { drivers: [] } })
  expect((await node.create(csiNodes, csiNode(mine))).outcome).toBe('201')
  expect((await node.create(csiNodes, csiNode(other))).outcome).toMatch(/^403 .*same name/)
  expect((await node.get(`${csiNodes}/${other}`)).code).toBe(403)
  const slice = (name: string, nodeName: string): object => ({
    metadata: { name },
    spec: { nodeName, driver: 'gpu.example.com', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
  })
  expect((await node.create(slices, slice('mine', mine))).outcome).toBe('201')
  expect((await node.create(slices, slice('theirs', other))).outcome).toMatch(/^403 .*same NodeName/)
  await admin.create(slices, slice('theirs', other))
  for (const method of ['GET', 'DELETE']) expect((await node.send(method, `${slices}/theirs`)).code).toBe(403)
  expect((await node.remove(slices)).code).toBe(403)
  expect((await node.remove(`${slices}?fieldSelector=spec.nodeName%3D${other}`)).code).toBe(403)
})

it('asks for certificates of its own name alone', async () => {
  const ask = async (subject: string, signer: string): Promise<string> => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const made = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: algorithm })
    const request = Buffer.from(made.toString('pem')).toString('base64')
    const answer = await node.create(requests, {
      metadata: { generateName: 'ask-' },
      spec: { request, signerName: `kubernetes.io/${signer}`, usages: ['digital signature', 'client auth'] },
    })
    return answer.outcome
  }
  expect(await ask(`O=system:nodes,CN=system:node:${mine}`, 'kube-apiserver-client-kubelet')).toBe('201')
  for (const signer of ['kube-apiserver-client-kubelet', 'kubelet-serving'])
    expect(await ask(`O=system:nodes,CN=system:node:${other}`, signer)).toMatch(/^403 .*CN=system:node:worker-1/)
})
