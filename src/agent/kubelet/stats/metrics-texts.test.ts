import { describe, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { parseMetricsText, type ParsedSample } from '#test/support/metrics-text.ts'
import type { ObservedContainer } from '../runtime/runtime.ts'
import { cadvisorMetrics, type CadvisorFacts } from './cadvisor-metrics.ts'
import type { CgroupDetails } from './cgroup.ts'
import { createKubeletMetrics } from './kubelet-metrics.ts'
import { resourceMetrics } from './resource-metrics.ts'
import type { ContainerUsage, Snapshot, Usage } from './snapshot.ts'
import type { Storage } from './storage.ts'
import { summaryOf } from './summary.ts'

const at = Date.parse('2026-01-02T03:04:05.678Z')

const usage = (cpuNanos: number): Usage => ({
  at,
  cpuNanos,
  nanoCores: 250_000_000,
  memory: { usage: 1_000, workingSet: 800, rss: 600, pageFaults: 4, majorPageFaults: 2 },
  swap: 1,
  tasks: 3,
})

const container = (name: string, more: Partial<ObservedContainer> = {}): ContainerUsage => ({
  ...usage(1_500_000_000),
  observed: {
    id: `id-${name || 'sandbox'}`,
    podUid: 'u',
    podNamespace: 'n',
    podName: 'p',
    name,
    sandbox: name === '',
    attempt: 0,
    state: 'running',
    pid: 1,
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: '2026-01-02T03:00:00Z',
    image: name === '' ? 'registry.k8s.io/pause:3.10' : 'busybox:1.36',
    imageId: '',
    tty: false,
    hash: '',
    createdAt: '2026-01-02T03:00:00.1Z',
    resources: { cpuShares: 0, cpuQuota: 0, memoryBytes: 1_000 },
    ...more,
  },
})

const pod: Stored<Pod> = {
  metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1' },
  spec: { containers: [{ name: 'a' }, { name: 'b' }] },
  status: { startTime: '2026-01-02T02:59:59Z' },
}

const eth0 = {
  name: 'eth0',
  rxBytes: 1,
  rxPackets: 2,
  rxErrors: 3,
  rxDropped: 4,
  txBytes: 5,
  txPackets: 6,
  txErrors: 7,
  txDropped: 8,
}

const snapshot: Snapshot = {
  node: { ...usage(9e9), interfaces: [eth0] },
  pods: [
    {
      pod,
      total: usage(3_500_000_000),
      sandbox: container(''),
      containers: [container('a'), container('b', { resources: { cpuShares: 0, cpuQuota: 0, memoryBytes: 0 } })],
      interfaces: [eth0],
    },
  ],
}

const filesystem = { capacity: 1_000, used: 600, free: 300, inodes: 50, inodesFree: 20 }
const storage: Storage = {
  kubelet: filesystem,
  engine: filesystem,
  imageBytes: 77,
  containers: new Map(
    ['a', 'b', 'sandbox'].map((name) => [`id-${name}`, { layer: { bytes: 100, inodes: 5 }, logBytes: 10 }]),
  ),
  volumes: new Map([
    [
      'u',
      [
        { name: 'scratch', claim: undefined, filesystem, size: { bytes: 7, inodes: 2 }, isEphemeral: true },
        { name: 'data', claim: 'claim-1', filesystem, size: { bytes: 9, inodes: 3 }, isEphemeral: false },
      ],
    ],
  ]),
}

const details = (quota: number): CgroupDetails => ({
  cpu: { userNanos: 1e9, systemNanos: 5e8, periods: 10, throttledPeriods: 4, throttledNanos: 2e9 },
  cpuLimits: { shares: 2, quota, period: 100_000 },
  memory: { cache: 1, mappedFile: 2, kernel: 3, max: 4, failures: 5, oomEvents: 6 },
  memoryLimits: { memory: 1_000, reservation: 0, swap: 0 },
  processes: 1,
  mostTasks: 0,
  io: [{ device: '8:0', readBytes: 1, writtenBytes: 2, reads: 3, writes: 4 }],
})

const facts: CadvisorFacts = {
  machine: { machineId: 'm', systemUuid: 's', bootId: 'b', cpus: 2, memoryBytes: 1e9, swapBytes: 0 },
  version: { kernel: '6.1', os: 'Debian "13"', docker: '26' },
  engineDevice: '/dev/vda',
  details: (of) => details(of?.observed.name === 'a' ? 50_000 : 0),
  deviceName: () => '/dev/vda',
}

function find(samples: ParsedSample[], name: string, labels: Record<string, string> = {}): ParsedSample[] {
  return samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
}

describe('/metrics/resource', () => {
  test('has the usage of node, pods and containers with the time of the sample', () => {
    const samples = parseMetricsText(resourceMetrics(snapshot))
    const own = { namespace: 'n', pod: 'p' }
    expect(samples).toEqual([
      { name: 'container_cpu_usage_seconds_total', labels: { container: 'a', ...own }, value: 1.5, at },
      { name: 'container_cpu_usage_seconds_total', labels: { container: 'b', ...own }, value: 1.5, at },
      { name: 'container_memory_working_set_bytes', labels: { container: 'a', ...own }, value: 800, at },
      { name: 'container_memory_working_set_bytes', labels: { container: 'b', ...own }, value: 800, at },
      { name: 'container_start_time_seconds', labels: { container: 'a', ...own }, value: 1767322800 },
      { name: 'container_start_time_seconds', labels: { container: 'b', ...own }, value: 1767322800 },
      { name: 'container_swap_usage_bytes', labels: { container: 'a', ...own }, value: 1, at },
      { name: 'container_swap_usage_bytes', labels: { container: 'b', ...own }, value: 1, at },
      { name: 'node_cpu_usage_seconds_total', labels: {}, value: 9, at },
      { name: 'node_memory_working_set_bytes', labels: {}, value: 800, at },
      { name: 'node_swap_usage_bytes', labels: {}, value: 1, at },
      { name: 'pod_cpu_usage_seconds_total', labels: own, value: 3.5, at },
      { name: 'pod_memory_working_set_bytes', labels: own, value: 800, at },
      { name: 'pod_swap_usage_bytes', labels: own, value: 1, at },
      { name: 'resource_scrape_error', labels: {}, value: 0 },
      { name: 'scrape_error', labels: {}, value: 0 },
    ])
  })

  test('says so when the node cannot be measured', () => {
    const samples = parseMetricsText(resourceMetrics(undefined))
    expect(samples.map(({ name, value }) => `${name} ${value}`)).toEqual(['resource_scrape_error 1', 'scrape_error 1'])
  })
})

describe('/metrics/cadvisor', () => {
  const samples = parseMetricsText(cadvisorMetrics(snapshot, storage, facts))
  const a = {
    container: 'a',
    id: '/kubepods/besteffort/podu/id-a',
    image: 'busybox:1.36',
    name: 'k8s_a_p_n_u_0',
    namespace: 'n',
    pod: 'p',
  }

  test('labels every series of a container alike', () => {
    expect(find(samples, 'container_cpu_usage_seconds_total', { container: 'a' })).toEqual([
      { name: 'container_cpu_usage_seconds_total', labels: { ...a, cpu: 'total' }, value: 1.5, at },
    ])
    expect(find(samples, 'container_spec_memory_limit_bytes', { container: 'a' })).toEqual([
      { name: 'container_spec_memory_limit_bytes', labels: a, value: 1_000 },
    ])
    expect(find(samples, 'container_fs_usage_bytes', a)).toEqual([
      { name: 'container_fs_usage_bytes', labels: { ...a, device: '/dev/vda' }, value: 100, at },
    ])
  })

  test('has the network on the sandbox and the worker alone', () => {
    const received = find(samples, 'container_network_receive_bytes_total')
    expect(received.map(({ labels }) => [labels.container, labels.id, labels.interface])).toEqual([
      ['', '/', 'eth0'],
      ['POD', '/kubepods/besteffort/podu/id-sandbox', 'eth0'],
    ])
  })

  test('has throttling of containers with a quota only', () => {
    expect(find(samples, 'container_cpu_cfs_throttled_seconds_total').map(({ labels }) => labels.container)).toEqual([
      'a',
    ])
  })

  test('has the pod as a whole, and the machine', () => {
    const whole = { id: '/kubepods/besteffort/podu', container: '', image: '', pod: 'p' }
    expect(find(samples, 'container_memory_working_set_bytes', whole)).toHaveLength(1)
    expect(find(samples, 'machine_cpu_cores', { machine_id: 'm' })[0]?.value).toBe(2)
    expect(find(samples, 'cadvisor_version_info')[0]?.labels.osVersion).toBe('Debian "13"')
  })
})

describe('/metrics', () => {
  const create = () => {
    let now = 0
    const metrics = createKubeletMetrics({ node: 'w', version: 'v1.36.0', now: () => now })
    return { metrics, pass: (ms: number) => void (now += ms) }
  }
  const read = async ({ metrics }: ReturnType<typeof create>) =>
    parseMetricsText(
      await metrics.text({
        pods: [
          {
            pod,
            containers: [container('').observed, container('a').observed, container('b', { state: 'exited' }).observed],
          },
        ],
        volumes: storage.volumes,
        others: '',
      }),
    )

  test('counts pods and containers, and has volumes of claims', async () => {
    const samples = await read(create())
    expect(find(samples, 'kubelet_running_pods')[0]?.value).toBe(1)
    expect(
      find(samples, 'kubelet_running_containers').map(({ labels, value }) => [labels.container_state, value]),
    ).toEqual([
      ['created', 0],
      ['exited', 1],
      ['running', 1],
    ])
    expect(find(samples, 'kubelet_volume_stats_used_bytes')).toEqual([
      {
        name: 'kubelet_volume_stats_used_bytes',
        labels: { namespace: 'n', persistentvolumeclaim: 'claim-1' },
        value: 9,
      },
    ])
    expect(find(samples, 'kubelet_node_name', { node: 'w' })).toHaveLength(1)
    expect(find(samples, 'kubernetes_build_info')[0]?.labels).toMatchObject({ major: '1', minor: '36' })
    expect(find(samples, 'process_cpu_seconds_total')).toHaveLength(1)
  })

  test('notes how long a pod took to run, once, and not for pods that ran before', async () => {
    const created = create()
    const { metrics, pass } = created
    const of = (uid: string, phase: string): Stored<Pod> => ({
      ...pod,
      metadata: { ...pod.metadata, uid },
      status: { phase },
    })
    metrics.pod(of('1', 'Pending'))
    pass(1_500)
    metrics.pod(of('1', 'Running'))
    metrics.pod(of('1', 'Running'))
    metrics.pod(of('2', 'Running'))
    const samples = await read(created)
    expect(find(samples, 'kubelet_pod_start_duration_seconds_count')[0]?.value).toBe(1)
    expect(find(samples, 'kubelet_pod_start_duration_seconds_sum')[0]?.value).toBe(1.5)
  })

  test('/metrics/probes counts results until the pod is gone', () => {
    const { metrics } = create()
    metrics.probe({ pod, container: 'a', kind: 'liveness', ok: true })
    metrics.probe({ pod, container: 'a', kind: 'liveness', ok: true })
    metrics.probe({ pod, container: 'a', kind: 'liveness', ok: false })
    expect(parseMetricsText(metrics.probesText()).map(({ labels, value }) => [labels, value])).toEqual([
      [{ container: 'a', namespace: 'n', pod: 'p', pod_uid: 'u', probe_type: 'Liveness', result: 'successful' }, 2],
      [{ container: 'a', namespace: 'n', pod: 'p', pod_uid: 'u', probe_type: 'Liveness', result: 'failed' }, 1],
    ])
    metrics.podGone('u')
    expect(metrics.probesText()).toBe('')
  })
})

describe('/stats/summary', () => {
  const node = { name: 'w', memoryBytes: 5_000, startedAt: 0, swapBytes: 0, pids: { most: 9, current: 1 } }

  test('has node, pods, containers, volumes and ephemeral storage', () => {
    const { node: whole, pods } = summaryOf(snapshot, node, storage)
    expect(whole).toMatchObject({
      nodeName: 'w',
      cpu: { time: '2026-01-02T03:04:05Z', usageNanoCores: 250_000_000, usageCoreNanoSeconds: 9e9 },
      memory: { availableBytes: 4_200, workingSetBytes: 800 },
      network: { name: 'eth0', rxBytes: 1, txBytes: 5 },
      fs: { capacityBytes: 1_000, usedBytes: 600, availableBytes: 300, inodesUsed: 30 },
      runtime: { imageFs: { usedBytes: 77 } },
    })
    const [only] = pods
    expect(only?.podRef).toEqual({ name: 'p', namespace: 'n', uid: 'u' })
    expect(only?.startTime).toBe('2026-01-02T02:59:59Z')
    expect(
      only?.containers.map(({ name, memory, rootfs, logs }) => [
        name,
        memory?.availableBytes,
        rootfs?.usedBytes,
        logs?.usedBytes,
      ]),
    ).toEqual([
      ['a', 200, 100, 10],
      ['b', undefined, 100, 10],
    ])
    expect(only?.volume?.map(({ name, usedBytes, pvcRef }) => [name, usedBytes, pvcRef])).toEqual([
      ['scratch', 7, undefined],
      ['data', 9, { name: 'claim-1', namespace: 'n' }],
    ])
    expect(only?.['ephemeral-storage']?.usedBytes).toBe(227)
    expect(only?.memory).not.toHaveProperty('availableBytes')
  })

  test('only_cpu_and_memory leaves out the rest', () => {
    const { node: whole, pods } = summaryOf(snapshot, node, undefined)
    expect(Object.keys(whole)).toEqual(['nodeName', 'startTime', 'cpu', 'memory', 'swap'])
    expect(Object.keys(pods[0] ?? {})).toEqual(['podRef', 'startTime', 'containers', 'cpu', 'memory', 'swap'])
    expect(Object.keys(pods[0]?.containers[0] ?? {})).toEqual(['name', 'startTime', 'cpu', 'memory', 'swap'])
  })
})
