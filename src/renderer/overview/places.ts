import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal, summarizePod } from '#shared/kube/pod.ts'
import type { Tone } from '../components/tone.ts'
import { podTone } from '../kinds/core/pod.ts'
import { amountOf, resourcesOf, sumOf, type Amounts } from './pod-resources.ts'

/** What a cell's colour tells. */
export type Colouring = 'status' | 'cpu' | 'memory'

/** A pod on its worker. */
export interface PlaceCell {
  pod: Stored<Pod>
  tone: Tone
  /** Kubernetes' own word. */
  status: string
  /** How full it is of its limit, or of what it asks for without one: 0 to 4; undefined where nothing is measured. */
  heat: number | undefined
  /** Its share of the width: what it asks for of what the worker has. */
  share: number
}

export interface PlaceRow {
  node: Stored<Node>
  isReady: boolean
  cells: PlaceCell[]
  /** Requested, in use where it is measured, and offered. */
  cpu: RowAmount
  memory: RowAmount
}
export interface RowAmount {
  requested: number
  used: number | undefined
  all: number
}

/** Use of pods by `namespace/name`; unset where it is not measured. */
export type PodUsage = ReadonlyMap<string, { cpu: number; memory: number }> | undefined

/** Workers with their pods, the largest first; those in trouble before all others. */
export function placeRows(
  nodes: readonly Stored<Node>[],
  pods: readonly Stored<Pod>[],
  { usage, colouring }: { usage: PodUsage; colouring: Colouring },
): PlaceRow[] {
  const byNode = Map.groupBy(
    pods.filter((pod) => !isPodTerminal(pod)),
    ({ spec }) => spec?.nodeName ?? '',
  )
  const measure = colouring === 'cpu' ? 'cpu' : 'memory'
  return nodes
    .map((node): PlaceRow => {
      const here = byNode.get(node.metadata.name) ?? []
      const amount = (resource: 'cpu' | 'memory'): RowAmount => ({
        requested: sumOf(here.map((pod) => resourcesOf(pod).requests[resource])),
        used: usedOf(here, usage, resource),
        all: amountOf(node.status?.allocatable?.[resource]) ?? 0,
      })
      const all = amountOf(node.status?.allocatable?.[measure]) ?? 0
      const cells = here.map((pod): PlaceCell => {
        const { requests, limits } = resourcesOf(pod)
        const use = usage?.get(keyOf(pod))?.[measure]
        return {
          pod,
          tone: podTone(pod),
          status: summarizePod(pod).status,
          heat: colouring === 'status' ? undefined : heatOf(use, limits[measure] ?? requests[measure]),
          share: all > 0 ? (requests[measure] ?? 0) / all : 0,
        }
      })
      return {
        node,
        isReady: node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
        cells: cells.sort(
          (a, b) => trouble(a) - trouble(b) || b.share - a.share || keyOf(a.pod).localeCompare(keyOf(b.pod)),
        ),
        cpu: amount('cpu'),
        memory: amount('memory'),
      }
    })
    .sort((a, b) => a.node.metadata.name.localeCompare(b.node.metadata.name, undefined, { numeric: true }))
}

/** Unset where none of the pods is measured, as those of a worker that has just started: nothing is in use says something else. */
function usedOf(pods: readonly Stored<Pod>[], usage: PodUsage, resource: 'cpu' | 'memory'): number | undefined {
  if (!usage || (pods.length > 0 && !pods.some((pod) => usage.has(keyOf(pod))))) return undefined
  return sumOf(pods.map((pod) => usage.get(keyOf(pod))?.[resource]))
}

export const keyOf = ({ metadata: { namespace, name } }: Stored<Pod>): string => `${namespace}/${name}`
const trouble = ({ tone }: PlaceCell): number => (tone === 'bad' ? 0 : tone === 'warn' ? 1 : 2)

/** In quarters of the end: 0 for next to nothing, 4 for full. */
export function heatOf(use: number | undefined, end: number | undefined): number | undefined {
  if (use === undefined || end === undefined || end <= 0) return undefined
  return Math.max(0, Math.min(4, Math.round((use / end) * 4)))
}

/** The usage of a MetricsList of pods, as `metrics.k8s.io` lists it. */
export function podUsageOf(items: readonly PodMetrics[]): PodUsage {
  return new Map(
    items.map(({ metadata, containers = [] }) => {
      const of = (resource: keyof Amounts): number => sumOf(containers.map(({ usage }) => amountOf(usage?.[resource])))
      return [`${metadata.namespace}/${metadata.name}`, { cpu: of('cpu'), memory: of('memory') }]
    }),
  )
}
export interface PodMetrics {
  metadata: { name: string; namespace: string }
  containers?: { usage?: { cpu?: string; memory?: string } }[]
}
