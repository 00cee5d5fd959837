import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Informer } from '#shared/client/informer.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../api/index.ts'
import { gather } from './gather.ts'

export interface LiveObjects<T> {
  /** Replaced as a whole when anything changed: at most once per frame, less often for thousands. */
  objects: ShallowRef<T[]>
  state: ShallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>
  /** Whether these are all: `ready` comes with the first of them. */
  complete: ShallowRef<boolean>
  /** The server's reason, when it refused. */
  reason: ShallowRef<string>
  informer: ShallowRef<Informer<T & KubeObject> | undefined>
}

/** So many objects fill a screen and come in one breath. */
const firstLook = 200
/** How long a copy that nobody shows is kept up to date, ms. */
const linger = 10_000

/** A live copy of a resource of a context, shared with everybody else who shows it. */
export function useLiveObjects<T extends KubeObject>(
  context: () => string | undefined,
  resource: () => Resource<T> | undefined,
): LiveObjects<T> {
  const api = useApi()
  const objects = shallowRef<T[]>([])
  const state = shallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>('loading')
  const complete = shallowRef(false)
  const reason = shallowRef('')
  const informer = shallowRef<Informer<T>>()
  let release: () => void = () => undefined

  function follow(id: string, what: Resource<T>): () => void {
    const { client, informers } = api.cluster(id)
    let stopped = false
    // Informers ask for everything, and go on trying for ever: a first look brings rows, or the server's refusal, at once.
    client.list(what, { limit: firstLook }).then(
      ({ items }) => {
        if (stopped || share.hasSynced) return
        objects.value = items
        if (items.length > 0) state.value = 'ready'
      },
      (error: unknown) => {
        if (stopped || state.value === 'ready') return
        state.value = error instanceof ApiError && error.code === 403 ? 'forbidden' : 'failed'
        reason.value = error instanceof Error ? error.message : String(error)
      },
    )
    const share = informers.share(what)
    informer.value = share
    const refresh = (): void => {
      if (stopped || !share.hasSynced) return
      objects.value = share.list()
      state.value = 'ready'
      complete.value = true
    }
    const changed = gather(refresh, () => objects.value.length)
    share.onChange({ added: changed, updated: changed, deleted: changed })
    void share.synced.then(refresh)
    return () => {
      stopped = true
      // Who goes to another page and comes back finds it as it was.
      setTimeout(() => share.stop(), linger)
    }
  }

  watch(
    () => [context(), resource()] as const,
    ([id, what]) => {
      release()
      release = () => undefined
      objects.value = []
      state.value = 'loading'
      reason.value = ''
      complete.value = false
      if (id !== undefined && what) release = follow(id, what)
    },
    { immediate: true },
  )
  onScopeDispose(() => release())
  return { objects, state, complete, reason, informer: informer }
}
