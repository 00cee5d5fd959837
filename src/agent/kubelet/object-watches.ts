import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createInformer, type Informer } from '#shared/client/informer.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'

export interface ObjectRef {
  namespace: string
  name: string
}

/** ConfigMaps and Secrets that pods use, each followed once for all of them (kubelet: the watch-based manager). */
export interface ObjectWatches {
  /**
   * Calls `changed` when the object is not of `revision` any more, which is `undefined` for one that does not exist; then
   * no more.
   */
  follow(resource: Resource, ref: ObjectRef, revision: string | undefined, changed: () => void): Stop
  /** @returns undefined when it is not followed, or its first list has not arrived */
  find<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): { object: Stored<T> | undefined } | undefined
}

interface Followed {
  informer: Informer
  /** Called whenever the object may have changed. */
  checks: Set<() => void>
  users: number
  stop: Stop
}

/** A pod that starts comes first: following what it uses begins after this, ms. */
const startAfter = 500

export function createObjectWatches(options: { client: Client; clock: Clock; log: Log }): ObjectWatches {
  const { clock } = options
  const all = new Map<string, Followed>()
  const keyOf = ({ plural }: Resource, { namespace, name }: ObjectRef): string => `${plural}/${namespace}/${name}`

  const begin = (resource: Resource, { namespace, name }: ObjectRef): Followed => {
    const informer = createInformer({ ...options, resource, namespace, fieldSelector: `metadata.name=${name}` })
    const checks = new Set<() => void>()
    const check = (): void => checks.forEach((each) => each())
    informer.onChange({ added: check, updated: check, deleted: check })
    // One that does not exist has no change to tell.
    void informer.synced.then(check)
    const stopTimer = clock.after(startAfter, () => informer.start())
    return {
      informer,
      checks,
      users: 0,
      stop() {
        void stopTimer()
        informer.stop()
      },
    }
  }

  return {
    follow(resource, ref, revision, changed) {
      const key = keyOf(resource, ref)
      const followed = all.get(key) ?? begin(resource, ref)
      all.set(key, followed)
      const { informer, checks } = followed
      const check = (): void => {
        if (!informer.hasSynced) return
        if (informer.get(`${ref.namespace}/${ref.name}`)?.metadata.resourceVersion === revision) return
        checks.delete(check)
        changed()
      }
      checks.add(check)
      followed.users++
      check()
      return () => {
        checks.delete(check)
        if (--followed.users > 0) return
        void followed.stop()
        all.delete(key)
      }
    },
    find<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef) {
      const informer = all.get(keyOf(resource, ref))?.informer as Informer<T> | undefined
      if (!informer?.hasSynced) return undefined
      return { object: informer.get(`${ref.namespace}/${ref.name}`) }
    },
  }
}
