import { messageOf } from '#shared/base/message-of.ts'
import type { ValidatingAdmissionPolicy, Validation } from '#shared/kube/generated/types.ts'
import { validatingAdmissionPolicies } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { compile, type Variables } from '../cel/compile.ts'
import { CostBudget } from '../cel/cost.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'
import type { ResourceKey } from '../api/reader.ts'
import { boundPolicies, paramsOf, prepareParams, type Binding, type PolicyOptions } from './bindings.ts'
import { conditionsHold, policyBindings, requestBindings, type Bindings } from './scope.ts'
import { policyVariables } from '../cel/policy-variables.ts'

const bindings: ResourceKey<Binding> = {
  group: 'admissionregistration.k8s.io',
  plural: 'validatingadmissionpolicybindings',
}

/** ValidatingAdmissionPolicy: refuses requests that violate a bound policy. */
export function validatingPolicies({ resources, authorizer }: PolicyOptions): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(attributes) {
      const bound = boundPolicies(attributes, { policies: validatingAdmissionPolicies, bindings })
      if (bound.length === 0) return
      const judge = (): void => {
        const base = requestBindings(attributes, authorizer)
        const denials = bound.flatMap(({ policy, binding }) =>
          denialsOf(policy, failuresOf(policy, binding, attributes, base, resources), binding, attributes),
        )
        if (denials[0]) throw denials[0]
      }
      const pending = prepareParams(bound, attributes, resources)
      if (pending) return pending.then(judge)
      judge()
    },
  }
}

interface Failure {
  message: string
  reason: string
}

/** The failed validations of a policy. */
function failuresOf(
  policy: ValidatingAdmissionPolicy,
  binding: Binding,
  attributes: AdmissionAttributes,
  base: Bindings,
  resources: PolicyOptions['resources'],
): Failure[] {
  const lenient = policy.spec?.failurePolicy === 'Ignore'
  const variables = policyVariables(policy.spec?.paramKind !== undefined)
  try {
    return paramsOf(policy, binding, attributes, resources).flatMap((params) => {
      const budget = new CostBudget()
      const bindings = policyBindings(base, policy, params, budget)
      if (!conditionsHold(policy.spec?.matchConditions, bindings, variables)) return []
      return (policy.spec?.validations ?? []).flatMap((validation) =>
        check(validation, { bindings, variables, budget, lenient }),
      )
    })
  } catch (error) {
    return lenient ? [] : [{ message: messageOf(error), reason: 'Invalid' }]
  }
}

interface Scope {
  bindings: Bindings
  variables: Variables
  budget: CostBudget
  /** Whether the failure policy admits requests whose evaluation fails. */
  lenient: boolean
}

function check(validation: Validation, scope: Scope): Failure[] {
  const { bindings, variables, budget, lenient } = scope
  const { expression } = validation
  try {
    if (compile(expression, variables, 'bool').evaluate(bindings, budget) === true) return []
  } catch (error) {
    if (lenient) return []
    return [{ message: `expression '${expression}' resulted in error: ${messageOf(error)}`, reason: 'Invalid' }]
  }
  return [{ message: messageFor(validation, scope), reason: validation.reason ?? 'Invalid' }]
}

function messageFor(validation: Validation, { bindings, variables, budget }: Scope): string {
  const { message, messageExpression, expression } = validation
  const plain = message?.trim() || `failed expression: ${expression.trim()}`
  if (!messageExpression) return plain
  try {
    const text = compile(messageExpression, variables, 'string').evaluate(bindings, budget) as string
    return text.trim() === '' || text.includes('\n') ? plain : text.trim()
  } catch {
    return plain
  }
}

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
}

/** Adds warnings, and returns the failures to deny. */
function denialsOf(
  { metadata }: ValidatingAdmissionPolicy,
  failures: readonly Failure[],
  binding: Binding,
  attributes: AdmissionAttributes,
): ApiError[] {
  const actions = binding.spec?.validationActions ?? []
  const by = `ValidatingAdmissionPolicy '${metadata.name}' with binding '${binding.metadata.name}'`
  const denials: ApiError[] = []
  for (const { message, reason } of failures) {
    if (actions.includes('Warn')) attributes.warn(`Validation failed for ${by}: ${message}`)
    if (actions.includes('Deny')) denials.push(denial(attributes, `${by} denied request: ${message}`, message, reason))
  }
  return denials
}

function denial(attributes: AdmissionAttributes, why: string, message: string, reason: string): ApiError {
  const { status } = refusal(attributes, why)
  return new ApiError({
    ...status,
    reason,
    code: codes[reason] ?? 422,
    details: { ...status.details, causes: [{ reason: '', message }] },
  })
}
