import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

let cluster: DockerCluster
beforeAll(async () => {
  cluster = await startDockerCluster({ name: 'usage' })
  await cluster.kubectl.withInput(pod, 'apply', '-f', '-')
  await cluster.kubectl.ok('wait', '--for=condition=Ready', 'pod/busy', '--timeout=90s')
})
afterAll(() => cluster?.remove())

const pod = `apiVersion: v1
kind: Pod
metadata: {name: busy}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: spin
    image: busybox:1.36
    command: [sh, -c, 'while :; do :; done']
    resources: {limits: {cpu: 200m, memory: 64Mi}}
`

it('measures what a container of a Docker worker uses', async () => {
  const { kubectl } = cluster
  await vi.waitFor(async () => expect(await kubectl.ok('top', 'pod', 'busy', '--no-headers')).toContain('busy'), {
    timeout: 60_000,
    interval: 2_000,
  })
  const metrics = JSON.parse(
    await kubectl.ok('get', '--raw', '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/busy'),
  ) as { containers: { name: string; usage: { cpu: string; memory: string } }[] }
  expect(metrics.containers.map(({ name }) => name)).toEqual(['spin'])
  expect(metrics.containers[0]?.usage.cpu).toMatch(/^\d+n$/)
  expect(await kubectl.ok('top', 'nodes', '--no-headers')).toContain('usage-worker-1')
  await vi.waitFor(
    () => {
      const { values } = cluster.cluster.usage.history.read({ kind: 'Pod', namespace: 'default', name: 'busy' }, 0)
      expect(values.cpu?.some((cores) => cores > 0.05 && cores < 1)).toBe(true)
      expect(values.memory?.some((bytes) => bytes > 0)).toBe(true)
      expect(Object.keys(values)).toContain('received')
    },
    { timeout: 60_000, interval: 2_000 },
  )
})
