import { createFamilies, type Families, type Sample } from '#shared/base/prometheus-text.ts'
import { groupOf } from '../pod-groups/settings.ts'
import type { CgroupDetails, DeviceIo } from './cgroup.ts'
import type { InterfaceCounters } from './interfaces.ts'
import type { ContainerUsage, PodUsage, Snapshot, Usage } from './snapshot.ts'
import type { Filesystem, Storage } from './storage.ts'

export interface CadvisorFacts {
  machine: {
    machineId: string
    systemUuid: string
    bootId: string
    cpus: number
    memoryBytes: number
    swapBytes: number
  }
  version: { kernel: string; os: string; docker: string }
  /** Device of the engine's filesystem, `/dev/…`. */
  engineDevice: string
  /** Of the whole worker (undefined) or a container. */
  details(container: ContainerUsage | undefined): CgroupDetails | undefined
  /** `/dev/…` of a `major:minor`. */
  deviceName(device: string): string
}

type Labels = Record<'container' | 'id' | 'image' | 'name' | 'namespace' | 'pod', string>

/**
 * The text of `/metrics/cadvisor`: the families of a kubelet's cAdvisor, for the worker (`id="/"`), pods, containers, and
 * sandboxes, which are `container="POD"` as with every Docker-based kubelet and carry the pod's network.
 */
export function cadvisorMetrics(snapshot: Snapshot, storage: Storage, facts: CadvisorFacts): string {
  const families = createFamilies()
  addMachine(families, facts)
  addWorker(families, snapshot, storage, facts)
  for (const pod of snapshot.pods) addPod(families, pod, storage, facts)
  families.add('container_scrape_error', 'Whether containers could not be measured (1) or could (0).', 'gauge', {
    value: 0,
  })
  return families.text()
}

function addMachine(families: Families, { machine, version }: CadvisorFacts): void {
  const labels = { boot_id: machine.bootId, machine_id: machine.machineId, system_uuid: machine.systemUuid }
  families.add('machine_cpu_cores', 'CPU cores of the node.', 'gauge', { labels, value: machine.cpus })
  families.add('machine_memory_bytes', 'Memory of the node.', 'gauge', { labels, value: machine.memoryBytes })
  families.add('machine_swap_bytes', 'Swap of the node.', 'gauge', { labels, value: machine.swapBytes })
  families.add('cadvisor_version_info', 'Versions of kernel, system and engine; the value is 1.', 'gauge', {
    labels: {
      cadvisorRevision: '',
      cadvisorVersion: '',
      dockerVersion: version.docker,
      kernelVersion: version.kernel,
      osVersion: version.os,
    },
    value: 1,
  })
}

function addWorker(families: Families, { node }: Snapshot, storage: Storage, facts: CadvisorFacts): void {
  const labels: Labels = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' }
  addUsage(families, labels, node)
  addInterfaces(families, labels, node.at, node.interfaces)
  const details = facts.details(undefined)
  if (details) addDetails(families, labels, node.at, details, facts)
  if (storage.engine) addFilesystem(families, labels, node.at, { ...storage.engine, device: facts.engineDevice })
}

function addPod(families: Families, usage: PodUsage, storage: Storage, facts: CadvisorFacts): void {
  const { pod, total, containers, sandbox, interfaces } = usage
  const { namespace, name, uid } = pod.metadata
  // Also where containers of an earlier agent are elsewhere: dashboards take the class and the uid from it.
  const id = groupOf(pod)
  addUsage(families, { container: '', id, image: '', name: '', namespace, pod: name }, total)
  for (const container of [...containers, ...(sandbox ? [sandbox] : [])]) {
    const { observed, at } = container
    const labels: Labels = {
      container: observed.sandbox ? 'POD' : observed.name,
      id: `${id}/${observed.id}`,
      image: observed.image,
      name: engineName(observed, { namespace, name, uid }),
      namespace,
      pod: name,
    }
    addUsage(families, labels, container)
    addTimes(families, labels, container)
    if (observed.sandbox) addInterfaces(families, labels, at, interfaces)
    const details = facts.details(container)
    if (details) {
      addDetails(families, labels, at, details, facts)
      addSpec(families, labels, details)
    }
    const layer = storage.containers.get(observed.id)?.layer
    if (layer && storage.engine)
      addFilesystem(families, labels, at, { ...storage.engine, used: layer.bytes, device: facts.engineDevice })
  }
}

const engineName = (
  { sandbox, name, attempt }: ContainerUsage['observed'],
  pod: { namespace: string; name: string; uid: string },
): string => `k8s_${sandbox ? 'POD' : name}_${pod.name}_${pod.namespace}_${pod.uid}_${attempt}`

function addUsage(families: Families, labels: Labels, { at, cpuNanos, memory, swap }: Usage): void {
  const sample = (value: number, more: Record<string, string> = {}): Sample => ({
    labels: { ...labels, ...more },
    value,
    at,
  })
  const gauge = (name: string, help: string, value: number): void =>
    families.add(`container_memory_${name}`, help, 'gauge', sample(value))
  families.add(
    'container_cpu_usage_seconds_total',
    'CPU time used.',
    'counter',
    sample(cpuNanos / 1e9, { cpu: 'total' }),
  )
  gauge('usage_bytes', 'Memory in use, all page cache included.', memory.usage)
  gauge('working_set_bytes', 'Memory in use without inactive page cache.', memory.workingSet)
  gauge('rss', 'Anonymous memory in use.', memory.rss)
  gauge('swap', 'Swap in use.', swap)
  families.add(
    'container_memory_failures_total',
    'Page faults.',
    'counter',
    ...(['container', 'hierarchy'] as const).flatMap((scope) => [
      sample(memory.pageFaults, { failure_type: 'pgfault', scope }),
      sample(memory.majorPageFaults, { failure_type: 'pgmajfault', scope }),
    ]),
  )
}

function addTimes(families: Families, labels: Labels, { observed, at, tasks }: ContainerUsage): void {
  families.add('container_last_seen', 'When it was measured last, Unix time.', 'gauge', {
    labels,
    value: Math.floor(at / 1_000),
    at,
  })
  families.add('container_threads', 'Threads.', 'gauge', { labels, value: tasks, at })
  const startedAt = Date.parse(observed.startedAt ?? observed.createdAt)
  if (startedAt > 0)
    families.add('container_start_time_seconds', 'Start, Unix time.', 'gauge', { labels, value: startedAt / 1_000 })
}

function addDetails(
  families: Families,
  labels: Labels,
  at: number,
  { cpu, cpuLimits, memory, processes, mostTasks, io }: CgroupDetails,
  { deviceName }: CadvisorFacts,
): void {
  const counter = (name: string, help: string, value: number): void =>
    families.add(`container_${name}`, help, 'counter', { labels, value, at })
  const gauge = (name: string, help: string, value: number): void =>
    families.add(`container_${name}`, help, 'gauge', { labels, value, at })
  counter('cpu_user_seconds_total', 'CPU time in user mode.', cpu.userNanos / 1e9)
  counter('cpu_system_seconds_total', 'CPU time in the kernel.', cpu.systemNanos / 1e9)
  if (cpuLimits.quota > 0) {
    counter('cpu_cfs_periods_total', 'Enforcement periods that have elapsed.', cpu.periods)
    counter('cpu_cfs_throttled_periods_total', 'Enforcement periods with throttling.', cpu.throttledPeriods)
    counter('cpu_cfs_throttled_seconds_total', 'Time of throttling.', cpu.throttledNanos / 1e9)
  }
  gauge('memory_cache', 'Page cache.', memory.cache)
  gauge('memory_mapped_file', 'Mapped files.', memory.mappedFile)
  gauge('memory_kernel_usage', 'Memory of the kernel.', memory.kernel)
  gauge('memory_max_usage_bytes', 'The most memory that was in use.', memory.max)
  counter('memory_failcnt', 'How often usage has reached the limit.', memory.failures)
  counter('oom_events_total', 'Kills for lack of memory.', memory.oomEvents)
  gauge('processes', 'Processes.', processes)
  gauge('threads_max', 'The most threads allowed; 0 without a limit.', mostTasks)
  addIo(families, labels, at, io, deviceName)
}

function addIo(
  families: Families,
  labels: Labels,
  at: number,
  io: readonly DeviceIo[],
  deviceName: (device: string) => string,
): void {
  for (const { device, readBytes, writtenBytes, reads, writes } of io) {
    const of = { ...labels, device: deviceName(device) }
    const counter = (name: string, help: string, value: number): void =>
      families.add(`container_fs_${name}`, help, 'counter', { labels: of, value, at })
    counter('reads_bytes_total', 'Bytes read.', readBytes)
    counter('reads_total', 'Reads completed.', reads)
    counter('writes_bytes_total', 'Bytes written.', writtenBytes)
    counter('writes_total', 'Writes completed.', writes)
  }
}

function addSpec(families: Families, labels: Labels, { cpuLimits, memoryLimits }: CgroupDetails): void {
  const gauge = (name: string, help: string, value: number): void =>
    families.add(`container_spec_${name}`, help, 'gauge', { labels, value })
  gauge('cpu_shares', 'Relative weight of CPU.', cpuLimits.shares)
  gauge('cpu_period', 'Enforcement period of CPU, µs.', cpuLimits.period)
  if (cpuLimits.quota > 0) gauge('cpu_quota', 'CPU time in a period, µs.', cpuLimits.quota)
  gauge('memory_limit_bytes', 'Limit of memory; 0 without one.', memoryLimits.memory)
  gauge('memory_reservation_limit_bytes', 'Reservation of memory; 0 without one.', memoryLimits.reservation)
  gauge('memory_swap_limit_bytes', 'Limit of swap; 0 without one.', memoryLimits.swap)
}

function addFilesystem(
  families: Families,
  labels: Labels,
  at: number,
  { device, capacity, used, inodes, inodesFree }: Filesystem & { device: string },
): void {
  const gauge = (name: string, help: string, value: number): void =>
    families.add(`container_fs_${name}`, help, 'gauge', { labels: { ...labels, device }, value, at })
  gauge('limit_bytes', 'Bytes that may be used on the filesystem.', capacity)
  gauge('usage_bytes', 'Bytes in use on the filesystem.', used)
  gauge('inodes_total', 'Inodes of the filesystem.', inodes)
  gauge('inodes_free', 'Free inodes of the filesystem.', inodesFree)
}

function addInterfaces(families: Families, labels: Labels, at: number, interfaces: readonly InterfaceCounters[]): void {
  for (const counters of interfaces) {
    const counter = (name: string, help: string, value: number): void =>
      families.add(`container_network_${name}_total`, help, 'counter', {
        labels: { ...labels, interface: counters.name },
        value,
        at,
      })
    counter('receive_bytes', 'Bytes received.', counters.rxBytes)
    counter('receive_packets', 'Packets received.', counters.rxPackets)
    counter('receive_errors', 'Errors of receiving.', counters.rxErrors)
    counter('receive_packets_dropped', 'Packets dropped while receiving.', counters.rxDropped)
    counter('transmit_bytes', 'Bytes sent.', counters.txBytes)
    counter('transmit_packets', 'Packets sent.', counters.txPackets)
    counter('transmit_errors', 'Errors of sending.', counters.txErrors)
    counter('transmit_packets_dropped', 'Packets dropped while sending.', counters.txDropped)
  }
}
