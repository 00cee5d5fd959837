import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'
import type { LogSource } from '../stores/dock.ts'
import type { Action } from './actions/action.ts'

/** How the page shows a kind. Adding a kind means writing one of these; `core/pod.ts` is the exemplar. */
export interface KindDescriptor<T extends KubeObject = KubeObject> {
  resource: Resource<T>
  /** Heading and sidebar entry, a name of Kubernetes in every language: `Pods`. */
  title: string
  group: Group
  /** Shown after the name and, for namespaced kinds, the namespace; the age comes last. */
  columns: readonly Column<T>[]
  /** Common columns that are shown only where the user asks for them. */
  without?: readonly ('name' | 'age')[]
  /** How its list is sorted until the user sorts it; by name when unset. */
  sort?: { column: string; descending: boolean }
  /** The view of what needs a look, where that is not what is unhealthy: its name, and the filter that it stands for. */
  trouble?: { view: 'warnings'; filter: string }
  /** The server tells the columns: a kind that has no room here. */
  printed?: boolean
  /** Names that kubectl takes for it. */
  shortNames?: readonly string[]
  /** Rows of the overview, besides metadata. */
  details?(object: T & Stored): readonly [label: string, value: string][]
  /** Where its logs come from. Kinds that have it get the action Logs. */
  logs?(object: T & Stored): LogSource | undefined
  /** What can be done to it, besides reading its logs, editing and deleting it. */
  actions?: readonly Action<T>[]
  /** Those of which a card of its page has a button: beside its name they are in the menu. */
  cardActions?: readonly string[]
}

/** In the order of the sidebar. `custom` has a part for each API group. */
export const groups = [
  'workloads',
  'network',
  'config',
  'storage',
  'access',
  'admission',
  'scheduling',
  'cluster',
  'api',
  'custom',
] as const
export type Group = (typeof groups)[number]

export interface Column<T> {
  /** Its heading is the text `columns.<id>`. */
  id: string
  /** A heading that the server gives. */
  title?: string
  /** What is sorted and filtered by. Must not depend on the time of day, so that an order stays as it is. */
  value(object: T & Stored): string | number
  /** What is shown, when it differs. @param now ms since the epoch */
  text?(object: T & Stored, now: number): string
  tone?(object: T & Stored): Tone
  /** Where the part of the text begins that says little. */
  faintFrom?(object: T & Stored): number | undefined
  /** Where the part of the text begins that stays where there is no room for all; that of a name for names. */
  keepFrom?(object: T & Stored): number | undefined
  /** CSS grid width; `minmax(90px,1fr)` when unset. */
  width?: string
  numeric?: boolean
  /** The value is a time, ms since the epoch, negated: what is younger comes first. */
  isTime?: boolean
  /** It shows what the object uses, with a small line; such columns are not sorted by. */
  usage?: 'cpu' | 'memory'
  /** The value is the name of another object: a filter asks for all of it. */
  isName?: boolean
  /** Where there is no room for all columns, those with the lowest number go first; those without one stay. */
  drop?: number
  /** Shown only where the user asks for it. */
  wide?: boolean
}

/** Declares a kind with its own type; lists of descriptors are of KubeObject. */
export const describe = <T extends KubeObject>(descriptor: KindDescriptor<T>): KindDescriptor => descriptor
