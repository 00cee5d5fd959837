import type { Stored } from '#shared/kube/object.ts'

/** What every dialog about several objects says: what is done, to which objects, and where. */
export interface BulkFrame {
  title: string
  /** `dev / shop` */
  place: string
  context: string
  /** The button that does it, with its target. */
  verb: string
  objects: readonly Stored[]
  /** `3 Pods` */
  count: string
}
