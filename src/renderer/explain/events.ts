import type { Event } from '#shared/kube/generated/types.ts'

/** When an event was seen last, RFC 3339; '' when it does not tell. */
export const lastSeen = ({ series, lastTimestamp, eventTime, firstTimestamp, metadata }: Event): string =>
  series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp ?? ''

/** How often it was seen. */
export const timesSeen = ({ series, count }: Event): number => series?.count ?? count ?? 1

/** The newest of the events that have one of these reasons. @param events newest first */
export const newest = (events: readonly Event[] | undefined, ...reasons: string[]): Event | undefined =>
  events?.find(({ reason }) => reason !== undefined && reasons.includes(reason))

export const newestFirst = (a: Event, b: Event): number => lastSeen(b).localeCompare(lastSeen(a))
