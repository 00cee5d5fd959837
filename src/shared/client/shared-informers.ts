import type { Clock } from '../base/clock.ts'
import type { Stop } from '../base/disposable.ts'
import type { Log } from '../base/log.ts'
import type { KubeObject } from '../kube/object.ts'
import type { Client, Resource } from './client.ts'
import { createInformer, type Informer } from './informer.ts'

/** One informer per resource and namespace (or all namespaces), shared by all who ask for it. */
export interface SharedInformers {
  /**
   * A started informer of `resource`, over all namespaces when none is named. Its `stop` ends this share with its
   * handlers; the informer itself ends with its last share.
   */
  share<T extends KubeObject>(resource: Resource<T>, namespace?: string): Informer<T>
  /** Stops every informer, whoever holds shares of it. */
  stop(): void
}

interface Shared {
  informer: Informer
  shares: number
}

/** @param options `pageSize`: objects of a page of a list; lists come whole when unset */
export function createSharedInformers(options: {
  client: Client
  clock: Clock
  log: Log
  pageSize?: number
}): SharedInformers {
  const running = new Map<string, Shared>()

  function acquire(resource: Resource, namespace: string | undefined): Shared {
    const key = shareKey(resource, namespace)
    const shared = running.get(key) ?? { informer: createInformer({ ...options, resource, namespace }), shares: 0 }
    running.set(key, shared)
    shared.shares++
    shared.informer.start()
    return shared
  }

  function release(key: string, shared: Shared): void {
    if (--shared.shares > 0) return
    shared.informer.stop()
    running.delete(key)
  }

  return {
    share<T extends KubeObject>(resource: Resource<T>, namespace?: string) {
      const shared = acquire(resource, namespace)
      return shareOf(shared.informer as unknown as Informer<T>, () => release(shareKey(resource, namespace), shared))
    },
    stop() {
      for (const { informer } of running.values()) informer.stop()
      running.clear()
    },
  }
}

const shareKey = ({ group, version, plural }: Resource, namespace = ''): string =>
  `${group}/${version}/${plural}/${namespace}`

function shareOf<T extends KubeObject>(informer: Informer<T>, release: () => void): Informer<T> {
  const handlers = new Set<Stop>()
  let stopped = false
  const waiting = new Set<(reason: Error) => void>()

  /** As `wait`, but rejects as soon as this share is stopped. */
  const whileShared = (wait: Promise<void>): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.add(reject)
      void wait.then(resolve, reject).finally(() => waiting.delete(reject))
    })
  return {
    start: () => undefined,
    get hasSynced() {
      return informer.hasSynced
    },
    synced: informer.synced,
    get: (key) => informer.get(key),
    list: () => informer.list(),
    byIndex: (name, value) => informer.byIndex(name, value),
    addIndex: (name, valuesOf) => informer.addIndex(name, valuesOf),
    caughtUp: (...written) => whileShared(informer.caughtUp(...written)),
    until: (key, accepts) => whileShared(informer.until(key, accepts)),
    onChange(handler) {
      const remove = informer.onChange(handler)
      handlers.add(remove)
      return () => {
        handlers.delete(remove)
        return remove()
      }
    },
    stop() {
      if (stopped) return
      stopped = true
      for (const remove of handlers) void remove()
      for (const reject of waiting) reject(new Error('the informer has stopped'))
      release()
    },
  }
}
