import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../conformance/support/eventually.ts'
import { createRawApi, type Loose, type RawApi } from '../support/api-identity.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** Wall 7: policies cannot be walked around by way of a subresource. */

let cluster: SimulatedCluster
let admin: RawApi
const pods = '/api/v1/namespaces/default/pods'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const admission = '/apis/admissionregistration.k8s.io/v1'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const ships = '/apis/example.com/v1/namespaces/default/ships'

const everyField = {
  labels: { evil: 'yes' },
  annotations: { evil: 'yes' },
  finalizers: ['example.com/evil'],
  ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'gone', uid: 'gone' }],
}

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  const { server, pki } = cluster.plane
  admin = createRawApi({ server, ca: pki.ca, credentials: pki.admin })
  const schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { n: { type: 'integer' } } },
      status: { type: 'object', properties: { n: { type: 'integer' } } },
    },
  }
  const definition = {
    metadata: { name: 'ships.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } },
      ],
    },
  }
  expect((await admin.create(definitions, definition)).outcome).toBe('201')
  await eventually('200 from the API', async () => (await admin.get(ships)).code === 200)
}, 60_000)
afterAll(async () => {
  admin?.stop()
  await cluster?.stop()
})

let serial = 0
async function newPod(spec: object = {}, metadata: object = {}): Promise<string> {
  const name = `pod-${++serial}`
  const resources = { requests: { cpu: '10m', memory: '10Mi' }, limits: { cpu: '20m', memory: '20Mi' } }
  const answer = await admin.create(pods, {
    metadata: { name, labels: { app: 'x' }, ...metadata },
    spec: { nodeName: 'worker-1', containers: [{ name: 'main', image: 'app', resources }], ...spec },
  })
  expect(answer.outcome).toBe('201')
  return name
}

/** What clients write of `metadata`. */
const written = ({ metadata }: Loose): unknown => ({
  labels: metadata.labels,
  annotations: metadata.annotations,
  finalizers: metadata.finalizers,
  ownerReferences: metadata.ownerReferences,
})

describe('a subresource writes its own part and no other', () => {
  const debug = { name: 'debug', image: 'app' }
  const resources = { requests: { cpu: '15m', memory: '10Mi' }, limits: { cpu: '20m', memory: '20Mi' } }
  const parts: [part: string, spec: object][] = [
    ['ephemeralcontainers', { ephemeralContainers: [debug], nodeName: 'elsewhere', hostNetwork: true }],
    ['resize', { containers: [{ name: 'main', image: 'other', resources }] }],
  ]
  it.each(parts)('pods/%s by PUT and patches', async (part, spec) => {
    for (const type of ['merge-patch', 'strategic-merge-patch', 'put'] as const) {
      const path = `${pods}/${await newPod()}`
      const before = (await admin.get(path)).object
      // Without a version: the kubelet reports the pod's start in between.
      const metadata = { ...before.metadata, ...everyField, resourceVersion: undefined }
      const body = { ...before, metadata, spec: { ...before.spec, ...spec } }
      const answer =
        type === 'put'
          ? await admin.send('PUT', `${path}/${part}`, body)
          : await admin.send(
              'PATCH',
              `${path}/${part}`,
              { metadata: everyField, spec },
              { 'content-type': `application/${type}+json` },
            )
      expect(answer.outcome, type).toBe('200')
      const after = (await admin.get(path)).object
      expect(written(after), type).toEqual(written(before))
      const [wasMain, isMain] = [before, after].map(({ spec }) => (spec['containers'] as Record<string, unknown>[])[0])
      expect({ ...isMain, resources: undefined }).toEqual({ ...wasMain, resources: undefined })
      expect(after.spec['nodeName']).toBe('worker-1')
      expect(after.spec['hostNetwork']).toBe(before.spec['hostNetwork'])
      if (part === 'resize') expect(isMain?.['resources']).toEqual(resources)
      else expect(after.spec['ephemeralContainers']).toMatchObject([debug])
    }
  })

  it('pods/resize refuses what is no change of CPU or memory', async () => {
    const name = await newPod()
    const resize = async (containers: object[]): Promise<string> =>
      (await admin.patch(`${pods}/${name}/resize`, { spec: { containers } })).outcome
    expect(await resize([{ name: 'other', image: 'app', resources }])).toMatch(/^422/)
    expect(await resize([{ name: 'main', image: 'app', resources }, debug])).toMatch(/^422/)
    expect(await resize([{ name: 'main', image: 'app', resources: {} }])).toMatch(/^422 .*QOS Class may not change/)
    const disk = { ...resources, requests: { ...resources.requests, 'ephemeral-storage': '1Gi' } }
    expect(await resize([{ name: 'main', image: 'app', resources: disk }])).toMatch(/^422 .*only cpu and memory/)
  })

  it('pods/resize obeys the limits of the namespace', async () => {
    await admin.create('/api/v1/namespaces', { metadata: { name: 'limited' } })
    const limited = '/api/v1/namespaces/limited'
    await eventually(
      '200 from the API',
      async () => (await admin.get(`${limited}/serviceaccounts/default`)).code === 200,
    )
    await admin.create(`${limited}/limitranges`, {
      metadata: { name: 'small' },
      spec: { limits: [{ type: 'Container', max: { cpu: '100m' } }] },
    })
    await admin.create(`${limited}/pods`, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'main', image: 'app', resources }] },
    })
    const big = { requests: resources.requests, limits: { ...resources.limits, cpu: '200m' } }
    const answer = await admin.patch(`${limited}/pods/p/resize`, {
      spec: { containers: [{ name: 'main', image: 'app', resources: big }] },
    })
    expect(answer.outcome).toMatch(/^403 .*maximum cpu usage per Container is 100m/)
  })

  it('the status of a custom resource changes nothing else', async () => {
    for (const type of ['merge-patch', 'apply-patch', 'put'] as const) {
      const name = `ship-${type}`
      await admin.create(ships, {
        apiVersion: 'example.com/v1',
        kind: 'Ship',
        metadata: { name, labels: { a: 'b' } },
        spec: { n: 1 },
      })
      const before = (await admin.get(`${ships}/${name}`)).object
      const change = {
        apiVersion: 'example.com/v1',
        kind: 'Ship',
        metadata: { name, ...everyField },
        spec: { n: 2 },
        status: { n: 3 },
      }
      const { resourceVersion } = before.metadata
      const answer =
        type === 'put'
          ? await admin.send('PUT', `${ships}/${name}/status`, {
              ...change,
              metadata: { ...change.metadata, resourceVersion },
            })
          : await admin.send('PATCH', `${ships}/${name}/status?fieldManager=me`, change, {
              'content-type': `application/${type}+${type === 'apply-patch' ? 'yaml' : 'json'}`,
            })
      expect(answer.outcome, type).toBe('200')
      const { object: after } = await admin.get(`${ships}/${name}`)
      expect(written(after), type).toEqual(written(before))
      expect([after.spec, after.status], type).toEqual([{ n: 1 }, { n: 3 }])
    }
  })

  it('the status of a pod keeps its spec, its owners and the annotations that policies go by', async () => {
    const path = `${pods}/${await newPod()}`
    const patch = async (body: object): Promise<string> => (await admin.patch(`${path}/status`, body)).outcome
    const { labels, ownerReferences } = everyField
    expect(await patch({ metadata: { labels, ownerReferences }, spec: { hostNetwork: true } })).toBe('200')
    const { metadata, spec } = (await admin.get(path)).object
    expect([metadata.ownerReferences, spec['hostNetwork']]).toEqual([undefined, undefined])
    for (const key of ['kubernetes.io/config.mirror', 'container.apparmor.security.beta.kubernetes.io/main'])
      expect(await patch({ metadata: { annotations: { [key]: 'unconfined' } } })).toMatch(/^422 .*may not add/)
  })

  it('an approval does not issue, and a status does not approve', async () => {
    const key = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
    const request = Buffer.from(
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
    ).toString('base64')
    const spec = { request, signerName: 'example.com/x', usages: ['client auth'] }
    expect((await admin.create(key, { metadata: { name: 'csr' }, spec })).outcome).toBe('201')
    const condition = (type: string): object => ({ type, status: 'True', reason: 'x', message: 'x' })
    const issue = { status: { certificate: Buffer.from('x').toString('base64') } }
    // An approval is of conditions alone: what else is sent is dropped.
    expect((await admin.patch(`${key}/csr/approval`, issue)).outcome).toBe('200')
    expect((await admin.get(`${key}/csr`)).object['status']).toEqual({})
    const approve = { status: { conditions: [condition('Approved')] } }
    expect((await admin.patch(`${key}/csr/status`, approve)).outcome).toMatch(/^422 .*may not add a condition/)
    // Annotations may come with an approval (Kubernetes' conformance tests); owners may not.
    expect((await admin.patch(`${key}/csr/approval`, { ...approve, metadata: everyField })).outcome).toBe('200')
    expect((await admin.get(`${key}/csr`)).object.metadata.ownerReferences).toBeUndefined()
  })

  it('a binding overwrites no labels', async () => {
    const name = await newPod({ nodeName: undefined, schedulerName: 'nobody' })
    const binding = {
      metadata: { name, labels: { app: 'evil', zone: 'a' } },
      target: { kind: 'Node', name: 'worker-1' },
    }
    expect((await admin.create(`${pods}/${name}/binding`, binding)).code).toBe(201)
    expect((await admin.get(`${pods}/${name}`)).object.metadata.labels).toEqual({ app: 'x', zone: 'a' })
  })
})

describe('validating policies see writes of subresources', () => {
  async function forbid(name: string, resources: string[], apiGroups = ['']): Promise<void> {
    const policy = {
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups, apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources }],
          namespaceSelector: { matchLabels: { guarded: 'yes' } },
        },
        validations: [{ expression: 'false', message: `forbidden by ${name}` }],
      },
    }
    expect((await admin.create(`${admission}/validatingadmissionpolicies`, policy)).outcome).toBe('201')
    const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } }
    expect((await admin.create(`${admission}/validatingadmissionpolicybindings`, binding)).outcome).toBe('201')
  }

  it('by the rule that names them, and by no other', async () => {
    await admin.create('/api/v1/namespaces', { metadata: { name: 'guarded', labels: { guarded: 'yes' } } })
    const guarded = '/api/v1/namespaces/guarded'
    await eventually(
      '200 from the API',
      async () => (await admin.get(`${guarded}/serviceaccounts/default`)).code === 200,
    )
    const spec = { containers: [{ name: 'main', image: 'app' }], schedulerName: 'nobody' }
    for (const name of ['a', 'b', 'c']) await admin.create(`${guarded}/pods`, { metadata: { name }, spec })
    const write = async (part: string, pod: string): Promise<string> => {
      const answer =
        part === 'binding' || part === 'eviction'
          ? await admin.create(`${guarded}/pods/${pod}/${part}`, {
              metadata: { name: pod },
              target: { name: 'worker-1' },
            })
          : await admin.patch(`${guarded}/pods/${pod}/${part}`, {})
      return answer.outcome
    }
    const parts = ['status', 'ephemeralcontainers', 'resize', 'binding', 'eviction']
    await forbid('main-resource', ['pods'])
    expect((await admin.patch(`${guarded}/pods/a`, {})).outcome).toMatch(/main-resource/)
    for (const part of ['status', 'ephemeralcontainers', 'resize']) expect(await write(part, 'a'), part).toBe('200')
    for (const part of parts) {
      await forbid(part, [`pods/${part}`])
      expect(await write(part, 'b'), part).toMatch(new RegExp(`forbidden by ${part}`))
    }
    for (const part of parts) {
      await admin.remove(`${admission}/validatingadmissionpolicybindings/${part}`)
      expect(await write(part, part === 'eviction' ? 'c' : 'b'), part).toMatch(/^20[01]/)
    }
    await forbid('all-parts', ['pods/*'])
    await admin.create(`${guarded}/configmaps`, { metadata: { name: 'x' } })
    expect(await write('status', 'b')).toMatch(/forbidden by all-parts/)
  })

  it('of custom resources as well', async () => {
    await forbid('ship-status', ['ships/status'], ['example.com'])
    const guarded = ships.replace('default', 'guarded')
    const ship = { apiVersion: 'example.com/v1', kind: 'Ship', metadata: { name: 's' }, spec: { n: 1 } }
    expect((await admin.create(guarded, ship)).outcome).toBe('201')
    expect((await admin.patch(`${guarded}/s`, { spec: { n: 2 } })).outcome).toBe('200')
    expect((await admin.patch(`${guarded}/s/status`, { status: { n: 2 } })).outcome).toMatch(/forbidden by ship-status/)
  })
})

describe('PodSecurity', () => {
  const restricted = '/api/v1/namespaces/restricted/pods'
  const safe = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: 'app',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  }
  const [main] = safe.containers
  beforeAll(async () => {
    await admin.create('/api/v1/namespaces', {
      metadata: { name: 'restricted', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
    await eventually(
      '200 from the API',
      async () => (await admin.get('/api/v1/namespaces/restricted/serviceaccounts/default')).code === 200,
    )
    expect((await admin.create(restricted, { metadata: { name: 'safe' }, spec: safe })).outcome).toBe('201')
  })

  const host = '169.254.169.254'
  const bad: [what: string, spec: object][] = [
    ['a host of a probe', { containers: [{ ...main, livenessProbe: { httpGet: { host, port: 80 } } }] }],
    ['a host of a TCP probe', { containers: [{ ...main, readinessProbe: { tcpSocket: { host, port: 80 } } }] }],
    ['a host of a hook', { containers: [{ ...main, lifecycle: { postStart: { httpGet: { host, port: 80 } } } }] }],
    ['AppArmor', { securityContext: { ...safe.securityContext, appArmorProfile: { type: 'Unconfined' } } }],
  ]
  it.each(bad)('refuses %s', async (_, spec) => {
    const answer = await admin.create(restricted, { metadata: { name: 'bad' }, spec: { ...safe, ...spec } })
    expect(answer.outcome).toMatch(/^403 .*violates PodSecurity "restricted:latest"/)
  })

  it('looks at ephemeral containers that are added', async () => {
    const ephemeralContainers = [{ name: 'root', image: 'app', securityContext: { privileged: true } }]
    const answer = await admin.patch(`${restricted}/safe/ephemeralcontainers`, { spec: { ephemeralContainers } })
    expect(answer.outcome).toMatch(/^403 .*violates PodSecurity/)
  })

  it('is not switched off by a label that cannot be read', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'Restricted' }
    const answer = await admin.patch('/api/v1/namespaces/restricted', { metadata: { labels } })
    expect(answer.outcome).toMatch(/^422 .*must be one of privileged, baseline, restricted/)
  })
})

describe('impersonation', () => {
  const ask = (headers: Record<string, string | string[]>) =>
    admin.send('GET', '/api/v1/namespaces', undefined, headers)
  const refused: [what: string, headers: Record<string, string>][] = [
    ['groups', { 'impersonate-group': 'system:masters' }],
    ['a uid', { 'impersonate-uid': 'x' }],
    ['extra', { 'impersonate-extra-scopes': 'view' }],
    ['extra beside an empty user', { 'impersonate-user': '', 'impersonate-extra-scopes': 'view' }],
  ]
  it.each(refused)('of %s without a user is refused', async (_, headers) => {
    expect((await ask(headers)).outcome).toMatch(/^400 .*without impersonating a user/)
  })

  it.each(['%', '%ff', '%zz', 'a%e0%a4%a'])('with the malformed escape %s in a header is refused', async (key) => {
    const answer = await ask({ 'impersonate-user': 'jane', [`impersonate-extra-${key}`]: 'x' })
    expect(answer.outcome).toMatch(/^400 .*malformed escape/)
  })

  it('keeps values apart and asks for each of them', async () => {
    const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const answer = await admin.send(
      'POST',
      review,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      {
        'impersonate-user': 'jane',
        'impersonate-extra-example.com%2fscopes': ['a, b', 'c'],
        'impersonate-extra-__proto__': 'x',
      },
    )
    const { extra } = answer.object.status['userInfo'] as { extra: Record<string, string[]> }
    expect(extra['example.com/scopes']).toEqual(['a, b', 'c'])
    expect(Object.entries(extra)).toContainEqual(['__proto__', ['x']])
  })
})

it('a name in a field selector grants no other verb than reading', async () => {
  const rule = {
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: ['one'],
    verbs: ['get', 'list', 'create', 'deletecollection'],
  }
  await admin.create(`${rbac}/namespaces/default/roles`, { metadata: { name: 'one' }, rules: [rule] })
  await admin.create(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'one' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'one' },
    subjects: [{ kind: 'User', name: 'jane' }],
  })
  const maps = '/api/v1/namespaces/default/configmaps'
  const as = (method: string, query: string, body?: object) =>
    admin.send(method, `${maps}?fieldSelector=${encodeURIComponent(query)}`, body, { 'impersonate-user': 'jane' })
  await eventually('200 from the API', async () => (await as('GET', 'metadata.name=one')).code === 200)
  expect((await as('GET', 'metadata.name==one')).code).toBe(200)
  expect((await as('GET', 'metadata.name!=one')).code).toBe(403)
  expect((await as('POST', 'metadata.name=one', { metadata: { name: 'two' } })).code).toBe(403)
  expect((await as('DELETE', 'metadata.name=one')).code).toBe(403)
})
