import { shallowRef, watch } from 'vue'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { mayList, type ListRules } from '../../kinds/catalogue.ts'

interface RulesReview extends KubeObject {
  spec: { namespace: string }
  status?: ListRules
}
const reviews: Resource<RulesReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
}

/**
 * Which kinds the user may list, as the cluster says of the chosen namespaces, else of `default`. Until it has answered,
 * and where it cannot, every kind may be: the list itself tells in the end.
 */
export function useListRules(
  context: () => string,
  namespaces: () => readonly string[],
): { mayListKind(resource: Resource): boolean } {
  const api = useApi()
  const rules = shallowRef<readonly ListRules[]>([])
  watch(
    () => [context(), namespaces().join()] as const,
    async ([id, chosen]) => {
      rules.value = []
      const { client } = api.cluster(id)
      const answers = await Promise.allSettled(
        (chosen === '' ? ['default'] : chosen.split(',').slice(0, 5)).map((namespace) =>
          client.create(reviews, { metadata: {}, spec: { namespace } }),
        ),
      )
      if (id !== context() || chosen !== namespaces().join()) return
      const told = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.status : undefined))
      rules.value = told.flatMap((each) => each ?? [])
      if (told.some((each) => each === undefined)) rules.value = []
    },
    { immediate: true },
  )
  return {
    mayListKind: (resource) => rules.value.length === 0 || rules.value.some((each) => mayList(each, resource)),
  }
}
