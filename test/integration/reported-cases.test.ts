import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'
import type { Kubectl } from '../support/kubectl.ts'

/** What users of Kubernetes and its tools have reported about servers that differ: the right answers, by way of kubectl. */
let cluster: SimulatedCluster
let kubectl: Kubectl

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  kubectl = cluster.kubectl
  await define('boxes', boxSchema)
})
afterAll(() => cluster?.stop())

type Json = Record<string, unknown>
const object = (properties: Json): Json => ({ type: 'object', properties })
const boxSchema = object({
  spec: object({
    s: { type: 'string' },
    o: { type: 'object' },
    l: { type: 'array', items: object({ p: { type: 'object' } }) },
    m: { type: 'object', additionalProperties: { type: 'string' } },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
  }),
  status: object({ phase: { type: 'string' } }),
})

const singulars: Record<string, string> = { boxes: 'box', sizes: 'size', convs: 'conv' }
const definition = (plural: string, schema: Json, more: Json = {}): Json => {
  const singular = singulars[plural] ?? plural
  const kind = singular.replace(/^./, (first) => first.toUpperCase())
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.reported.example` },
    spec: {
      group: 'reported.example',
      scope: 'Namespaced',
      names: { plural, singular, kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
        },
      ],
      ...more,
    },
  }
}

const send = (body: Json, ...args: string[]): ReturnType<Kubectl> =>
  kubectl.withInput(JSON.stringify(body), ...args, '-f', '-')
async function accepted(body: Json, ...args: string[]): Promise<Json> {
  const { code, stdout, stderr } = await send(body, ...args, '-ojson')
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Json
}
async function define(plural: string, schema: Json, more?: Json): Promise<void> {
  await accepted(definition(plural, schema, more), 'create')
  await kubectl.ok('wait', '--for=condition=Established', `crd/${plural}.reported.example`, '--timeout=30s')
}
const box = (name: string, spec: Json): Json => ({
  apiVersion: 'reported.example/v1',
  kind: 'Box',
  metadata: { name },
  spec,
})
const pod = (spec: Json): Json => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec })
const container = (more: Json = {}): Json => ({ name: 'c', image: 'x', ...more })

describe('custom resources', () => {
  it('lose nulls of fields that are not nullable', async () => {
    const made = await accepted(
      box('nulls', { s: null, o: null, l: [{ p: null }], m: { k: null }, any: null }),
      'create',
    )
    expect(made['spec']).toEqual({ l: [{}], m: {} })
  })

  it('keep labels and finalizers when their status is written', async () => {
    await accepted(box('parts', {}), 'create')
    const body = { metadata: { labels: { x: 'y' }, finalizers: ['a.b/c'] }, status: { phase: 'Done' } }
    const patch = JSON.stringify(body)
    await kubectl.ok('patch', 'box', 'parts', '--subresource=status', '--type=merge', '-p', patch)
    const now = JSON.parse(await kubectl.ok('get', 'box', 'parts', '-ojson')) as { metadata: Json; status: Json }
    expect(now.status).toEqual({ phase: 'Done' })
    expect(now.metadata).not.toHaveProperty('labels')
    expect(now.metadata).not.toHaveProperty('finalizers')
  })

  it.each(['', '/status'])('are not replaced at %s without a resourceVersion', async (part) => {
    const path = `/apis/reported.example/v1/namespaces/default/boxes/parts${part}`
    const { code, stderr } = await send(box('parts', {}), 'replace', '--raw', path)
    expect(code).not.toBe(0)
    expect(stderr).toContain('metadata.resourceVersion: Invalid value: 0: must be specified for an update')
  })

  it('may have integers or strings that are said to be strings', async () => {
    await define('sizes', object({ spec: object({ q: { type: 'string', 'x-kubernetes-int-or-string': true } }) }))
    for (const q of [5, '5Gi'])
      await accepted(
        { apiVersion: 'reported.example/v1', kind: 'Size', metadata: { generateName: 's-' }, spec: { q } },
        'create',
      )
  })

  it('may be converted by webhooks that know v1beta1 only', async () => {
    const webhook = {
      conversionReviewVersions: ['v1alpha1', 'v1beta1'],
      clientConfig: { service: { namespace: 'a', name: 'b' } },
    }
    await define('convs', { type: 'object' }, { conversion: { strategy: 'Webhook', webhook } })
  })
})

describe('zero values', () => {
  const template = (more: Json): Json => ({
    metadata: { labels: { app: 'zv' } },
    spec: { containers: [{ name: 'c', image: 'nginx:stable' }], ...more },
  })
  const zeros = { hostNetwork: false, nodeSelector: {}, tolerations: [] }

  it('start no rollout', async () => {
    const deployment = (more: Json): Json => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'zv' },
      spec: { selector: { matchLabels: { app: 'zv' } }, template: template(more) },
    })
    await accepted(deployment({}), 'apply')
    const sets = async (): Promise<string[]> =>
      (await kubectl.ok('get', 'replicasets', '-lapp=zv', '-oname')).trim().split('\n')
    await vi.waitFor(async () => expect(await sets()).toHaveLength(1), { timeout: 30_000 })
    await accepted(deployment(zeros), 'apply')
    await vi.waitFor(
      async () => {
        // The annotation of kubectl counts as a change of a Deployment.
        const seen = await kubectl.ok('get', 'deployment', 'zv', '-ojsonpath={.status.observedGeneration}')
        expect(seen).toBe('2')
      },
      { timeout: 30_000 },
    )
    expect(await sets()).toHaveLength(1)
  })

  it('are no change of a Job', async () => {
    await kubectl.ok('create', 'job', 'zj', '--image=busybox:1.36', '--', 'true')
    const patch = JSON.stringify({ spec: { template: { spec: zeros } } })
    expect(await kubectl.ok('patch', 'job', 'zj', '--type=merge', '-p', patch)).toContain('no change')
  })
})

it('expressions have the functions of cel-go', async () => {
  await accepted(
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'functions' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
        },
        validations: [
          { expression: "matches(object.metadata.name, '^[a-z]+$')" },
          { expression: "format.dns1123Label().validate('a') == null || true" },
          { expression: 'lists.range(3) == [0, 1, 2]' },
          { expression: "duration('1s') + timestamp(0) == timestamp(1)" },
        ],
      },
    },
    'create',
  )
})

describe('server-side apply', () => {
  it('refuses an item that is in a list twice', async () => {
    const ports = [
      { containerPort: 80, name: 'http' },
      { containerPort: 80, name: 'https' },
    ]
    const twice = pod({ containers: [container({ ports })] })
    expect((await send(twice, 'apply', '--server-side')).stderr).toContain(
      '.spec.containers[name="c"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
    )
    expect((await send(box('twice', { set: ['a', 'a'] }), 'apply', '--server-side')).stderr).toContain(
      'duplicate entries',
    )
  })
})

describe('is refused', () => {
  const containers = [container()]
  it.each<[string, Json]>([
    ['a new pod with ephemeral containers', { containers, ephemeralContainers: [{ name: 'e', image: 'x' }] }],
    ['a gated pod with a node', { containers, schedulingGates: [{ name: 'a' }], nodeName: 'n1' }],
    [
      'a sleep beyond the grace period',
      { containers: [container({ lifecycle: { preStop: { sleep: { seconds: 100 } } } })] },
    ],
    ['a device without a volume', { containers: [container({ volumeDevices: [{ name: 'none', devicePath: '/d' }] })] }],
    [
      'an unknown resize policy',
      { containers: [container({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'X' }] })] },
    ],
    [
      'an unmasked /proc with the host’s users',
      { containers: [container({ securityContext: { procMount: 'Unmasked' } })] },
    ],
    ['an overhead without a runtime class', { containers, overhead: { cpu: '1' } }],
    ['a Linux user on Windows', { containers, os: { name: 'windows' }, securityContext: { runAsUser: 1 } }],
    ['a disk without a name', { containers, volumes: [{ name: 'v', gcePersistentDisk: { pdName: '' } }] }],
  ])('%s', async (_, spec) => {
    const { code, stderr } = await send(pod(spec), 'create', '--dry-run=server')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/is invalid|is forbidden/)
  })

  it.each<[string, Json]>([
    [
      'a source range that is none',
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'x' },
        spec: { type: 'LoadBalancer', ports: [{ port: 80 }], loadBalancerSourceRanges: ['1.2.3.4/33'] },
      },
    ],
    [
      'a quota of nothing that exists',
      { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'x' }, spec: { hard: { bogus: '1' } } },
    ],
    [
      'an endpoint of the loopback',
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'x' },
        subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }] }],
      },
    ],
    [
      'a range of pods with bits of a host',
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'x' },
        spec: { podCIDR: '10.1.2.3/24', podCIDRs: ['10.1.2.3/24'] },
      },
    ],
    [
      'a claim of no size',
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'x' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers } },
          volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: { accessModes: ['ReadWriteOnce'] } }],
        },
      },
    ],
  ])('%s', async (_, body) => {
    const { code, stderr } = await send(body, 'create', '--dry-run=server')
    expect(code).not.toBe(0)
    expect(stderr).toContain('is invalid')
  })

  it('not a negative grace period', async () => {
    await accepted(pod({ containers, terminationGracePeriodSeconds: -5 }), 'create', '--dry-run=server')
  })
})
