import { shallowRef, watch } from 'vue'
import type { SelfSubjectAccessReview } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useApi } from '../api/index.ts'

/** What the user may do with objects of one kind, as the cluster says. */
export interface Access {
  /** `deployments`. */
  plural: string
  /** Asks the cluster at the first call; true until it has answered, because the server decides in the end. */
  may(
    verb: string,
    object: KubeObject,
    of?: { subresource?: string | undefined; resource?: Resource | undefined },
  ): boolean
}

const reviews: Resource<SelfSubjectAccessReview & KubeObject> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
}

/** Answers are kept while the caller lives, and forgotten when it turns to another context or kind. */
export function useAccess(context: () => string, resource: () => Resource): Access {
  const api = useApi()
  const answers = shallowRef(new Map<string, boolean>())
  let asked = new Set<string>()
  watch([context, resource], () => {
    answers.value = new Map()
    asked = new Set()
  })

  async function ask(key: string, resourceAttributes: object): Promise<void> {
    const round = asked
    const { status } = await api.cluster(context()).client.create(reviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes },
    })
    if (round === asked) answers.value = new Map(answers.value).set(key, status?.allowed ?? true)
  }

  return {
    get plural() {
      return resource().plural
    },
    may(verb, { metadata }, { subresource, resource: other } = {}) {
      const { group, plural } = other ?? resource()
      const { namespace } = metadata
      // Objects of another kind have no name yet.
      const name = other ? undefined : metadata.name
      const key = JSON.stringify([verb, group, plural, namespace, name, subresource])
      if (!asked.has(key)) {
        asked.add(key)
        // Where reviews are not served or fail, the action itself tells.
        ask(key, { verb, group, resource: plural, subresource, namespace, name }).catch(() => undefined)
      }
      return answers.value.get(key) ?? true
    },
  }
}
