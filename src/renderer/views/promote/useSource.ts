import { shallowRef, watch, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { inTurns } from '../../composables/in-turns.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import type { ContextKinds } from '../../kinds/useKinds.ts'
import { keyOf, promotable, type Item } from '../../promote/choose.ts'

export interface Source {
  items: ShallowRef<readonly Item[]>
  state: ShallowRef<'loading' | 'ready' | 'failed'>
  reason: ShallowRef<string>
  /** Kinds that could not be listed. */
  unread: ShallowRef<readonly string[]>
  /** The namespace itself; unset where it may not be read. */
  namespace: ShallowRef<Stored | undefined>
}

/** What can be promoted of a namespace: it is read once, when the page opens and when the namespace changes. */
export function useSource(place: () => { context: string; namespace: string }, kinds: ContextKinds): Source {
  const api = useApi()
  const items = shallowRef<readonly Item[]>([])
  const state = shallowRef<'loading' | 'ready' | 'failed'>('loading')
  const reason = shallowRef('')
  const unread = shallowRef<readonly string[]>([])
  const own = shallowRef<Stored>()

  watch(
    () => [place().context, place().namespace, kinds.loaded.value] as const,
    async ([context, namespace, isKnown], _before, onCleanup) => {
      let stale = false
      onCleanup(() => (stale = true))
      state.value = 'loading'
      items.value = []
      if (!isKnown) return
      const { client } = api.cluster(context)
      const listed = kinds.kinds.value.filter(({ resource }) => resource.namespaced)
      const found: Item[] = []
      const refused: { kind: KindDescriptor; reason: string }[] = []
      const list = async (kind: KindDescriptor): Promise<void> => {
        try {
          const { items: objects } = await client.list<KubeObject>(kind.resource, { namespace })
          for (const object of objects)
            found.push({ key: keyOf(kind.resource, object.metadata.name), resource: kind.resource, object })
        } catch (error) {
          refused.push({ kind, reason: messageOf(error) })
        }
      }
      const [read] = await Promise.all([
        client.get<KubeObject>(namespaces, { name: namespace }).catch(() => undefined),
        inTurns(listed, list),
      ])
      if (stale) return
      own.value = read
      items.value = promotable(found).sort((a, b) => order(listed, a) - order(listed, b))
      unread.value = refused.map(({ kind }) => kind.title)
      reason.value = refused[0]?.reason ?? ''
      state.value = refused.length > 0 && refused.length === listed.length ? 'failed' : 'ready'
    },
    { immediate: true },
  )
  return { items, state, reason, unread, namespace: own }
}

const order = (kinds: readonly KindDescriptor[], { resource }: Item): number =>
  kinds.findIndex((kind) => kind.resource === resource)
