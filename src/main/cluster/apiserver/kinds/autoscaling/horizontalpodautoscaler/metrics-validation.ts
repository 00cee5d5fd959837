import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '#shared/kube/generated/types.ts'
import { parseQuantity } from '#shared/kube/quantity.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelProblems, pathSegmentProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from '../../../validation/fields.ts'
import { checkContainerResourceName } from '../../../validation/resources.ts'
import type { Wire } from '../../../api/wire.ts'

/** The sources of a metric, in the order in which Kubernetes validates them. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
type Source = (typeof sources)[number]
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']

/** Validates a metric of an autoscaler. */
export function checkMetric(metric: Wire<MetricSpec>, field: string, errors: FieldError[]): void {
  const { type = '' } = metric
  if (type === '') errors.push(fieldRequired(`${field}.type`, 'must specify a metric source type'))
  // Kubernetes looks twice whether it knows the type.
  if (!types.includes(type)) {
    const unknown = fieldNotSupported(`${field}.type`, type, types)
    errors.push(unknown, unknown)
  }
  const [first, ...others] = sources.filter((source) => metric[source])
  // As in Kubernetes, only the first source is validated.
  if (first) checks[first](metric, `${field}.${first}`, errors)
  const wanted = `${type.charAt(0).toLowerCase()}${type.slice(1)}` as Source
  if (types.includes(type) && !metric[wanted])
    errors.push(fieldRequired(`${field}.${wanted}`, 'must populate information for the given metric source'))
  if (!first || others.length === 0) return
  for (const source of [first, ...others])
    if (source !== wanted)
      errors.push(fieldForbidden(`${field}.${source}`, 'must populate the given metric source only'))
}

type Check = (metric: Wire<MetricSpec>, field: string, errors: FieldError[]) => void

const checks: Record<Source, Check> = {
  object({ object: { describedObject = {}, metric, target = {} } = {} }, field, errors) {
    checkReference(describedObject, `${field}.describedObject`, errors)
    checkIdentifier(metric, `${field}.metric`, errors)
    checkTarget(target, `${field}.target`, errors)
    if (!target.value && !target.averageValue)
      errors.push(fieldRequired(`${field}.target.averageValue`, 'must set either a target value or averageValue'))
  },
  external({ external: { metric, target = {} } = {} }, field, errors) {
    checkIdentifier(metric, `${field}.metric`, errors)
    checkTarget(target, `${field}.target`, errors)
    if (!target.value && !target.averageValue)
      errors.push(
        fieldRequired(`${field}.target.averageValue`, 'must set either a target value for metric or a per-pod target'),
      )
    if (target.value && target.averageValue)
      errors.push(
        fieldForbidden(`${field}.target.value`, 'may not set both a target value for metric and a per-pod target'),
      )
  },
  pods({ pods: { metric, target = {} } = {} }, field, errors) {
    checkIdentifier(metric, `${field}.metric`, errors)
    checkTarget(target, `${field}.target`, errors)
    if (!target.averageValue)
      errors.push(fieldRequired(`${field}.target.averageValue`, 'must specify a positive target averageValue'))
  },
  resource({ resource: { name, target = {} } = {} }, field, errors) {
    if (!name) errors.push(fieldRequired(`${field}.name`, 'must specify a resource name'))
    checkUsage(target, `${field}.target`, errors)
  },
  containerResource({ containerResource: { name, container, target = {} } = {} }, field, errors) {
    if (!name) errors.push(fieldRequired(`${field}.name`, 'must specify a resource name'))
    else checkContainerResourceName(name, `${field}.name`, errors)
    if (!container) errors.push(fieldRequired(`${field}.container`, 'must specify a container'))
    else addInvalid(labelProblems(container), container, `${field}.container`, errors)
    checkUsage(target, `${field}.target`, errors)
  },
}

/** Validates a target: a utilization or a raw value. */
function checkUsage(target: Wire<MetricTarget>, field: string, errors: FieldError[]): void {
  checkTarget(target, field, errors)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && !averageValue)
    errors.push(
      fieldRequired(`${field}.averageUtilization`, 'must set either a target raw value or a target utilization'),
    )
  if (averageUtilization !== undefined && averageValue)
    errors.push(fieldForbidden(`${field}.averageValue`, 'may not set both a target raw value and a target utilization'))
}

function checkTarget(target: Wire<MetricTarget>, field: string, errors: FieldError[]): void {
  const { type = '', averageUtilization } = target
  if (type === '') errors.push(fieldRequired(`${field}.type`, 'must specify a metric target type'))
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    errors.push(fieldInvalid(`${field}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  for (const name of ['value', 'averageValue'] as const) {
    const value = target[name]
    if (value !== undefined && parseQuantity(value).nano <= 0n)
      errors.push(fieldInvalid(`${field}.${name}`, value, 'must be positive'))
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(fieldInvalid(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0'))
}

function checkIdentifier({ name = '' }: Wire<MetricIdentifier> = {}, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(fieldRequired(`${field}.name`, 'must specify a metric name'))
  else addInvalid(pathSegmentProblems(name), name, `${field}.name`, errors)
}

/** Validates a reference to an object of any kind. */
export function checkReference(
  reference: Wire<CrossVersionObjectReference>,
  field: string,
  errors: FieldError[],
): void {
  for (const name of ['kind', 'name'] as const) {
    const value = reference[name] ?? ''
    if (value === '') errors.push(fieldRequired(`${field}.${name}`))
    else addInvalid(pathSegmentProblems(value), value, `${field}.${name}`, errors)
  }
  const { apiVersion = '' } = reference
  if (apiVersion.split('/').length > 2)
    errors.push(fieldInvalid(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
}
