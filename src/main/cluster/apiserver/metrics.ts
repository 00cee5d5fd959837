import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'

/** Counts of requests, cheap to keep and formatted only when somebody scrapes. */
export class RequestMetrics {
  readonly #counts = new Map<string, number>()

  count(verb: string, resource: string, subresource: string, code: number): void {
    const key = `${verb}|${resource}|${subresource}|${code}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  entries(): { verb: string; resource: string; subresource: string; code: string; value: number }[] {
    return [...this.#counts].map(([key, value]) => {
      const [verb = '', resource = '', subresource = '', code = ''] = key.split('|')
      return { verb, resource, subresource, code, value }
    })
  }
}

/** What `/metrics` tells. */
export interface MetricSources {
  requests: RequestMetrics
  /** Objects per resource. */
  objects(): Iterable<{ resource: string; count: number }>
  watchers(): number
}

/** The registry behind `/metrics`, in the Prometheus text format. */
export function createMetricsRegistry(sources: MetricSources): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, group, version, resource and code.',
    labelNames: ['verb', 'resource', 'subresource', 'code'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { value, ...labels } of sources.requests.entries()) this.inc(labels, value)
    },
  })
  new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Number of stored objects split by kind.',
    labelNames: ['resource'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { resource, count } of sources.objects()) this.set({ resource }, count)
    },
  })
  new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active watches.',
    registers: [registry],
    collect() {
      this.set(sources.watchers())
    },
  })

  return registry
}
