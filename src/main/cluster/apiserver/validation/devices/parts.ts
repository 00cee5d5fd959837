import type {
  DeviceSelector,
  DeviceTaint,
  DeviceToleration,
  OpaqueDeviceConfiguration,
} from '#shared/kube/generated/types.ts'
import { messageOf } from '#shared/base/message-of.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  type FieldError,
} from '#shared/kube/status.ts'
import { labelValueProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../api/wire.ts'
import { compileDeviceSelector } from '../../cel/device-selector.ts'
import { addInvalid, checkAtMost } from '../fields.ts'
import { checkEach } from './lists.ts'
import { checkDriverName } from './names.ts'

/** What claims, classes and slices have in common: selectors, configuration, taints, tolerations, binding conditions. */

const mostSelectors = 32
const longestExpression = 10 * 1024
/** Bytes of JSON of opaque parameters and of data in a status. */
export const longestData = 10 * 1024
const mostBindingConditions = 4
const effects = ['NoExecute', 'NoSchedule', 'None']

export function checkSelectors(
  selectors: readonly Wire<DeviceSelector>[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  checkEach(selectors, mostSelectors, field, errors, ({ cel }, at) => {
    if (cel) checkExpression(cel.expression ?? '', `${at}.cel.expression`, errors)
    else errors.push(fieldRequired(`${at}.cel`))
  })
}

function checkExpression(expression: string, field: string, errors: FieldError[]): void {
  if (expression.length > longestExpression) {
    errors.push(fieldTooLong(field, longestExpression))
    return
  }
  try {
    compileDeviceSelector(expression)
  } catch (error) {
    errors.push(fieldInvalid(field, expression, messageOf(error)))
  }
}

export function checkConfiguration(
  opaque: Wire<OpaqueDeviceConfiguration> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!opaque) {
    errors.push(fieldRequired(`${field}.opaque`))
    return
  }
  checkDriverName(opaque.driver ?? '', `${field}.opaque.driver`, errors)
  checkJsonObject(opaque.parameters, `${field}.opaque.parameters`, errors)
}

/** Validates a RawExtension: a JSON object of limited size. */
export function checkJsonObject(value: unknown, field: string, errors: FieldError[]): void {
  if (value === undefined || value === null) errors.push(fieldRequired(field))
  else if (typeof value !== 'object' || Array.isArray(value))
    errors.push(fieldInvalid(field, '<value omitted>', 'must be a valid JSON object'))
  else if (sizeOf(value) > longestData) errors.push(fieldTooLong(field, longestData))
}

const sizeOf = (value: object): number =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)).length

export function checkTaint(taint: Wire<DeviceTaint>, field: string, errors: FieldError[]): void {
  const { key = '', value = '', effect = '' } = taint
  addInvalid(qualifiedNameProblems(key), key, `${field}.key`, errors)
  addInvalid(labelValueProblems(value), value, `${field}.value`, errors)
  if (effect === '') errors.push(fieldRequired(`${field}.effect`))
  else if (!effects.includes(effect)) errors.push(fieldNotSupported(`${field}.effect`, effect, effects))
}

export function checkToleration(toleration: Wire<DeviceToleration>, field: string, errors: FieldError[]): void {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  if (key !== '') addInvalid(qualifiedNameProblems(key), key, `${field}.key`, errors)
  switch (operator) {
    case 'Exists':
      if (value !== '') errors.push(fieldInvalid(`${field}.value`, value, 'must be empty for operator `Exists`'))
      break
    case 'Equal':
      addInvalid(labelValueProblems(value), value, `${field}.value`, errors)
      break
    case '':
      errors.push(fieldRequired(`${field}.operator`))
      break
    default:
      errors.push(fieldNotSupported(`${field}.operator`, operator, ['Equal', 'Exists']))
  }
  if (effect !== '' && !effects.includes(effect)) errors.push(fieldNotSupported(`${field}.effect`, effect, effects))
}

interface BindingConditions {
  bindingConditions?: readonly string[] | undefined
  bindingFailureConditions?: readonly string[] | undefined
}

export function checkBindingConditions(conditions: BindingConditions, field: string, errors: FieldError[]): void {
  const { bindingConditions = [], bindingFailureConditions = [] } = conditions
  const at = { conditions: `${field}.bindingConditions`, failures: `${field}.bindingFailureConditions` }
  checkConditionNames(bindingConditions, at.conditions, errors)
  checkConditionNames(bindingFailureConditions, at.failures, errors)
  bindingFailureConditions.forEach((name, i) => {
    if (bindingConditions.includes(name))
      errors.push(
        fieldInvalid(`${at.failures}[${i}]`, name, 'bindingFailureConditions must not overlap with bindingConditions'),
      )
  })
  if (bindingConditions.length === 0 && bindingFailureConditions.length > 0)
    errors.push(fieldInvalid(at.conditions, null, 'bindingConditions are required to use bindingFailureConditions'))
  if (bindingFailureConditions.length === 0 && bindingConditions.length > 0)
    errors.push(fieldInvalid(at.failures, null, 'bindingFailureConditions are required to use bindingConditions'))
}

function checkConditionNames(names: readonly string[], field: string, errors: FieldError[]): void {
  if (names.length > mostBindingConditions) {
    checkAtMost(names.length, mostBindingConditions, field, errors)
    return
  }
  names.forEach((name, i) => {
    addInvalid(qualifiedNameProblems(name), name, `${field}[${i}]`, errors)
    if (names.indexOf(name) < i) errors.push(fieldDuplicate(`${field}[${i}]`, name))
  })
}
