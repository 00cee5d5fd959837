import { humanDuration } from '#shared/kube/human-duration.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'

/** How the face shows a kind: adding a page means writing one of these; `pod.ts` is the exemplar. */
export interface KindDescriptor<T extends KubeObject = KubeObject> {
  resource: Resource<T>
  /** Heading and sidebar entry: `Pods`. */
  title: string
  group: Group
  /** After NAME and, for namespaced kinds, NAMESPACE; AGE comes last by itself. */
  columns: readonly Column<T>[]
  /** Rows of the overview, besides metadata. */
  details?(object: T): readonly [label: string, value: string][]
  /** Where its logs come from: one pod, or all that a selector finds. */
  logs?(object: T): { pod: string } | { selector: string } | undefined
  actions?: readonly ActionName[]
}

export const groups = ['Workloads', 'Network', 'Config', 'Storage', 'Access', 'Cluster'] as const
export type Group = (typeof groups)[number]

export type ActionName = 'scale' | 'restart' | 'rollback' | 'cordon' | 'drain' | 'shell'

export interface Column<T> {
  id: string
  title: string
  /** What is sorted and filtered by. @param now ms since the epoch */
  value(object: T, now: number): string | number
  /** What is shown, when it differs. */
  text?(object: T, now: number): string
  tone?(object: T): Tone
  /** CSS grid width; `minmax(90px,1fr)` when unset. */
  width?: string
  numeric?: boolean
}

/** Declares a kind with its own type; lists of descriptors speak of KubeObject. */
export const describe = <T extends KubeObject>(descriptor: KindDescriptor<T>): KindDescriptor => descriptor

export const ageColumn: Column<KubeObject> = {
  id: 'age',
  title: 'Age',
  value: ({ metadata }, now) => now - Date.parse(metadata.creationTimestamp ?? ''),
  text: ({ metadata }, now) => age(metadata.creationTimestamp, now),
  width: '72px',
  numeric: true,
}

export const age = (time: string | null | undefined, now: number): string =>
  time ? humanDuration(Math.max(0, now - Date.parse(time))) : '–'

/** `a=1,b=2` */
export const pairs = (map: Record<string, string> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

export const count = (map: object | undefined): number => Object.keys(map ?? {}).length

/** The selector of a workload as the API takes it; set-based rules included. */
export function selectorText(selector?: {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}): string {
  const rules = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [pairs(selector?.matchLabels), ...rules].filter(Boolean).join(',')
}
