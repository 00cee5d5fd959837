import { expect, test } from 'vitest'
import { text } from 'node:stream/consumers'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createSimulatedConnector } from './node-api.ts'
import { simulatedSummary } from './simulated-summary.ts'

const now = Date.parse('2026-01-01T12:10:00Z')
const since = now - 100_000
const node: Stored<Node> = {
  metadata: { name: 'sim-1', uid: 'n', resourceVersion: '1', creationTimestamp: '2026-01-01T12:00:00Z' },
  status: { capacity: { cpu: '8', memory: '32Gi' } },
}
const pod: Stored<Pod> = {
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    annotations: { 'simulated.slipway.dev/cpu-usage': '50%', 'simulated.slipway.dev/memory-usage.side': '10Mi' },
  },
  spec: {
    containers: [
      { name: 'c', resources: { requests: { cpu: '1', memory: '100Mi' } } },
      { name: 'side', resources: { requests: { cpu: '200m' } } },
    ],
  },
}
const containers = ['c', 'side'].map((name) => ({ name, since, startedAt: '2026-01-01T12:08:20Z' }))
const summary = simulatedSummary(node, [{ pod, containers }], { layers: [], now })

function connected(): ReturnType<typeof createSimulatedConnector> {
  const connector = createSimulatedConnector()
  connector.attach({
    summary: (name) => (name === 'sim-1' ? summary : undefined),
    pods: () => ({ kind: 'PodList', items: [pod] }),
  })
  return connector
}
async function answerTo(path: string, method = 'GET'): Promise<[status: number, body: string]> {
  const { status, stream } = await connected().request('sim-1', { method, path })
  return [status, await text(stream)]
}

test('a summary has the usage that the settings of a pod describe', () => {
  expect(summary.pods[0]).toMatchObject({
    podRef: { name: 'web', namespace: 'default', uid: 'u' },
    containers: [
      {
        name: 'c',
        cpu: { usageNanoCores: 500_000_000, usageCoreNanoSeconds: 50_000_000_000 },
        memory: { workingSetBytes: 60 * 2 ** 20 },
      },
      { name: 'side', cpu: { usageNanoCores: 100_000_000 }, memory: { workingSetBytes: 10 * 2 ** 20 } },
    ],
    cpu: { usageNanoCores: 600_000_000 },
    memory: { workingSetBytes: 70 * 2 ** 20 },
  })
  expect(summary.node.cpu?.usageNanoCores).toBe(650_000_000)
  expect(summary.node.startTime).toBe('2026-01-01T12:00:00Z')
})

test('a simulated kubelet answers what needs no container', async () => {
  expect(JSON.parse((await answerTo('/stats/summary?only_cpu_and_memory=true'))[1])).toEqual(summary)
  expect((await answerTo('/pods'))[1]).toContain('"PodList"')
  expect(await answerTo('/healthz')).toEqual([200, 'ok'])
  const [status, metrics] = await answerTo('/metrics/resource')
  expect(status).toBe(200)
  expect(metrics).toContain('# TYPE container_cpu_usage_seconds_total counter\n')
  expect(metrics).toContain('container_cpu_usage_seconds_total{container="c",namespace="default",pod="web"} 50\n')
  expect(metrics).toContain('pod_memory_working_set_bytes{namespace="default",pod="web"} 73400320\n')
})

test.each([
  ['/containerLogs/default/web/c', 'GET', 400, /simulated.*no container/],
  ['/exec/default/web/c?command=ls', 'POST', 400, /simulated.*no container/],
  ['/portForward/default/web?port=80', 'POST', 400, /simulated.*no container/],
  ['/nothing', 'GET', 404, /not found/],
  ['/stats/summary', 'POST', 405, /GET/],
])('%s with %s is refused with %i and the reason', async (path, method, code, reason) => {
  const [status, body] = await answerTo(path, method)
  expect(status).toBe(code)
  expect(body).toMatch(reason)
})

test('a silent worker cannot be reached, and no pod has a network', async () => {
  await expect(connected().request('other', { method: 'GET', path: '/pods' })).rejects.toThrow('cannot be reached')
  await expect(connected().connect('sim-1', '10.128.0.1:80')).rejects.toThrow('simulated')
})
