import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { objectPath } from '#shared/client/kube-client.ts'
import { isForbidden, isNotFound } from '#shared/kube/error-kinds.ts'
import type { HorizontalPodAutoscaler } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  configMaps,
  horizontalPodAutoscalers,
  ingressClasses,
  namespaces as namespaceResource,
  persistentVolumeClaims,
  priorityClasses,
  runtimeClasses,
  secrets,
  serviceAccounts,
  storageClasses,
  type Resource,
} from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { useAccess } from '../../composables/useAccess.ts'
import { useContextKinds } from '../../kinds/useKinds.ts'
import type { NeededKind, TargetFacts } from '../../promote/lacks.ts'
import { scaledBy } from '../../promote/plan.ts'

export interface Target {
  facts: TargetFacts
  state: ShallowRef<'loading' | 'ready' | 'failed'>
  reason: ShallowRef<string>
  namespaces: ShallowRef<readonly string[]>
  /** Whether the chosen namespace is there; true where that may not be asked. */
  hasNamespace: ComputedRef<boolean>
  storageClasses: ShallowRef<readonly string[]>
  ingressClasses: ShallowRef<readonly string[]>
  /** Workloads whose replicas the target's autoscalers set: `Deployment/web`. */
  scaled: ShallowRef<ReadonlySet<string>>
  /** Asks again for everything. */
  refresh(): Promise<void>
}

const resources: Record<NeededKind, Resource> = {
  StorageClass: storageClasses,
  IngressClass: ingressClasses,
  PriorityClass: priorityClasses,
  RuntimeClass: runtimeClasses,
  Secret: secrets,
  ConfigMap: configMaps,
  PersistentVolumeClaim: persistentVolumeClaims,
  ServiceAccount: serviceAccounts,
}
/** Of a Secret, whether it is there is all that is asked: its values stay on the server. */
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/** What the target has and allows. What is asked of one object is asked once, until the next refresh. */
export function useTarget(place: () => { context: string; namespace: string }): Target {
  const api = useApi()
  const context = (): string => place().context
  const kinds = useContextKinds(context)
  const access = useAccess(context, () => namespaceResource)
  const state = shallowRef<'loading' | 'ready' | 'failed'>('loading')
  const reason = shallowRef('')
  const names = shallowRef<readonly string[]>([])
  const classes = { storage: shallowRef<readonly string[]>([]), ingress: shallowRef<readonly string[]>([]) }
  const scaled = shallowRef<ReadonlySet<string>>(new Set())
  const isThere = shallowRef(true)
  const presence = shallowRef(new Map<string, boolean>())
  let asked = new Set<string>()

  const namesOf = async (resource: Resource): Promise<string[]> =>
    (
      await api
        .cluster(context())
        .client.list(resource)
        .catch(() => ({ items: [] as Stored[] }))
    ).items.map(({ metadata }) => metadata.name)

  async function refresh(): Promise<void> {
    const { context: id, namespace } = place()
    const { client } = api.cluster(id)
    const isCurrent = (): boolean => id === place().context && namespace === place().namespace
    try {
      const found = await client.get(namespaceResource, { name: namespace }).then(() => true, missing)
      const [all, storage, ingress, autoscalers] = await Promise.all([
        namesOf(namespaceResource),
        namesOf(storageClasses),
        namesOf(ingressClasses),
        client
          .list<HorizontalPodAutoscaler>(horizontalPodAutoscalers, { namespace })
          .then(({ items }) => items)
          .catch(() => []),
      ])
      if (!isCurrent()) return
      isThere.value = found
      names.value = all
      classes.storage.value = storage
      classes.ingress.value = ingress
      scaled.value = scaledBy(autoscalers)
      asked = new Set()
      presence.value = new Map()
      reason.value = ''
      state.value = 'ready'
    } catch (error) {
      if (!isCurrent()) return
      reason.value = messageOf(error)
      state.value = 'failed'
    }
  }
  watch(
    () => `${place().context} ${place().namespace}`,
    () => {
      state.value = 'loading'
      void refresh()
    },
    { immediate: true },
  )

  async function ask(kind: NeededKind, name: string): Promise<void> {
    const round = asked
    const { context: id, namespace } = place()
    const resource = resources[kind]
    const path = objectPath(resource, { name, ...(resource.namespaced ? { namespace } : {}) })
    const found = await api
      .cluster(id)
      .client.transport.request({ method: 'GET', path, accept: metadataOnly })
      .then(() => true, missing)
    if (round === asked) presence.value = new Map(presence.value).set(`${kind}/${name}`, found)
  }

  const facts: TargetFacts = {
    serves({ apiVersion = '', kind }) {
      const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
      const known = kinds.kinds.value.some(({ resource }) => resource.group === group && resource.kind === kind)
      return known || !kinds.loaded.value
    },
    has(kind, name) {
      const key = `${kind}/${name}`
      if (!asked.has(key)) {
        asked.add(key)
        // Where it may not be asked, nothing is said to be missing.
        ask(kind, name).catch(() => undefined)
      }
      return presence.value.get(key)
    },
    may: (verb, resource) =>
      access.may(verb, { metadata: resource.namespaced ? { namespace: place().namespace } : {} }, { resource }),
  }
  return {
    ...{ facts, state, reason, scaled, refresh, namespaces: names },
    hasNamespace: computed(() => isThere.value),
    storageClasses: classes.storage,
    ingressClasses: classes.ingress,
  }
}

/** @throws what is no answer to whether it is there; a namespace that may not be read counts as there */
function missing(error: unknown): boolean {
  if (isNotFound(error)) return false
  if (isForbidden(error)) return true
  throw error
}
