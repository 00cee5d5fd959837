import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Operation } from './store.ts'

interface Thing extends KubeObject {
  data: unknown
}

/** Small objects for the store's tests. */
export const key = (name: string, namespace = 'default', resource = 'pods'): string =>
  `/registry/core/${resource}/${namespace}/${name}`

export const object =
  (name: string, data: unknown = 1) =>
  (revision: number): Stored<Thing> => ({
    kind: 'Thing',
    metadata: { name, uid: `uid-of-${name}`, resourceVersion: String(revision) },
    data,
  })

export const put = (name: string, expected: number, data?: unknown, namespace?: string): Operation => ({
  type: 'put',
  key: key(name, namespace),
  expected,
  build: object(name, data),
})
