import type { Clock } from '#shared/base/clock.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { ObjectReader } from '../../api/reader.ts'
import type { Query } from '../../api/request.ts'
import type { Page } from '../../api/route.ts'
import { parseAllowList, type AllowList } from './allow-list.ts'
import {
  leaseMetrics,
  limitRangeMetrics,
  namespaceMetrics,
  nodeMetrics,
  resourceQuotaMetrics,
  serviceAccountMetrics,
} from './cluster.ts'
import { anyMetrics, type Family, type KindMetrics, type Labels } from './family.ts'
import {
  endpointMetrics,
  ingressClassMetrics,
  ingressMetrics,
  networkPolicyMetrics,
  serviceMetrics,
} from './network.ts'
import { podMetrics } from './pods.ts'
import {
  configMapMetrics,
  persistentVolumeClaimMetrics,
  persistentVolumeMetrics,
  secretMetrics,
  storageClassMetrics,
} from './storage.ts'
import {
  cronJobMetrics,
  daemonSetMetrics,
  deploymentMetrics,
  horizontalPodAutoscalerMetrics,
  jobMetrics,
  podDisruptionBudgetMetrics,
  replicaSetMetrics,
  replicationControllerMetrics,
  statefulSetMetrics,
} from './workloads.ts'

const tables: readonly KindMetrics[] = [
  anyMetrics(configMapMetrics),
  anyMetrics(cronJobMetrics),
  anyMetrics(daemonSetMetrics),
  anyMetrics(deploymentMetrics),
  anyMetrics(endpointMetrics),
  anyMetrics(horizontalPodAutoscalerMetrics),
  anyMetrics(ingressMetrics),
  anyMetrics(ingressClassMetrics),
  anyMetrics(jobMetrics),
  anyMetrics(leaseMetrics),
  anyMetrics(limitRangeMetrics),
  anyMetrics(namespaceMetrics),
  anyMetrics(networkPolicyMetrics),
  anyMetrics(nodeMetrics),
  anyMetrics(persistentVolumeMetrics),
  anyMetrics(persistentVolumeClaimMetrics),
  anyMetrics(podMetrics),
  anyMetrics(podDisruptionBudgetMetrics),
  anyMetrics(replicaSetMetrics),
  anyMetrics(replicationControllerMetrics),
  anyMetrics(resourceQuotaMetrics),
  anyMetrics(secretMetrics),
  anyMetrics(serviceMetrics),
  anyMetrics(serviceAccountMetrics),
  anyMetrics(statefulSetMetrics),
  anyMetrics(storageClassMetrics),
]

const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * `/metrics/objects`: the state of objects as Prometheus metrics, with the names, labels and types of kube-state-metrics
 * v2. Its command line's `--resources`, `--namespaces`, `--metric-labels-allowlist` and `--metric-annotations-allowlist`
 * are parameters of the query here. Computed from the store on request, one request at a time.
 */
export function objectMetricsPage({ reader, clock }: { reader: ObjectReader; clock: Clock }): Page {
  let turn: Promise<unknown> = Promise.resolve()
  return (call) => {
    if (call.path !== '/metrics/objects' || (call.method !== 'GET' && call.method !== 'HEAD')) return undefined
    const request = requestOf(call.query)
    const body = turn.then(() => render(request, reader, clock.now()))
    turn = body.catch(() => undefined)
    return body.then((bytes) => ({ type: 'bytes', code: 200, contentType, body: bytes }))
  }
}

interface MetricsRequest {
  tables: readonly KindMetrics[]
  /** All when undefined. */
  namespaces: ReadonlySet<string> | undefined
  labels: AllowList
  annotations: AllowList
}

/** @throws ApiError 400 */
function requestOf(query: Query): MetricsRequest {
  const names = listOf(query['resources'])
  return {
    tables: names ? tables.filter(({ resource }) => names.has(resource.plural)) : tables,
    namespaces: listOf(query['namespaces']),
    labels: parseAllowList('metric-labels-allowlist', query['metric-labels-allowlist']),
    annotations: parseAllowList('metric-annotations-allowlist', query['metric-annotations-allowlist']),
  }
}

const listOf = (text: string | undefined): ReadonlySet<string> | undefined =>
  text ? new Set(text.split(',').map((name) => name.trim())) : undefined

/** Objects between two pauses, in which other requests are served. */
const atOnce = 50

async function render(request: MetricsRequest, reader: ObjectReader, now: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for (const table of request.tables) {
    const families = [...table.families, ...listedFamilies(table, request)].map(
      (family) => new FamilyText(table, family),
    )
    let done = 0
    for (const object of reader.list(table.resource)) {
      if (request.namespaces && !request.namespaces.has(object.metadata.namespace ?? '')) continue
      const identity = labelsText(table.identity(object))
      for (const family of families) family.add(object, identity, now)
      if (++done % atOnce !== 0) continue
      for (const family of families) family.flush()
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const family of families) parts.push(...family.finish())
  }
  return Buffer.concat(parts)
}

/** The growing text of one metric: a format groups samples by metric, and objects come one by one. */
class FamilyText {
  readonly #family: Family<KubeObject>
  readonly #name: string
  readonly #parts: Buffer[] = []
  #text: string

  constructor({ prefix }: KindMetrics, family: Family<KubeObject>) {
    this.#family = family
    this.#name = family.name === '' ? prefix : `${prefix}_${family.name}`
    this.#text = `# HELP ${this.#name} ${family.help}\n# TYPE ${this.#name} ${family.type}\n`
  }

  add(object: Stored, identity: string, now: number): void {
    for (const [labels, amount] of this.#family.samples(object, now)) {
      const more = labelsText(labels)
      this.#text += `${this.#name}{${identity}${more === '' ? '' : ','}${more}} ${amount}\n`
    }
  }

  flush(): void {
    if (this.#text === '') return
    this.#parts.push(Buffer.from(this.#text))
    this.#text = ''
  }

  finish(): readonly Buffer[] {
    this.flush()
    return this.#parts
  }
}

/** Labels and annotations as metrics, for the resources for which the request asks. */
function listedFamilies({ resource }: KindMetrics, { labels, annotations }: MetricsRequest): Family<KubeObject>[] {
  const family = (
    name: string,
    prefix: string,
    allowed: AllowList,
    read: (object: Stored) => Record<string, string> | undefined,
  ): Family<KubeObject>[] =>
    allowed.covers(resource.plural)
      ? [
          {
            name,
            help: `The ${name} of an object.`,
            type: 'gauge',
            samples: (object) => [[allowed.labelsOf(resource.plural, prefix, read(object) ?? {}), 1]],
          },
        ]
      : []
  return [
    ...family('labels', 'label', labels, ({ metadata }) => metadata.labels),
    ...family('annotations', 'annotation', annotations, ({ metadata }) => metadata.annotations),
  ]
}

function labelsText(labels: Labels): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escaped(String(labels[name] ?? ''))}"`
  return text
}

const escaped = (value: string): string =>
  /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value
