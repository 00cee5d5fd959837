import type { Event } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'

const maxText = 128
const maxNote = 1024

/** @param controllerField the name of the reporting controller's field in the version */
export function validateEvent(event: Wire<Event>, controllerField: string): FieldError[] {
  const errors: FieldError[] = []
  const namespace = event.metadata?.namespace ?? ''
  const about = event.involvedObject?.namespace ?? ''
  // Events about cluster-scoped objects live in the default namespace.
  if (about === '' ? namespace !== '' && namespace !== 'default' : about !== namespace)
    errors.push(fieldInvalid('involvedObject.namespace', about, 'does not match event.namespace'))
  if (event.eventTime) checkNewFields(event, controllerField, errors)
  return errors
}

/** Validates the fields that events with `eventTime` (events.k8s.io/v1) require. */
function checkNewFields(event: Wire<Event>, controllerField: string, errors: FieldError[]): void {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event
  if (reportingComponent === '') errors.push(fieldRequired(controllerField))
  else
    for (const problem of qualifiedNameProblems(reportingComponent))
      errors.push(fieldInvalid(controllerField, reportingComponent, problem))
  checkLength(reportingInstance, 'reportingInstance', errors)
  checkLength(action, 'action', errors)
  checkLength(reason, 'reason', errors)
  if (message.length > maxNote) errors.push(fieldInvalid('message', '', `can have at most ${maxNote} characters`))
}

function checkLength(value: string, field: string, errors: FieldError[]): void {
  if (value === '') errors.push(fieldRequired(field))
  else if (value.length > maxText) errors.push(fieldInvalid(field, '', `can have at most ${maxText} characters`))
}
