import { asStored, type KubeObject, type Stored } from '#shared/kube/object.ts'

/** `object` as an API server holds it; '' where a test does not care for its name, namespace, uid or version. */
export const stored = <T extends KubeObject>(object: T): Stored<T> => asStored(object, true)
