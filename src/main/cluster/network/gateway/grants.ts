import type { ReferenceGrant } from './types.ts'

export interface CrossReference {
  from: { group: string; kind: string; namespace: string }
  to: { group: string; kind: string; namespace: string; name: string }
}

/** Whether an object may refer to one of another namespace: only by a ReferenceGrant there. */
export function isGranted(grants: readonly ReferenceGrant[], { from, to }: CrossReference): boolean {
  if (from.namespace === to.namespace) return true
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec?.from.some(
        (one) => one.group === from.group && one.kind === from.kind && one.namespace === from.namespace,
      ) === true &&
      spec.to.some((one) => one.group === to.group && one.kind === to.kind && (!one.name || one.name === to.name)),
  )
}
