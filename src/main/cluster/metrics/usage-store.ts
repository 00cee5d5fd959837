import type { OwnerReference, Stored } from '#shared/kube/object.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { ContainerStats, CpuStats, MemoryStats, PodStats, StatsSummary } from '#shared/kube/stats-summary.ts'
import { rateOf, type Rate, type Sample } from './rate.ts'
import { historyCells, SeriesTable } from './series-table.ts'

/** What is measured: cores, bytes, bytes per second (received, sent) and bytes in use. */
export const measures = ['cpu', 'memory', 'received', 'sent', 'filesystem'] as const
export type Measure = (typeof measures)[number]

/** Whose usage is kept: one object, or a sum over pods (over nodes for the cluster). */
export type Subject =
  | { kind: 'Cluster' }
  | { kind: 'Node' | 'Namespace'; name: string }
  | { kind: 'Container'; namespace: string; pod: string; name: string }
  /** Pod, or the kind of a workload. */
  | { kind: string; namespace: string; name: string }

/** What `record` needs besides an answer. */
export interface Circumstances {
  /** When the answer came, ms since the epoch. */
  at: number
  /** The cell of the time of the question. */
  cell: number
  podOf(key: string): Stored<Pod> | undefined
  /** The controller of a ReplicaSet or Job, for which its pods count too. */
  controllerOf(owner: OwnerReference, namespace: string): OwnerReference | undefined
}

/** Rates of one pod, as the Metrics API shows them. */
export interface PodUsage extends Pick<Rate, 'at' | 'windowMs'> {
  containers: (Rate & { name: string })[]
}

/** Rates older than this belong to a worker that has stopped answering, ms: its next answer is overdue. */
const staleMs = 25_000

/**
 * Usage of all nodes, pods and containers: the newest rates, and an hour of history. Sums over namespaces and workloads
 * are series of their own, so that they keep what pods used that are gone.
 */
export class UsageStore {
  readonly table: SeriesTable
  readonly #nodes = new Map<string, NodeUsage>()
  /** By `namespace/name`. */
  readonly #pods = new Map<string, PodRecord>()
  /** By kind, namespace and name. */
  readonly #sums = new Map<string, Series>()

  constructor(table = new SeriesTable()) {
    this.table = table
  }

  /** Records what a node has answered; of its pods, those that are bound to it under the same uid. */
  record(node: string, { node: own, pods }: StatsSummary, circumstances: Circumstances): void {
    const { at, cell } = circumstances
    let usage = this.#nodes.get(node)
    if (!usage) this.#nodes.set(node, (usage = new NodeUsage(this.table)))
    if (usage.series.newest === cell) return
    const sample = sampleOf(own, at)
    if (sample) usage.measure(sample, at)
    usage.series.write(cell, 'cpu', coresOf(usage.rate))
    usage.series.write(cell, 'memory', sample?.memoryBytes)
    usage.writeTraffic(cell, own.network && { at: timeOf(own.network.time, at), ...own.network })
    usage.series.write(cell, 'filesystem', own.fs?.usedBytes)
    usage.series.newest = cell
    this.#sumOf('Cluster//').addAll(cell, usage.series.current)

    for (const stats of pods) {
      const { namespace, name, uid } = stats.podRef
      const key = `${namespace}/${name}`
      const pod = circumstances.podOf(key)
      if (pod?.metadata.uid === uid && pod.spec?.nodeName === node) this.#recordPod(key, pod, stats, circumstances)
    }
  }

  #recordPod(key: string, pod: Stored<Pod>, stats: PodStats, { at, cell, controllerOf }: Circumstances): void {
    let usage = this.#pods.get(key)
    if (usage && usage.uid !== pod.metadata.uid) {
      this.forgetPod(key)
      usage = undefined
    }
    if (!usage) this.#pods.set(key, (usage = new PodRecord(this.table, pod.metadata.uid, sumsOf(pod, controllerOf))))
    if (usage.series.newest === cell) return
    for (const container of stats.containers)
      if (usage.present(container.name) || hasContainer(pod, container.name))
        usage.container(container.name).record(container, at, cell)
    usage.series.newest = cell
    usage.recordedAt = at
    usage.writeTraffic(cell, stats.network && { at: timeOf(stats.network.time, at), ...stats.network })
    const { cpu, memory } = usage.totals(cell)
    usage.series.write(cell, 'filesystem', stats['ephemeral-storage']?.usedBytes)
    usage.series.current.cpu = cpu
    usage.series.current.memory = memory
    for (const sum of usage.sums) this.#sumOf(sum).addAll(cell, usage.series.current)
  }

  /** The newest rate of a node; undefined before its second sample, and when it no longer answers. */
  node(name: string, now: number): Rate | undefined {
    const usage = this.#nodes.get(name)
    return usage?.rate && now - usage.ratedAt < staleMs ? usage.rate : undefined
  }

  /** The newest rates of a pod; undefined until all of its containers that run have one. */
  pod(key: string, uid: string, now: number): PodUsage | undefined {
    const usage = this.#pods.get(key)
    return usage?.uid === uid && now - usage.recordedAt < staleMs ? usage.rates() : undefined
  }

  /** The values of a subject in cells `from` to `to`, by measure; undefined for an unknown subject. */
  read(subject: Subject, from: number, to: number): Partial<Record<Measure, Float32Array>> | undefined {
    if (subject.kind === 'Node' && !('namespace' in subject) && 'name' in subject)
      return this.#nodes.get(subject.name)?.series.readAll(from, to)
    if ('pod' in subject)
      return this.#pods.get(`${subject.namespace}/${subject.pod}`)?.present(subject.name)?.series.readAll(from, to)
    if (subject.kind === 'Pod' && 'namespace' in subject)
      return this.#pods.get(`${subject.namespace}/${subject.name}`)?.readAll(from, to)
    return this.#sums.get(sumKey(subject))?.readAll(from, to)
  }

  forgetPod(key: string): void {
    this.#pods.get(key)?.end()
    this.#pods.delete(key)
  }

  forgetNode(name: string): void {
    this.#nodes.get(name)?.series.end()
    this.#nodes.delete(name)
  }

  /** Drops sums to which nothing was added for an hour. */
  sweep(cell: number): void {
    for (const [key, sum] of this.#sums) {
      if (sum.newest > cell - historyCells) continue
      sum.end()
      this.#sums.delete(key)
    }
  }

  #sumOf(key: string): Series {
    let sum = this.#sums.get(key)
    if (!sum) this.#sums.set(key, (sum = new Series(this.table)))
    return sum
  }
}

/** Keys of the sums for which a pod counts: its namespace, its controller, and that one's controller. */
function sumsOf({ metadata }: Stored<Pod>, controllerOf: Circumstances['controllerOf']): string[] {
  const { namespace, ownerReferences } = metadata
  const keys = [sumKey({ kind: 'Namespace', name: namespace })]
  let owner = ownerReferences?.find(({ controller }) => controller)
  for (let depth = 0; owner && depth < 2; depth++) {
    keys.push(sumKey({ kind: owner.kind, namespace, name: owner.name }))
    owner = controllerOf(owner, namespace)
  }
  return keys
}

const sumKey = (subject: Subject): string =>
  `${subject.kind}/${'namespace' in subject ? subject.namespace : ''}/${'name' in subject ? subject.name : ''}`

/** The history of one subject: a series per measure, made when the measure is first seen. */
class Series {
  readonly #table: SeriesTable
  readonly #slots = new Map<Measure, number | undefined>()
  /** The last cell with a value. */
  newest = -1
  /** What was written to the newest cell. */
  readonly current: Partial<Record<Measure, number | undefined>> = {}

  constructor(table: SeriesTable) {
    this.#table = table
  }

  write(cell: number, measure: Measure, value: number | undefined): void {
    this.current[measure] = value
    if (value !== undefined) this.#table.set(this.#slot(measure, cell), cell, value)
  }

  addAll(cell: number, values: Partial<Record<Measure, number | undefined>>): void {
    this.newest = cell
    for (const measure of measures) {
      const value = values[measure]
      if (value !== undefined) this.#table.add(this.#slot(measure, cell), cell, value)
    }
  }

  readAll(from: number, to: number): Partial<Record<Measure, Float32Array>> {
    const all: Partial<Record<Measure, Float32Array>> = {}
    for (const [measure, slot] of this.#slots) all[measure] = this.#table.read(slot, from, to)
    return all
  }

  end(): void {
    for (const slot of this.#slots.values()) this.#table.end(slot)
    this.#slots.clear()
  }

  #slot(measure: Measure, cell: number): number | undefined {
    if (!this.#slots.has(measure)) this.#slots.set(measure, this.#table.begin(cell))
    return this.#slots.get(measure)
  }
}

interface Traffic {
  at: number
  rxBytes?: number
  txBytes?: number
}

/** A series with the last raw values, from which the next rates are computed. */
class Measured {
  readonly series: Series
  #traffic: Traffic | undefined

  constructor(table: SeriesTable) {
    this.series = new Series(table)
  }

  writeTraffic(cell: number, traffic: Traffic | undefined): void {
    const before = this.#traffic
    this.#traffic = traffic
    this.series.write(cell, 'received', perSecond(traffic, before, 'rxBytes'))
    this.series.write(cell, 'sent', perSecond(traffic, before, 'txBytes'))
  }
}

function perSecond(
  now: Traffic | undefined,
  before: Traffic | undefined,
  counter: 'rxBytes' | 'txBytes',
): number | undefined {
  const ms = (now?.at ?? 0) - (before?.at ?? 0)
  const bytes = (now?.[counter] ?? Number.NaN) - (before?.[counter] ?? Number.NaN)
  return ms > 0 && bytes >= 0 ? (bytes * 1_000) / ms : undefined
}

class NodeUsage extends Measured {
  rate: Rate | undefined
  ratedAt = 0
  #sample: Sample | undefined

  measure(sample: Sample, at: number): void {
    // An answer from the worker's cache is no newer than the last one: the rate stays.
    if (this.#sample?.at === sample.at && this.#sample.startedAt === sample.startedAt) return
    this.rate = rateOf(sample, this.#sample, 'none')
    this.#sample = sample
    this.ratedAt = at
  }
}

class ContainerUsage {
  readonly series: Series
  newest = -1
  rate: Rate | undefined
  #sample: Sample | undefined

  constructor(table: SeriesTable) {
    this.series = new Series(table)
  }

  record(stats: ContainerStats, at: number, cell: number): void {
    const sample = sampleOf(stats, at)
    this.newest = cell
    if (!sample) this.rate = undefined
    else if (this.#sample?.at !== sample.at || this.#sample.startedAt !== sample.startedAt) {
      this.rate = rateOf(sample, this.#sample, 'since-start')
      this.#sample = sample
    }
    this.series.write(cell, 'cpu', coresOf(this.rate))
    this.series.write(cell, 'memory', sample?.memoryBytes)
    const disk = [stats.rootfs?.usedBytes, stats.logs?.usedBytes].filter((bytes) => bytes !== undefined)
    if (disk.length > 0)
      this.series.write(
        cell,
        'filesystem',
        disk.reduce((sum, bytes) => sum + bytes, 0),
      )
  }
}

/** A pod's CPU and memory are the sums of its containers, so it has no series of these. */
class PodRecord extends Measured {
  readonly uid: string
  readonly sums: readonly string[]
  recordedAt = 0
  readonly #table: SeriesTable
  readonly #containers = new Map<string, ContainerUsage>()

  constructor(table: SeriesTable, uid: string, sums: readonly string[]) {
    super(table)
    this.#table = table
    this.uid = uid
    this.sums = sums
  }

  container(name: string): ContainerUsage {
    let container = this.#containers.get(name)
    if (!container) this.#containers.set(name, (container = new ContainerUsage(this.#table)))
    return container
  }

  present(name: string): ContainerUsage | undefined {
    return this.#containers.get(name)
  }

  /** Rates of the containers in the last answer; undefined when one of them has none. */
  rates(): PodUsage | undefined {
    const containers: PodUsage['containers'] = []
    for (const [name, { newest, rate }] of this.#containers) {
      if (newest !== this.series.newest) continue
      if (!rate) return undefined
      containers.push({ name, ...rate })
    }
    const [first] = containers
    if (!first) return undefined
    // The window of the earliest container counts for the pod (metrics-server).
    const earliest = containers.reduce((least, one) => (one.at < least.at ? one : least), first)
    return { at: earliest.at, windowMs: earliest.windowMs, containers }
  }

  totals(cell: number): { cpu: number | undefined; memory: number | undefined } {
    let cpu: number | undefined
    let memory: number | undefined
    for (const { newest, series } of this.#containers.values()) {
      if (newest !== cell) continue
      if (series.current.cpu !== undefined) cpu = (cpu ?? 0) + series.current.cpu
      if (series.current.memory !== undefined) memory = (memory ?? 0) + series.current.memory
    }
    return { cpu, memory }
  }

  readAll(from: number, to: number): Partial<Record<Measure, Float32Array>> {
    const all = this.series.readAll(from, to)
    for (const { series } of this.#containers.values()) {
      const { cpu, memory } = series.readAll(from, to)
      if (cpu) all.cpu = summed(all.cpu, cpu)
      if (memory) all.memory = summed(all.memory, memory)
    }
    return all
  }

  end(): void {
    this.series.end()
    for (const { series } of this.#containers.values()) series.end()
  }
}

/** Adds values; NaN where neither has one. */
export function summed(a: Float32Array | undefined, b: Float32Array): Float32Array {
  if (!a) return b
  return a.map((value, i) => {
    const other = b[i] ?? Number.NaN
    if (Number.isNaN(value)) return other
    return Number.isNaN(other) ? value : value + other
  })
}

const coresOf = (rate: Rate | undefined): number | undefined => rate && rate.cpuNanocores / 1e9

/** Undefined where CPU or memory is missing: without both, metrics-server drops the container too. */
function sampleOf(stats: { startTime: string; cpu?: CpuStats; memory?: MemoryStats }, now: number): Sample | undefined {
  const cpuNanoseconds = stats.cpu?.usageCoreNanoSeconds
  const memoryBytes = stats.memory?.workingSetBytes
  if (!stats.cpu || cpuNanoseconds === undefined || memoryBytes === undefined) return undefined
  const startedAt = Date.parse(stats.startTime)
  const at = timeOf(stats.cpu.time, now)
  return Number.isNaN(startedAt) || Number.isNaN(at) ? undefined : { startedAt, at, cpuNanoseconds, memoryBytes }
}

/**
 * The time of a sample. Kubelets report whole seconds, over which a rate of ten seconds would be wrong by up to a
 * tenth: within the second, it is taken as close to the answer as possible. @param now when the answer came
 */
function timeOf(text: string, now: number): number {
  const time = Date.parse(text)
  return time % 1_000 === 0 ? Math.min(Math.max(time, now), time + 999) : time
}

const hasContainer = ({ spec }: Stored<Pod>, name: string): boolean =>
  [spec?.containers, spec?.initContainers, spec?.ephemeralContainers].some((list) =>
    list?.some((container) => container.name === name),
  )
