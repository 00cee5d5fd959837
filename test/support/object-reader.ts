import type { ObjectReader, ResourceKey } from '#main/cluster/apiserver/api/reader.ts'
import { asStored, type KubeObject, type Stored } from '#shared/kube/object.ts'

/** A reader of the objects that `objects` returns, which are keyed by `<plural>/<namespace>/<name>`. */
export function objectReader(objects: () => ReadonlyMap<string, object>): ObjectReader {
  const held = <T extends KubeObject>(object: object, namespaced: boolean): Stored<T> =>
    asStored(object as T, namespaced)
  return {
    get<T extends KubeObject>({ plural }: ResourceKey<T>, namespace: string, name: string) {
      const found = objects().get(`${plural}/${namespace}/${name}`)
      return found && held<T>(found, namespace !== '')
    },
    list<T extends KubeObject>({ plural }: ResourceKey<T>, namespace = '') {
      const prefix = namespace === '' ? `${plural}/` : `${plural}/${namespace}/`
      return [...objects()].flatMap(([key, object]) =>
        key.startsWith(prefix) ? [held<T>(object, !key.startsWith(`${plural}//`))] : [],
      )
    },
  }
}
