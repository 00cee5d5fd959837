import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApi, patchTypes, type Api, type Wire } from '../conformance/support/api.ts'
import { storedKinds, virtualKinds } from '../support/every-kind.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

interface Served {
  kind: string
  namespaced: boolean
  verbs: string[]
  subresources: string[]
}

const namespace = 'every-kind'
let cluster: SimulatedCluster
let api: Api
/** What aggregated discovery names, by group, version and plural name. */
let served: Map<string, Served>

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  const config = new KubeConfig()
  config.loadFromString(cluster.plane.kubeconfig())
  api = createApi(config)
  await api.create('/api/v1/namespaces', { metadata: { name: namespace } })
  served = new Map([...(await discovered('/api')), ...(await discovered('/apis'))])
})
afterAll(() => cluster?.stop())

async function discovered(path: string): Promise<[string, Served][]> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const { json } = await api.ask('GET', path, { headers: { accept } })
  return json.items.flatMap(({ metadata, versions }: Wire) =>
    versions.flatMap(({ version, resources }: Wire) =>
      resources.map(({ resource, responseKind, scope, verbs = [], subresources = [] }: Wire) => [
        [metadata.name, version, resource].filter(Boolean).join('/'),
        {
          kind: responseKind?.kind,
          namespaced: scope === 'Namespaced',
          verbs,
          subresources: subresources.map(({ subresource }: Wire) => subresource),
        },
      ]),
    ),
  )
}

function pathOf(key: string, { namespaced }: Served): string {
  const [resource = '', version = '', group] = key.split('/').reverse()
  const root = group === undefined ? `/api/${version}` : `/apis/${group}/${version}`
  return `${root}${namespaced ? `/namespaces/${namespace}` : ''}/${resource}`
}

const everyVerb = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
/** Kubernetes refuses to delete these all at once. */
const oneByOne = ['v1/namespaces']

/** What is neither stored nor a review, and custom resources; kubectl-commands, metrics and kubelet/volumes tests try them. */
const others = [
  'v1/bindings',
  'v1/componentstatuses',
  'metrics.k8s.io/v1beta1/nodes',
  'metrics.k8s.io/v1beta1/pods',
  ...['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'].map(
    (plural) => `snapshot.storage.k8s.io/v1/${plural}`,
  ),
]

it('has a manifest for everything that discovery names, and nothing else', () => {
  expect([...served.keys()].sort()).toEqual(
    [...Object.keys(storedKinds), ...Object.keys(virtualKinds), ...others].sort(),
  )
})

describe.each(Object.keys(storedKinds))('%s', (key) => {
  const { manifest, name = (n: number) => `every-kind-${n}` } = storedKinds[key] ?? { manifest: () => ({}) }
  const label = key.split('/').pop()
  const mine = { labelSelector: `every-kind=${label}` }
  const make = (n: number): object => ({
    ...manifest(name(n)),
    metadata: { name: name(n), labels: { 'every-kind': label } },
  })

  it('does everything that Kubernetes does with it', async () => {
    const one = served.get(key)
    if (!one) throw new Error('not in discovery')
    expect([...one.verbs].sort()).toEqual(
      everyVerb.filter((verb) => !oneByOne.includes(key) || verb !== 'deletecollection'),
    )
    const path = pathOf(key, one)
    const at = `${path}/${name(0)}`

    const rehearsed = await api.create(path, make(0), { dryRun: 'All' })
    expect(rehearsed).toMatchObject({ kind: one.kind, metadata: { name: name(0) } })
    await expect(api.get(at)).rejects.toMatchObject({ code: 404 })

    const watching = await api.watch(path, { ...mine, resourceVersion: (await api.get(path)).metadata.resourceVersion })
    const { metadata } = await api.create(path, make(0))
    expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    await expect(api.create(path, make(0))).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' })
    expect(await watching.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: one.kind, metadata: { uid: metadata.uid } },
    })
    expect((await api.get(at)).metadata.uid).toBe(metadata.uid)
    const list = await api.get(path, mine)
    expect(list.kind).toBe(`${one.kind}List`)
    expect(list.items.map((item: Wire) => item.metadata.uid)).toEqual([metadata.uid])

    const annotate = (how: string): object => ({ metadata: { annotations: { [how]: 'yes' } } })
    await api.patch(at, annotate('merge'), 'merge')
    await api.patch(at, annotate('strategic'), 'strategic')
    await api.patch(at, [{ op: 'add', path: '/metadata/annotations/json', value: 'yes' }], 'json')
    const apiVersion = key.split('/').slice(0, -1).join('/')
    await api.patch(
      at,
      { apiVersion, kind: one.kind, metadata: { name: name(0), annotations: { apply: 'yes' } } },
      'apply',
      { fieldManager: 'every-kind' },
    )
    await api.change(at, (object) => (object.metadata.annotations.update = 'yes'))
    const written = { merge: 'yes', strategic: 'yes', json: 'yes', apply: 'yes', update: 'yes' }
    const seen = await watching.until(({ object }) => object.metadata.annotations?.update === 'yes')
    expect(seen).toMatchObject({ type: 'MODIFIED', object: { metadata: { annotations: written } } })

    for (const type of Object.keys(patchTypes).filter((each) => each !== 'json') as (keyof typeof patchTypes)[])
      await api.patch(
        at,
        { apiVersion, kind: one.kind, metadata: { name: name(0), annotations: { rehearsed: 'yes' } } },
        type,
        { dryRun: 'All', fieldManager: 'rehearsal' },
      )
    await api.delete(at, undefined, { dryRun: 'All' })
    const kept = await api.get(at)
    expect(kept.metadata.annotations).toMatchObject(written)
    expect(kept.metadata.annotations).not.toHaveProperty('rehearsed')
    expect(kept.metadata).not.toHaveProperty('deletionTimestamp')

    if (one.subresources.includes('status')) {
      await api.patch(`${at}/status`, annotate('status'))
      expect((await api.get(`${at}/status`)).metadata.uid).toBe(metadata.uid)
    }
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { json: table } = await api.ask('GET', path, { query: mine, headers: { accept } })
    expect(table).toMatchObject({ kind: 'Table', rows: [{ object: { metadata: { uid: metadata.uid } } }] })
    for (const row of table.rows) expect(row.cells).toHaveLength(table.columnDefinitions.length)

    await api.delete(at)
    await watching.until(({ type }) => type === 'DELETED')
    await expect(api.get(at)).rejects.toMatchObject({ code: 404, reason: 'NotFound' })

    if (!one.verbs.includes('deletecollection')) return
    for (const n of [1, 2]) await api.create(path, make(n))
    await api.delete(path, undefined, mine)
    for (let left = 2; left > 0; left--) await watching.until(({ type }) => type === 'DELETED')
    expect((await api.get(path, mine)).items).toEqual([])
  })
})

it.each(Object.keys(virtualKinds))('%s is answered and not stored', async (key) => {
  const one = served.get(key)
  if (!one) throw new Error('not in discovery')
  expect(one.verbs).toEqual(['create'])
  const path = pathOf(key, one)
  const answer = await api.create(path, virtualKinds[key])
  expect(answer.kind).toBe(one.kind)
  expect(answer.status).toBeTruthy()
  expect(await api.ask('GET', path)).toMatchObject({ status: 405 })
})
