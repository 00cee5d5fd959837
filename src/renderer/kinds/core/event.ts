import type { Event } from '#shared/kube/generated/types.ts'
import { events } from '#shared/kube/resources.ts'
import { timeColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const event = describe<Event>({
  resource: events,
  title: 'Events',
  group: 'cluster',
  without: ['name', 'age'],
  sort: { column: 'seen', descending: false },
  trouble: { view: 'warnings', filter: 'type:Warning' },
  columns: [
    {
      ...timeColumn<Event>(
        'seen',
        ({ lastTimestamp, series, eventTime }) => lastTimestamp ?? series?.lastObservedTime ?? eventTime,
      ),
      width: '88px',
    },
    {
      id: 'type',
      value: ({ type }) => type ?? '',
      tone: ({ type }) => (type === 'Warning' ? 'warn' : 'quiet'),
      width: '100px',
    },
    { id: 'reason', value: ({ reason }) => reason ?? '', width: 'minmax(150px,1.75fr)', drop: 3 },
    {
      id: 'object',
      value: ({ involvedObject: { kind, name } }) => `${kind ?? ''}/${name ?? ''}`,
      width: 'minmax(150px,2fr)',
      drop: 4,
    },
    { id: 'message', value: ({ message }) => message ?? '', width: 'minmax(300px,5fr)' },
    { id: 'count', value: ({ count, series }) => series?.count ?? count ?? 1, numeric: true, width: '72px', drop: 2 },
    {
      id: 'source',
      value: ({ source, reportingComponent }) => reportingComponent || (source?.component ?? ''),
      width: 'minmax(190px,1fr)',
      drop: 1,
    },
  ],
})
