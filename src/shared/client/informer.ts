import { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import type { Stop } from '../base/disposable.ts'
import type { Log } from '../base/log.ts'
import { asStored, type KubeObject, type ListMeta, type Named, type Stored } from '../kube/object.ts'
import { ApiError } from '../kube/status.ts'
import type { Client, Resource } from './client.ts'
import type { WatchEvent } from './transport.ts'

/** A live local copy of one resource. Its objects are shared: treat them as frozen. */
export interface Informer<T extends KubeObject = KubeObject> {
  start(): void
  /** Whether the first list has arrived. */
  readonly hasSynced: boolean
  /** Resolves when the first list has arrived and its `added` calls are done; never, when stopped before. */
  readonly synced: Promise<void>
  /** @param key `namespace/name`, or `name` of a cluster-scoped object. */
  get(key: string): Stored<T> | undefined
  list(): Stored<T>[]
  /** Objects for which index `name` gave `value`. @throws where no such index was added. */
  byIndex(name: string, value: string): Stored<T>[]
  /** Adds an index, over what is there too; the name of an existing index keeps the existing one. */
  addIndex(name: string, valuesOf: IndexFunction<T>): void
  /**
   * Resolves when this copy shows `written`, results of writes to this resource, or anything later, so that a caller
   * never decides from a copy older than its own writes. Relies on ordered resourceVersions. @throws once stopped.
   */
  caughtUp(...written: readonly Stored[]): Promise<void>
  /** Resolves when `accepts` holds for what is there under `key`. @throws once stopped. */
  until(key: string, accepts: (object: Stored<T> | undefined) => boolean): Promise<void>
  /** Calls `handler` for every change; present objects are announced as added at once. */
  onChange(handler: ChangeHandler<T>): Stop
  stop(): void
}

export interface ChangeHandler<T extends KubeObject> {
  added?(object: Stored<T>): void
  updated?(previous: Stored<T>, object: Stored<T>): void
  /** With the last known state: the final one, unless a relist detected the deletion. */
  deleted?(object: Stored<T>): void
}

/** The values under which an object is found; none when undefined. */
export type IndexFunction<T extends KubeObject> = (object: Stored<T>) => string | readonly string[] | undefined

export interface InformerOptions<T extends KubeObject> {
  client: Client
  resource: Resource<T>
  namespace?: string | undefined
  labelSelector?: string
  fieldSelector?: string
  indexes?: Record<string, IndexFunction<T>>
  /** Lists so many objects at a time, and announces them as they come; all at once when unset. */
  pageSize?: number
  clock: Clock
  log: Log
}

/** `namespace/name`, or `name` where there is no namespace. */
export const keyOf = ({ metadata: { namespace, name } }: Named): string => (namespace ? `${namespace}/${name}` : name)

/** The inverse of keyOf. */
export function refOfKey(key: string): { namespace?: string; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/**
 * Lists, then watches from the list's revision: every change arrives once and in order. A broken watch continues
 * from the last revision seen; where the server has dropped that revision (410), it lists again, and the differences,
 * deletions included, reach the handlers as events.
 */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { client, resource, clock } = options
  const log = options.log.child({ informer: resource.plural })
  const cache = new Cache<T>(log, options.indexes ?? {})
  const selection = {
    namespace: options.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  }
  const stopped = new AbortController()
  const waiters = new Waiters()
  // A short maximum: the API server is back as soon as the user opens the app again, and the user is looking.
  const backoff = new Backoff({ initial: 50, max: 3_000 })
  let revision = ''
  let running = false
  let hasSynced = false
  let announceSynced: () => void = () => undefined
  const synced = new Promise<void>((resolve) => (announceSynced = resolve))

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        if (!revision) await relist()
        await watchOnce()
      } catch (error) {
        if (stopped.signal.aborted) return
        // The server no longer has the revision (410), or does not have it yet: list again.
        if (error instanceof ApiError) revision = ''
        log.debug('watch broke', { error: String(error) })
        await sleep(clock, backoff.next(''), stopped.signal).catch(() => undefined)
      }
    }
  }

  async function relist(): Promise<void> {
    const present = new Set<string>()
    const pages: ListMeta[] = []
    do {
      const page = { limit: options.pageSize, continue: pages.at(-1)?.continue }
      const list = await client.list(resource, { ...selection, ...page })
      if (stopped.signal.aborted) return
      for (const object of list.items) present.add(keyOf(object))
      pages.push(list.metadata)
      // What is gone goes before the last page comes: a deletion is told before what came after it.
      if (!list.metadata.continue) cache.keepOnly(present)
      cache.putAll(list.items)
    } while (pages.at(-1)?.continue)
    // The other pages show the list as it was at this revision.
    revision = pages[0]?.resourceVersion ?? ''
    waiters.check()
    hasSynced = true
    announceSynced()
  }

  /** One watch, to its orderly end. It has a timeout on the server, so that a dead connection is noticed. */
  function watchOnce(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (stopped.signal.aborted) {
        resolve()
        return
      }
      const began = clock.now()
      const stopWatch = client.watch(
        resource,
        { ...selection, resourceVersion: revision, allowWatchBookmarks: true, timeoutSeconds: watchSeconds() },
        {
          events(batch) {
            if (stopped.signal.aborted) return
            backoff.forget('')
            for (const event of batch as readonly WatchEvent<T>[]) receive(event)
            waiters.check()
          },
          closed(error) {
            stopped.signal.removeEventListener('abort', abort)
            if (error) reject(error)
            else if (clock.now() - began < 1000) reject(new Error('the watch ended at once'))
            else resolve()
          },
        },
      )
      const abort = (): void => {
        void stopWatch()
        resolve()
      }
      stopped.signal.addEventListener('abort', abort, { once: true })
    })
  }

  function receive({ type, object }: WatchEvent<T>): void {
    if (type === 'DELETED') cache.remove(asStored(object, resource.namespaced))
    else if (type !== 'BOOKMARK') cache.put(asStored(object, resource.namespaced))
    revision = object.metadata.resourceVersion ?? revision
  }

  return {
    start() {
      if (running) return
      running = true
      void run()
    },
    get hasSynced() {
      return hasSynced
    },
    synced,
    get: (key) => cache.get(key),
    list: () => cache.list(),
    byIndex: (name, value) => cache.byIndex(name, value),
    addIndex: (name, valuesOf) => cache.addIndex(name, valuesOf),
    caughtUp(...written) {
      const latest = Math.max(0, ...written.map(({ metadata }) => Number(metadata.resourceVersion)))
      return waiters.wait(() => Number(revision) >= latest)
    },
    until: (key, accepts) => waiters.wait(() => accepts(cache.get(key))),
    onChange: (handler) => cache.onChange(handler),
    stop() {
      stopped.abort()
      waiters.stop()
    },
  }
}

/** 5 to 10 minutes, spread so that watches do not all end together. */
const watchSeconds = (): number => 300 + Math.floor(Math.random() * 300)

/** Callers that wait for the copy to show something; checked after every batch of events. */
export class Waiters {
  readonly #waiting = new Set<{ holds: () => boolean; resolve: () => void; reject: (reason: Error) => void }>()
  #stopped = false

  wait(holds: () => boolean): Promise<void> {
    if (this.#stopped) return Promise.reject(new Error('the informer has stopped'))
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.add({ holds, resolve, reject }))
  }

  check(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.holds()) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }

  stop(): void {
    this.#stopped = true
    for (const { reject } of this.#waiting) reject(new Error('the informer has stopped'))
    this.#waiting.clear()
  }
}

interface Index<T extends KubeObject> {
  valuesOf: IndexFunction<T>
  buckets: Map<string, Map<string, Stored<T>>>
}

/** Objects by key, their indexes and their listeners; every change costs O(1) in the number of objects. */
class Cache<T extends KubeObject> {
  readonly #log: Log
  readonly #objects = new Map<string, Stored<T>>()
  readonly #indexes = new Map<string, Index<T>>()
  readonly #handlers = new Set<ChangeHandler<T>>()

  constructor(log: Log, indexes: Record<string, IndexFunction<T>>) {
    this.#log = log
    for (const [name, valuesOf] of Object.entries(indexes)) this.addIndex(name, valuesOf)
  }

  get(key: string): Stored<T> | undefined {
    return this.#objects.get(key)
  }

  list(): Stored<T>[] {
    return [...this.#objects.values()]
  }

  byIndex(name: string, value: string): Stored<T>[] {
    const index = this.#indexes.get(name)
    if (!index) throw new Error(`no index ${name}: call addIndex first`)
    const bucket = index.buckets.get(value)
    return bucket ? [...bucket.values()] : []
  }

  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return
    const index: Index<T> = { valuesOf, buckets: new Map() }
    this.#indexes.set(name, index)
    for (const [key, object] of this.#objects) enter(index.buckets, key, object, listed(valuesOf(object)))
  }

  onChange(handler: ChangeHandler<T>): Stop {
    this.#handlers.add(handler)
    for (const object of this.list()) this.#tell(handler, undefined, object)
    return () => {
      this.#handlers.delete(handler)
    }
  }

  put(object: Stored<T>): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    // Another uid under the same name: the deletion of the previous object was missed.
    if (previous && previous.metadata.uid !== object.metadata.uid) {
      this.remove(previous)
      this.put(object)
      return
    }
    if (previous?.metadata.resourceVersion && previous.metadata.resourceVersion === object.metadata.resourceVersion) {
      return
    }
    this.#objects.set(key, object)
    for (const index of this.#indexes.values()) {
      if (previous) replaceIn(index, key, previous, object)
      else enter(index.buckets, key, object, listed(index.valuesOf(object)))
    }
    for (const handler of this.#handlers) this.#tell(handler, previous, object)
  }

  remove(object: Stored<T>): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (!previous) return
    this.#objects.delete(key)
    for (const { valuesOf, buckets } of this.#indexes.values()) leave(buckets, key, listed(valuesOf(previous)))
    for (const handler of this.#handlers) this.#tell(handler, object, undefined)
  }

  putAll(objects: readonly Stored<T>[]): void {
    for (const object of objects) this.put(object)
  }

  keepOnly(present: ReadonlySet<string>): void {
    for (const [key, object] of [...this.#objects]) if (!present.has(key)) this.remove(object)
  }

  /** Tells of an object added, updated or deleted. An exception in one handler must not keep events from the others. */
  #tell(handler: ChangeHandler<T>, before: Stored<T> | undefined, after: Stored<T> | undefined): void {
    try {
      if (!after) {
        if (before) handler.deleted?.(before)
      } else if (before) handler.updated?.(before, after)
      else handler.added?.(after)
    } catch (error) {
      this.#log.error('change handler failed', { error: error instanceof Error ? error.stack : String(error) })
    }
  }
}

type Buckets<T extends KubeObject> = Index<T>['buckets']

function enter<T extends KubeObject>(
  buckets: Buckets<T>,
  key: string,
  object: Stored<T>,
  values: readonly string[],
): void {
  for (const value of values) {
    const bucket = buckets.get(value)
    if (bucket) bucket.set(key, object)
    else buckets.set(value, new Map([[key, object]]))
  }
}

function leave<T extends KubeObject>(buckets: Buckets<T>, key: string, values: readonly string[]): void {
  for (const value of values) {
    const bucket = buckets.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) buckets.delete(value)
  }
}

/** Most updates change no indexed value: the object takes the place of the previous one. */
function replaceIn<T extends KubeObject>(
  { valuesOf, buckets }: Index<T>,
  key: string,
  previous: Stored<T>,
  object: Stored<T>,
): void {
  const before = listed(valuesOf(previous))
  const after = listed(valuesOf(object))
  const isSame = before.length === after.length && after.every((value, at) => value === before[at])
  if (!isSame) leave(buckets, key, before)
  enter(buckets, key, object, after)
}

const none: readonly string[] = []
const listed = (values: string | readonly string[] | undefined): readonly string[] =>
  values === undefined ? none : typeof values === 'string' ? [values] : values
