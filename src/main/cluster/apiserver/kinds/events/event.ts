import type { Event, EventsEvent } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { validateEvent } from '../../validation/events.ts'
import { eventColumns, eventFields } from '../events.ts'
import { defined } from '#shared/kube/json.ts'

/** The events.k8s.io form of events, stored with core's. */
export const eventsEvent: KindDeclaration<EventsEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'io.k8s.api.events.v1.Event',
  storage: { group: '', plural: 'events' },
  toStorage: toCore,
  fromStorage: (object) => fromCore(object as Event),
  generation: false,
  createOnUpdate: true,
  validate,
  fields: mapFields(eventFields('regarding', 'reportingController')),
  columnsWithoutName: true,
  columns: eventColumns.map((column) => ({ ...column, value: (object, now) => column.value(toCore(object), now) })),
}

function validate(object: EventsEvent, previous?: EventsEvent): FieldError[] {
  const core = toCore(object)
  const errors = validateEvent(core, 'reportingController').filter(({ field }) => field !== 'involvedObject.namespace')
  if (!object.eventTime) errors.push(fieldRequired('eventTime'))
  if (previous) return errors
  if (!['Normal', 'Warning'].includes(object.type ?? ''))
    errors.push(fieldInvalid('type', '', `has invalid value: ${object.type ?? ''}`))
  const { firstTimestamp, lastTimestamp, count, source } = core
  const hasSource = source?.component || source?.host
  for (const [field, value] of Object.entries({ firstTimestamp, lastTimestamp, count, source: hasSource }))
    if (value) errors.push(fieldInvalid(field, '', 'needs to be unset'))
  return errors
}

function mapFields(fields: Record<string, (object: Event) => string>): Record<string, (object: EventsEvent) => string> {
  return Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, (object) => read(toCore(object))]))
}

function toCore(object: EventsEvent): Event {
  const {
    regarding = {},
    note,
    reportingController,
    deprecatedSource = {},
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    ...same
  } = object
  return defined({
    ...same,
    apiVersion: 'v1',
    involvedObject: regarding,
    message: note,
    reportingComponent: reportingController ?? '',
    reportingInstance: same.reportingInstance ?? '',
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
  })
}

function fromCore(object: Event): EventsEvent {
  const { involvedObject, message, reportingComponent, source, firstTimestamp, lastTimestamp, count, ...same } = object
  return defined({
    ...same,
    metadata: object.metadata,
    apiVersion: 'events.k8s.io/v1',
    // Events written in core's form may lack the field, which is required in this one.
    eventTime: same.eventTime as string,
    series: same.series as EventsEvent['series'],
    regarding: involvedObject,
    note: message,
    reportingController: reportingComponent,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  })
}
