import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
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
}

/** So many objects fill a screen and come in one breath. */
const firstLook = 200
/** How long a copy that nobody shows is kept up to date, ms. */
const linger = 10_000

/**
 * A live copy of a resource of a context, shared with everybody else who shows it.
 * @param namespaces where to look when the server refuses to show all namespaces at once
 */
export function useLiveObjects<T extends KubeObject>(
  context: () => string | undefined,
  resource: () => Resource<T> | undefined,
  namespaces: () => readonly string[] = () => [],
): LiveObjects<T> {
  const api = useApi()
  const objects = shallowRef<T[]>([])
  const state = shallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>('loading')
  const complete = shallowRef(false)
  const reason = shallowRef('')
  /** Context and resource that may not be seen as a whole. */
  const refused = shallowRef('')
  let release: () => void = () => undefined

  /** Those to be looked at one by one; none when all are seen at once. */
  function singled(): readonly string[] {
    const what = resource()
    return what?.namespaced && refused.value === nameOf(context(), what) ? namespaces() : []
  }

  function follow(id: string, what: Resource<T>, only: readonly string[]): () => void {
    const { client, informers } = api.cluster(id)
    const parts = only.length > 0 ? only : [undefined]
    const first = parts.map((): readonly T[] => [])
    let stopped = false
    // Informers ask for everything, and go on trying for ever: a first look brings rows, or the server's refusal, at once.
    parts.forEach((namespace, part) => {
      client.list(what, { namespace, limit: firstLook }).then(
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
          reason.value = error instanceof Error ? error.message : String(error)
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
      // Who goes to another page and comes back finds it as it was.
      setTimeout(() => {
        for (const share of shares) share.stop()
      }, linger)
    }
  }

  watch(
    () => [context(), resource(), singled().join()] as const,
    ([id, what]) => {
      release()
      release = () => undefined
      objects.value = []
      state.value = 'loading'
      reason.value = ''
      complete.value = false
      if (id !== undefined && what) release = follow(id, what, singled())
    },
    { immediate: true },
  )
  onScopeDispose(() => release())
  return { objects, state, complete, reason }
}

const nameOf = (context: string | undefined, { group, plural }: Resource): string =>
  `${context ?? ''}/${group}/${plural}`
