import { shallowRef, watch, type ShallowRef } from 'vue'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { useApi } from '../../api/index.ts'
import type { ObjectLink } from '../../explain/index.ts'
import { useContextKinds } from '../../kinds/useKinds.ts'

/** Owners of owners are followed no further: nothing of Kubernetes nests deeper, and a loop has to end. */
const deepest = 5

/** What owns an object, the topmost first. Owners that may not be read end the chain. */
export function useOwners(subject: () => { context: string; object: Stored }): ShallowRef<ObjectLink[]> {
  const api = useApi()
  const { kindNamed } = useContextKinds(() => subject().context)
  const owners = shallowRef<ObjectLink[]>([])
  watch(
    () => {
      const { context, object } = subject()
      return JSON.stringify([context, object.metadata.uid, object.metadata.ownerReferences])
    },
    async (_asked, _before, onCleanup) => {
      let stale = false
      onCleanup(() => (stale = true))
      const { context, object } = subject()
      const { namespace } = object.metadata
      const chain: ObjectLink[] = []
      let current: KubeObject | undefined = object
      while (current && chain.length < deepest) {
        const references: NonNullable<KubeObject['metadata']['ownerReferences']> =
          current.metadata.ownerReferences ?? []
        const owner = references.find(({ controller }) => controller) ?? references[0]
        if (!owner) break
        const resource = kindNamed(owner.kind, owner.apiVersion)?.resource
        const scope = resource?.namespaced === false ? undefined : namespace
        chain.unshift({ kind: owner.kind, apiVersion: owner.apiVersion, name: owner.name, namespace: scope })
        current = resource
          ? await api
              .cluster(context)
              .client.get(resource, { namespace: scope, name: owner.name })
              .catch(() => undefined)
          : undefined
        if (stale) return
      }
      owners.value = chain
    },
    { immediate: true },
  )
  return owners
}
