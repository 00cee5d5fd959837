import type { Event, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import type { Tone } from '../components/tone.ts'
import { lastSeen, timesSeen } from '../explain/events.ts'
import type { ObjectLink } from '../explain/index.ts'
import { images } from '../kinds/cells.ts'
import { t } from '../texts/index.ts'
import type { Snapshot } from './snapshot.ts'

/** Something that changed lately. */
export interface Change {
  /** ms since the epoch */
  at: number
  tone: Tone
  about: ObjectLink
  what: string
  detail: string
  /** How often the same was seen. */
  count: number
}

/** Rollouts, workers that joined, and events, newest first: equal events of one object are one change. */
export function changesOf(snapshot: Snapshot, most = 40): Change[] {
  const all = [...rollouts(snapshot.replicaSets ?? []), ...joined(snapshot), ...told(snapshot.events ?? [])]
  return all.sort((a, b) => b.at - a.at).slice(0, most)
}

const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)

/** A ReplicaSet of a Deployment is the beginning of a rollout; what it changes is told against the one before. */
function rollouts(sets: readonly Stored<ReplicaSet>[]): Change[] {
  const byOwner = Map.groupBy(sets, (set) => controllerOf(set)?.uid ?? '')
  byOwner.delete('')
  return [...byOwner.values()].flatMap((owned) => {
    const ordered = owned.toSorted((a, b) => revisionOf(a) - revisionOf(b))
    return ordered.map((set, at): Change => {
      const owner = controllerOf(set)
      const before = ordered[at - 1]
      const [from, to] = [before && images(before.spec?.template), images(set.spec?.template)]
      return {
        at: Date.parse(set.metadata.creationTimestamp ?? ''),
        tone: 'done',
        about: { kind: owner?.kind ?? '', name: owner?.name ?? '', namespace: set.metadata.namespace },
        what: t('overview.changes.rollout', { revision: String(revisionOf(set)) }),
        detail:
          from === undefined
            ? to
            : from === to
              ? t('overview.changes.sameImages')
              : t('overview.changes.images', { from, to }),
        count: 1,
      }
    })
  })
}

const joined = ({ nodes = [] }: Snapshot): Change[] =>
  nodes.map(({ metadata, status }): Change => ({
    at: Date.parse(metadata.creationTimestamp ?? ''),
    tone: 'good',
    about: { kind: 'Node', name: metadata.name },
    what: t('overview.changes.joined'),
    detail: status?.nodeInfo?.kubeletVersion ?? '',
    count: 1,
  }))

/** What is written at each start of a pod says nothing beside the rollout or the warning. */
const dull = new Set(['Scheduled', 'Pulled', 'Created', 'Started', 'SuccessfulCreate', 'SuccessfulDelete', 'Pulling'])

function told(events: readonly Event[]): Change[] {
  const groups = new Map<string, Change>()
  for (const event of events) {
    const { reason = '', message = '', type, involvedObject: about } = event
    if (dull.has(reason) && type !== 'Warning') continue
    const at = Date.parse(lastSeen(event))
    const key = [reason, about.kind, about.namespace, about.name].join('/')
    const same = groups.get(key)
    if (same && same.at >= at) {
      same.count += timesSeen(event)
      continue
    }
    groups.set(key, {
      at,
      tone: type === 'Warning' ? 'bad' : 'quiet',
      about: { kind: about.kind ?? '', name: about.name ?? '', namespace: about.namespace },
      what: reason,
      detail: message,
      count: timesSeen(event) + (same?.count ?? 0),
    })
  }
  return [...groups.values()]
}
