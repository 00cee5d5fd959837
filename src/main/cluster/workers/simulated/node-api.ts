import { Duplex } from 'node:stream'
import type { StatsSummary } from '#shared/kube/stats-summary.ts'

/** Answers of simulated kubelets to the API server. */
export interface SimulatedNodeApi {
  /** Usage of a node and its pods; undefined when it is silent or no simulated node. */
  summary(node: string): StatsSummary | undefined
  /** The pods of a node, as a PodList. */
  pods(node: string): unknown
}

interface Answer {
  status: number
  headers: Record<string, string>
  stream: Duplex
}

/**
 * The API server's connections to simulated nodes: statistics and lists are answered, everything that needs a container
 * or a network is refused with the reason.
 */
export function createSimulatedConnector(): {
  request(node: string, request: { method: string; path: string }): Promise<Answer>
  connect(node: string, authority: string): Promise<Duplex>
  /** Answers come from `api` from now on. */
  attach(api: SimulatedNodeApi): void
} {
  let api: SimulatedNodeApi | undefined
  return {
    request(node, { method, path }) {
      const summary = api?.summary(node)
      if (!api || !summary) return Promise.reject(new Error(`worker ${node} cannot be reached`))
      const url = new URL(path, 'http://node')
      const [, first = '', second = ''] = url.pathname.split('/')
      const page = `${first}/${second}`
      if (containerVerbs.has(first)) return Promise.resolve(plain(400, noContainer(node)))
      // Volumes of simulated pods have no data.
      if (first === 'volumes' && method !== 'GET') return Promise.resolve(plain(200, ''))
      if (method !== 'GET') return Promise.resolve(plain(405, 'GET is required'))
      if (page === 'stats/summary') return Promise.resolve(json(summary))
      if (page === 'metrics/resource') return Promise.resolve(plain(200, resourceMetrics(summary)))
      if (first === 'pods') return Promise.resolve(json(api.pods(node)))
      if (first === 'healthz') return Promise.resolve(plain(200, 'ok'))
      return Promise.resolve(plain(404, 'not found'))
    },
    connect: (node) => Promise.reject(new Error(`${node} is simulated: there is no network behind its pods`)),
    attach(next) {
      api = next
    },
  }
}

const containerVerbs = new Set(['containerLogs', 'exec', 'attach', 'portForward'])

const noContainer = (node: string): string =>
  `node ${node} is simulated: its pods only pretend to run, there is no container behind them`

const json = (value: unknown): Answer => answer(200, 'application/json', JSON.stringify(value))
const plain = (status: number, text: string): Answer => answer(status, 'text/plain; charset=utf-8', text)

function answer(status: number, type: string, text: string): Answer {
  const stream = new Duplex({
    read() {
      this.push(text)
      this.push(null)
    },
    write: (_chunk, _encoding, done) => done(),
  })
  return { status, headers: { 'content-type': type }, stream }
}

/** The page `/metrics/resource` of a kubelet. */
export function resourceMetrics({ node, pods }: StatsSummary): string {
  const families: [name: string, type: 'counter' | 'gauge', samples: string[]][] = []
  const add = (name: string, type: 'counter' | 'gauge', samples: [labels: string, value: number | undefined][]): void =>
    void families.push([
      name,
      type,
      samples.flatMap(([labels, value]) => (value === undefined ? [] : [`${name}${labels} ${value}`])),
    ])
  const seconds = (nano: number | undefined): number | undefined => (nano === undefined ? undefined : nano / 1e9)
  const ofPod = ({ podRef }: StatsSummary['pods'][number]): string =>
    `{namespace=${JSON.stringify(podRef.namespace)},pod=${JSON.stringify(podRef.name)}}`
  const containers = pods.flatMap((pod) =>
    pod.containers.map((container) => ({
      container,
      labels: `{container=${JSON.stringify(container.name)},${ofPod(pod).slice(1)}`,
    })),
  )
  add(
    'container_cpu_usage_seconds_total',
    'counter',
    containers.map(({ container, labels }) => [labels, seconds(container.cpu?.usageCoreNanoSeconds)]),
  )
  add(
    'container_memory_working_set_bytes',
    'gauge',
    containers.map(({ container, labels }) => [labels, container.memory?.workingSetBytes]),
  )
  add(
    'container_start_time_seconds',
    'gauge',
    containers.map(({ container, labels }) => [labels, Date.parse(container.startTime) / 1_000]),
  )
  add('node_cpu_usage_seconds_total', 'counter', [['', seconds(node.cpu?.usageCoreNanoSeconds)]])
  add('node_memory_working_set_bytes', 'gauge', [['', node.memory?.workingSetBytes]])
  add(
    'pod_cpu_usage_seconds_total',
    'counter',
    pods.map((pod) => [ofPod(pod), seconds(pod.cpu?.usageCoreNanoSeconds)]),
  )
  add(
    'pod_memory_working_set_bytes',
    'gauge',
    pods.map((pod) => [ofPod(pod), pod.memory?.workingSetBytes]),
  )
  add('resource_scrape_error', 'gauge', [['', 0]])
  return families.map(([name, type, samples]) => [`# TYPE ${name} ${type}`, ...samples, ''].join('\n')).join('')
}
