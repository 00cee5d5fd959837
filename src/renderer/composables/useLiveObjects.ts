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
  /** The server's reason, when it refused. */
  reason: ShallowRef<string>
  informer: ShallowRef<Informer<T & KubeObject> | undefined>
}

/** A live copy of a resource of a context, shared with everybody else who shows it. */
export function useLiveObjects<T extends KubeObject>(
  context: () => string | undefined,
  resource: () => Resource<T> | undefined,
): LiveObjects<T> {
  const api = useApi()
  const objects = shallowRef<T[]>([])
  const state = shallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>('loading')
  const reason = shallowRef('')
  const informer = shallowRef<Informer<T>>()
  let release: () => void = () => undefined

  function follow(id: string, what: Resource<T>): () => void {
    const { client, informers } = api.cluster(id)
    const share = informers.share(what)
    informer.value = share
    let stopped = false
    const refresh = (): void => {
      if (stopped || !share.hasSynced) return
      objects.value = share.list()
      state.value = 'ready'
    }
    const changed = gather(refresh, () => objects.value.length)
    share.onChange({ added: changed, updated: changed, deleted: changed })
    void share.synced.then(refresh)
    // Informers go on trying for ever: what the server says to a first look is told at once.
    client.list(what, { limit: 1 }).catch((error: unknown) => {
      if (stopped || state.value === 'ready') return
      state.value = error instanceof ApiError && error.code === 403 ? 'forbidden' : 'failed'
      reason.value = error instanceof Error ? error.message : String(error)
    })
    return () => {
      stopped = true
      share.stop()
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
      if (id !== undefined && what) release = follow(id, what)
    },
    { immediate: true },
  )
  onScopeDispose(() => release())
  return { objects, state, reason, informer: informer }
}
