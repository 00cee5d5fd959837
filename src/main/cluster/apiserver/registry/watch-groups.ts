import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { ApiError, expired, internal } from '#shared/kube/status.ts'
import type { Change, Compacted, Entry, WatchSink } from '../../store/store.ts'
import type { WatchFormat, WatchWriter } from '../api/request.ts'
import type { RegistryContext } from './context.ts'
import type { RevisionDemand } from './list-options.ts'
import { tooOld } from './read.ts'
import type { ServedResource } from '../api/resources.ts'
import type { Selection } from './selection.ts'
import { EncodedBatch, eventsOf } from './watch-events.ts'

/** The parameters of a watch. */
export interface WatchRequest {
  resource: ServedResource
  prefix: string
  selection: Selection | undefined
  demand: RevisionDemand
  bookmarks: boolean
  timeoutSeconds: number | undefined
}

/** One running watch. */
export class WatchMember {
  readonly request: WatchRequest
  readonly writer: WatchWriter
  readonly format: WatchFormat
  /** Changes up to this revision are part of the initial state. */
  since = 0
  onEnd: (() => void) | undefined

  constructor(request: WatchRequest, writer: WatchWriter, format: WatchFormat) {
    this.request = request
    this.writer = writer
    this.format = format
  }

  fail(error: ApiError): void {
    this.writer.write(new EncodedBatch([{ type: 'ERROR', object: error.status }], this.format))
    this.end()
  }

  end(): void {
    this.onEnd?.()
    this.writer.end()
  }
}

/** Subscribes to changes from now on. */
export type ChangeSource = (sink: WatchSink) => Stop

/**
 * One subscription for all watches that select a field by value: thousands of nodes each watch their own pods, and a
 * change concerns one or two of them.
 */
export class FieldDispatcher {
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

  /** Undefined where the object cannot be converted: that concerns all watches, which end by it. */
  #safely(entry: Entry): string | undefined {
    try {
      return this.#read(entry)
    } catch (error) {
      return error instanceof ApiError ? undefined : ''
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
      // Objects without the field have a value that no watch selects.
      const states = change.previous ? [change.entry, change.previous] : [change.entry]
      const values = states.map((entry) => this.#safely(entry))
      const concerned = values.every((value) => value !== undefined) ? new Set(values) : this.#sinks.keys()
      for (const value of concerned) add(value, change)
    }
    for (const [value, changes] of byValue)
      for (const sink of [...(this.#sinks.get(value) ?? [])]) sink.changes(changes)
  }
}

/** Watches of the same events in the same format, sharing one subscription. */
export class WatchGroup {
  readonly #members = new Set<WatchMember>()
  readonly #context: RegistryContext
  readonly #request: WatchRequest
  readonly #format: WatchFormat
  readonly #onEmpty: () => void
  #stop: Stop | undefined

  constructor(context: RegistryContext, request: WatchRequest, format: WatchFormat, onEmpty: () => void) {
    this.#context = context
    this.#request = request
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
      // An error of one watcher must affect neither the others nor the write that is being delivered.
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
      const items = eventsOf(changes, this.#request.resource, this.#request.selection, this.#format)
      return items.length > 0 ? new EncodedBatch(items, this.#format) : undefined
    } catch (error) {
      for (const member of [...this.#members]) this.#drop(member, error)
      return undefined
    }
  }

  #drop(member: WatchMember, error: unknown): void {
    const text = messageOf(error)
    this.#context.log.error('watch failed', { prefix: this.#request.prefix, error: text })
    try {
      member.fail(internal(text))
    } catch {
      member.end()
    }
  }

  /** Delivers to a member that joined between the commit and the delivery of this batch. */
  #deliverRest(member: WatchMember, changes: readonly Change[]): void {
    const rest = changes.filter(({ entry }) => entry.revision > member.since)
    const items = eventsOf(rest, this.#request.resource, this.#request.selection, this.#format)
    if (items.length > 0) member.writer.write(new EncodedBatch(items, this.#format))
  }

  #close(reason: Compacted): void {
    for (const member of [...this.#members]) member.fail(expired(tooOld(reason.compactedRevision, reason)))
  }
}
