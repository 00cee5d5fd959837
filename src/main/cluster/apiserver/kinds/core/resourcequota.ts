import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { isQuantity, parseQuantity, quantityProblem } from '#shared/kube/quantity.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkImmutable } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'
import type { Wire } from '../../api/wire.ts'

const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
]

/** Limits the total resource usage of a namespace. */
export const resourceQuota: KindDeclaration<ResourceQuota> = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota',
  generation: false,
  returnsDeleted: true,
  prepareForCreate(object) {
    object.status = {}
  },
  status: { validateStatus: quotaStatusFindings },
  validate,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec?.scopes, previous.spec?.scopes, 'spec.scopes', errors)
    return errors
  },
  columns: [
    text('Request', 'What of its requests is used.', (quota) => shares(quota, (name) => !name.startsWith('limits.'))),
    text('Limit', 'What of its limits is used.', (quota) => shares(quota, (name) => name.startsWith('limits.'))),
    age,
  ],
}

function shares({ status }: ResourceQuota, wanted: (name: string) => boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => wanted(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ')
}

function validate({ spec }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, quantity] of Object.entries(spec?.hard ?? {})) {
    const field = `spec.hard[${name}]`
    for (const problem of qualifiedNameProblems(name)) errors.push(fieldInvalid(field, name, problem))
    if (!isQuantity(quantity)) errors.push(fieldInvalid(field, quantity, quantityProblem))
    else if (parseQuantity(quantity).nano < 0n)
      errors.push(fieldInvalid(field, quantity, 'must be greater than or equal to 0'))
  }
  spec?.scopes?.forEach((scope) => {
    if (!scopes.includes(scope)) errors.push(fieldInvalid('spec.scopes', spec.scopes, 'unsupported scope'))
  })
  if (spec?.scopes?.includes('Terminating') && spec.scopes.includes('NotTerminating'))
    errors.push(fieldInvalid('spec.scopes', spec.scopes, 'conflicting scopes'))
  if (spec?.scopes?.includes('BestEffort') && spec.scopes.includes('NotBestEffort'))
    errors.push(fieldInvalid('spec.scopes', spec.scopes, 'conflicting scopes'))
  spec?.scopeSelector?.matchExpressions?.forEach(({ scopeName, operator, values = [] }, i) => {
    const field = `spec.scopeSelector.matchExpressions[${i}]`
    if (!scopes.includes(scopeName)) errors.push(fieldNotSupported(`${field}.scopeName`, scopeName, scopes))
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
      errors.push(fieldInvalid(`${field}.operator`, operator, 'not a valid selector operator'))
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
      errors.push(
        fieldRequired(
          `${field}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      )
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
      errors.push(
        fieldInvalid(
          `${field}.values`,
          values,
          "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector",
        ),
      )
  })
  return errors
}

function quotaStatusFindings({ status = {} }: Wire<ResourceQuota>): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['hard', 'used'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {})) {
      addInvalid(qualifiedNameProblems(name), name, `status.${list}[${name}]`, errors)
      if (String(quantity).startsWith('-'))
        errors.push(fieldInvalid(`status.${list}[${name}]`, quantity, 'must be greater than or equal to 0'))
    }
  return errors
}
