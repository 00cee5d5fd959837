import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { authorizerValue, type DirectAuthorizer } from '../cel/authorizer.ts'
import { compile } from '../cel/compile.ts'
import { CostBudget, conditionsLimit } from '../cel/cost.ts'
import { toCel } from '../cel/values.ts'
import type { AdmissionAttributes } from '../api/admission.ts'
import { admissionRequest } from '../webhooks/review.ts'
import type { ConditionCheck } from '../webhooks/webhooks.ts'
import type { Policy } from './bindings.ts'
import { conditionVariables, policyVariables } from '../cel/policy-variables.ts'

/** The variables of expressions about one request, computed on first use. */
export type Bindings = Record<string, unknown>

export function requestBindings(attributes: AdmissionAttributes, authorizer: DirectAuthorizer): Bindings {
  const { object, oldObject, namespace, kind, reader, user, subresource, name } = attributes
  const request = admissionRequest(attributes)
  delete request['object']
  delete request['oldObject']
  const inNamespace = namespace !== '' && (kind.namespaced || kind.plural === 'namespaces')
  const owner = inNamespace ? reader.get(namespaces, '', namespace) : undefined
  return {
    object: toCel(object ?? null),
    oldObject: toCel(oldObject ?? null),
    request: toCel(request),
    namespaceObject: toCel(owner ?? null),
    authorizer: authorizerValue(authorizer, user, {
      group: kind.group,
      resource: kind.plural,
      subresource,
      namespace,
      name: name || (object?.metadata.name ?? ''),
    }),
  }
}

/** Adds the parameters and the policy's own variables, computed when an expression reads them. */
export function policyBindings(
  base: Bindings,
  policy: Policy,
  params: KubeObject | null,
  budget: CostBudget,
): Bindings {
  const declared = policyVariables(policy.spec?.paramKind !== undefined)
  const variables: Record<string, unknown> = {}
  const bindings: Bindings = { ...base, variables }
  if (policy.spec?.paramKind) bindings['params'] = toCel(params)
  for (const { name = '', expression = '' } of policy.spec?.variables ?? []) {
    const value = once(() => compile(expression, declared).evaluate(bindings, budget))
    Object.defineProperty(variables, name, { enumerable: true, get: value })
  }
  return bindings
}

/** Computes a value on first use, and keeps a failure as well. */
function once<T>(compute: () => T): () => T {
  let known: (() => T) | undefined
  return () => {
    if (!known)
      try {
        const value = compute()
        known = () => value
      } catch (error) {
        known = () => {
          throw error
        }
      }
    return known()
  }
}

/**
 * Whether all conditions hold. A condition that is false decides, even when others fail.
 * @throws Error when a condition cannot be evaluated and none is false
 */
export function conditionsHold(
  conditions: readonly { name?: string; expression?: string }[] | undefined,
  bindings: Bindings,
  variables = conditionVariables,
): boolean {
  const budget = new CostBudget(conditionsLimit)
  let failed: Error | undefined
  for (const { name, expression = '' } of conditions ?? []) {
    try {
      if (compile(expression, variables, 'bool').evaluate(bindings, budget) === false) return false
    } catch (error) {
      failed ??= new Error(
        `expression '${expression}' of match condition '${name ?? ''}' resulted in error: ${messageOf(error)}`,
      )
    }
  }
  if (failed) throw failed
  return true
}

/** The match conditions of a webhook. */
export const webhookConditions =
  ({ authorizer }: { authorizer: DirectAuthorizer }): ConditionCheck =>
  (conditions, attributes) =>
    !conditions?.length || conditionsHold(conditions, requestBindings(attributes, authorizer))
