import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi, type Lists } from '../api/index.ts'
import { gather } from './gather.ts'

export interface LiveObjects<T extends KubeObject> {
  /** Replaced as a whole after a change: at most once per frame, less often for thousands of objects. */
  objects: ShallowRef<Stored<T>[]>
  /** `forbidden` and `failed`: nothing at all can be shown. */
  state: ShallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>
  /** Whether all objects are there; `ready` is set when the first ones are. */
  complete: ShallowRef<boolean>
  /** The server's reason, when it refused. */
  reason: ShallowRef<string>
  /** Namespaces that cannot be listed, while others can. */
  refusals: ShallowRef<readonly Refusal[]>
  /** The namespaces that are listed one by one; none when one list covers all. */
  parts: ShallowRef<readonly string[]>
}

export interface Refusal {
  /** Unset for a list of all namespaces. */
  namespace?: string | undefined
  forbidden: boolean
  reason: string
}

export interface LiveOptions {
  /** Objects come with what the server prints of them. */
  printed?: () => boolean
  /** Of objects comes no more than their metadata. */
  namesOnly?: boolean
  /** The namespace that is listed where the server refuses a list of all, and the user has chosen none. */
  home?: () => string | undefined
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
  { printed = () => false, namesOnly = false, home = () => undefined }: LiveOptions = {},
): LiveObjects<T> {
  const api = useApi()
  const objects = shallowRef<Stored<T>[]>([])
  const state = shallowRef<'loading' | 'ready' | 'forbidden' | 'failed'>('loading')
  const complete = shallowRef(false)
  const reason = shallowRef('')
  const refusals = shallowRef<readonly Refusal[]>([])
  const parts = shallowRef<readonly string[]>([])
  /** The context and resource that may not be listed in all namespaces. */
  const refused = shallowRef('')

  function separateNamespaces(): readonly string[] {
    const what = resource()
    if (!what?.namespaced || refused.value !== nameOf(context(), what)) return []
    const chosen = namespaces()
    const own = home()
    return chosen.length === 0 && own !== undefined ? [own] : chosen
  }

  /** Shows what the parts have: the rows of some never wait for the refusals of others. */
  function show(all: readonly Part<T>[], id: string, what: Resource<T>): void {
    const refusedParts = all.flatMap(({ refusal }) => (refusal ? [refusal] : []))
    const [first] = refusedParts
    if (all.every(({ refusal }) => refusal) && first) {
      state.value = refusedParts.every(({ forbidden }) => forbidden) ? 'forbidden' : 'failed'
      reason.value = refusedParts.map((each) => each.reason).join('\n')
      if (first.forbidden && first.namespace === undefined) refused.value = nameOf(id, what)
      return
    }
    const isSettled = all.every(({ settled }) => settled)
    objects.value = all.flatMap((part) => [...part.objects()])
    refusals.value = refusedParts
    complete.value = isSettled
    if (isSettled || objects.value.length > 0) state.value = 'ready'
  }

  function follow(id: string, what: Resource<T>, only: readonly string[]): () => void {
    const cluster = api.cluster(id)
    const lists = namesOnly ? cluster.names : printed() ? cluster.tables : cluster
    let stopped = false
    const refresh = (): void => {
      if (!stopped) show(all, id, what)
    }
    const changed = gather(refresh, () => objects.value.length)
    const all = (only.length > 0 ? only : [undefined]).map((namespace) => followPart(lists, what, namespace, changed))
    return () => {
      stopped = true
      setTimeout(() => {
        for (const part of all) part.stop()
      }, linger)
    }
  }

  let release: () => void = () => undefined
  watch(
    () => [context(), resource(), separateNamespaces().join(), printed()] as const,
    ([id, what]) => {
      release()
      release = () => undefined
      objects.value = []
      state.value = 'loading'
      reason.value = ''
      complete.value = false
      refusals.value = []
      parts.value = separateNamespaces()
      if (id !== undefined && what) release = follow(id, what, parts.value)
    },
    { immediate: true },
  )
  onScopeDispose(() => release())
  return { objects, state, complete, reason, refusals, parts }
}

/** The objects of one list: of a namespace, or of all. */
interface Part<T extends KubeObject> {
  objects(): readonly Stored<T>[]
  /** Whether all objects are there, or refused. */
  readonly settled: boolean
  readonly refusal: Refusal | undefined
  stop(): void
}

function followPart<T extends KubeObject>(
  { client, informers }: Lists,
  resource: Resource<T>,
  namespace: string | undefined,
  changed: () => void,
): Part<T> {
  let first: readonly Stored<T>[] = []
  let refusal: Refusal | undefined
  const share = informers.share(resource, namespace)
  // Informers list everything and retry for ever: a first, short list shows rows or the server's refusal at once.
  client.list(resource, { namespace, limit: firstList }).then(
    ({ items }) => {
      first = items
      changed()
    },
    (error: unknown) => {
      if (share.hasSynced) return
      refusal = { namespace, forbidden: error instanceof ApiError && error.code === 403, reason: messageOf(error) }
      changed()
    },
  )
  share.onChange({ added: changed, updated: changed, deleted: changed })
  void share.synced.then(() => {
    // What was forbidden may be allowed by now.
    refusal = undefined
    changed()
  })
  return {
    objects() {
      // A long list comes page by page.
      const listed = share.list()
      return share.hasSynced || listed.length > first.length ? listed : first
    },
    get settled() {
      return share.hasSynced || refusal !== undefined
    },
    get refusal() {
      return refusal
    },
    stop: () => share.stop(),
  }
}

const nameOf = (context: string | undefined, { group, plural }: Resource): string =>
  `${context ?? ''}/${group}/${plural}`
