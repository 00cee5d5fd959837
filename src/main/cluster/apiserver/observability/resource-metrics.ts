import type { Clock } from '#shared/base/clock.ts'
import { goDuration } from '#shared/kube/human-duration.ts'
import type { KubeObject, ObjectMeta } from '#shared/kube/object.ts'
import { addQuantities, bytesQuantity, nanosQuantity } from '#shared/kube/quantity.ts'
import { nodes, pods } from '#shared/kube/resources.ts'
import { notFound } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { Column, KindDeclaration } from '../api/kind.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { MeasuredUsage, UsageReader } from '../api/usage.ts'
import type { View } from '../registry/view.ts'

/**
 * `metrics.k8s.io`: usage of nodes and pods as metrics-server (v0.7) serves it, computed on read. When an APIService
 * names another server for the group, requests go there (`aggregation/`), so an installed metrics-server takes over.
 */
export function resourceMetrics(options: { usage: UsageReader; reader: ObjectReader; clock: Clock }): View[] {
  return [nodeMetricsView(options), podMetricsView(options)]
}

interface NodeMetrics extends KubeObject {
  timestamp: string
  window: string
  usage: Usage
}

interface PodMetrics extends KubeObject {
  timestamp: string
  window: string
  containers: { name: string; usage: Usage }[]
}

interface Usage {
  cpu: string
  memory: string
}

type Options = Parameters<typeof resourceMetrics>[0]

const group = 'metrics.k8s.io'
const apiVersion = `${group}/v1beta1`

function nodeMetricsView({ usage, reader, clock }: Options): View {
  const metricsOf = ({ name = '', labels }: ObjectMeta): NodeMetrics | undefined => {
    const measured = usage.node(name)
    return (
      measured && {
        kind: 'NodeMetrics',
        apiVersion,
        metadata: metadataOf({ name, labels }, clock),
        timestamp: timestamp(measured.at),
        window: goDuration(measured.windowMs),
        usage: usageOf(measured),
      }
    )
  }
  return {
    group,
    resource: 'nodes',
    objects: () => reader.list(nodes).flatMap(({ metadata }) => metricsOf(metadata) ?? []),
    object(_, name) {
      const node = reader.get(nodes, '', name)
      if (!node) throw notFound({ group: '', resource: 'nodes' }, name)
      const metrics = metricsOf(node.metadata)
      if (!metrics) throw notFound({ group, resource: 'nodemetrics' }, name)
      return metrics
    },
  }
}

function podMetricsView({ usage, reader, clock }: Options): View {
  const metricsOf = ({ namespace = '', name = '', uid = '', labels }: ObjectMeta): PodMetrics | undefined => {
    const measured = usage.pod(namespace, name, uid)
    return (
      measured && {
        kind: 'PodMetrics',
        apiVersion,
        metadata: metadataOf({ name, namespace, labels }, clock),
        timestamp: timestamp(measured.at),
        window: goDuration(measured.windowMs),
        containers: measured.containers.map((container) => ({ name: container.name, usage: usageOf(container) })),
      }
    )
  }
  return {
    group,
    resource: 'pods',
    objects: (namespace) =>
      reader
        .list(pods, namespace)
        .flatMap(({ metadata, status }) => (status?.phase === 'Running' ? (metricsOf(metadata) ?? []) : [])),
    object(namespace, name) {
      const pod = reader.get(pods, namespace, name)
      // metrics-server sees running pods only.
      if (pod?.status?.phase !== 'Running') throw notFound({ group: '', resource: 'pods' }, name)
      const metrics = metricsOf(pod.metadata)
      if (!metrics) throw notFound({ group, resource: 'podmetrics' }, `${namespace}/${name}`)
      return metrics
    },
  }
}

const metadataOf = (
  { labels, ...named }: Pick<ObjectMeta, 'name' | 'namespace'> & { labels: ObjectMeta['labels'] },
  clock: Clock,
): ObjectMeta => ({
  ...named,
  creationTimestamp: timestamp(clock.now()),
  ...(labels ? { labels } : {}),
})

const usageOf = ({ cpuNanocores, memoryBytes }: MeasuredUsage): Usage => ({
  cpu: nanosQuantity(cpuNanocores),
  memory: bytesQuantity(memoryBytes),
})

/** Columns as metrics-server names them: kubectl prints NAME, CPU, MEMORY and WINDOW. */
const columnsOf = <T extends NodeMetrics | PodMetrics>(usageOf: (object: T) => Usage): Column<T>[] => [
  { name: 'cpu', type: 'string', format: 'quantity', description: '', value: (object) => usageOf(object).cpu },
  { name: 'memory', type: 'string', format: 'quantity', description: '', value: (object) => usageOf(object).memory },
  { name: 'Window', type: 'string', format: 'duration', description: '', value: ({ window }) => window },
]

const schema = (kind: string): string => `io.k8s.metrics.pkg.apis.metrics.v1beta1.${kind}`

const nodeMetrics: KindDeclaration<NodeMetrics> = {
  group,
  version: 'v1beta1',
  kind: 'NodeMetrics',
  plural: 'nodes',
  // As in metrics-server: clients then derive the singular `nodemetrics`, for `kubectl get nodemetrics`.
  singular: '',
  namespaced: false,
  schema: schema('NodeMetrics'),
  verbs: ['get', 'list'],
  columns: columnsOf(({ usage }) => usage),
}

const podMetrics: KindDeclaration<PodMetrics> = {
  group,
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  namespaced: true,
  schema: schema('PodMetrics'),
  verbs: ['get', 'list'],
  columns: columnsOf(({ containers }) => ({
    cpu: addQuantities('0', ...containers.map(({ usage }) => usage.cpu)),
    memory: addQuantities('0', ...containers.map(({ usage }) => usage.memory)),
  })),
}

/** Not among the stored kinds: no APIService is registered for them, so that one of metrics-server can be created. */
export const metricsKinds: readonly KindDeclaration[] = [
  nodeMetrics as unknown as KindDeclaration,
  podMetrics as unknown as KindDeclaration,
]
