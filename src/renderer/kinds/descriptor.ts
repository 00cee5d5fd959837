import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'
import type { LogSource } from '../stores/dock.ts'
import type { Action } from './actions/action.ts'

/** How the page shows a kind. Adding a kind means writing one of these; `core/pod.ts` is the exemplar. */
export interface KindDescriptor<T extends KubeObject = KubeObject> {
  resource: Resource<T>
  /** Heading and sidebar entry: `Pods`. */
  title: string
  group: Group
  /** Shown after the name and, for namespaced kinds, the namespace; the age comes last. */
  columns: readonly Column<T>[]
  /** Rows of the overview, besides metadata. */
  details?(object: T & Stored): readonly [label: string, value: string][]
  /** Where its logs come from. Kinds that have it get the action Logs. */
  logs?(object: T & Stored): LogSource | undefined
  /** What can be done to it, besides reading its logs, editing and deleting it. */
  actions?: readonly Action<T>[]
}

export const groups = ['Workloads', 'Network', 'Config', 'Storage', 'Access', 'Cluster'] as const
export type Group = (typeof groups)[number]

export interface Column<T> {
  id: string
  title: string
  /** What is sorted and filtered by. Must not depend on the time of day, so that an order stays as it is. */
  value(object: T & Stored): string | number
  /** What is shown, when it differs. @param now ms since the epoch */
  text?(object: T & Stored, now: number): string
  tone?(object: T & Stored): Tone
  /** CSS grid width; `minmax(90px,1fr)` when unset. */
  width?: string
  numeric?: boolean
}

/** Declares a kind with its own type; lists of descriptors are of KubeObject. */
export const describe = <T extends KubeObject>(descriptor: KindDescriptor<T>): KindDescriptor => descriptor
