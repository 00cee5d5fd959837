import { inject, shallowRef, type App, type InjectionKey, type ShallowRef } from 'vue'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import type { Transport } from '#shared/client/transport.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import { connectBack, type Back, type Connection } from './carrier.ts'
import { createTableTransport } from './table-transport.ts'
import { createTransport } from './transport.ts'

/** What the page works with: the back, and for each context a client with shared informers. */
export interface Api {
  back: Back
  connection: ShallowRef<Connection>
  cluster(context: string): ClusterApi
  /** Stops the informers of a context that no longer exists. */
  forget(context: string): void
  /** Unset where there is no session to end. @throws Error when the session goes on */
  signOut?(): Promise<void>
}

export interface ClusterApi extends Lists {
  /** The same, but objects come with what the server prints of them: see `printedOf`. */
  tables: Lists
}

export interface Lists {
  client: Client
  informers: SharedInformers
}

const key: InjectionKey<Api> = Symbol('api')

export async function createApi(): Promise<Api> {
  const { back, onConnection, signOut } = await connectBack()
  const connection = shallowRef<Connection>('up')
  const clusters = new Map<string, ClusterApi>()
  onConnection((now) => (connection.value = now))
  return {
    back,
    connection,
    ...(signOut ? { signOut } : {}),
    cluster(context) {
      let cluster = clusters.get(context)
      if (!cluster) {
        const transport = createTransport(back, context)
        cluster = { ...listsOver(transport), tables: listsOver(createTableTransport(transport)) }
        clusters.set(context, cluster)
      }
      return cluster
    },
    forget(context) {
      clusters.get(context)?.informers.stop()
      clusters.get(context)?.tables.informers.stop()
      clusters.delete(context)
    },
  }
}

function listsOver(transport: Transport): Lists {
  const client = createClient(transport)
  return { client, informers: createSharedInformers({ client, clock: systemClock, log: silentLog }) }
}

export const provideApi = (app: App, api: Api): void => void app.provide(key, api)

/** Call it in the setup of a component or a store. @throws Error outside of the app */
export function useApi(): Api {
  const api = inject(key)
  if (!api) throw new Error('the app has not provided its api')
  return api
}
