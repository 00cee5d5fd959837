import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { checkCount, countedNames } from '../../validation/resources.ts'
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
  metadataOnUpdate: 'change',
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

function validate({ spec = {} }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, quantity] of Object.entries(spec.hard ?? {}))
    checkAmount(name, quantity, `spec.hard[${name}]`, errors)
  const named = (spec.scopes ?? []).map((scope) => ({ scope, field: 'spec.scopes', value: spec.scopes }))
  checkScopes(named, spec, errors)
  const expressions = spec.scopeSelector?.matchExpressions ?? []
  for (const expression of expressions) checkExpression(expression, errors)
  checkScopes(
    expressions.map(({ scopeName }) => ({ scope: scopeName, field: expressionsField, value: spec.scopeSelector })),
    spec,
    errors,
  )
  return errors
}

const expressionsField = 'spec.scopeSelector.matchExpressions'

function checkAmount(name: string, quantity: string, field: string, errors: FieldError[]): void {
  for (const problem of qualifiedNameProblems(name)) errors.push(fieldInvalid(field, name, problem))
  if (!name.includes('/') && !isStandard(name))
    errors.push(fieldInvalid(field, name, 'must be a standard resource for quota'))
  checkCount(name, quantity, field, errors)
}

const computeNames = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])
const storageNames = new Set([
  'ephemeral-storage',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
])

const isStandard = (name: string): boolean =>
  countedNames.has(name) || computeNames.has(name) || storageNames.has(name) || /^(requests\.)?hugepages-/.test(name)

/** The standard resources that a quota of a scope can limit; names with a slash go with every scope. */
function isOfScope(name: string, scope: string): boolean {
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage'
  return name === 'pods' || (scope !== 'BestEffort' && computeNames.has(name))
}

interface NamedScope {
  scope: string
  field: string
  value: unknown
}

function checkScopes(
  named: readonly NamedScope[],
  { hard = {} }: NonNullable<ResourceQuota['spec']>,
  errors: FieldError[],
): void {
  for (const { scope, field, value } of named) {
    if (!scopes.includes(scope)) {
      if (field === 'spec.scopes') errors.push(fieldInvalid(field, value, 'unsupported scope'))
      continue
    }
    for (const name of Object.keys(hard))
      if (isStandard(name) && !isOfScope(name, scope))
        errors.push(fieldInvalid(field, value, 'unsupported scope applied to resource'))
  }
  const [first] = named
  const has = (scope: string): boolean => named.some((each) => each.scope === scope)
  for (const scope of ['BestEffort', 'Terminating'])
    if (first && has(scope) && has(`Not${scope}`))
      errors.push(fieldInvalid(first.field, first.value, 'conflicting scopes'))
}

type Expression = NonNullable<
  NonNullable<NonNullable<ResourceQuota['spec']>['scopeSelector']>['matchExpressions']
>[number]

/** The paths have no index, as in Kubernetes. */
function checkExpression({ scopeName, operator, values = [] }: Expression, errors: FieldError[]): void {
  const field = expressionsField
  if (!scopes.includes(scopeName)) errors.push(fieldInvalid(`${field}.scopeName`, scopeName, 'unsupported scope'))
  if (existenceScopes.has(scopeName) && operator !== 'Exists')
    errors.push(
      fieldInvalid(
        `${field}.operator`,
        operator,
        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    )
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(
        fieldRequired(
          `${field}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      )
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(
        fieldInvalid(
          `${field}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      )
  } else errors.push(fieldInvalid(`${field}.operator`, operator, 'not a valid selector operator'))
}

/** Scopes that a pod is in or not: there are no names to choose from. */
const existenceScopes = new Set([
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'Terminating',
])

function quotaStatusFindings({ status = {} }: Wire<ResourceQuota>): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['hard', 'used'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {}))
      checkAmount(name, String(quantity), `status.${list}[${name}]`, errors)
  return errors
}
