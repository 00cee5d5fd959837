import { collectDefaultMetrics, Registry } from 'prom-client'
import { quietProcessMetrics } from '#shared/base/process-metrics.ts'
import type { ServedResource } from '../api/resources.ts'
import type { VersionInfo } from '../api/version.ts'
import { family, labelText, samples } from '#shared/base/prometheus-text.ts'
import { kindLabels, seriesLabels, type CountedRequest, type RequestMetrics } from './request-metrics.ts'

/** A source of metrics in the Prometheus text format. */
export interface MetricsText {
  text(): string
}

/** What `/metrics` is made of. */
export interface MetricSources {
  requests: RequestMetrics
  /** Objects per resource. */
  objects(): Iterable<{ group: string; resource: string; count: number }>
  /** Running watches. */
  watchers(): Iterable<{ resource: ServedResource; scope: 'cluster' | 'namespace' }>
  version: VersionInfo
  others?: readonly MetricsText[] | undefined
}

export interface Metrics {
  contentType: string
  metrics(): Promise<string>
}

/** The text of `/metrics`: this server's metrics, those of other sources, and those of the process. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, ...quietProcessMetrics.options })
  for (const name of quietProcessMetrics.unmeasured) registry.removeSingleMetric(name)
  return {
    contentType: registry.contentType,
    async metrics() {
      const process = await registry.metrics()
      const own = [sources.requests.text(), watcherText(sources), objectText(sources), buildText(sources.version)]
      return [...own, ...(sources.others ?? []).map((other) => other.text()), process].join('')
    },
  }
}

function watcherText({ watchers }: MetricSources): string {
  const registered = new Map<string, number>()
  const running = new Map<string, number>()
  const add = (counts: Map<string, number>, labels: Record<string, string>): void => {
    const text = labelText(labels)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  for (const { resource, scope } of watchers()) {
    const { group, version, plural } = resource.kind
    add(registered, kindLabels(resource))
    add(running, seriesLabels({ ...noRequest, verb: 'watch', group, version, resource: plural, scope }))
  }
  return (
    family(
      'apiserver_registered_watchers',
      'Watchers at the moment, by kind.',
      'gauge',
      samples('apiserver_registered_watchers', registered),
    ) +
    family(
      'apiserver_longrunning_requests',
      'Long-running requests at the moment, by verb, group, version, resource and scope.',
      'gauge',
      samples('apiserver_longrunning_requests', running),
    )
  )
}

const noRequest: CountedRequest = {
  verb: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  scope: '',
  dryRun: false,
  code: 0,
}

function objectText({ objects }: MetricSources): string {
  const stored = [...objects()]
  const qualified = ({ group, resource }: { group: string; resource: string }): string =>
    group === '' ? resource : `${resource}.${group}`
  return (
    family(
      'apiserver_storage_objects',
      'Stored objects by resource.',
      'gauge',
      samples(
        'apiserver_storage_objects',
        new Map(stored.map((object) => [labelText({ resource: qualified(object) }), object.count])),
      ),
    ) +
    family(
      'apiserver_resource_objects',
      'Stored objects by group and resource.',
      'gauge',
      samples(
        'apiserver_resource_objects',
        new Map(stored.map(({ group, resource, count }) => [labelText({ group, resource }), count])),
      ),
    )
  )
}

const buildText = (version: VersionInfo): string =>
  family(
    'kubernetes_build_info',
    'Always 1; labelled with what was built, from what and with what.',
    'gauge',
    samples('kubernetes_build_info', [
      [
        labelText({
          major: version.major,
          minor: version.minor,
          git_version: version.gitVersion,
          git_commit: version.gitCommit,
          git_tree_state: version.gitTreeState,
          build_date: version.buildDate,
          go_version: version.goVersion,
          compiler: version.compiler,
          platform: version.platform,
        }),
        1,
      ],
    ]),
  )
