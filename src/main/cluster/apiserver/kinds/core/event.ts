import type { Event } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { eventColumns, eventFields } from '../events.ts'
import { validateEvent } from '../../validation/events.ts'

/** A report about an object. Stored in this version; events.k8s.io is converted. */
export const event: KindDeclaration<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Event',
  generation: false,
  createOnUpdate: true,
  setDefaults(object) {
    object.source ??= {}
    object.type ||= 'Normal'
    object.reportingComponent ??= ''
    object.reportingInstance ??= ''
  },
  validate: (object) => validateEvent(object, 'reportingComponent'),
  fields: eventFields('involvedObject', 'reportingComponent'),
  columnsWithoutName: true,
  columns: eventColumns,
}
