import type { Event } from '#shared/kube/generated/types.ts'
import { events } from '#shared/kube/resources.ts'
import { age } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const event = describe<Event>({
  resource: events,
  title: 'Events',
  group: 'Cluster',
  columns: [
    {
      id: 'type',
      title: 'Type',
      value: ({ type }) => type ?? '',
      tone: ({ type }) => (type === 'Warning' ? 'warn' : 'quiet'),
      width: '100px',
    },
    { id: 'reason', title: 'Reason', value: ({ reason }) => reason ?? '', width: '150px' },
    {
      id: 'object',
      title: 'Object',
      value: ({ involvedObject: { kind, name } }) => `${(kind ?? '').toLowerCase()}/${name ?? ''}`,
    },
    { id: 'message', title: 'Message', value: ({ message }) => message ?? '', width: 'minmax(200px,2fr)' },
    { id: 'count', title: 'Count', value: ({ count }) => count ?? 1, numeric: true, width: '80px' },
    {
      id: 'seen',
      title: 'Last seen',
      value: ({ lastTimestamp, eventTime }) => -Date.parse(lastTimestamp ?? eventTime ?? ''),
      text: ({ lastTimestamp, eventTime }, now) => age(lastTimestamp ?? eventTime, now),
      numeric: true,
      width: '104px',
    },
  ],
})
