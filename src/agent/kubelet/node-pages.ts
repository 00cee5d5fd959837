import type { Snapshots } from './stats/snapshot.ts'
import type { StorageReader } from './stats/storage.ts'
import { readMachine } from './stats/machine.ts'
import { summaryOf, type NodeFacts } from './stats/summary.ts'

/** What a kubelet says of its node in answer to GET: health, statistics and metrics. */
export interface NodePages {
  /** @param segments of the path, decoded @returns what makes the page; undefined when there is no such page */
  find(segments: readonly string[], query: URLSearchParams): (() => Promise<Page>) | undefined
}

export interface Page {
  type: string
  body: string
}

export interface NodePagesOptions {
  node: { name: string; memoryBytes: number }
  snapshots: Snapshots
  storage: StorageReader
  /** The agent's own metrics, in Prometheus' text format. */
  metrics(): string
}

export function createNodePages(options: NodePagesOptions): NodePages {
  const pages: Readonly<Record<string, (query: URLSearchParams) => Promise<Page>>> = {
    healthz: async () => plain('ok'),
    'healthz/ping': async () => plain('ok'),
    'stats/summary': (query) => summary(options, query),
    metrics: async () => plain(options.metrics()),
  }
  return {
    find(segments, query) {
      const path = segments.join('/').replace(/\/$/, '')
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined
      return page && (() => page(query))
    },
  }
}

const plain = (body: string): Page => ({ type: 'text/plain; charset=utf-8', body })

const json = (value: unknown): Page => ({ type: 'application/json', body: JSON.stringify(value) })

async function summary({ snapshots, storage, node }: NodePagesOptions, query: URLSearchParams): Promise<Page> {
  const snapshot = await snapshots.take()
  const onlyCpuAndMemory = ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(query.get('only_cpu_and_memory') ?? '')
  const facts: NodeFacts = { ...node, ...readMachine() }
  return json(summaryOf(snapshot, facts, onlyCpuAndMemory ? undefined : await storage.of(snapshot)))
}
