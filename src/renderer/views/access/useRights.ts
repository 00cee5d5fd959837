import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { PolicyRule } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles, type Resource } from '#shared/kube/resources.ts'
import { subjectOf, type Grant, type Rbac, type Subject } from '../../access/rights.ts'
import { useApi } from '../../api/index.ts'
import { useLiveObjects } from '../../composables/useLiveObjects.ts'

interface RulesReview extends KubeObject {
  spec: { namespace: string }
  status?: { resourceRules?: PolicyRule[]; nonResourceRules?: PolicyRule[]; incomplete?: boolean }
}
interface SelfReview extends KubeObject {
  status?: { userInfo?: { username?: string; groups?: string[] } }
}
const rulesReviews: Resource<RulesReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
}
const selfReviews: Resource<SelfReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
}

export interface Rights {
  rbac: ComputedRef<Rbac>
  /** `forbidden`: none of the objects of RBAC may be read. */
  state: ComputedRef<'loading' | 'ready' | 'forbidden' | 'failed'>
  /** Some of the objects may not be read. */
  isPartial: ComputedRef<boolean>
  /** The user's own rights in the namespace, as the cluster tells them; unset until it has. */
  own: ShallowRef<readonly Grant[] | undefined>
  /** Who the user is to the cluster. */
  me: ShallowRef<Subject | undefined>
}

/** Roles and bindings of a context, live, and the user's own rights. @param namespace '' for all */
export function useRights(context: () => string, namespace: () => string): Rights {
  const api = useApi()
  const chosen = (): readonly string[] => (namespace() === '' ? [] : [namespace()])
  const lists = {
    roles: useLiveObjects(context, () => roles, chosen),
    roleBindings: useLiveObjects(context, () => roleBindings, chosen),
    clusterRoles: useLiveObjects(context, () => clusterRoles),
    clusterRoleBindings: useLiveObjects(context, () => clusterRoleBindings),
  }
  const all = Object.values(lists)
  const own = shallowRef<readonly Grant[]>()
  const me = shallowRef<Subject>()

  watch(
    [context, namespace],
    async ([id, wanted]) => {
      own.value = undefined
      const review = api
        .cluster(id)
        .client.create(rulesReviews, { metadata: {}, spec: { namespace: wanted === '' ? 'default' : wanted } })
      const status = await review.then(
        (answer) => answer.status,
        () => undefined,
      )
      if (id !== context() || wanted !== namespace()) return
      own.value = [...(status?.resourceRules ?? []), ...(status?.nonResourceRules ?? [])].map((rule, at) => ({
        rule,
        at,
        by: undefined,
      }))
    },
    { immediate: true },
  )
  watch(
    context,
    async (id) => {
      me.value = undefined
      const review = api.cluster(id).client.create(selfReviews, { metadata: {} })
      const { username, groups = [] } =
        (await review.then(
          (answer) => answer.status?.userInfo,
          () => undefined,
        )) ?? {}
      if (id === context() && username !== undefined) me.value = userOf(username, groups)
    },
    { immediate: true },
  )
  return {
    rbac: computed(() => ({
      roles: lists.roles.objects.value,
      roleBindings: lists.roleBindings.objects.value,
      clusterRoles: lists.clusterRoles.objects.value,
      clusterRoleBindings: lists.clusterRoleBindings.objects.value,
    })),
    state: computed(() => {
      const states = all.map(({ state }) => state.value)
      if (states.includes('loading')) return 'loading'
      if (states.includes('ready')) return 'ready'
      return states.includes('forbidden') ? 'forbidden' : 'failed'
    }),
    isPartial: computed(() =>
      all.some(({ state, refusals }) => state.value === 'forbidden' || refusals.value.length > 0),
    ),
    own,
    me,
  }
}

function userOf(username: string, groups: readonly string[]): Subject {
  const [, , namespace, account] = username.split(':')
  const found =
    username.startsWith('system:serviceaccount:') && subjectOf(`ServiceAccount ${namespace ?? ''}/${account ?? ''}`)
  return found || { kind: 'User', name: username, groups }
}
