import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { UsagePoints, UsageSubject } from '#shared/contract/metrics.ts'
import type { ContextUsage } from './usage.ts'

/** `GET` of a path of the Kubernetes API. */
type Get = (path: string) => Promise<{ status: number; body: string }>

const stepMs = 10_000
const hourMs = 3_600_000
/** How long it is remembered whether the cluster has a Prometheus, ms. */
const rememberMs = 5 * 60_000
/** Prometheus scrapes every 15 to 60 s: rates are over this window. */
const window = '2m'

/**
 * Usage of a cluster elsewhere: an hour of it from its Prometheus, reached through the API server's proxy of Services, where it has
 * one that knows cAdvisor's metrics; else what `fallback` tells.
 */
export function prometheusUsage({
  get,
  clock,
  fallback,
}: {
  get: Get
  clock: Clock
  fallback: ContextUsage
}): ContextUsage {
  let found: { at: number; base: Promise<string | undefined> } | undefined
  function prometheus(): Promise<string | undefined> {
    if (!found || clock.now() - found.at > rememberMs)
      found = { at: clock.now(), base: findPrometheus(get).catch(() => undefined) }
    return found.base
  }
  return {
    async read(subject, since) {
      const base = await prometheus()
      const queries = base === undefined ? undefined : queriesOf(subject)
      if (base === undefined || !queries) return fallback.read(subject, since)
      const end = Math.floor(clock.now() / stepMs) * stepMs
      const start = Math.ceil(Math.max(since, end - hourMs + stepMs) / stepMs) * stepMs
      const points = start > end ? emptyFrom(start) : await readRange(get, { base, queries, start, end })
      // A Prometheus that does not scrape kubelets knows nothing of pods.
      return points.cpu === undefined && points.memory === undefined && points.length > 0
        ? fallback.read(subject, since)
        : points
    },
    // Five queries for each row of a table would be too many.
    readRow: (subject, since) => fallback.read(subject, since),
    watch(subject, listener) {
      let stopped = false
      let stop: Stop = () => undefined
      const tick = (): void => {
        stop = clock.after(stepMs, () => {
          tick()
          listener()
        })
      }
      void prometheus().then((base) => {
        if (stopped) return
        if (base === undefined || !queriesOf(subject)) stop = fallback.watch(subject, listener)
        else tick()
      })
      return () => {
        stopped = true
        return stop()
      }
    },
  }
}

const emptyFrom = (start: number): UsagePoints => ({ start, stepMs, length: 0 })

interface Service {
  metadata: { name: string; namespace: string }
  spec?: { ports?: { name?: string; port: number }[]; clusterIP?: string }
}

/** The names under which charts and operators install it. */
const selectors = ['app.kubernetes.io/name=prometheus', 'app=prometheus', 'app=kube-prometheus-stack-prometheus']

/** The path of its HTTP API; undefined where no Service looks like one, or none may be listed. */
async function findPrometheus(get: Get): Promise<string | undefined> {
  for (const selector of selectors) {
    const { status, body } = await get(`/api/v1/services?labelSelector=${encodeURIComponent(selector)}`)
    if (status !== 200) return undefined
    const { items = [] } = JSON.parse(body) as { items?: Service[] }
    for (const { metadata, spec } of items) {
      const port = spec?.ports?.find(
        ({ port: number, name }) => number === 9090 || number === 80 || name?.includes('web'),
      )
      if (!port) continue
      const base = `/api/v1/namespaces/${metadata.namespace}/services/http:${metadata.name}:${port.port}/proxy/api/v1`
      const answer = await get(`${base}/query?query=${encodeURIComponent('count(container_cpu_usage_seconds_total)')}`)
      if (answer.status === 200 && seriesIn(answer.body).length > 0) return base
    }
  }
  return undefined
}

type Measure = 'cpu' | 'memory' | 'received' | 'sent' | 'filesystem'
type Queries = Partial<Record<Measure, string>>

/** What Prometheus is asked for; undefined for subjects that its metrics cannot tell apart. */
function queriesOf(subject: UsageSubject): Queries | undefined {
  const pods = podsOf(subject)
  if (!pods) return undefined
  const containers = `{${pods},container!="",container!="POD"}`
  const sum = (metric: string, labels: string): string => `sum(${metric}${labels})`
  const rate = (metric: string, labels: string): string => `sum(rate(${metric}${labels}[${window}]))`
  const isContainer = subject.kind === 'Container'
  return {
    cpu: rate('container_cpu_usage_seconds_total', containers),
    memory: sum('container_memory_working_set_bytes', containers),
    // Interfaces belong to pods, not to containers.
    ...(isContainer
      ? {}
      : {
          received: rate('container_network_receive_bytes_total', `{${pods}}`),
          sent: rate('container_network_transmit_bytes_total', `{${pods}}`),
        }),
    filesystem: sum('container_fs_usage_bytes', containers),
  }
}

/** Label matchers of a subject's pods. Pods of workloads are known by their names, which their controllers make. */
function podsOf(subject: UsageSubject): string | undefined {
  if (subject.kind === 'Cluster') return 'pod!=""'
  if (subject.kind === 'Pods') return undefined
  if (!('namespace' in subject)) return `${subject.kind === 'Node' ? 'node' : 'namespace'}="${quoted(subject.name)}"`
  const namespace = `namespace="${quoted(subject.namespace)}"`
  if (subject.kind === 'Container')
    return `${namespace},pod="${quoted(subject.pod)}",container="${quoted(subject.name)}"`
  if (subject.kind === 'Pod') return `${namespace},pod="${quoted(subject.name)}"`
  const suffix = suffixes[subject.kind]
  return suffix && `${namespace},pod=~"${quoted(pattern(subject.name))}-${suffix}"`
}

/** What controllers put behind the name of a workload. */
const suffixes: Readonly<Record<string, string>> = {
  Deployment: '[a-z0-9]{6,10}-[a-z0-9]{5}',
  ReplicaSet: '[a-z0-9]{5}',
  StatefulSet: '[0-9]+',
  DaemonSet: '[a-z0-9]{5}',
  Job: '[a-z0-9]{5}',
  CronJob: '[0-9]{8,10}-[a-z0-9]{5}',
  ReplicationController: '[a-z0-9]{5}',
}
const quoted = (value: string): string => value.replaceAll(/["\\]/g, '\\$&')
const pattern = (name: string): string => name.replaceAll('.', '[.]')

interface Range {
  base: string
  queries: Queries
  /** ms since the epoch, both included. */
  start: number
  end: number
}

async function readRange(get: Get, { base, queries, start, end }: Range): Promise<UsagePoints> {
  const length = (end - start) / stepMs + 1
  const times = `&start=${start / 1_000}&end=${end / 1_000}&step=${stepMs / 1_000}`
  const found = await Promise.all(
    Object.entries(queries).map(async ([measure, query]): Promise<[string, (number | null)[]][]> => {
      const { status, body } = await get(`${base}/query_range?query=${encodeURIComponent(query)}${times}`)
      const [series] = status === 200 ? seriesIn(body) : []
      if (!series?.values) return []
      const values = new Array<number | null>(length).fill(null)
      for (const [seconds, value] of series.values) {
        const at = Math.round((seconds * 1_000 - start) / stepMs)
        const number = Number(value)
        if (at >= 0 && at < length && Number.isFinite(number)) values[at] = number
      }
      return [[measure, values]]
    }),
  )
  const measured: Partial<Record<Measure, (number | null)[]>> = Object.fromEntries(found.flat())
  return { start, stepMs, length, ...measured }
}

interface Series {
  values?: [seconds: number, value: string][]
}

function seriesIn(body: string): Series[] {
  try {
    const { data } = JSON.parse(body) as { data?: { result?: Series[] } }
    return data?.result ?? []
  } catch {
    return []
  }
}
