import type { Stop } from '#shared/base/disposable.ts'
import { isTrue } from '#shared/base/is-true.ts'
import { ApiError, expired } from '#shared/kube/status.ts'
import { Compacted, type Change } from '../../store/store.ts'
import {
  type Answer,
  type Query,
  type RunningWatch,
  type WatchBatch,
  type WatchFormat,
  type WatchItem,
  type WatchWriter,
} from '../api/request.ts'
import { itemOf, type RegistryContext, type Target } from './context.ts'
import { convertedChanges, objectsOf } from './converted-changes.ts'
import { parseRevisionDemand, parseTimeout, waitForRevision, type RevisionDemand } from './list-options.ts'
import { tooOld } from './read.ts'
import { prefixOf, type ServedResource } from '../api/resources.ts'
import { parseSelection } from './selection.ts'
import { bookmark, EncodedBatch, eventOf, eventsOf } from './watch-events.ts'
import { FieldDispatcher, WatchGroup, WatchMember, type ChangeSource, type WatchRequest } from './watch-groups.ts'

/** `GET …?watch=1`. @throws ApiError */
export function watch(hub: WatchHub, target: Target, query: Query): Answer | Promise<Answer> {
  const demand = parseRevisionDemand(query, true)
  const request: WatchRequest = {
    resource: target.resource,
    prefix: prefixOf(target.resource, target.namespace),
    selection: parseSelection(target, query),
    demand,
    bookmarks: isTrue(query['allowWatchBookmarks']),
    timeoutSeconds: parseTimeout(query['timeoutSeconds']),
  }
  const answer: Answer = {
    type: 'watch',
    resource: target.resource,
    start: (writer, format) => hub.start(request, writer, format),
  }
  const { revision } = demand
  if (revision !== undefined && revision > hub.context.store.revision)
    return waitForRevision(hub.context, revision).then(() => answer)
  return answer
}

function wantsState({ revision, sendInitialEvents }: RevisionDemand): boolean {
  return sendInitialEvents ?? (revision === undefined || revision === 0)
}

const bookmarkInterval = 55_000
const initialBatch = 500

/**
 * All running watches. Watches of the same events in the same format form a group: the events of one flush are selected
 * and encoded once for all of them.
 */
export class WatchHub {
  readonly context: RegistryContext
  readonly #groups = new Map<string, WatchGroup>()
  readonly #dispatchers = new Map<string, FieldDispatcher>()
  readonly #members = new Set<WatchMember>()
  #bookmarkTimer: Stop | undefined

  constructor(context: RegistryContext) {
    this.context = context
  }

  /** Delivers the requested initial state, then changes until stopped. */
  start(request: WatchRequest, writer: WatchWriter, format: WatchFormat): RunningWatch {
    const member = new WatchMember(request, writer, format)
    this.#members.add(member)
    this.#scheduleBookmarks()
    const pending = this.#conversionOf(request)
    if (!pending) return this.#begin(member)
    let running: RunningWatch = { stop: () => void this.#members.delete(member) }
    let isStopped = false
    member.onEnd = () => {
      isStopped = true
      running.stop()
    }
    const begun = this.#converted(request, pending).then(
      () => {
        if (!isStopped) running = this.#begin(member)
      },
      (error: unknown) => this.#refuse(member, error),
    )
    return { stop: () => member.onEnd?.(), begun }
  }

  /** Waits until everything that the watch begins with is converted, also what is written meanwhile. */
  async #converted(request: WatchRequest, first: Promise<void>): Promise<void> {
    for (let pending: Promise<void> | undefined = first; pending; pending = this.#conversionOf(request)) await pending
  }

  #begin(member: WatchMember): RunningWatch {
    try {
      for (const batch of this.#initial(member.request, member.format)) member.writer.write(batch)
    } catch (error) {
      this.#refuse(member, error)
      return { stop: () => undefined }
    }
    return this.#follow(member)
  }

  #refuse(member: WatchMember, error: unknown): void {
    this.#members.delete(member)
    if (error instanceof Compacted) member.fail(expired(tooOld(member.request.demand.revision ?? 0, error)))
    else if (error instanceof ApiError) member.fail(error)
    else throw error
  }

  /** Number of running watches. */
  get size(): number {
    return this.#members.size
  }

  /** The parameters of the running watches. */
  *requests(): Iterable<WatchRequest> {
    for (const { request } of this.#members) yield request
  }

  /** Ends the watches of a resource that is no longer served. */
  end(resource: ServedResource): void {
    for (const member of [...this.#members]) if (member.request.resource === resource) member.end()
  }

  /** Ends every watch. */
  stop(): void {
    void this.#bookmarkTimer?.()
    for (const member of [...this.#members]) member.end()
  }

  #follow(member: WatchMember): { stop(): void } {
    const group = this.#groupOf(member)
    group.join(member)
    let stopTimer: Stop | undefined
    const stop = (): void => {
      void stopTimer?.()
      group.leave(member)
      this.#members.delete(member)
    }
    member.onEnd = stop
    const { timeoutSeconds } = member.request
    if (timeoutSeconds !== undefined && timeoutSeconds > 0)
      stopTimer = this.context.clock.after(timeoutSeconds * 1000, () => member.end())
    return { stop }
  }

  #groupOf(member: WatchMember): WatchGroup {
    const { request, format } = member
    const key = `${request.prefix}\n${request.resource.apiVersion}\n${format.key}\n${request.selection?.key ?? ''}`
    let group = this.#groups.get(key)
    if (!group) {
      group = new WatchGroup(this.context, request, format, () => this.#groups.delete(key))
      this.#groups.set(key, group)
      group.follow(this.#sourceOf(request))
    }
    return group
  }

  /** Returns the store itself, or a dispatcher of changes by the value of one field. */
  #sourceOf({ resource, prefix, selection }: WatchRequest): ChangeSource {
    const changes = this.#changesOf(resource, prefix)
    const exact = selection?.exact
    if (!exact) return changes
    const key = `${prefix}\n${resource.apiVersion}\n${exact.field}`
    let dispatcher = this.#dispatchers.get(key)
    if (!dispatcher) {
      dispatcher = new FieldDispatcher(
        (entry) => exact.read(itemOf(resource, entry).object),
        changes,
        () => this.#dispatchers.delete(key),
      )
      this.#dispatchers.set(key, dispatcher)
    }
    const found = dispatcher
    return (sink) => found.add(exact.value, sink)
  }

  #changesOf({ custom, apiVersion }: ServedResource, prefix: string): ChangeSource {
    const { store } = this.context
    const changes: ChangeSource = (sink) => store.watch(prefix, store.revision, sink)
    return custom?.conversion ? convertedChanges(custom.conversion, apiVersion, changes) : changes
  }

  /** Converts what a watch begins with, where it is not. */
  #conversionOf({ resource, prefix, demand }: WatchRequest): Promise<void> | undefined {
    const conversion = resource.custom?.conversion
    if (!conversion) return undefined
    try {
      const objects = wantsState(demand)
        ? this.context.store.list(prefix).entries.map(({ object }) => object)
        : objectsOf(this.#missed(prefix, demand.revision))
      return conversion.prepare(objects, resource.apiVersion)
    } catch (error) {
      // The watch itself reports it.
      if (error instanceof Compacted) return undefined
      throw error
    }
  }

  /** What has changed since a revision. @throws Compacted */
  #missed(prefix: string, revision: number | undefined): Change[] {
    const { store } = this.context
    const missed: Change[] = []
    if (revision === undefined || revision === 0 || revision >= store.revision) return missed
    const stop = store.watch(prefix, revision, {
      changes: (batch) => void missed.push(...batch),
      close: () => undefined,
    })
    void stop()
    return missed
  }

  /** Replayed changes, or the current state as ADDED events. */
  *#initial(request: WatchRequest, format: WatchFormat): Iterable<WatchBatch> {
    const { store } = this.context
    if (wantsState(request.demand)) {
      yield* this.#state(request, format)
      if (request.demand.sendInitialEvents && request.bookmarks)
        yield new EncodedBatch([bookmark(request.resource, store.revision, format, true)], format)
      return
    }
    const items = eventsOf(
      this.#missed(request.prefix, request.demand.revision),
      request.resource,
      request.selection,
      format,
    )
    if (items.length > 0) yield new EncodedBatch(items, format)
  }

  *#state({ resource, prefix, selection }: WatchRequest, format: WatchFormat): Iterable<WatchBatch> {
    let items: WatchItem[] = []
    for (const entry of this.context.store.list(prefix).entries) {
      if (selection && !selection.matches(itemOf(resource, entry).object)) continue
      items.push(eventOf('ADDED', resource, entry, format))
      if (items.length === initialBatch) {
        yield new EncodedBatch(items, format)
        items = []
      }
    }
    if (items.length > 0) yield new EncodedBatch(items, format)
  }

  #scheduleBookmarks(): void {
    this.#bookmarkTimer ??= this.context.clock.after(bookmarkInterval, () => {
      this.#bookmarkTimer = undefined
      for (const member of this.#members) {
        const { resource, bookmarks } = member.request
        // What has changed already, but is still being converted, comes before a bookmark of its revision.
        if (!bookmarks || resource.custom?.conversion?.isConverting(resource.apiVersion)) continue
        member.writer.write(
          new EncodedBatch([bookmark(resource, this.context.store.revision, member.format, false)], member.format),
        )
      }
      if (this.#members.size > 0) this.#scheduleBookmarks()
    })
  }
}
