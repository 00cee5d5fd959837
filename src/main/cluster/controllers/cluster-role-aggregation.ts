import { isDeepStrictEqual } from 'node:util'
import type { Stop } from '#shared/base/disposable.ts'
import type { ClusterRole, PolicyRule } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { clusterRoles } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/** Fills every ClusterRole that has an aggregation rule with the rules of the ClusterRoles that it selects. */
export function startClusterRoleAggregation(context: ControllerContext): Stop {
  const roles = context.informers.share(clusterRoles)

  async function reconcile(name: string): Promise<Outcome> {
    const role = roles.get(name)
    if (!role?.aggregationRule || role.metadata.deletionTimestamp) return undefined
    const rules = gathered(role, roles.list())
    if (isDeepStrictEqual(rules, role.rules ?? [])) return undefined
    const applied = await context.client.patch(
      clusterRoles,
      { name },
      { type: 'apply', body: applying(name, rules) },
      manager,
    )
    await roles.caughtUp(applied)
    return undefined
  }

  // Any change of a role, of its labels too, may change every aggregated role.
  const gathering = (): string[] =>
    roles.list().flatMap(({ aggregationRule, metadata: { name } }) => (aggregationRule && name ? [name] : []))

  const controller = runController({
    ...context,
    name: 'clusterrole-aggregation',
    reconcile,
    shares: [roles],
    watches: [watch(roles, gathering)],
  })

  return () => controller.stop()
}

const manager = { fieldManager: 'clusterrole-aggregation-controller', force: true }

/** While nothing is gathered the rules are none of this controller's, and those that the role was created with stay. */
const applying = (name: string, rules: readonly PolicyRule[]): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  ...(rules.length > 0 ? { rules: [...rules] } : {}),
})

/** The rules in the order of the selectors, then of the roles' names, without duplicates. */
function gathered(role: ClusterRole, all: readonly Stored<ClusterRole>[]): PolicyRule[] {
  const rules: PolicyRule[] = []
  const others = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? [])
    for (const other of others)
      if (selects(selector, other.metadata.labels))
        for (const rule of other.rules ?? [])
          if (!rules.some((present) => isDeepStrictEqual(present, rule))) rules.push(rule)
  return rules
}
