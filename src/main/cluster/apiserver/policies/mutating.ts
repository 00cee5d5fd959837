import { applyPatch, type Operation } from 'rfc6902'
import { messageOf } from '#shared/base/message-of.ts'
import type { MutatingAdmissionPolicy, Mutation } from '#shared/kube/generated/types.ts'
import { jsonClone, jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { strategicMerge } from '#shared/kube/patch/strategic.ts'
import { compile, type Variables } from '../cel/compile.ts'
import { CostBudget } from '../cel/cost.ts'
import { toCel } from '../cel/values.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'
import type { ResourceKey } from '../api/reader.ts'
import { boundPolicies, paramsOf, prepareParams, type Binding, type PolicyOptions } from './bindings.ts'
import { conditionsHold, policyBindings, requestBindings, type Bindings } from './scope.ts'
import { policyVariables } from '../cel/policy-variables.ts'

const group = 'admissionregistration.k8s.io'
const policies: ResourceKey<MutatingAdmissionPolicy> = { group, plural: 'mutatingadmissionpolicies' }
const bindings: ResourceKey<Binding> = { group, plural: 'mutatingadmissionpolicybindings' }

type Bound = { policy: Stored<MutatingAdmissionPolicy>; binding: Stored<Binding> }

/** MutatingAdmissionPolicy: changes requests, policy by policy in order of their names. */
export function mutatingPolicies(options: PolicyOptions): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionPolicy',
    admit(attributes) {
      if (attributes.operation === 'DELETE' || attributes.operation === 'CONNECT') return
      const bound = boundPolicies(attributes, { policies, bindings })
      const pending = prepareParams(bound, attributes, options.resources)
      if (pending) return pending.then(() => mutateByAll(bound, attributes, options))
      mutateByAll(bound, attributes, options)
    },
  }
}

function mutateByAll(bound: readonly Bound[], attributes: AdmissionAttributes, options: PolicyOptions): void {
  const left = new Map<Bound, KubeObject | undefined>()
  for (const one of bound) {
    mutateBy(one, attributes, options)
    left.set(one, jsonClone(attributes.object))
  }
  // reinvocationPolicy IfNeeded: the policy runs again when a later one has changed the object.
  for (const [one, object] of left)
    if (one.policy.spec?.reinvocationPolicy === 'IfNeeded' && !jsonEqual(object, attributes.object))
      mutateBy(one, attributes, options)
}

/** @throws ApiError when the policy fails and its failure policy is Fail */
function mutateBy({ policy, binding }: Bound, attributes: AdmissionAttributes, options: PolicyOptions): void {
  const { resources, authorizer } = options
  const variables = policyVariables(policy.spec?.paramKind !== undefined)
  try {
    for (const params of paramsOf(policy, binding, attributes, resources)) {
      const budget = new CostBudget()
      const bindings = policyBindings(requestBindings(attributes, authorizer), policy, params, budget)
      if (!conditionsHold(policy.spec?.matchConditions, bindings, variables)) continue
      for (const mutation of policy.spec?.mutations ?? []) {
        mutate(mutation, attributes, { bindings, variables, budget, resources })
        bindings['object'] = toCel(attributes.object)
      }
    }
  } catch (error) {
    if (policy.spec?.failurePolicy === 'Ignore') return
    throw refusal(
      attributes,
      `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${messageOf(error)}`,
    )
  }
}

interface Scope {
  bindings: Bindings
  variables: Variables
  budget: CostBudget
  resources: PolicyOptions['resources']
}

function mutate(
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  attributes: AdmissionAttributes,
  { bindings, variables, budget, resources }: Scope,
): void {
  const { object, kind } = attributes
  if (!object) return
  const expression = (patchType === 'JSONPatch' ? jsonPatch?.expression : applyConfiguration?.expression) ?? ''
  const change = compile(expression, variables).evaluateJson(bindings, budget)
  const changed =
    patchType === 'JSONPatch'
      ? patched(object, change)
      : applied(object, change, resources.find(kind.group, kind.version, kind.plural)?.type)
  const fields = object as unknown as Record<string, unknown>
  for (const field of Object.keys(fields)) delete fields[field]
  Object.assign(object, changed)
  attributes.conform()
}

function patched(object: KubeObject, operations: unknown): KubeObject {
  if (!Array.isArray(operations)) throw new Error('the expression must return a list of JSONPatch')
  const draft: KubeObject = jsonClone(object)
  for (const problem of applyPatch(draft, operations as Operation[])) if (problem) throw problem
  return draft
}

/** Merges as server-side apply does: associative lists by their keys. Atomic fields cannot be set this way. */
function applied(
  object: KubeObject,
  change: unknown,
  type: Parameters<typeof strategicMerge>[2] | undefined,
): KubeObject {
  if (typeof change !== 'object' || change === null || Array.isArray(change) || !type)
    throw new Error('the expression must return an Object')
  const merged = strategicMerge(object as unknown as Record<string, unknown>, change as Record<string, unknown>, type)
  return jsonClone(merged) as unknown as KubeObject
}
