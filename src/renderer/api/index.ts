import { inject, shallowRef, watch, type App, type InjectionKey, type ShallowRef } from 'vue'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import type { Transport } from '#shared/client/transport.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import { connectBack, newLink, type Back, type Connection, type Link } from './carrier.ts'
import { withDeadline, type Line } from './deadline.ts'
import { createNamesTransport } from './names-transport.ts'
import { createTableTransport } from './table-transport.ts'
import { createTransport } from './transport.ts'
import { t } from '../texts/index.ts'

/** What the page works with: the back, and for each context a client with shared informers. */
export interface Api {
  back: Back
  connection: ShallowRef<Connection>
  /** The connection with its times; replaced after each change. */
  link: ShallowRef<Link>
  /** Tries to reach the back now. */
  retry(): void
  cluster(context: string): ClusterApi
  /** Stops the informers of a context that no longer exists. */
  forget(context: string): void
  /** Unset where there is no session to end. @throws Error when the session goes on */
  signOut?(): Promise<void>
}

export interface ClusterApi extends Lists {
  /** The same, but objects come with what the server prints of them: see `printedOf`. */
  tables: Lists
  /** The same, but of objects comes no more than their metadata: what Secrets hold stays on the server. */
  names: Lists
}

export interface Lists {
  client: Client
  informers: SharedInformers
}

/** Objects of a page of a list: few enough that reading them keeps no frame waiting. */
const pageSize = 500

const key: InjectionKey<Api> = Symbol('api')

export async function createApi(): Promise<Api> {
  const { back: carried, onLink, retry, signOut } = await connectBack()
  const link = shallowRef<Link>(newLink())
  const connection = shallowRef<Connection>(link.value.connection)
  const back = withWords(carried, {
    isUp: () => connection.value === 'up' || connection.value === 'connecting',
    onChange: (listener) => watch(connection, listener, { flush: 'sync' }),
  })
  const clusters = new Map<string, ClusterApi>()
  onLink((now) => {
    link.value = now
    connection.value = now.connection
  })
  return {
    back,
    connection,
    link,
    retry,
    ...(signOut ? { signOut } : {}),
    cluster(context) {
      let cluster = clusters.get(context)
      if (!cluster) {
        const transport = createTransport(back, context)
        cluster = {
          ...listsOver(transport),
          tables: listsOver(createTableTransport(transport)),
          names: listsOver(createNamesTransport(transport)),
        }
        clusters.set(context, cluster)
      }
      return cluster
    },
    forget(context) {
      clusters.get(context)?.informers.stop()
      clusters.get(context)?.tables.informers.stop()
      clusters.get(context)?.names.informers.stop()
      clusters.delete(context)
    },
  }
}

function listsOver(transport: Transport): Lists {
  const client = createClient(transport)
  return { client, informers: createSharedInformers({ client, clock: systemClock, log: silentLog, pageSize }) }
}

export const provideApi = (app: App, api: Api): void => void app.provide(key, api)

/** Call it in the setup of a component or a store. @throws Error outside of the app */
export function useApi(): Api {
  const api = inject(key)
  if (!api) throw new Error('the app has not provided its api')
  return api
}

/** Streams that stay open and are opened again, and the question whether the back is there: these wait for it. */
const waiting = ['ping', 'watch', 'watchUsage', 'commands', 'logs', 'exec', 'follow', 'run']

type Call = (input: unknown, options?: object) => Promise<unknown>

const both = (signal: AbortSignal, { signal: given }: { signal?: AbortSignal }): AbortSignal =>
  given ? AbortSignal.any([signal, given]) : signal

/** The back whose calls end with a word when it does not answer. What informers read waits, and goes on afterwards. */
function withWords(back: Back, line: Line): Back {
  const bounded =
    (call: Call, isBounded: (input: unknown) => boolean): Call =>
    (input, options = {}) =>
      isBounded(input)
        ? withDeadline(line, {
            act: (signal) => call(input, { ...options, signal: both(signal, options) }),
            message: () => t('shell.connection.unknown'),
          })
        : call(input, options)
  const isWrite = (input: unknown): boolean => (input as { method?: string }).method !== 'GET'
  const topics = back as unknown as Record<string, Record<string, Call>>
  const made = new Map<string, Record<string, Call>>()
  const topicOf = (topic: string): Record<string, Call> => {
    const calls = topics[topic] ?? {}
    return new Proxy(calls, {
      get(_, name) {
        const call = typeof name === 'string' ? calls[name] : undefined
        if (!call || typeof name !== 'string' || waiting.includes(name)) return call
        return bounded(call, topic === 'kube' && name === 'request' ? isWrite : () => true)
      },
    })
  }
  return new Proxy(back, {
    get(_, topic) {
      if (typeof topic !== 'string' || topic === 'then') return undefined
      const known = made.get(topic) ?? topicOf(topic)
      made.set(topic, known)
      return known
    },
  })
}
