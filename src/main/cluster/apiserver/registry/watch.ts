import type { Stop } from '#shared/base/disposable.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { badRequest, expired, internal, type ApiError } from '#shared/kube/status.ts'
import { Compacted, type Change, type Entry, type WatchSink } from '../../store/store.ts'
import {
  isTrue,
  type Answer,
  type Query,
  type WatchBatch,
  type WatchFormat,
  type WatchItem,
  type WatchWriter,
} from '../request.ts'
import { itemOf, type RegistryContext, type Target } from './context.ts'
import { parseRevisionDemand, waitForRevision, type RevisionDemand } from './list-options.ts'
import { tooOld } from './read.ts'
import { prefixOf, type ServedResource } from './resources.ts'
import { parseSelection, type Selection } from './selection.ts'

/** `GET …?watch=1`. @throws ApiError */
export function watch(hub: WatchHub, target: Target, query: Query): Answer | Promise<Answer> {
  const demand = parseRevisionDemand(query, true)
  const order: WatchOrder = {
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
    start: (writer, format) => hub.start(order, writer, format),
  }
  const { revision } = demand
  if (revision !== undefined && revision > hub.context.store.revision)
    return waitForRevision(hub.context, revision).then(() => answer)
  return answer
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 0)
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return seconds
}

export interface WatchOrder {
  resource: ServedResource
  prefix: string
  selection: Selection | undefined
  demand: RevisionDemand
  bookmarks: boolean
  timeoutSeconds: number | undefined
}

const bookmarkInterval = 55_000
const initialBatch = 500

/**
 * All running watches. Watchers that want the same events in the same format form a group: the events of one flush are
 * selected and encoded once for all of them.
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

  /** Delivers the state that was asked for, then changes until stopped. */
  start(order: WatchOrder, writer: WatchWriter, format: WatchFormat): { stop(): void } {
    const member = new WatchMember(order, writer, format)
    this.#members.add(member)
    this.#scheduleBookmarks()
    try {
      for (const batch of this.#initial(order, format)) writer.write(batch)
    } catch (error) {
      if (!(error instanceof Compacted)) throw error
      member.fail(expired(tooOld(order.demand.revision ?? 0, error)))
      this.#members.delete(member)
      return { stop: () => undefined }
    }
    return this.#follow(member)
  }

  /** How many watches run. */
  get size(): number {
    return this.#members.size
  }

  /** Ends every watch in an orderly way. */
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
    const { timeoutSeconds } = member.order
    if (timeoutSeconds !== undefined && timeoutSeconds > 0)
      stopTimer = this.context.clock.after(timeoutSeconds * 1000, () => member.end())
    return { stop }
  }

  #groupOf(member: WatchMember): WatchGroup {
    const { order, format } = member
    const key = `${order.prefix}\n${order.resource.apiVersion}\n${format.key}\n${order.selection?.key ?? ''}`
    let group = this.#groups.get(key)
    if (!group) {
      group = new WatchGroup(this.context, order, format, () => this.#groups.delete(key))
      this.#groups.set(key, group)
      group.follow(this.#sourceOf(order))
    }
    return group
  }

  /** The store itself, or what picks the changes with one value of a field out of it. */
  #sourceOf({ resource, prefix, selection }: WatchOrder): ChangeSource {
    const { store } = this.context
    const exact = selection?.exact
    if (!exact) return (sink) => store.watch(prefix, store.revision, sink)
    const key = `${prefix}\n${resource.apiVersion}\n${exact.field}`
    let dispatcher = this.#dispatchers.get(key)
    if (!dispatcher) {
      dispatcher = new FieldDispatcher(
        (entry) => exact.read(itemOf(resource, entry).object),
        (sink) => store.watch(prefix, store.revision, sink),
        () => this.#dispatchers.delete(key),
      )
      this.#dispatchers.set(key, dispatcher)
    }
    const found = dispatcher
    return (sink) => found.add(exact.value, sink)
  }

  /** Replayed changes, or the present state as ADDED events. */
  *#initial(order: WatchOrder, format: WatchFormat): Iterable<WatchBatch> {
    const { store } = this.context
    const { revision, sendInitialEvents } = order.demand
    const wantsState = sendInitialEvents ?? (revision === undefined || revision === 0)
    if (wantsState) {
      yield* this.#state(order, format)
      if (sendInitialEvents && order.bookmarks)
        yield new EncodedBatch([bookmark(order.resource, store.revision, format, true)])
      return
    }
    if (revision === undefined || revision === 0 || revision >= store.revision) return
    const missed: Change[] = []
    const stop = store.watch(order.prefix, revision, {
      changes: (batch) => void missed.push(...batch),
      close: () => undefined,
    })
    void stop()
    const items = eventsOf(missed, order.resource, order.selection, format)
    if (items.length > 0) yield new EncodedBatch(items)
  }

  *#state({ resource, prefix, selection }: WatchOrder, format: WatchFormat): Iterable<WatchBatch> {
    let items: WatchItem[] = []
    for (const entry of this.context.store.list(prefix).entries) {
      if (selection && !selection.matches(itemOf(resource, entry).object)) continue
      items.push(eventOf('ADDED', resource, entry, format))
      if (items.length === initialBatch) {
        yield new EncodedBatch(items)
        items = []
      }
    }
    if (items.length > 0) yield new EncodedBatch(items)
  }

  #scheduleBookmarks(): void {
    this.#bookmarkTimer ??= this.context.clock.after(bookmarkInterval, () => {
      this.#bookmarkTimer = undefined
      for (const member of this.#members) {
        if (!member.order.bookmarks) continue
        member.writer.write(
          new EncodedBatch([bookmark(member.order.resource, this.context.store.revision, member.format, false)]),
        )
      }
      if (this.#members.size > 0) this.#scheduleBookmarks()
    })
  }
}

class WatchMember {
  readonly order: WatchOrder
  readonly writer: WatchWriter
  readonly format: WatchFormat
  /** Changes up to here have been delivered by the initial state. */
  since = 0
  onEnd: (() => void) | undefined

  constructor(order: WatchOrder, writer: WatchWriter, format: WatchFormat) {
    this.order = order
    this.writer = writer
    this.format = format
  }

  fail(error: ApiError): void {
    this.writer.write(new EncodedBatch([{ type: 'ERROR', object: error.status }]))
    this.end()
  }

  end(): void {
    this.onEnd?.()
    this.writer.end()
  }
}

/** Subscribes to changes from now on. */
type ChangeSource = (sink: WatchSink) => Stop

/**
 * One subscription for all watches that want a field to have some value: thousands of nodes each watch their own pods,
 * and a change concerns one or two of them.
 */
class FieldDispatcher {
  readonly #sinks = new Map<string, Set<WatchSink>>()
  readonly #read: (entry: Entry) => string
  readonly #onEmpty: () => void
  readonly #stop: Stop

  constructor(read: (entry: Entry) => string, source: ChangeSource, onEmpty: () => void) {
    this.#read = read
    this.#onEmpty = onEmpty
    this.#stop = source({
      changes: (batch) => this.#dispatch(batch),
      close: (reason) => {
        for (const sinks of [...this.#sinks.values()]) for (const sink of [...sinks]) sink.close(reason)
      },
    })
  }

  add(value: string, sink: WatchSink): Stop {
    const sinks = this.#sinks.get(value)
    if (sinks) sinks.add(sink)
    else this.#sinks.set(value, new Set([sink]))
    return () => this.#remove(value, sink)
  }

  #remove(value: string, sink: WatchSink): void {
    const sinks = this.#sinks.get(value)
    if (!sinks?.delete(sink) || sinks.size > 0) return
    this.#sinks.delete(value)
    if (this.#sinks.size > 0) return
    this.#onEmpty()
    void this.#stop()
  }

  #safely(entry: Entry): string {
    try {
      return this.#read(entry)
    } catch {
      return ''
    }
  }

  #dispatch(batch: readonly Change[]): void {
    const byValue = new Map<string, Change[]>()
    const add = (value: string, change: Change): void => {
      const changes = byValue.get(value)
      if (changes) changes.push(change)
      else if (this.#sinks.has(value)) byValue.set(value, [change])
    }
    for (const change of batch) {
      // An object that does not say is of no value that anybody asks for.
      const now = this.#safely(change.entry)
      const before = change.previous && this.#safely(change.previous)
      add(now, change)
      if (before !== undefined && before !== now) add(before, change)
    }
    for (const [value, changes] of byValue)
      for (const sink of [...(this.#sinks.get(value) ?? [])]) sink.changes(changes)
  }
}

/** Watchers of the same events in the same format, on one subscription. */
class WatchGroup {
  readonly #members = new Set<WatchMember>()
  readonly #context: RegistryContext
  readonly #order: WatchOrder
  readonly #format: WatchFormat
  readonly #onEmpty: () => void
  #stop: Stop | undefined

  constructor(context: RegistryContext, order: WatchOrder, format: WatchFormat, onEmpty: () => void) {
    this.#context = context
    this.#order = order
    this.#format = format
    this.#onEmpty = onEmpty
  }

  follow(source: ChangeSource): void {
    this.#stop = source({
      changes: (batch) => this.#deliver(batch),
      close: (reason) => this.#close(reason),
    })
  }

  join(member: WatchMember): void {
    member.since = this.#context.store.revision
    this.#members.add(member)
  }

  leave(member: WatchMember): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return
    this.#onEmpty()
    void this.#stop?.()
  }

  #deliver(changes: readonly Change[]): void {
    const first = changes[0]
    if (!first) return
    const batch = this.#encode(changes)
    if (!batch) return
    for (const member of [...this.#members]) {
      // What goes wrong with one watcher must reach neither the others nor the write that is being told.
      try {
        if (member.since < first.entry.revision) member.writer.write(batch)
        else this.#deliverRest(member, changes)
      } catch (error) {
        this.#drop(member, error)
      }
    }
  }

  #encode(changes: readonly Change[]): EncodedBatch | undefined {
    try {
      const items = eventsOf(changes, this.#order.resource, this.#order.selection, this.#format)
      return items.length > 0 ? new EncodedBatch(items) : undefined
    } catch (error) {
      for (const member of [...this.#members]) this.#drop(member, error)
      return undefined
    }
  }

  #drop(member: WatchMember, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#context.log.error('a watch failed', { prefix: this.#order.prefix, error: text })
    try {
      member.fail(internal(text))
    } catch {
      member.end()
    }
  }

  /** To a member that joined between the commit and the delivery of this batch. */
  #deliverRest(member: WatchMember, changes: readonly Change[]): void {
    const rest = changes.filter(({ entry }) => entry.revision > member.since)
    const items = eventsOf(rest, this.#order.resource, this.#order.selection, this.#format)
    if (items.length > 0) member.writer.write(new EncodedBatch(items))
  }

  #close(reason: Compacted): void {
    for (const member of [...this.#members]) member.fail(expired(tooOld(reason.compactedRevision, reason)))
  }
}

/** Changes as a selection sees them: an object that enters it is ADDED, one that leaves it DELETED. */
function eventsOf(
  changes: readonly Change[],
  resource: ServedResource,
  selection: Selection | undefined,
  format: WatchFormat,
): WatchItem[] {
  const items: WatchItem[] = []
  for (const { type, entry, previous } of changes) {
    if (!selection) {
      items.push(eventOf(type === 'delete' ? 'DELETED' : previous ? 'MODIFIED' : 'ADDED', resource, entry, format))
      continue
    }
    const now = type === 'put' && selection.matches(itemOf(resource, entry).object)
    const before = previous !== undefined && selection.matches(itemOf(resource, previous).object)
    if (now) items.push(eventOf(before ? 'MODIFIED' : 'ADDED', resource, entry, format))
    else if (before && type === 'delete') items.push(eventOf('DELETED', resource, entry, format))
    else if (before) items.push(leaving(itemOf(resource, previous).object, entry.revision, format))
  }
  return items
}

function eventOf(type: WatchItem['type'], resource: ServedResource, entry: Entry, format: WatchFormat): WatchItem {
  const item = itemOf(resource, entry)
  return format.convert ? { type, object: format.convert(item.object, type) } : new StoredEvent(type, item)
}

/** Reads the bytes only when they are needed: watchers within the process never do. */
class StoredEvent implements WatchItem {
  readonly type: WatchItem['type']
  readonly #item: { readonly object: KubeObject; readonly json: Uint8Array }

  constructor(type: WatchItem['type'], item: { readonly object: KubeObject; readonly json: Uint8Array }) {
    this.type = type
    this.#item = item
  }

  get object(): KubeObject {
    return this.#item.object
  }

  get json(): Uint8Array {
    return this.#item.json
  }
}

/** By Kubernetes' contract an object that leaves a selection is told in its last matching state, at the new revision. */
function leaving(previous: KubeObject, revision: number, format: WatchFormat): WatchItem {
  const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } }
  return { type: 'DELETED', object: format.convert ? format.convert(object, 'DELETED') : object }
}

function bookmark(
  { kind, apiVersion }: ServedResource,
  revision: number,
  format: WatchFormat,
  endOfInitialEvents: boolean,
): WatchItem {
  const object: KubeObject = {
    kind: kind.kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(endOfInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  }
  return { type: 'BOOKMARK', object: format.convert ? format.convert(object, 'BOOKMARK') : object }
}

const prefixes = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
  ERROR: Buffer.from('{"type":"ERROR","object":'),
}
const lineEnd = Buffer.from('}\n')

class EncodedBatch implements WatchBatch {
  readonly items: readonly WatchItem[]
  #bytes: Buffer | undefined
  #chunk: Buffer | undefined

  constructor(items: readonly WatchItem[]) {
    this.items = items
  }

  bytes(): Buffer {
    return (this.#bytes ??= Buffer.concat(this.#parts()))
  }

  chunk(): Buffer {
    if (!this.#chunk) {
      const parts = this.#parts()
      let length = 0
      for (const part of parts) length += part.length
      this.#chunk = Buffer.concat([Buffer.from(`${length.toString(16)}\r\n`), ...parts, chunkEnd])
    }
    return this.#chunk
  }

  #parts(): Uint8Array[] {
    const parts: Uint8Array[] = []
    for (const item of this.items)
      parts.push(prefixes[item.type], item.json ?? Buffer.from(JSON.stringify(item.object)), lineEnd)
    return parts
  }
}

const chunkEnd = Buffer.from('\r\n')
