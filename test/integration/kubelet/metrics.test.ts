import { request as httpsRequest } from 'node:https'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { ContainerStats, PodStats, StatsSummary } from '#shared/kube/stats-summary.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'
import { parseMetricsText, type ParsedSample } from '../../support/metrics-text.ts'

/** What the kubelet of a real worker says of containers that burn CPU, hold memory and write files. */

let cluster: DockerCluster
let worker: string
const mebibyte = 2 ** 20

beforeAll(async () => {
  cluster = await startDockerCluster({ name: `metrics-${process.pid}` })
  worker = cluster.workers[0] ?? ''
  const main = (name: string, script: string, more: object = {}) => ({
    name,
    image: 'busybox:1.36',
    command: ['sh', '-c', script],
    ...more,
  })
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'load' },
    spec: {
      terminationGracePeriodSeconds: 0,
      initContainers: [main('done', 'true'), main('sidecar', 'sleep 10000', { restartPolicy: 'Always' })],
      containers: [
        // Half a core at most.
        main('cpu', 'trap "exit 1" TERM; while :; do :; done', { resources: { limits: { cpu: '500m' } } }),
        main('memory', `head -c ${40 * mebibyte} /dev/zero > /memory/file; sleep 10000`, {
          resources: { limits: { memory: '64Mi' } },
          volumeMounts: [{ name: 'memory', mountPath: '/memory' }],
        }),
        main(
          'disk',
          `head -c ${20 * mebibyte} /dev/zero > /file; head -c ${10 * mebibyte} /dev/zero > /scratch/file; sleep 10000`,
          {
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
          },
        ),
      ],
      volumes: [
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'scratch', emptyDir: {} },
      ],
    },
  }
  const ended = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ended' },
    spec: { restartPolicy: 'Never', containers: [main('main', 'true')] },
  }
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod, ended] })
  expect((await cluster.kubectl.withInput(list, 'apply', '-f', '-')).code).toBe(0)
  await cluster.kubectl.ok('wait', 'pod/load', '--for=condition=Ready', '--timeout=60s')
  await cluster.kubectl.waitForValue('pod/ended', '{.status.phase}', 'Succeeded')
})
afterAll(() => cluster?.remove())

const page = (path: string): Promise<string> =>
  cluster.kubectl.ok('get', '--raw', `/api/v1/nodes/${worker}/proxy/${path}`)
const samples = async (path: string): Promise<ParsedSample[]> => parseMetricsText(await page(path))
const summary = async (query = ''): Promise<StatsSummary> =>
  JSON.parse(await page(`stats/summary${query}`)) as StatsSummary
const podOf = ({ pods }: StatsSummary, name = 'load'): PodStats | undefined =>
  pods.find(({ podRef }) => podRef.name === name)
const containerOf = (all: StatsSummary, name: string): ContainerStats | undefined =>
  podOf(all)?.containers.find((container) => container.name === name)
/** Used bytes by name. */
const volumesOf = (all: StatsSummary): Map<string, number> =>
  new Map(podOf(all)?.volume?.map(({ name, usedBytes }) => [name, usedBytes ?? 0]))

test('use of CPU, memory and disk is what the containers use', async () => {
  const found = await vi.waitUntil(
    async () => {
      const all = await summary()
      const bytes = containerOf(all, 'disk')?.rootfs?.usedBytes ?? 0
      const memory = containerOf(all, 'memory')?.memory?.workingSetBytes ?? 0
      const rate = containerOf(all, 'cpu')?.cpu?.usageNanoCores ?? 0
      const volumes = volumesOf(all)
      // Each container writes at its own pace, and volumes are measured at another time.
      const hasWritten =
        bytes > 15 * mebibyte &&
        memory > 39 * mebibyte &&
        (volumes.get('scratch') ?? 0) > 9 * mebibyte &&
        (volumes.get('memory') ?? 0) > 39 * mebibyte
      return hasWritten && rate > 0 ? all : undefined
    },
    { timeout: 90_000, interval: 1_000 },
  )
  const cpu = containerOf(found, 'cpu')?.cpu
  expect(cpu?.usageNanoCores).toBeGreaterThan(20_000_000)
  expect(cpu?.usageNanoCores).toBeLessThan(600_000_000)
  const memory = containerOf(found, 'memory')?.memory
  expect(memory?.workingSetBytes).toBeGreaterThan(39 * mebibyte)
  expect(memory?.workingSetBytes).toBeLessThan(64 * mebibyte)
  expect((memory?.availableBytes ?? 0) + (memory?.workingSetBytes ?? 0)).toBe(64 * mebibyte)
  expect(containerOf(found, 'disk')?.rootfs?.usedBytes).toBeLessThan(25 * mebibyte)
  const load = podOf(found)
  expect(load?.containers.map(({ name }) => name)).toEqual(['sidecar', 'cpu', 'memory', 'disk'])
  const used = volumesOf(found)
  expect(used.get('scratch')).toBeGreaterThan(9 * mebibyte)
  expect(used.get('memory')).toBeGreaterThan(39 * mebibyte)
  expect(load?.['ephemeral-storage']?.usedBytes).toBeGreaterThan(29 * mebibyte)
  expect(load?.['ephemeral-storage']?.usedBytes).toBeLessThan(45 * mebibyte)
  expect(load?.network?.interfaces?.map(({ name }) => name)).toEqual(['eth0'])
  expect(load?.cpu?.usageCoreNanoSeconds).toBeGreaterThanOrEqual(cpu?.usageCoreNanoSeconds ?? Infinity)
  expect(found.node.memory?.workingSetBytes).toBeGreaterThan(memory?.workingSetBytes ?? Infinity)
  expect(podOf(found, 'ended')).toBeUndefined()
})

test('metrics are well formed and agree with one another', async () => {
  const [resource, cadvisor, own] = await Promise.all([
    samples('metrics/resource'),
    samples('metrics/cadvisor'),
    samples('metrics'),
    samples('metrics/probes'),
    samples('metrics/slis'),
  ])
  const names = (all: ParsedSample[], name: string): (string | undefined)[] =>
    all.filter((sample) => sample.name === name && sample.labels.pod === 'load').map(({ labels }) => labels.container)
  const containers = ['sidecar', 'cpu', 'memory', 'disk']
  expect(names(resource, 'container_cpu_usage_seconds_total')).toEqual(containers)
  expect(names(cadvisor, 'container_memory_working_set_bytes')).toEqual(['', ...containers, 'POD'])
  expect(names(cadvisor, 'container_network_receive_bytes_total')).toEqual(['POD'])
  expect(names(cadvisor, 'container_cpu_cfs_throttled_periods_total')).toEqual(['cpu'])
  const limit = cadvisor.find(
    ({ name, labels }) => name === 'container_spec_memory_limit_bytes' && labels.container === 'memory',
  )
  expect(limit?.value).toBe(64 * mebibyte)
  const valueOf = (name: string): number | undefined => own.find((sample) => sample.name === name)?.value
  expect(valueOf('kubelet_running_pods')).toBe(1)
  expect(valueOf('kubelet_pod_start_duration_seconds_count')).toBeGreaterThanOrEqual(2)
  expect([...resource, ...cadvisor].filter(({ labels }) => labels.pod === 'ended')).toEqual([])
})

test('a container that starts again keeps one series, and the pod its CPU time', async () => {
  const before = podOf(await summary())?.cpu?.usageCoreNanoSeconds ?? 0
  await cluster.kubectl.ok('exec', 'load', '-c', 'cpu', '--', 'kill', '1')
  await cluster.kubectl.waitForValue('pod/load', '{.status.containerStatuses[0].restartCount}', '1')
  await cluster.kubectl.ok('wait', 'pod/load', '--for=condition=Ready', '--timeout=60s')
  const ofCpu = await vi.waitUntil(
    async () => {
      const found = (await samples('metrics/resource')).filter(({ labels }) => labels.container === 'cpu')
      return found.length > 0 ? found : undefined
    },
    { timeout: 30_000, interval: 500 },
  )
  expect(ofCpu.filter(({ name }) => name === 'container_cpu_usage_seconds_total')).toHaveLength(1)
  expect(podOf(await summary())?.cpu?.usageCoreNanoSeconds).toBeGreaterThanOrEqual(before)
})

describe('pods and configuration', () => {
  test('/pods is a PodList of this node', async () => {
    const { kind, apiVersion, items } = JSON.parse(await page('pods')) as {
      kind: string
      apiVersion: string
      items: Pod[]
    }
    expect([kind, apiVersion]).toEqual(['PodList', 'v1'])
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(['ended', 'load'])
    const running = JSON.parse(await page('runningpods/')) as { items: Pod[] }
    expect(running.items.map(({ metadata }) => metadata.name)).toEqual(['load'])
  })

  test('/configz has the true values', async () => {
    const { kubeletconfig } = JSON.parse(await page('configz')) as { kubeletconfig: Record<string, unknown> }
    expect(kubeletconfig).toMatchObject({ port: 10250, enableServer: true, maxPods: 110, cgroupsPerQOS: true })
    expect(kubeletconfig.evictionHard).toMatchObject({ 'memory.available': '100Mi', 'nodefs.inodesFree': '5%' })
  })

  test('every form of the name of a node leads there', async () => {
    for (const name of [worker, `${worker}:10250`, `https:${worker}:10250`])
      expect(await cluster.kubectl.ok('get', '--raw', `/api/v1/nodes/${name}/proxy/healthz`)).toBe('ok')
  })
})

test("the node's own port is verified by the cluster's authority and answers who has the right", async () => {
  const node = JSON.parse(await cluster.kubectl.ok('get', 'node', worker, '-o', 'json')) as {
    status: { addresses: { type: string; address: string }[]; daemonEndpoints: { kubeletEndpoint: { Port: number } } }
  }
  const host = node.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? ''
  const port = node.status.daemonEndpoints.kubeletEndpoint.Port
  const { admin } = cluster.cluster
  const ask = (credentials: object): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        { host, port, path: '/metrics/resource', agent: false, ...credentials },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  expect(await ask({ ca: admin.ca })).toEqual({ status: 401, text: 'Unauthorized' })
  const { status, text } = await ask(admin)
  expect(status).toBe(200)
  expect(parseMetricsText(text).length).toBeGreaterThan(10)
})

test("a command runs over the node's own port and through nodes/proxy, for who may create the latter", async () => {
  const ip = await cluster.kubectl.ok('get', 'node', worker, '-o', 'jsonpath={.status.addresses[0].address}')
  const { ca } = cluster.cluster.admin
  const bases = [`wss://${ip}:10250`, `${cluster.cluster.server.replace('https', 'wss')}/api/v1/nodes/${worker}/proxy`]
  const outcome = async (base: string, token: string): Promise<string> => {
    const path = '/exec/default/load/cpu?command=sh&command=-c&command=cat;+exit+3&input=1&output=1'
    const headers = { authorization: `Bearer ${token}` }
    const socket = new WebSocket(`${base}${path}`, ['v5.channel.k8s.io'], { ca, headers })
    let text = ''
    socket.on('message', (data: Buffer) => (text += data.subarray(1).toString()))
    socket.once('unexpected-response', (_request, response) => {
      text += String(response.statusCode)
      socket.terminate()
    })
    socket.once('open', () => {
      socket.send(Buffer.concat([Buffer.of(0), Buffer.from('typed ')]))
      // Ends the input.
      socket.send(Buffer.of(255, 0))
    })
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('close', resolve))
    return text
  }
  const tokenOf = (account: string) => cluster.kubectl.ok('create', 'token', account)
  for (const [name, verb] of [
    ['runs', 'create'],
    ['reads', 'get'],
  ] as const) {
    await cluster.kubectl.ok('create', 'serviceaccount', name)
    await cluster.kubectl.ok('create', 'clusterrole', name, `--verb=${verb}`, '--resource=nodes/proxy')
    await cluster.kubectl.ok(
      'create',
      'clusterrolebinding',
      name,
      `--clusterrole=${name}`,
      `--serviceaccount=default:${name}`,
    )
  }
  const [reads, runs] = [await tokenOf('reads'), await tokenOf('runs')]
  for (const base of bases) {
    expect(await outcome(base, reads)).toBe('403')
    expect(await outcome(base, runs)).toMatch(/^typed .*"NonZeroExitCode".*"message":"3"/)
  }
})

test('a pod that asks for the host port of the kubelet does not get it', async () => {
  const container = { name: 'main', image: 'busybox:1.36', ports: [{ containerPort: 80, hostPort: 10250 }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'thief' }, spec: { containers: [container] } }
  expect((await cluster.kubectl.withInput(JSON.stringify(pod), 'apply', '-f', '-')).code).toBe(0)
  await vi.waitUntil(
    async () =>
      (await cluster.kubectl.ok('get', 'events')).includes('cannot open hostport 10250 for pod thief_default'),
    { timeout: 30_000, interval: 500 },
  )
  await cluster.kubectl.ok('delete', 'pod', 'thief', '--now')
})
