import type { KubeObject } from '#shared/kube/object.ts'

/** Whether an object is owned by the one of this uid. */
export const isOwned = ({ metadata }: KubeObject, uid: string): boolean =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false
