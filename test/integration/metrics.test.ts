import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'
import { sinceKubectl, type Kubectl } from '../support/kubectl.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  kubectl = cluster.kubectl
  await kubectl.withInput(pod('web', 'default', ['100m', '50m']), 'apply', '-f', '-')
  await kubectl.ok('create', 'namespace', 'yard')
  await kubectl.withInput(pod('crane', 'yard', ['200m']), 'apply', '-f', '-')
  await vi.waitFor(
    async () => {
      const { stdout } = await kubectl('top', 'pods', '-A', '--no-headers')
      expect(stdout.trim().split('\n')).toHaveLength(2)
      // kubectl prints nodes without metrics last, as <unknown>.
      expect(await kubectl.ok('top', 'nodes')).not.toContain('unknown')
    },
    { timeout: 60_000, interval: 1_000 },
  )
})
afterAll(() => cluster?.stop())

const pod = (name: string, namespace: string, cpus: string[]): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec:
  containers:
${cpus.map((cpu, i) => `  - {name: c${i}, image: x, resources: {requests: {cpu: ${cpu}, memory: 64Mi}}}`).join('\n')}
`
const rowsOf = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))

describe('kubectl', () => {
  it('top nodes prints usage and its share', async () => {
    const [header, ...rows] = rowsOf(await kubectl.ok('top', 'nodes'))
    expect(header?.slice(0, 2)).toEqual(['NAME', 'CPU(cores)'])
    expect(rows.map(([name]) => name)).toEqual(['worker-1', 'worker-2'])
    for (const [, cpu, share] of rows) {
      expect(cpu).toMatch(/^\d+m$/)
      expect(share).toMatch(/^\d+%$/)
    }
  })

  it('top pods sorts, selects and adds up', async () => {
    const all = rowsOf(await kubectl.ok('top', 'pods', '-A', '--sort-by=cpu', '--no-headers'))
    expect(all.map(([, name]) => name)).toEqual(['crane', 'web'])
    expect(rowsOf(await kubectl.ok('top', 'pods', '-l', 'app=web', '--no-headers'))[0]?.[0]).toBe('web')
    expect((await kubectl('top', 'pods', '-l', 'app=none')).stderr).toContain('No resources found')
    expect(rowsOf(await kubectl.ok('top', 'pod', 'crane', '-n', 'yard', '--no-headers'))[0]?.[0]).toBe('crane')
    expect((await kubectl('top', 'pod', 'absent')).stderr).toContain('pods "absent" not found')
    if (sinceKubectl(24)) expect(await kubectl.ok('top', 'pods', '--sum')).toMatch(/_+\s+_+\s+\d+m\s+\d+Mi/)
  })

  it('top pods prints containers', async () => {
    const rows = rowsOf(await kubectl.ok('top', 'pods', 'web', '--containers', '--no-headers'))
    expect(rows.map(([name, container]) => [name, container])).toEqual([
      ['web', 'c0'],
      ['web', 'c1'],
    ])
  })

  it('gets metrics as objects and as a table', async () => {
    const list = JSON.parse(await kubectl.ok('get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods')) as {
      items: { metadata: { name: string; labels: object }; timestamp: string; window: string }[]
    }
    const web = list.items.find(({ metadata }) => metadata.name === 'web')
    expect(web?.metadata.labels).toEqual({ app: 'web' })
    expect(web?.window).toMatch(/^\d+(\.\d+)?s$/)
    expect(Date.now() - Date.parse(web?.timestamp ?? '')).toBeLessThan(30_000)
    const table = rowsOf(await kubectl.ok('get', 'nodes.metrics.k8s.io'))
    expect(table[0]).toEqual(['NAME', 'CPU', 'MEMORY', 'WINDOW'])
    expect(await kubectl.ok('get', 'podmetrics', '-n', 'yard', '-o', 'name')).toBe('podmetrics.metrics.k8s.io/crane\n')
  })

  it('finds the API, and explains it', async () => {
    const resources = rowsOf(await kubectl.ok('api-resources', '--api-group=metrics.k8s.io', '--no-headers'))
    expect(resources).toEqual([
      ['nodes', 'metrics.k8s.io/v1beta1', 'false', 'NodeMetrics'],
      ['pods', 'metrics.k8s.io/v1beta1', 'true', 'PodMetrics'],
    ])
    expect(await kubectl.ok('explain', 'podmetrics.containers', '--api-version=metrics.k8s.io/v1beta1')).toContain(
      'usage',
    )
    expect(await kubectl.ok('get', 'nodes', '-o', 'name')).toContain('node/worker-1')
  })

  it('cannot write it', async () => {
    expect((await kubectl('delete', 'nodes.metrics.k8s.io', 'worker-1')).stderr).toContain('MethodNotAllowed')
  })

  it('view may read it, and nobody without a role', async () => {
    await kubectl.ok('create', 'rolebinding', 'viewer', '--clusterrole=view', '--user=vera', '-n', 'yard')
    const asVera = (...args: string[]) => kubectl('--as=vera', ...args)
    await expect.poll(async () => (await asVera('top', 'pods', '-n', 'yard', '--no-headers')).stdout).toContain('crane')
    expect((await asVera('top', 'pods', '-n', 'default')).stderr).toContain(
      'pods.metrics.k8s.io is forbidden: User "vera" cannot list resource "pods" in API group "metrics.k8s.io"',
    )
  })
})
