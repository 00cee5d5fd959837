import { describe, expect, test } from 'vitest'
import type { Deployment, Ingress, NetworkPolicy, Node, Pod, Service } from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import { topologyOf, type Topology } from './graph.ts'
import { layOut, sizeOf } from './layout.ts'
import type { HttpRoute, TopologySnapshot } from './terrain.ts'
import { inReadingOrder, stepFrom } from './walk.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const meta = (name: string, more: object = {}) => ({ name, namespace: 'shop', uid: `uid-${name}`, ...more })
const http = { name: 'http', containerPort: 8080 }

interface Of {
  replicas?: number
  ready?: boolean
  ports?: { name?: string; containerPort: number }[]
  volumes?: NonNullable<Pod['spec']>['volumes']
}
/** A Deployment with its pods, as StatefulSets own them: without a ReplicaSet between. */
function workload(name: string, { replicas = 1, ready = true, ports = [http], volumes = [] }: Of = {}) {
  const spec = { containers: [{ name: 'c', image: 'i', ports }], volumes }
  const labels = { app: name }
  const deployment = stored<Deployment>({
    metadata: meta(name),
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    status: { readyReplicas: ready ? replicas : 0 },
  })
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: `uid-${name}`, controller: true }
  const pods = Array.from({ length: replicas }, (_, at) =>
    stored<Pod>({
      metadata: meta(`${name}-${at}`, { labels, ownerReferences: [owner] }),
      spec: { ...spec, nodeName: `worker-${(at % 2) + 1}` },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    }),
  )
  return { deployment, pods }
}
const service = (name: string, app = name, targetPort: string | number = 'http') =>
  stored<Service>({ metadata: meta(name), spec: { selector: { app }, ports: [{ port: 80, targetPort }] } })
const ingress = (name: string, ...backends: [service: string, port: number][]) =>
  stored<Ingress>({
    metadata: meta(name),
    spec: {
      ingressClassName: 'slipway',
      rules: [
        {
          host: 'shop.localhost',
          http: {
            paths: backends.map(([to, number]) => ({
              path: `/${to}`,
              pathType: 'Prefix',
              backend: { service: { name: to, port: { number } } },
            })),
          },
        },
      ],
    },
  })
const policy = (name: string, spec: NonNullable<NetworkPolicy['spec']>) =>
  stored<NetworkPolicy>({ metadata: meta(name), spec })
const nodes = ['worker-1', 'worker-2'].map((name) =>
  stored<Node>({ metadata: { name }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
)

function snapshotOf(workloads: ReturnType<typeof workload>[], more: Partial<TopologySnapshot> = {}): TopologySnapshot {
  const deployments = workloads.map(({ deployment }) => deployment)
  return {
    ...{ now, nodes, deployments, pods: workloads.flatMap(({ pods }) => pods), services: [], ingresses: [] },
    ingressClasses: [stored({ metadata: { name: 'slipway' } })],
    ...more,
  }
}
const mapOf = (snapshot: TopologySnapshot, unfolded: string[] = [], lens: 'traffic' | 'config' = 'traffic'): Topology =>
  topologyOf(snapshot, 'shop', { lens, unfolded: new Set(unfolded) })
const edges = (map: Topology): string[] => map.edges.map(({ id, look }) => `${id} ${look}`)
const problems = (map: Topology): string[] => map.problems.map(({ tone, at, short }) => `${tone} ${at}: ${short}`)

describe('the way of traffic', () => {
  test('leads from an Ingress over its Service to the workload, its pods and their workers', () => {
    const map = mapOf(
      snapshotOf([workload('web', { replicas: 2 })], {
        services: [service('web')],
        ingresses: [ingress('shop', ['web', 80])],
      }),
    )
    expect(edges(map)).toEqual([
      'Ingress/shop>Service/web flow',
      'Service/web>Deployment/web flow',
      'Deployment/web>Pod/web-0 flow',
      'Deployment/web>Pod/web-1 flow',
      'Pod/web-0>Node/worker-1 place',
      'Pod/web-1>Node/worker-2 place',
    ])
    expect(map.problems).toEqual([])
    expect(map.nodes.find(({ id }) => id === 'Ingress/shop')?.text).toBe('shop.localhost · 1 path')
  })

  test('leads from an HTTPRoute, too, and to pods that nobody manages', () => {
    const route = stored<HttpRoute>({
      metadata: meta('api'),
      spec: { hostnames: ['api.localhost'], rules: [{ backendRefs: [{ name: 'tool', port: 80 }] }] },
    })
    const [pod] = workload('tool').pods
    const bare = stored<Pod>({ ...pod, metadata: meta('tool', { labels: { app: 'tool' } }) })
    const map = mapOf(snapshotOf([], { pods: [bare], services: [service('tool')], httpRoutes: [route] }))
    expect(edges(map)).toEqual([
      'HTTPRoute/api>Service/tool flow',
      'Service/tool>Pod/tool flow',
      'Pod/tool>Node/worker-1 place',
    ])
  })

  test('ends at the workload when it has no pods', () => {
    const map = mapOf(snapshotOf([workload('web', { replicas: 0 })], { services: [service('web')] }))
    expect(edges(map)).toEqual(['Service/web>Deployment/web dead'])
    expect(map.nodes.find(({ id }) => id === 'Deployment/web')?.tone).toBe('stopped')
  })

  test('follows the order of the lane before', () => {
    const map = mapOf(
      snapshotOf([workload('a'), workload('z')], {
        services: [service('a'), service('z')],
        ingresses: [ingress('shop', ['z', 80])],
      }),
    )
    expect(map.nodes.filter(({ lane }) => lane === 'workloads').map(({ name }) => name)).toEqual(['z', 'a'])
  })
})

describe('many pods', () => {
  const lane = (map: Topology): string[] => map.nodes.filter((node) => node.lane === 'pods').map(({ name }) => name)

  test('are one node beyond six, with how many there are of each state, until they are unfolded', () => {
    const snapshot = snapshotOf([workload('web', { replicas: 7 }), workload('api', { replicas: 6 })])
    const map = mapOf(snapshot)
    expect(lane(map)).toEqual([...Array.from({ length: 6 }, (_, at) => `api-${at}`), '7 pods'])
    expect(map.nodes.find(({ kind }) => kind === 'Pods')).toMatchObject({ text: '7 Running', tone: 'good' })
    expect(edges(map)).toContain('Pods/Deployment/web>Node/worker-2 place')
    const open = mapOf(snapshot, ['Deployment/web'])
    expect(lane(open)).toHaveLength(6 + 1 + 7)
    expect(edges(open)).toContain('Pod/web-6>Node/worker-1 place')
  })

  test('are one node for each workload in a namespace with hundreds', () => {
    const workloads = Array.from({ length: 100 }, (_, at) => workload(`w${at}`, { replicas: 5 }))
    expect(lane(mapOf(snapshotOf(workloads)))).toHaveLength(100)
  })
})

describe('problems of traffic', () => {
  const find = (more: Partial<TopologySnapshot>, web: Of = {}): Topology =>
    mapOf(snapshotOf([workload('web', web)], more))

  test('a Service that selects no pods says so itself', () => {
    const map = find({ services: [service('web', 'wep')] })
    expect(problems(map)).toEqual(['bad Service/web: No endpoints'])
    expect(map.problems[0]?.sentence).toBe('No pod has the labels app=wep, so nothing answers.')
    expect(map.problems[0]?.links).toMatchObject([{ kind: 'Pod', name: 'web-0' }])
  })

  test('pods that are not ready, and a port that no container has, are drawn on the way to them', () => {
    const unready = find({ services: [service('web')] }, { ready: false })
    expect(problems(unready)).toEqual(['bad Service/web>Deployment/web: No pod is Ready'])
    expect(edges(unready)).toContain('Service/web>Deployment/web dead')
    const unheard = find({ services: [service('web', 'web', 'metrics')] })
    expect(problems(unheard)).toEqual(['bad Service/web>Deployment/web: No container has the port'])
    expect(edges(unheard)).toContain('Service/web>Deployment/web broken')
    const undeclared = find({ services: [service('web', 'web', 9090)] })
    expect(problems(undeclared)).toEqual(['warn Service/web>Deployment/web: Port is not declared'])
    expect(edges(undeclared)).toContain('Service/web>Deployment/web flow')
  })

  test('a part of the pods that answers makes it less bad', () => {
    const green = workload('green')
    const blue = workload('blue', { ready: false })
    const both = service('both')
    both.spec = { selector: { tier: 'web' }, ports: [{ port: 80, targetPort: 'http' }] }
    for (const { pods } of [green, blue]) for (const { metadata } of pods) metadata.labels = { tier: 'web' }
    const map = mapOf(snapshotOf([green, blue], { services: [both] }))
    expect(problems(map)).toEqual(['warn Service/both>Deployment/blue: No pod is Ready'])
  })

  test('a backend whose Service or port is missing is drawn on its way, the Service as what is not there', () => {
    const map = find({ services: [service('web')], ingresses: [ingress('shop', ['web', 81], ['cart', 80])] })
    expect(problems(map)).toEqual([
      'bad Ingress/shop>Service/web: Service port is missing',
      'bad Ingress/shop>Service/cart: Service is missing',
    ])
    expect(map.nodes.find(({ id }) => id === 'Service/cart')).toMatchObject({ isMissing: true, text: 'Does not exist' })
    expect(map.nodes.find(({ id }) => id === 'Ingress/shop')?.problems).toHaveLength(2)
    expect(edges(map)).toContain('Ingress/shop>Service/cart broken')
  })

  test('nothing follows from Services that may not be read', () => {
    const { services: _, ...snapshot } = snapshotOf([workload('web')], { ingresses: [ingress('shop', ['web', 80])] })
    expect(mapOf(snapshot).problems).toEqual([])
  })

  test('an Ingress that no controller serves says so itself', () => {
    const map = find({ services: [service('web')], ingresses: [ingress('shop', ['web', 80])], ingressClasses: [] })
    expect(problems(map)).toEqual(['bad Ingress/shop: IngressClass is missing'])
  })

  test('a route that its Gateway refuses says why', () => {
    const route = stored<HttpRoute>({
      metadata: meta('api'),
      status: {
        parents: [{ conditions: [{ type: 'Accepted', status: 'False', reason: 'NoMatchingParent', message: 'no' }] }],
      },
    })
    expect(find({ httpRoutes: [route] }).problems).toMatchObject([
      { at: 'HTTPRoute/api', short: 'NoMatchingParent', why: ['no'] },
    ])
  })

  test('policies that let nothing in break the way to the pods, unless another lets something in', () => {
    const closing = policy('closed', { podSelector: {} })
    const opening = policy('open', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{}] })
    const egress = policy('out', { podSelector: {}, policyTypes: ['Egress'] })
    const services = [service('web')]
    const closed = find({ services, networkPolicies: [closing, egress] })
    expect(problems(closed)).toEqual(['bad Deployment/web: No traffic let in'])
    expect(closed.problems[0]?.sentence).toBe('closed selects pods of web, and lets no traffic in.')
    expect(edges(closed)).toContain('Service/web>Deployment/web broken')
    expect(find({ services, networkPolicies: [closing, opening] }).problems).toEqual([])
    expect(find({ services, networkPolicies: [egress] }).problems).toEqual([])
    expect(problems(find({ networkPolicies: [closing] }))).toEqual(['quiet Deployment/web: No traffic let in'])
  })
})

describe('what workloads use', () => {
  const volumes = [
    { name: 'a', configMap: { name: 'settings' } },
    { name: 'b', secret: { secretName: 'token' } },
    { name: 'c', persistentVolumeClaim: { claimName: 'data' } },
  ]

  test('is counted on the map of traffic, and shown on the map of configuration', () => {
    const snapshot = snapshotOf([workload('web', { volumes }), workload('plain')])
    expect(mapOf(snapshot).nodes.find(({ id }) => id === 'Deployment/web')?.uses).toEqual({
      ...{ ConfigMap: 1, Secret: 1, PersistentVolumeClaim: 1 },
    })
    expect(edges(mapOf(snapshot, [], 'config'))).toEqual([
      'Deployment/web>ConfigMap/settings use',
      'Deployment/web>Secret/token use',
      'Deployment/web>PersistentVolumeClaim/data use',
    ])
  })

  const nothing = { claims: [], configMaps: [], secrets: [] }
  test('is told where it does not exist: pods that are not ready wait for it, those that are go on', () => {
    const map = mapOf(snapshotOf([workload('web', { volumes, ready: false })], nothing), [], 'config')
    expect(problems(map)).toEqual([
      'bad Deployment/web>ConfigMap/settings: ConfigMap is missing',
      'bad Deployment/web>Secret/token: Secret is missing',
      'bad Deployment/web>PersistentVolumeClaim/data: PersistentVolumeClaim is missing',
    ])
    expect(edges(map).every((edge) => edge.endsWith(' broken'))).toBe(true)
    const missing = map.nodes.find(({ name }) => name === 'token')
    expect(missing).toMatchObject({ isMissing: true, text: 'Secret' })
    expect(missing).not.toHaveProperty('link')
    const running = mapOf(snapshotOf([workload('web', { volumes })], nothing), [], 'config')
    expect(running.problems.map(({ tone }) => tone)).toEqual(['warn', 'warn', 'warn'])
    expect(edges(running).every((edge) => edge.endsWith(' dead'))).toBe(true)
  })

  test('is no problem where it is there, or where it is not known', () => {
    const there = {
      claims: [stored({ metadata: meta('data') })],
      configMaps: [stored({ metadata: meta('settings') })],
      secrets: [stored({ metadata: meta('token') })],
    }
    for (const lists of [there, {}])
      expect(mapOf(snapshotOf([workload('web', { volumes })], lists), [], 'config').problems).toEqual([])
  })

  test('is no problem where pods do without it', () => {
    const optional = [
      { name: 'a', configMap: { name: 'settings', optional: true } },
      { name: 'b', secret: { secretName: 'token', optional: true } },
    ]
    const map = mapOf(snapshotOf([workload('web', { volumes: optional })], nothing), [], 'config')
    expect(map.problems).toEqual([])
    expect(map.nodes.find(({ name }) => name === 'token')).toMatchObject({ isAbsent: true })
  })
})

describe('the layout', () => {
  const map = mapOf(
    snapshotOf([workload('web', { replicas: 3 }), workload('api'), workload('batch')], {
      services: [service('web'), service('api')],
      ingresses: [ingress('shop', ['web', 80], ['api', 80])],
    }),
  )

  test('has lanes from left to right, in their order, and no nodes on top of each other', async () => {
    const places = await layOut(map)
    const ordered = inReadingOrder(map.nodes, places)
    expect([...new Set(ordered.map(({ lane }) => lane))]).toEqual([
      'routes',
      'services',
      'workloads',
      'pods',
      'workers',
    ])
    for (const [at, node] of ordered.entries()) {
      const place = places.get(node.id)
      const before = ordered[at - 1]
      const above = before?.lane === node.lane ? places.get(before.id) : undefined
      expect(place).toMatchObject(sizeOf(node))
      if (above && place) expect(place.y).toBeGreaterThanOrEqual(above.y + above.height)
      if (above && place) expect(place.x).toBe(above.x)
    }
    expect(ordered.filter(({ lane }) => lane === 'pods').map(({ name }) => name)).toEqual([
      ...['web-0', 'web-1', 'web-2', 'api-0', 'batch-0'],
    ])
  })

  test('is walked by arrow keys: along edges, else to what is nearest', async () => {
    const places = await layOut(map)
    const walk = (from: string, ...keys: string[]): string | undefined =>
      keys.reduce<string | undefined>((at, key) => (at ? stepFrom(map, places, at, key) : undefined), from)
    expect(walk('Ingress/shop', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft')).toBe('Ingress/shop')
    expect(walk('Service/web', 'ArrowRight')).toBe('Deployment/web')
    expect(walk('Service/web', 'ArrowDown', 'ArrowRight', 'ArrowRight')).toBe('Pod/api-0')
    expect(walk('Pod/web-0', 'End', 'Home')).toBe('Pod/web-0')
    expect(walk('Deployment/batch', 'ArrowLeft')).toBe('Service/api')
    expect(walk('Ingress/shop', 'ArrowLeft')).toBeUndefined()
  })
})
