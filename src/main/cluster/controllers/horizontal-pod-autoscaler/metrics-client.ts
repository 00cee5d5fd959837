import { messageOf } from '#shared/base/message-of.ts'
import type { Transport } from '#shared/client/transport.ts'
import type { CrossVersionObjectReference, LabelSelector, MetricSpec } from '#shared/kube/generated/types.ts'
import { quantityMillis } from '#shared/kube/quantity.ts'
import { formatLabelSelector, labelRequirements } from '#shared/kube/selectors.ts'
import { ApiError } from '#shared/kube/status.ts'
import type { Reading } from './metric-status.ts'
import { MetricError, type Sample, type Samples } from './replicas.ts'

/** Reads what `spec.metrics` names from the metrics APIs; failures are readings, too, in the words of client-go. */
export interface MetricsClient {
  /** @param selector of the target's pods, as a scale has it */
  read(spec: MetricSpec, namespace: string, selector: string): Promise<Reading>
}

export interface MetricsClientOptions {
  transport: Transport
  /** The plural of a kind, qualified by its group: `deployments.apps`. @throws Error where there is none */
  resourceOf(reference: CrossVersionObjectReference): string
}

/**
 * Resources come from `metrics.k8s.io/v1beta1`, metrics of pods and objects from `custom.metrics.k8s.io`, others from
 * `external.metrics.k8s.io/v1beta1`: whoever serves them, this control plane or an aggregated API server.
 */
export function createMetricsClient({ transport, resourceOf }: MetricsClientOptions): MetricsClient {
  /** @param resource how client-go names what was asked for */
  async function get<T>(path: string, resource: string): Promise<T> {
    try {
      return (await transport.request({ method: 'GET', path })) as T
    } catch (error) {
      throw new MetricError(clientMessage(error, resource))
    }
  }

  async function readResource(spec: MetricSpec, namespace: string, selector: string): Promise<Samples> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods`
    const { items = [] } = await fetched('resource', () =>
      get<PodMetricsList>(`${path}?labelSelector=${encodeURIComponent(selector)}`, 'pods.metrics.k8s.io'),
    )
    if (items.length === 0) throw new MetricError('no metrics returned from resource metrics API')
    const { containerResource, resource } = spec
    return containerResource
      ? containerSamples(items, containerResource.name, containerResource.container)
      : podSamples(items, resource?.name ?? '')
  }

  async function readPods({ pods }: MetricSpec, namespace: string, selector: string): Promise<Samples> {
    const { name, selector: metricSelector } = pods?.metric ?? { name: '' }
    const items = await fetched('custom', async () =>
      customValues(`namespaces/${encodeURIComponent(namespace)}/pods/*`, name, 'pods', {
        labelSelector: selector,
        metricLabelSelector: textOf(metricSelector),
      }),
    )
    if (items.length === 0) throw new MetricError('no metrics returned from custom metrics API')
    return new Map(items.map((item) => [item.describedObject?.name ?? '', customSample(item)]))
  }

  async function readObject({ object }: MetricSpec, namespace: string): Promise<number[]> {
    const { metric, describedObject } = object ?? { metric: { name: '' }, describedObject: { kind: '', name: '' } }
    const query = { metricLabelSelector: textOf(metric.selector) }
    const items = await fetched('custom', async () => {
      // A reference never leaves the namespace, so the name of a Namespace is not read.
      const isNamespace = describedObject.kind === 'Namespace' && !describedObject.apiVersion?.includes('/')
      const scope = `namespaces/${encodeURIComponent(namespace)}`
      if (isNamespace) return customValues(`${scope}/metrics`, metric.name, 'metrics', query)
      const resource = resourceNameOf(describedObject)
      return customValues(
        `${scope}/${resource}/${encodeURIComponent(describedObject.name)}`,
        metric.name,
        resource,
        query,
      )
    })
    if (items.length !== 1)
      throw new MetricError(
        `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${items.length} results when we asked for exactly one`,
      )
    return items.map(({ value }) => quantityMillis(value))
  }

  function resourceNameOf(reference: CrossVersionObjectReference): string {
    try {
      return resourceOf(reference)
    } catch (error) {
      const group = reference.apiVersion?.includes('/') ? `.${reference.apiVersion.split('/')[0] ?? ''}` : ''
      throw new MetricError(`unable to map kind ${reference.kind}${group} to resource: ${messageOf(error)}`)
    }
  }

  async function customValues(
    scope: string,
    metric: string,
    resource: string,
    query: Record<string, string>,
  ): Promise<MetricValue[]> {
    const version = await customVersion()
    const path = `/apis/custom.metrics.k8s.io/${version}/${scope}/${encodeURIComponent(metric)}`
    const { items = [] } = await get<{ items?: MetricValue[] }>(
      withQuery(path, query),
      `${resource}.custom.metrics.k8s.io`,
    )
    return items
  }

  async function customVersion(): Promise<string> {
    const group = await get<ApiGroup>('/apis/custom.metrics.k8s.io', 'custom.metrics.k8s.io').catch(() => undefined)
    if (!group) throw new MetricError('no custom metrics API (custom.metrics.k8s.io) registered')
    const served = [group.preferredVersion, ...(group.versions ?? [])].map((each) => each?.version ?? '')
    const known = served.find((version) => version === 'v1beta2' || version === 'v1beta1')
    if (known === undefined) throw new MetricError('no known available metric versions found')
    return known
  }

  async function readExternal({ external }: MetricSpec, namespace: string): Promise<number[]> {
    const { name, selector } = external?.metric ?? { name: '' }
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
    const { items = [] } = await fetched('external', () =>
      get<{ items?: MetricValue[] }>(
        withQuery(path, { labelSelector: textOf(selector) }),
        `${name}.external.metrics.k8s.io`,
      ),
    )
    if (items.length === 0) throw new MetricError('no metrics returned from external metrics API')
    return items.map(({ value }) => quantityMillis(value))
  }

  return {
    async read(spec, namespace, selector) {
      try {
        switch (spec.type) {
          case 'Pods':
            return { samples: await readPods(spec, namespace, selector) }
          case 'Object':
            return { values: await readObject(spec, namespace) }
          case 'External':
            return { values: await readExternal(spec, namespace) }
          default:
            return { samples: await readResource(spec, namespace, selector) }
        }
      } catch (error) {
        // An answer that is no list of metrics fails here too, with what is wrong with it.
        return { error: messageOf(error) }
      }
    },
  }
}

interface PodMetrics {
  metadata: { name: string; namespace?: string }
  timestamp?: string
  window?: string
  containers?: { name: string; usage?: Record<string, string> }[]
}

interface PodMetricsList {
  items?: PodMetrics[]
}

/** Of custom and external metrics, in both versions. */
interface MetricValue {
  describedObject?: { name?: string }
  timestamp?: string
  windowSeconds?: number
  window?: number
  value: string
}

interface ApiGroup {
  preferredVersion?: { version?: string }
  versions?: { version?: string }[]
}

async function fetched<T>(api: string, fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch()
  } catch (error) {
    throw new MetricError(`unable to fetch metrics from ${api} metrics API: ${messageOf(error)}`)
  }
}

/** The usage of all containers; a pod that lacks that of one has no sample. */
function podSamples(items: readonly PodMetrics[], resource: string): Samples {
  const samples = new Map<string, Sample>()
  for (const { metadata, timestamp, window, containers = [] } of items) {
    const usages = containers.map(({ usage }) => usage?.[resource])
    const known = usages.filter((usage) => usage !== undefined)
    if (usages.length === 0 || known.length < usages.length) continue
    const value = known.reduce((sum, usage) => sum + quantityMillis(usage), 0)
    samples.set(metadata.name, { value, at: timeOf(timestamp), windowMs: durationMs(window) })
  }
  return samples
}

function containerSamples(items: readonly PodMetrics[], resource: string, container: string): Samples {
  const samples = new Map<string, Sample>()
  for (const { metadata, timestamp, window, containers = [] } of items) {
    const found = containers.find(({ name }) => name === container)
    if (!found)
      throw new MetricError(
        `failed to get container metrics: container ${container} not present in metrics for pod ${metadata.namespace ?? ''}/${metadata.name}`,
      )
    const usage = found.usage?.[resource]
    if (usage !== undefined)
      samples.set(metadata.name, {
        value: quantityMillis(usage),
        at: timeOf(timestamp),
        windowMs: durationMs(window),
      })
  }
  return samples
}

/** The window of custom metrics that do not tell theirs, as Kubernetes assumes it, s. */
const defaultWindow = 60

const customSample = ({ value, timestamp, windowSeconds, window }: MetricValue): Sample => ({
  value: quantityMillis(value),
  at: timeOf(timestamp),
  windowMs: (windowSeconds ?? window ?? defaultWindow) * 1000,
})

const timeOf = (timestamp: string | undefined): number => Date.parse(timestamp ?? '') || 0

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** A Go duration (`1m30.5s`), ms. */
function durationMs(text = ''): number {
  let total = 0
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit] ?? 0)
  return total
}

/** client-go has words of its own for answers that are no Status. */
function clientMessage(error: unknown, resource: string): string {
  if (!(error instanceof ApiError)) return messageOf(error)
  const { code, reason, message } = error
  if (code === 503) return `the server is currently unable to handle the request (get ${resource})`
  const isPlain = code === 404 && (reason === '' || message === 'the server could not find the requested resource')
  return isPlain ? `the server could not find the requested resource (get ${resource})` : message
}

const textOf = (selector: LabelSelector | undefined): string => formatLabelSelector(labelRequirements(selector) ?? [])

function withQuery(path: string, query: Record<string, string>): string {
  const parts = Object.entries(query).flatMap(([name, value]) => (value ? `${name}=${encodeURIComponent(value)}` : []))
  return parts.length > 0 ? `${path}?${parts.join('&')}` : path
}
