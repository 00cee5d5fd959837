import type { Condition, Event, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Tone } from '../../components/tone.ts'
import { lastSeen, timesSeen } from '../../explain/events.ts'
import { endText } from '../../explain/exit.ts'
import type { ObjectLink } from '../../explain/index.ts'
import { t } from '../../texts/index.ts'

/** Something that happened to an object or near it. */
export interface Happening {
  /** RFC 3339; '' when it is not known. */
  time: string
  tone: Tone
  title: string
  detail: string
  /** How often the same was seen. */
  count: number
  /** The object that it happened to, where that is another one. */
  about?: ObjectLink | undefined
  isWarning: boolean
  /** What entries that differ in made-up names or counts alone have in common. */
  like?: string
  /** What those that are folded into this one say in other words, newest first. */
  similar?: readonly string[]
  /** Its place among what happened in the same second, as times of the API have no more: what comes of it has a higher one. */
  order?: number
}

interface TimelineObject {
  status?: { phase?: unknown; conditions?: unknown; containerStatuses?: unknown; initContainerStatuses?: unknown }
}

/** Events, conditions and container states as one list, newest first; equal ones are one entry with their count. */
export function timelineOf(object: Stored & TimelineObject, events: readonly Event[]): Happening[] {
  const told = new Set(events.map(({ message }) => message))
  const isPlaced = events.some(
    ({ reason, involvedObject: { uid } }) => reason === 'Scheduled' && uid === object.metadata.uid,
  )
  const hasCompleted = object.kind === 'Pod' && object.status?.phase === 'Succeeded'
  const all = [
    ...events.map((event) => happeningOf(event, object)),
    ...conditionsOf(object)
      // What an event tells in the same words needs no second entry.
      .filter(({ message, type }) => !(message && told.has(message)) && !(isPlaced && type === 'PodScheduled'))
      .map((condition) => ofCondition(condition, hasCompleted)),
    ...(object.kind === 'Pod' ? ofContainers(object as Stored<Pod>) : []),
    ...(object.metadata.creationTimestamp
      ? [
          {
            time: object.metadata.creationTimestamp,
            tone: 'quiet' as const,
            title: t('pages.timeline.created'),
            detail: '',
            count: 1,
            isWarning: false,
            order: 0,
          },
        ]
      : []),
  ]
  return fold(all).sort(newestFirst)
}

const orderOfReasons: Readonly<Record<string, number>> = { Scheduled: 1, Pulling: 3, Pulled: 4, Created: 5, Started: 6 }
const orderOfConditions: Readonly<Record<string, number>> = {
  ...{ PodScheduled: 1, PodReadyToStartContainers: 2, Initialized: 5 },
  ...{ ContainersReady: 8, Ready: 9 },
}
const usual = 7
function newestFirst(a: Happening, b: Happening): number {
  const second = (time: string): string => time.slice(0, 19)
  return second(b.time).localeCompare(second(a.time)) || (b.order ?? usual) - (a.order ?? usual)
}

/** Entries that say the same of the same object become one, which says it as the newest does. */
function fold(all: readonly Happening[]): Happening[] {
  const groups = Map.groupBy(all, ({ title, like, detail, about, isWarning }) =>
    JSON.stringify([title, like ?? detail, about?.kind, about?.name, isWarning]),
  )
  return [...groups.values()].flatMap((same) => {
    const [newest, ...older] = same.toSorted((a, b) => b.time.localeCompare(a.time))
    if (!newest) return []
    const similar = [...new Set(older.map(({ detail }) => detail))].filter((detail) => detail !== newest.detail)
    const count = same.reduce((sum, each) => sum + each.count, 0)
    return [{ ...newest, count, ...(similar.length > 0 ? { similar } : {}) }]
  })
}

/** The end of a name that the API server makes up. */
const madeUp = '[bcdfghjklmnpqrstvwxz2456789]{5}'

/** What recorders write before a message that stands for many. */
const combined = '(combined from similar events): '

/** A message without the names that are made up for what the object creates, and one of a failure without its numbers. */
function likeness(text: string, name: string, isWarning: boolean): string {
  const message = text.startsWith(combined) ? text.slice(combined.length) : text
  const made = new RegExp(`${name.replaceAll('.', '\\.')}-${madeUp}\\b`, 'g')
  const unnamed = name === '' ? message : message.replaceAll(made, '…')
  return isWarning ? unnamed.replaceAll(/\d+/g, '#') : unnamed
}

function happeningOf(event: Event, object: Stored): Happening {
  const { involvedObject: about, reason = '', message = '', type } = event
  const isWarning = type === 'Warning'
  return {
    time: lastSeen(event),
    tone: isWarning ? 'bad' : 'quiet',
    title: reason,
    detail: message,
    like: likeness(message, about.name ?? '', isWarning),
    count: timesSeen(event),
    isWarning,
    order: orderOfReasons[reason] ?? usual,
    ...(about.name !== object.metadata.name && about.kind && about.name
      ? { about: { kind: about.kind, name: about.name, namespace: about.namespace } }
      : {}),
  }
}

/** Conditions of which False is the good state. */
const adverse =
  /Pressure$|Unavailable$|Failed|Failure|Stalled|Degraded|Remaining$|Suspended|DisruptionTarget|ScalingLimited/

/** @param hasCompleted it is of a pod that has done its work: what is no longer so is well */
function ofCondition(condition: Partial<Condition>, hasCompleted: boolean): Happening {
  const { type = '', status = '', reason, message, lastTransitionTime } = condition
  const isOver = reason === 'PodCompleted' || (hasCompleted && status === 'False')
  const isWell = isOver || (adverse.test(type) ? status === 'False' : status === 'True')
  return {
    time: lastTransitionTime ?? '',
    tone: !isWell ? 'warn' : isOver ? 'quiet' : 'good',
    title: t('pages.timeline.became', { type, status }),
    detail: message || reason || '',
    count: 1,
    isWarning: !isWell,
    order: orderOfConditions[type] ?? usual,
  }
}

function ofContainers({ status }: Stored<Pod>): Happening[] {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return all.flatMap(({ name, state, lastState }) => {
    const ends = [state?.terminated, lastState?.terminated].filter((end) => end !== undefined)
    return [
      ...ends.map((end) => ({
        time: end.finishedAt ?? '',
        tone: end.exitCode === 0 ? ('done' as const) : ('bad' as const),
        title:
          end.exitCode === 0
            ? t('pages.timeline.completed', { name })
            : t('pages.timeline.ended', { name, end: endText(end) }),
        detail: end.message ?? '',
        count: 1,
        isWarning: end.exitCode !== 0,
        // It may have started anew in the same second.
        ...(end === lastState?.terminated ? { order: 5.5 } : {}),
      })),
      ...(state?.running?.startedAt
        ? [
            {
              time: state.running.startedAt,
              tone: 'good' as const,
              title: t('pages.timeline.runs', { name }),
              detail: '',
              count: 1,
              isWarning: false,
              order: 6,
            },
          ]
        : []),
    ]
  })
}

function conditionsOf({ status }: TimelineObject): Partial<Condition>[] {
  return Array.isArray(status?.conditions) ? (status.conditions as Partial<Condition>[]) : []
}
