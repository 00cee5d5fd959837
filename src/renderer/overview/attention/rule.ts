import type { ObjectLink } from '../../explain/index.ts'
import type { ListName, Neighbourhood, Snapshot } from '../snapshot.ts'

/** Something that a user should look at. */
export interface Finding {
  tone: 'bad' | 'warn' | 'quiet'
  /** What it is about; for several objects, the first of them. */
  about: ObjectLink
  /** In one sentence. */
  says: string
  /** Since when, ms since the epoch. */
  since?: number | undefined
  /** Where several objects are meant: their list, filtered to them. */
  list?: { plural: string; filter: string; title: string }
}

/** One thing that can be wrong in a cluster: a declaration in the table of `index.ts`. */
export interface AttentionRule {
  id: string
  /** The lists without which it says nothing. */
  needs: readonly ListName[]
  find(snapshot: Snapshot, around: Neighbourhood): Finding[]
}

/** What is usual for a moment after a start, ms: nothing is said of it. */
export const patience = 30_000
