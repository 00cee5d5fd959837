import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { isAlreadyExists } from '../kube/error-kinds.ts'
import type { KubeObject, Stored } from '../kube/object.ts'
import { timestamp } from '../kube/timestamp.ts'
import type { Client, Resource } from './client.ts'

/** Records Events about objects. Never fails and never blocks: an Event matters less than the work. */
export interface EventRecorder {
  event(
    about: Stored,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    fieldPath?: string,
    annotations?: Readonly<Record<string, string>>,
  ): void
  /** Resolves when all Events so far are written or dropped. */
  flush(): Promise<void>
}

export interface EventRecorderOptions {
  client: Client
  /** `source.component`: `replicaset-controller`, `kubelet`. */
  component: string
  /** `source.host`: the node's name, of a kubelet. */
  host?: string
  clock: Clock
  log: Log
  /** Whether many Events that differ in their message alone become one; client-go's newer recorder, the scheduler's, keeps them. */
  combine?: boolean
}

interface CoreEvent extends KubeObject {
  involvedObject: Record<string, string | undefined>
  reason: string
  message: string
  type: string
  source: { component: string; host?: string }
  firstTimestamp: string
  lastTimestamp: string
  count: number
  reportingComponent: string
  reportingInstance: string
}

const events: Resource<CoreEvent> = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }

/** What client-go's correlator allows: this many Events at once per object, one more every five minutes. */
const burst = 25
const refillMs = 300_000
/** Repeats within this time count up one Event; beyond it they start a new one. */
const repeatMs = 600_000
/** From this many messages on, Events of one reason about one object are combined. */
const mostMessages = 10
const combinedPrefix = '(combined from similar events): '
const rememberedEvents = 4096
/** Further names to try for an Event whose name is taken. */
const mostNames = 5
/** Most writes in flight: Events must not crowd out the work that they describe. */
const parallelWrites = 4

interface Said {
  type: string
  reason: string
  message: string
  fieldPath: string | undefined
  annotations: Readonly<Record<string, string>> | undefined
}

interface Remembered {
  name: string
  count: number
  last: number
  /** The creation, which a repeat awaits. */
  written: Promise<boolean>
}

/**
 * An EventRecorder that counts repeats in one Event and combines similar ones, with a rate limit per object: the rules of
 * client-go's event correlator.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, log, combine = true } = options
  const remembered = new Map<string, Remembered>()
  const spent = new Map<string, { tokens: number; at: number }>()
  const similar = new Map<string, { messages: Set<string>; last: number }>()
  const waiting: (() => Promise<void>)[] = []
  const active = new Set<Promise<void>>()
  let serial = 0

  function event(...[about, type, reason, message, fieldPath, annotations]: Parameters<EventRecorder['event']>): void {
    const uid = about.metadata.uid
    if (!allowed(uid)) return
    const reasonKey = `${uid}/${type}/${reason}`
    if (combine && isOneOfMany(reasonKey, message))
      say(reasonKey, about, { type, reason, message: combinedPrefix + message, fieldPath, annotations })
    else say(`${reasonKey}/${fieldPath ?? ''}/${message}`, about, { type, reason, message, fieldPath, annotations })
  }

  function say(key: string, about: Stored, said: Said): void {
    const known = remembered.get(key)
    if (known && clock.now() - known.last < repeatMs) repeat(key, known, about, said.message)
    else first(key, about, said)
  }

  /** Whether so many messages of a reason have been recorded that the next are counted together. */
  function isOneOfMany(key: string, message: string): boolean {
    const now = clock.now()
    const known = similar.get(key)
    const messages = known && now - known.last <= repeatMs ? known.messages : new Set<string>()
    remember(similar, key, { messages, last: now })
    messages.add(message)
    if (messages.size < mostMessages) return false
    messages.delete(message)
    return true
  }

  function allowed(uid: string): boolean {
    const now = clock.now()
    const state = spent.get(uid) ?? { tokens: burst, at: now }
    state.tokens = Math.min(burst, state.tokens + (now - state.at) / refillMs)
    state.at = now
    remember(spent, uid, state)
    if (state.tokens < 1) return false
    state.tokens--
    return true
  }

  function first(key: string, about: Stored, said: Said): void {
    const now = clock.now()
    const time = timestamp(now)
    // As in client-go: the object's name and the time in hexadecimal, here with a serial number.
    const nextName = (): string => `${about.metadata.name}.${(now * 1000 + (serial++ % 1000)).toString(16)}`
    const namespace = about.metadata.namespace ?? 'default'
    let done: (ok: boolean) => void = () => undefined
    const written = new Promise<boolean>((resolve) => (done = resolve))
    const known = { name: nextName(), count: 1, last: now, written }
    remember(remembered, key, known)
    schedule(async () => {
      const create = (): Promise<unknown> =>
        client.create(events, {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: {
            name: known.name,
            namespace,
            ...(said.annotations ? { annotations: { ...said.annotations } } : {}),
          },
          involvedObject: {
            apiVersion: about.apiVersion,
            kind: about.kind,
            name: about.metadata.name,
            namespace: about.metadata.namespace,
            uid: about.metadata.uid,
            resourceVersion: about.metadata.resourceVersion,
            ...(said.fieldPath ? { fieldPath: said.fieldPath } : {}),
          },
          reason: said.reason,
          message: said.message,
          type: said.type,
          source: { component: options.component, ...(options.host ? { host: options.host } : {}) },
          firstTimestamp: time,
          lastTimestamp: time,
          count: 1,
          reportingComponent: options.component,
          reportingInstance: options.host ?? '',
        })
      const ok = await attempt(async () => {
        for (let tries = 0; ; tries++)
          try {
            return await create()
          } catch (error) {
            // The recorder of another component has told something about the object in the same millisecond.
            if (!isAlreadyExists(error) || tries === mostNames) throw error
            known.name = nextName()
          }
      })
      done(ok)
    })
  }

  function repeat(key: string, known: Remembered, about: Stored, message: string): void {
    known.count++
    known.last = clock.now()
    remember(remembered, key, known)
    const { count, last } = known
    schedule(async () => {
      if (!(await known.written)) return
      await attempt(() =>
        client.patch(
          events,
          { namespace: about.metadata.namespace ?? 'default', name: known.name },
          { type: 'merge', body: { count, lastTimestamp: timestamp(last), message } },
        ),
      )
    })
  }

  async function attempt(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write()
      return true
    } catch (error) {
      log.debug('event not written', { error: String(error) })
      return false
    }
  }

  function schedule(write: () => Promise<void>): void {
    waiting.push(write)
    pump()
  }

  function pump(): void {
    while (active.size < parallelWrites) {
      const next = waiting.shift()
      if (!next) return
      const work = next().finally(() => {
        active.delete(work)
        pump()
      })
      active.add(work)
    }
  }

  return {
    event,
    async flush() {
      while (active.size > 0) await Promise.all(active)
    },
  }
}

/** Inserts at the end of `map`, and drops the first entry when there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= rememberedEvents) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
