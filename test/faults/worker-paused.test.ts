import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '#shared/client/kube-client.ts'
import { createHttpTransport } from '#shared/client/http-transport.ts'
import type { Client } from '#shared/client/client.ts'
import { leases, nodes, pods } from '#shared/kube/resources.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'
import { createNodeFetch } from '#test/support/node-fetch.ts'

let cluster: DockerCluster
let client: Client
let worker: string
let closeClient = (): void => undefined
beforeAll(async () => {
  cluster = await startDockerCluster({ name: `paused-${process.pid}` })
  worker = cluster.workers[0] ?? ''
  const connection = createNodeFetch(cluster.cluster.admin)
  closeClient = connection.close
  client = createClient(createHttpTransport({ server: cluster.cluster.server, fetch: connection.fetch }))
  await cluster.kubectl.ok('run', 'steady', '--image=busybox:1.36', '--restart=Always', '--', 'sleep', '100000')
  await cluster.kubectl.ok('wait', 'pod/steady', '--for=condition=Ready', '--timeout=60s')
})
afterAll(async () => {
  closeClient()
  await cluster?.remove()
})

const renewal = async (): Promise<string | undefined> =>
  (await client.get(leases, { namespace: 'kube-node-lease', name: worker })).spec?.renewTime

async function isReady(): Promise<boolean> {
  const { status, spec } = await client.get(nodes, { name: worker })
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  return ready && (spec?.taints ?? []).length === 0
}

async function until(holds: () => Promise<boolean>, ms: number): Promise<number> {
  const begun = performance.now()
  while (!(await holds())) {
    if (performance.now() - begun > ms) throw new Error(`it did not come about within ${ms} ms`)
    await sleep(50)
  }
  return performance.now() - begun
}

test.each([30, 60])(
  'a worker that was paused for %i s is Ready within a second of its first heartbeat',
  async (seconds) => {
    const before = await client.get(pods, { namespace: 'default', name: 'steady' })
    await cluster.cluster.pauseWorker(worker)
    await sleep(seconds * 1_000)
    expect(await isReady()).toBe(false)
    const silent = await renewal()
    await cluster.cluster.unpauseWorker(worker)
    const heard = await until(async () => (await renewal()) !== silent, 30_000)
    const ready = await until(isReady, 30_000)
    expect.soft(heard, 'ms until the first heartbeat').toBeLessThan(10_000)
    expect(ready, 'ms from the first heartbeat until it is Ready').toBeLessThan(1_000)
    // Nothing is lost: the same containers run on, and are Ready again.
    await cluster.kubectl.ok('wait', 'pod/steady', '--for=condition=Ready', '--timeout=30s')
    const after = await client.get(pods, { namespace: 'default', name: 'steady' })
    expect(after.metadata.uid).toBe(before.metadata.uid)
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID)
  },
)
