import { family, Histogram, labelText, samples } from '#shared/base/prometheus-text.ts'
import { subresourceOf } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'
import type { Route } from '../api/route.ts'

/** The labels of a request. */
export interface CountedRequest {
  /** Kubernetes' verb, in lower case. */
  verb: string
  /** '' for paths that are no served resource: clients cannot make up labels. */
  group: string
  version: string
  resource: string
  subresource: string
  scope: '' | 'cluster' | 'namespace' | 'resource'
  dryRun: boolean
  code: number
}

/** The labels of a request. Unknown paths share one series, so that clients cannot fill memory with labels. */
export function countedOf({ verb, path, info, resource, dryRun }: Route, code: number): CountedRequest {
  if (!info || !resource) {
    const subresource = countedPages.has(path) ? path : ''
    return { verb, group: '', version: '', resource: '', subresource, scope: '', dryRun, code }
  }
  const { group, version, namespace, name } = info
  const subresource =
    subresourceOf(resource.kind, info.subresource) || knownParts.has(info.subresource) ? info.subresource : ''
  const scope = name !== '' || verb === 'create' ? 'resource' : namespace === '' ? 'cluster' : 'namespace'
  return { verb, group, version, resource: info.resource, subresource, scope, dryRun, code }
}

const countedPages = new Set(['/healthz', '/livez', '/readyz', '/metrics', '/version'])
const knownParts = new Set(['status', 'scale'])

const secondsBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]
const sizeBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

interface Series extends CountedRequest {
  seconds: Histogram
  sizes: Histogram
}

/** Metrics of requests. Counting costs one look-up and a few additions; text is made on a scrape. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>()
  readonly #watchEvents = new Map<ServedResource, { value: number }>()
  /** Requests under way, other than watches and connections. */
  readonly inflight = { mutating: 0, readOnly: 0 }

  count(request: CountedRequest, seconds: number, bytes?: number): void {
    const { verb, group, version, resource, subresource, scope, dryRun, code } = request
    const key = `${verb}|${group}|${version}|${resource}|${subresource}|${scope}|${dryRun ? 1 : 0}|${code}`
    let series = this.#series.get(key)
    if (!series) {
      series = { ...request, seconds: new Histogram(secondsBounds), sizes: new Histogram(sizeBounds) }
      this.#series.set(key, series)
    }
    series.seconds.observe(seconds)
    if (bytes !== undefined) series.sizes.observe(bytes)
  }

  /** Where the events sent to watchers of a resource are counted. */
  watchEvents(resource: ServedResource): { value: number } {
    let counter = this.#watchEvents.get(resource)
    if (!counter) {
      counter = { value: 0 }
      this.#watchEvents.set(resource, counter)
    }
    return counter
  }

  text(): string {
    const all = [...this.#series.values()]
    const total = all.map((series) => [totalLabels(series), series.seconds.count] as const)
    // Watches and connections are left out: the time until they begin is no latency of the server.
    const lasting = all.filter(({ verb }) => !isLongRunning(verb))
    const { mutating, readOnly } = this.inflight
    return [
      family(
        'apiserver_request_total',
        'Requests of the API server by verb, dry run, group, version, resource, scope, and HTTP response code.',
        'counter',
        samples('apiserver_request_total', total),
      ),
      histograms(
        'apiserver_request_duration_seconds',
        'Response latency in seconds.',
        lasting,
        ({ seconds }) => seconds,
      ),
      histograms('apiserver_response_sizes', 'Response size in bytes.', lasting, ({ sizes }) => sizes),
      family(
        'apiserver_current_inflight_requests',
        'Requests under way at the moment, by kind.',
        'gauge',
        samples('apiserver_current_inflight_requests', [
          ['request_kind="mutating"', mutating],
          ['request_kind="readOnly"', readOnly],
        ]),
      ),
      family(
        'apiserver_watch_events_total',
        'Events sent to watchers over HTTP.',
        'counter',
        samples(
          'apiserver_watch_events_total',
          [...this.#watchEvents].map(([resource, { value }]) => [labelText(kindLabels(resource)), value] as const),
        ),
      ),
    ].join('')
  }
}

const isLongRunning = (verb: string): boolean => verb === 'watch' || verb === 'connect'

/** Verbs as the metrics spell them: HTTP's methods where there is one. */
const spelled: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' }
const verbLabel = (verb: string): string => spelled[verb] ?? verb.toUpperCase()

export const seriesLabels = (series: CountedRequest): Record<string, string> => ({
  component: 'apiserver',
  group: series.group,
  resource: series.resource,
  scope: series.scope,
  subresource: series.subresource,
  verb: verbLabel(series.verb),
  version: series.version,
})

const totalLabels = (series: CountedRequest): string =>
  labelText({ ...seriesLabels(series), code: String(series.code), dry_run: series.dryRun ? 'All' : '' })

export const kindLabels = ({ kind }: ServedResource): Record<string, string> => ({
  group: kind.group,
  kind: kind.kind,
  version: kind.version,
})

/** Latencies and sizes have no labels for code and dry run: those series are merged. */
function histograms(name: string, help: string, all: readonly Series[], of: (series: Series) => Histogram): string {
  const bounds = name.endsWith('seconds') ? secondsBounds : sizeBounds
  const merged = new Map<string, Histogram>()
  for (const series of all) {
    if (of(series).count === 0) continue
    const labels = labelText(seriesLabels(series))
    let histogram = merged.get(labels)
    if (!histogram) merged.set(labels, (histogram = new Histogram(bounds)))
    histogram.add(of(series))
  }
  return family(
    name,
    help,
    'histogram',
    [...merged].map(([labels, histogram]) => histogram.text(name, labels)).join(''),
  )
}
