import type { Stop } from '#shared/base/disposable.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { ExpressionWarning, ValidatingAdmissionPolicy } from '#shared/kube/generated/types.ts'
import { anyType } from '#shared/kube/patch/type-node.ts'
import { validatingAdmissionPolicies } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { checkTypes, type TypedVariables } from '../cel/types.ts'
import type { ResourceTable, ServedResource } from '../api/resources.ts'
import { policyTypes } from '../policies/types.ts'

/**
 * Writes warnings about expressions that do not fit the types of the matched kinds to the status of validating policies
 * (`status.typeChecking`). The policies are enforced all the same.
 */
export function startTypeChecking(context: ControllerContext, { resources }: { resources: ResourceTable }): Stop {
  const { client } = context
  const informer = context.informers.share(validatingAdmissionPolicies)

  async function reconcile(name: string): Promise<Outcome> {
    const policy = informer.get(name)
    if (!policy || policy.metadata.deletionTimestamp) return undefined
    const { generation } = policy.metadata
    if (policy.status?.observedGeneration === generation && policy.status?.typeChecking) return undefined
    const expressionWarnings = warningsOf(policy, resources)
    const typeChecking = expressionWarnings.length > 0 ? { expressionWarnings } : {}
    const status = {
      ...policy.status,
      typeChecking,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    }
    try {
      await informer.caughtUp(await client.updateStatus(validatingAdmissionPolicies, { ...policy, status }))
    } catch (error) {
      // The concurrent change queues the policy again.
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
    return undefined
  }

  const controller = runController({
    ...context,
    name: 'validatingadmissionpolicy-status',
    reconcile,
    shares: [informer],
    workers: 1,
    watches: [watch(informer, ({ metadata }) => [metadata.name])],
  })
  return () => controller.stop()
}

/** Warnings about the rules of a policy, each for all kinds together that it does not fit. */
export function warningsOf({ spec }: ValidatingAdmissionPolicy, resources: ResourceTable): ExpressionWarning[] {
  const kinds = kindsOf(spec?.matchConstraints?.resourceRules ?? [], resources).map(
    (resource) => [gvkOf(resource), typesFor(resource, spec, resources)] as const,
  )
  const warnings: ExpressionWarning[] = []
  const check = (expression: string | undefined, fieldRef: string): void => {
    if (!expression) return
    const warning = kinds.map(([gvk, types]) => warningFor(expression, gvk, types)).join('')
    if (warning !== '') warnings.push({ fieldRef, warning })
  }
  spec?.validations?.forEach(({ expression, messageExpression }, i) => {
    check(expression, `spec.validations[${i}].expression`)
    check(messageExpression, `spec.validations[${i}].messageExpression`)
  })
  return warnings
}

function warningFor(expression: string, gvk: string, types: TypedVariables): string {
  const { problem } = checkTypes(expression, types)
  return problem === undefined ? '' : `${gvk}: ${problem}\n`
}

type Rules = readonly { apiGroups?: string[]; apiVersions?: string[]; resources?: string[] }[]

/** Most kinds that are checked, as in Kubernetes. */
const mostKinds = 10

/** Kinds that rules name; wildcards are not expanded. */
function kindsOf(rules: Rules, resources: ResourceTable): ServedResource[] {
  const found = new Map<string, ServedResource>()
  for (const { apiGroups = [], apiVersions = [], resources: plurals = [] } of rules)
    for (const group of apiGroups)
      for (const version of apiVersions)
        for (const plural of plurals) {
          const resource = resources.find(group, version, plural)
          if (resource) found.set(gvkOf(resource), resource)
        }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, mostKinds)
    .map(([, resource]) => resource)
}

/** `apps/v1, Kind=Deployment`, `/v1, Kind=Pod` */
const gvkOf = ({ kind: { group, version, kind } }: ServedResource): string => `${group}/${version}, Kind=${kind}`

function typesFor(
  { type }: ServedResource,
  spec: ValidatingAdmissionPolicy['spec'],
  resources: ResourceTable,
): TypedVariables {
  const { paramKind } = spec ?? {}
  const params =
    paramKind &&
    resources.all().find(({ kind, apiVersion }) => kind.kind === paramKind.kind && apiVersion === paramKind.apiVersion)
  return policyTypes({
    object: type,
    namespace: resources.find('', 'v1', 'namespaces')?.type ?? anyType,
    params: paramKind ? (params?.type ?? anyType) : undefined,
    variables: (spec?.variables ?? []).map(({ name }) => name),
  })
}
