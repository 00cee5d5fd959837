import type { Event } from '#shared/kube/generated/types.ts'
import { ageOf } from '#shared/kube/human-duration.ts'
import type { Column } from '../api/kind.ts'
import { text, wide } from '../api/columns.ts'

/** Columns and field selectors that both versions of events share, read from core's form. */
export const eventColumns: Column<Event>[] = [
  text('Last Seen', 'When it was seen last.', lastSeen),
  text('Type', 'Normal or Warning.', ({ type }) => type ?? ''),
  text('Reason', 'Why it happened, in one word.', ({ reason }) => reason ?? ''),
  text('Object', 'What it is about.', objectText),
  wide(text('Subobject', 'Which part of the object.', ({ involvedObject }) => involvedObject.fieldPath ?? '')),
  wide(text('Source', 'Who reports it.', sourceText)),
  text('Message', 'What happened.', ({ message }) => (message ?? '').trim()),
  wide(text('First Seen', 'When it was seen first.', firstSeen)),
  {
    name: 'Count',
    type: 'string',
    priority: 1,
    description: 'How often it was seen.',
    value: ({ series, count }) => (series ? (series.count ?? 0) : count || 1),
  },
  wide({ ...text<Event>('Name', 'Name of the event.', ({ metadata }) => metadata.name ?? ''), format: 'name' }),
]

function firstSeen({ firstTimestamp, eventTime }: Event, now: number): string {
  return ageOf(firstTimestamp ?? eventTime, now)
}

function lastSeen(event: Event, now: number): string {
  if (event.series) return ageOf(event.series.lastObservedTime, now)
  return event.lastTimestamp ? ageOf(event.lastTimestamp, now) : firstSeen(event, now)
}

function objectText({ involvedObject: { kind = '', name = '' } }: Event): string {
  return `${kind.toLowerCase()}/${name}`
}

function sourceText({ source = {}, reportingComponent, reportingInstance }: Event): string {
  const component = source.component || reportingComponent || ''
  const host = source.host || (source.component ? '' : (reportingInstance ?? ''))
  return host ? `${component}, ${host}` : component
}

/** @param object name of the field that refers to the object of the event */
export function eventFields(object: string, controller: string): Record<string, (event: Event) => string> {
  const about = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const
  return {
    ...Object.fromEntries(
      about.map((field) => [`${object}.${field}`, ({ involvedObject }: Event) => involvedObject[field] ?? '']),
    ),
    reason: ({ reason }) => reason ?? '',
    [controller]: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ''),
    type: ({ type }) => type ?? '',
  }
}
