import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../api/index.ts'
import { gather } from './gather.ts'

export interface LiveObjects<T extends KubeObject> {
  /** Replaced as a whole after a change: at most once per frame, less often for thousands of objects. */
  objects: ShallowRef<Stored<T>[]>
  state: ShallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>
  /** Whether all objects are there; `ready` is set when the first ones are. */
  complete: ShallowRef<boolean>
  /** The server's reason, when it refused. */
  reason: ShallowRef<string>
}

/** Objects of the first list: enough to fill a screen. */
const firstList = 200
/** How long an informer that nobody uses is kept, ms: whoever comes back to a page finds it as it was. */
const linger = 10_000

/**
 * The objects of a resource in a context, kept up to date by an informer that all users share.
 * @param namespaces listed one by one where the server refuses a list of all namespaces
 */
export function useLiveObjects<T extends KubeObject>(
  context: () => string | undefined,
  resource: () => Resource<T> | undefined,
  namespaces: () => readonly string[] = () => [],
): LiveObjects<T> {
  const api = useApi()
  const objects = shallowRef<Stored<T>[]>([])
  const state = shallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>('loading')
  const complete = shallowRef(false)
  const reason = shallowRef('')
  /** The context and resource that may not be listed in all namespaces. */
  const refused = shallowRef('')
  let release: () => void = () => undefined

  /** The namespaces that are listed one by one; none when one list covers all. */
  function separateNamespaces(): readonly string[] {
    const what = resource()
    return what?.namespaced && refused.value === nameOf(context(), what) ? namespaces() : []
  }

  function follow(id: string, what: Resource<T>, only: readonly string[]): () => void {
    const { client, informers } = api.cluster(id)
    const parts = only.length > 0 ? only : [undefined]
    const first = parts.map((): readonly Stored<T>[] => [])
    let stopped = false
    // Informers list everything and retry for ever: a first, short list shows rows or the server's refusal at once.
    parts.forEach((namespace, part) => {
      client.list(what, { namespace, limit: firstList }).then(
        ({ items }) => {
          if (stopped || shares[part]?.hasSynced) return
          first[part] = items
          objects.value = first.flat()
          if (items.length > 0) state.value = 'ready'
        },
        (error: unknown) => {
          if (stopped || state.value === 'ready') return
          const forbidden = error instanceof ApiError && error.code === 403
          state.value = forbidden ? 'forbidden' : 'failed'
          reason.value = messageOf(error)
          if (forbidden && namespace === undefined) refused.value = nameOf(id, what)
        },
      )
    })
    const shares = parts.map((namespace) => informers.share(what, namespace))
    const refresh = (): void => {
      if (stopped || !shares.every(({ hasSynced }) => hasSynced)) return
      objects.value = shares.flatMap((share) => share.list())
      state.value = 'ready'
      complete.value = true
    }
    const changed = gather(refresh, () => objects.value.length)
    for (const share of shares) {
      share.onChange({ added: changed, updated: changed, deleted: changed })
      void share.synced.then(refresh)
    }
    return () => {
      stopped = true
      setTimeout(() => {
        for (const share of shares) share.stop()
      }, linger)
    }
  }

  watch(
    () => [context(), resource(), separateNamespaces().join()] as const,
    ([id, what]) => {
      release()
      release = () => undefined
      objects.value = []
      state.value = 'loading'
      reason.value = ''
      complete.value = false
      if (id !== undefined && what) release = follow(id, what, separateNamespaces())
    },
    { immediate: true },
  )
  onScopeDispose(() => release())
  return { objects, state, complete, reason }
}

const nameOf = (context: string | undefined, { group, plural }: Resource): string =>
  `${context ?? ''}/${group}/${plural}`
