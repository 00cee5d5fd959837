import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, expect, test } from 'vitest'
import { startSimulatedCluster } from '../../support/simulated-cluster.ts'
import { createApi, type Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { isReady, podUntil, podWith } from '../support/workloads.ts'

/** Cases that change nodes. They have a cluster of their own, since other tests count nodes and run pods on them. */

const cluster = await startSimulatedCluster({ count: 2 })
afterAll(() => cluster.stop())
const config = new KubeConfig()
config.loadFromString(await readFile(join(cluster.dir, 'cluster/kubeconfig'), 'utf8'))
const api = createApi(config)
const pods = '/api/v1/namespaces/default/pods'
const nodes: string[] = (await api.get('/api/v1/nodes')).items.map(({ metadata }: Wire) => metadata.name)

test('[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]', async () => {
  const at = '/api/v1/nodes/e2e-fake-node'
  const made = await api.create('/api/v1/nodes', {
    metadata: { name: 'e2e-fake-node' },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', message: 'Set from e2e test' }],
    },
  })
  expect((await api.get(at)).metadata.uid).toBe(made.metadata.uid)
  const patched = await api.patch(at, { metadata: { labels: { 'e2e-fake-node': 'patched' } } }, 'strategic')
  expect(patched.metadata.labels).toMatchObject({ 'e2e-fake-node': 'patched' })
  const mine = { labelSelector: 'e2e-fake-node=patched' }
  expect((await api.get('/api/v1/nodes', mine)).items).toMatchObject([{ metadata: { name: 'e2e-fake-node' } }])
  const updated = await api.change(at, ({ metadata }) => (metadata.labels['e2e-fake-node'] = 'updated'))
  expect(updated.metadata.labels).toMatchObject({ 'e2e-fake-node': 'updated' })
  expect((await api.get('/api/v1/nodes', { labelSelector: 'e2e-fake-node=updated' })).items).toHaveLength(1)
  await api.delete('/api/v1/nodes', {}, { labelSelector: 'e2e-fake-node=updated' })
  await eventually('it is gone', async () => (await api.ask('GET', at)).status === 404)
})

const key = 'kubernetes.io/e2e-evict-taint-key'
const taint = { key, value: 'evictTaintVal', effect: 'NoExecute' }

const setTaints = (node: string, taints: object[]): Promise<Wire> =>
  api.patch(`/api/v1/nodes/${node}`, { spec: { taints: taints.length > 0 ? taints : null } })

/** A pod on the node that stays there for some seconds once the node is tainted. */
async function tolerating(name: string, nodeName: string | undefined, tolerationSeconds: number): Promise<Wire> {
  const { metadata, spec } = podWith({ name })
  const tolerations = [{ key, operator: 'Equal', value: taint.value, effect: taint.effect, tolerationSeconds }]
  await api.create(pods, { metadata: { ...metadata, name }, spec: { ...spec, nodeName, tolerations } })
  return podUntil(api, `${pods}/${name}`, isReady)
}

test('[sig-node] NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive] [Conformance]', async () => {
  const [node = '', other = ''] = nodes
  await tolerating('stays', node, 4)
  await tolerating('leaves', other, 6)
  const watching = await api.watch(pods)
  await setTaints(node, [taint])
  await setTaints(other, [taint])
  await setTaints(node, [])
  // The other goes later than the first would have gone.
  await watching.until(({ type, object }) => type === 'DELETED' && object.metadata.name === 'leaves')
  await setTaints(other, [])
  const { metadata, status } = await api.get(`${pods}/stays`)
  expect([metadata.deletionTimestamp, status.phase]).toEqual([undefined, 'Running'])
  await api.delete(`${pods}/stays`)
})

test('[sig-node] NoExecuteTaintManager Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive] [Conformance]', async () => {
  const [node = ''] = nodes
  await tolerating('first', node, 2)
  await tolerating('second', node, 6)
  const watching = await api.watch(pods)
  const tainted = Date.now()
  await setTaints(node, [taint])
  const goes = async (name: string): Promise<number> => {
    await watching.until(({ type, object }) => type === 'DELETED' && object.metadata.name === name)
    return (Date.now() - tainted) / 1000
  }
  expect(await goes('first')).toBeGreaterThanOrEqual(2)
  expect((await api.get(`${pods}/second`)).metadata.deletionTimestamp).toBeUndefined()
  expect(await goes('second')).toBeGreaterThanOrEqual(6)
  await setTaints(node, [])
})
