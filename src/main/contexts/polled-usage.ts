import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { UsageAnswer, UsageSubject } from '#shared/contract/metrics.ts'
import { formatLabelSelector, labelRequirements, type LabelSelectorShape } from '#shared/kube/selectors.ts'
import { quantityNumber } from '#shared/kube/quantity.ts'
import type { ContextUsage } from './usage.ts'

/** `GET` of a path of the Kubernetes API. */
type Get = (path: string) => Promise<{ status: number; body: string }>

const stepMs = 10_000
const mostPoints = 360
/** How long polling goes on after the last look, ms. */
const lingerMs = 60_000

/**
 * Usage of a cluster that is not Slipway's own, from its Metrics API, polled while someone looks. Metrics-server measures
 * every 15 s, so some points repeat the one before.
 */
export function polledUsage({ get, clock }: { get: Get; clock: Clock }): ContextUsage & { stop: Stop } {
  const polls = new Map<string, Poll>()
  const lists = sharedLists({ get, clock })
  const pollOf = (subject: UsageSubject): Poll => {
    const key = JSON.stringify(subject)
    let poll = polls.get(key)
    if (!poll) {
      // Rows of a table: one list serves all of them.
      const reader = polls.size >= fewPolls ? lists : get
      poll = new Poll(subject, { get: reader, clock, ended: () => polls.delete(key) })
      polls.set(key, poll)
    }
    return poll
  }
  return {
    read: (subject, since) => pollOf(subject).read(since),
    watch: (subject, listener) => pollOf(subject).watch(listener),
    stop() {
      for (const poll of polls.values()) poll.stop()
    },
  }
}

/** From so many polls on, single pods and nodes are taken from lists. */
const fewPolls = 6
/** How long a list serves, ms: less than the time between two points. */
const listLifeMs = stepMs - 2_000

/** Answers questions for single pods and nodes from the list of their namespace or of all nodes, asked for once. */
function sharedLists({ get, clock }: { get: Get; clock: Clock }): Get {
  const known = new Map<string, { at: number; list: Promise<SharedList> }>()
  const listOf = (path: string): Promise<SharedList> => {
    const before = known.get(path)
    if (before && clock.now() - before.at < listLifeMs) return before.list
    const list = get(path).then(sharedList)
    known.set(path, { at: clock.now(), list })
    return list
  }
  return async (path) => {
    const [, all, name = ''] = /^(.*\/(?:pods|nodes))\/([^/?]+)$/.exec(path) ?? []
    if (!path.startsWith(base) || all === undefined) return get(path)
    const { status, body, items } = await listOf(all)
    // Who may not list may still read one.
    if (status !== 200) return status === 403 ? get(path) : { status, body }
    const found = items.get(decodeURIComponent(name))
    return found
      ? { status, body: JSON.stringify(found) }
      : { status: 404, body: JSON.stringify({ message: `metrics of "${name}" not found` }) }
  }
}

interface SharedList {
  status: number
  body: string
  /** By name. */
  items: ReadonlyMap<string, unknown>
}

function sharedList({ status, body }: { status: number; body: string }): SharedList {
  if (status !== 200) return { status, body, items: new Map() }
  const { items = [] } = JSON.parse(body) as { items?: { metadata?: { name?: string } }[] }
  return { status, body: '', items: new Map(items.map((item) => [item.metadata?.name ?? '', item])) }
}

interface Point {
  cpu: number
  memory: number
}

/** The repeated question for the usage of one subject, with the points so far. */
class Poll {
  readonly #subject: UsageSubject
  readonly #options: { get: Get; clock: Clock; ended: () => void }
  readonly #points = new Map<number, Point>()
  readonly #listeners = new Set<() => void>()
  #unavailable: string | undefined
  #first: Promise<void>
  #lookedAt: number
  #next: Stop | undefined
  #stopped = false

  constructor(subject: UsageSubject, options: { get: Get; clock: Clock; ended: () => void }) {
    this.#subject = subject
    this.#options = options
    this.#lookedAt = options.clock.now()
    this.#first = this.#ask()
  }

  async read(since: number): Promise<UsageAnswer> {
    const { clock } = this.#options
    this.#lookedAt = clock.now()
    await this.#first
    if (this.#unavailable !== undefined) return { unavailable: this.#unavailable }
    const cells = [...this.#points.keys()].filter((cell) => cell * stepMs >= since)
    const first = cells[0] ?? Math.ceil(Math.max(since, clock.now()) / stepMs)
    const length = cells.length === 0 ? 0 : (cells.at(-1) ?? first) - first + 1
    const values = (measure: keyof Point): (number | null)[] =>
      Array.from({ length }, (_, i) => this.#points.get(first + i)?.[measure] ?? null)
    return { start: first * stepMs, stepMs, length, cpu: values('cpu'), memory: values('memory') }
  }

  watch(listener: () => void): Stop {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      this.#lookedAt = this.#options.clock.now()
    }
  }

  stop(): void {
    this.#stopped = true
    void this.#next?.()
    this.#options.ended()
  }

  async #ask(): Promise<void> {
    const { get, clock } = this.#options
    try {
      const point = await measure(get, this.#subject)
      this.#unavailable = undefined
      this.#points.set(Math.floor(clock.now() / stepMs), point)
      for (const cell of this.#points.keys()) if (this.#points.size > mostPoints) this.#points.delete(cell)
    } catch (error) {
      this.#unavailable = messageOf(error)
    }
    if (this.#stopped) return
    for (const listener of this.#listeners) listener()
    if (this.#listeners.size === 0 && clock.now() - this.#lookedAt > lingerMs) this.stop()
    else this.#next = clock.after(stepMs, () => void this.#ask())
  }
}

interface Metrics {
  usage?: Usage
  containers?: { name: string; usage: Usage }[]
}
interface Usage {
  cpu: string
  memory: string
}

const base = '/apis/metrics.k8s.io/v1beta1'

/** @throws Error that says for the user why there is none */
async function measure(get: Get, subject: UsageSubject): Promise<Point> {
  const path = await pathOf(get, subject)
  const answer = (await read(get, path)) as Metrics & { items?: Metrics[] }
  const point: Point = { cpu: 0, memory: 0 }
  for (const { usage, containers = [] } of answer.items ?? [answer])
    for (const one of usage ? [{ name: '', usage }] : containers) {
      if (subject.kind === 'Container' && one.name !== subject.name) continue
      point.cpu += quantityNumber(one.usage.cpu)
      point.memory += quantityNumber(one.usage.memory)
    }
  return point
}

/** What to ask the Metrics API for; the pods of a workload are found by its selector. */
async function pathOf(get: Get, subject: UsageSubject): Promise<string> {
  if (subject.kind === 'Cluster') return `${base}/nodes`
  if (subject.kind === 'Pods') {
    const within = subject.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(subject.namespace)}`
    return `${base}${within}/pods?labelSelector=${encodeURIComponent(subject.labelSelector)}`
  }
  if (!('namespace' in subject)) {
    const name = encodeURIComponent(subject.name)
    return subject.kind === 'Node' ? `${base}/nodes/${name}` : `${base}/namespaces/${name}/pods`
  }
  const pods = `${base}/namespaces/${encodeURIComponent(subject.namespace)}/pods`
  if (subject.kind === 'Container') return `${pods}/${encodeURIComponent(subject.pod)}`
  if (subject.kind === 'Pod') return `${pods}/${encodeURIComponent(subject.name)}`
  return `${pods}?labelSelector=${encodeURIComponent(await selectorOf(get, subject))}`
}

/** Paths of the workloads that have a selector; a CronJob has none. */
const workloads: Readonly<Record<string, string>> = {
  Deployment: 'apis/apps/v1|deployments',
  ReplicaSet: 'apis/apps/v1|replicasets',
  StatefulSet: 'apis/apps/v1|statefulsets',
  DaemonSet: 'apis/apps/v1|daemonsets',
  Job: 'apis/batch/v1|jobs',
  ReplicationController: 'api/v1|replicationcontrollers',
}

async function selectorOf(
  get: Get,
  { kind, namespace, name }: { kind: string; namespace: string; name: string },
): Promise<string> {
  const [api, plural] = workloads[kind]?.split('|') ?? []
  if (!api || !plural) throw new Error(`the pods of a ${kind} cannot be told from others`)
  const path = `/${api}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`
  const { spec } = (await read(get, path)) as { spec?: { selector?: LabelSelectorShape | Record<string, string> } }
  const selector = spec?.selector ?? {}
  const shape = kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector
  const requirements = labelRequirements(shape)
  if (!requirements?.length) throw new Error(`${kind} ${name} selects no pods`)
  return formatLabelSelector(requirements)
}

async function read(get: Get, path: string): Promise<unknown> {
  const { status, body } = await get(path)
  if (status === 200) return JSON.parse(body)
  throw new Error(reasonOf(status, body, path.startsWith(base)))
}

function reasonOf(status: number, body: string, isMetrics: boolean): string {
  const message = messageIn(body)
  // A server without the API answers with its generic message, or as text.
  if (isMetrics && status === 404 && !message?.includes('not found'))
    return 'this cluster has no Metrics API: install metrics-server to see usage'
  if (isMetrics && status === 503) return 'the Metrics API of this cluster does not answer: is metrics-server running?'
  return message ?? `the server answered with ${status}`
}

function messageIn(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
