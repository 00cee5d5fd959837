import { randomUUID } from 'node:crypto'
import type { LimitRange, LimitRangeItem } from '#shared/kube/generated/types.ts'
import { compareQuantities, parseQuantity } from '#shared/kube/quantity.ts'
import { fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid } from '../../validation/fields.ts'
import { checkContainerResourceName } from '../../validation/resources.ts'
import { createdAt } from '../../api/columns.ts'

/** Limits and defaults of resource requests of pods, containers and claims in a namespace. */
export const limitRange: KindDeclaration<LimitRange> = {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  namespaced: true,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.core.v1.LimitRange',
  generation: false,
  createOnUpdate: true,
  prepareForCreate({ metadata }) {
    // One that is given no name has a random one (limitrange's strategy).
    metadata.name ||= randomUUID()
  },
  setDefaults({ spec }) {
    for (const item of spec?.limits ?? []) if (item.type === 'Container') setContainerDefaults(item)
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    const seen = new Set<string>()
    spec?.limits?.forEach((item, i) => {
      const field = `spec.limits[${i}]`
      checkType(item.type ?? '', `${field}.type`, errors)
      if (seen.has(item.type)) errors.push(fieldDuplicate(`${field}.type`, item.type))
      seen.add(item.type)
      checkNames(item, field, errors)
      checkItem(item, field, errors)
    })
    return errors
  },
  columns: [createdAt],
}

const standardTypes = ['Pod', 'Container', 'PersistentVolumeClaim']

function checkType(type: string, field: string, errors: FieldError[]): void {
  const problems = qualifiedNameProblems(type)
  addInvalid(problems, type, field, errors)
  if (problems.length === 0 && !type.includes('/') && !standardTypes.includes(type))
    errors.push(fieldInvalid(field, type, 'must be a standard limit type or fully qualified'))
}

/**
 * Defaults follow from other fields: the default limit from the maximum, the default request from the default limit and
 * the minimum.
 */
function setContainerDefaults(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default }
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest }
  if (Object.keys(item.default).length === 0) delete item.default
  if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest
}

function checkItem(item: LimitRangeItem, field: string, errors: FieldError[]): void {
  const { min = {}, max = {}, default: fallback = {}, defaultRequest = {}, maxLimitRequestRatio = {} } = item
  if (item.type === 'Pod') {
    if (item.default) errors.push(fieldForbidden(`${field}.default`, "may not be specified when `type` is 'Pod'"))
    if (item.defaultRequest)
      errors.push(fieldForbidden(`${field}.defaultRequest`, "may not be specified when `type` is 'Pod'"))
  }
  if (item.type === 'PersistentVolumeClaim' && min['storage'] === undefined && max['storage'] === undefined)
    errors.push(
      fieldRequired(`${field}.limits`, 'either minimum or maximum storage value is required, but neither was provided'),
    )
  const atMost = (
    name: string,
    [lowField, low]: [string, string | undefined],
    [highField, high]: [string, string | undefined],
    [at, value]: [string, string | undefined] = [lowField, low],
  ): void => {
    if (low !== undefined && high !== undefined && compareQuantities(low, high) > 0)
      errors.push(
        fieldInvalid(
          `${field}.${at}[${name}]`,
          value,
          `${words[lowField] ?? lowField} value ${low} is greater than ${words[highField] ?? highField} value ${high}`,
        ),
      )
  }
  for (const name of new Set([
    ...Object.keys(min),
    ...Object.keys(max),
    ...Object.keys(fallback),
    ...Object.keys(defaultRequest),
  ])) {
    atMost(name, ['min', min[name]], ['max', max[name]])
    const request = defaultRequest[name]
    atMost(name, ['min', min[name]], ['defaultRequest', request], ['defaultRequest', request])
    atMost(name, ['defaultRequest', defaultRequest[name]], ['max', max[name]])
    atMost(name, ['defaultRequest', defaultRequest[name]], ['default limit', fallback[name]])
    // Kubernetes prints the minimum here.
    atMost(name, ['min', min[name]], ['default', fallback[name]], ['default', min[name]])
    // And the maximum here.
    atMost(name, ['default', fallback[name]], ['max', max[name]], ['default', max[name]])
  }
  for (const [name, ratio] of Object.entries(maxLimitRequestRatio)) {
    const at = `${field}.maxLimitRequestRatio[${name}]`
    if (compareQuantities(ratio, '1') < 0) errors.push(fieldInvalid(at, ratio, `ratio ${ratio} is less than 1`))
    const [low, high] = [min[name], max[name]]
    if (low === undefined || high === undefined) continue
    const most = numberOf(high) / numberOf(low)
    if (numberOf(ratio) > most)
      errors.push(fieldInvalid(at, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`))
  }
}

const numberOf = (quantity: string): number => Number(parseQuantity(quantity).nano) / 1e9

/** Of a pod or container only what containers have can be limited. */
function checkNames(item: LimitRangeItem, field: string, errors: FieldError[]): void {
  if (item.type !== 'Pod' && item.type !== 'Container') return
  for (const part of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const)
    for (const name of Object.keys(item[part] ?? {}))
      checkContainerResourceName(name, `${field}.${part}[${name}]`, errors)
}

const words: Readonly<Record<string, string>> = { defaultRequest: 'default request' }
