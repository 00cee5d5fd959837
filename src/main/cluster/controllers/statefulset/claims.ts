import type { PersistentVolumeClaim, Pod, StatefulSet } from '#shared/kube/generated/types.ts'
import { isStored, type Named, type OwnerReference, type Stored } from '#shared/kube/object.ts'
import { pods, statefulSets } from '#shared/kube/resources.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'

/** The volume claims of a StatefulSet's pods: their names, what they are made of and who owns them. */

export const claimName = (set: Stored<StatefulSet>, template: PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata.name ?? ''}-${set.metadata.name}-${ordinal}`

/** The claims of one pod as the set's templates make them. */
export const claimsOfPod = (set: Stored<StatefulSet>, ordinal: number): (PersistentVolumeClaim & Named)[] =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const { labels, annotations, finalizers } = template.metadata
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimName(set, template, ordinal),
        namespace: set.metadata.namespace,
        labels: { ...labels, ...set.spec?.selector.matchLabels },
        ...(annotations ? { annotations } : {}),
        ...(finalizers ? { finalizers } : {}),
        ...(deletesClaims(set, 'whenDeleted') ? { ownerReferences: [controllerReference(set, statefulSets)] } : {}),
      },
      ...(template.spec ? { spec: template.spec } : {}),
    }
  })

const deletesClaims = ({ spec }: StatefulSet, when: 'whenDeleted' | 'whenScaled'): boolean =>
  spec?.persistentVolumeClaimRetentionPolicy?.[when] === 'Delete'

/**
 * A claim with the owners that the retention policy asks for: the set where claims go with it, the pod instead once it
 * is scaled away and claims go with that.
 * @param scaledDown whether the pod's ordinal is outside of the set's range
 * @returns undefined where the owners are right already, or another controller has the claim
 */
export function withRetention(
  claim: Stored<PersistentVolumeClaim>,
  set: Stored<StatefulSet>,
  pod: Pod & Named,
  scaledDown: boolean,
): Stored<PersistentVolumeClaim> | undefined {
  if (hasOtherController(claim, set, pod)) return undefined
  const byPod = scaledDown && deletesClaims(set, 'whenScaled')
  const bySet = deletesClaims(set, 'whenDeleted') && !byPod
  const wanted = [
    ...(bySet ? [controllerReference(set, statefulSets)] : []),
    ...(byPod && isStored(pod) ? [controllerReference(pod, pods)] : []),
  ]
  const present = claim.metadata.ownerReferences ?? []
  const ours = present.filter(({ uid }) => uid === set.metadata.uid || uid === pod.metadata.uid)
  const isRight = ours.length === wanted.length && wanted.every(({ uid }) => ours.some(isControllerOf(uid)))
  if (isRight) return undefined
  const others = present.filter((reference) => !ours.includes(reference))
  return { ...claim, metadata: { ...claim.metadata, ownerReferences: [...others, ...wanted] } }
}

const isControllerOf =
  (uid: string) =>
  (reference: OwnerReference): boolean =>
    reference.uid === uid && reference.controller === true

/** Whether something else manages the claim: its retention is then that one's to decide. */
const hasOtherController = ({ metadata }: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean =>
  (metadata.ownerReferences ?? []).some(
    ({ controller, uid }) => controller && uid !== set.metadata.uid && uid !== pod.metadata.uid,
  )

/** Whether the claim goes with an earlier pod of the name: a new pod would lose its volume under its feet. */
export const isStale = ({ metadata }: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean =>
  deletesClaims(set, 'whenScaled') &&
  (metadata.ownerReferences ?? []).some(
    ({ kind, name, uid }) => kind === 'Pod' && name === pod.metadata.name && uid !== pod.metadata.uid,
  )

/**
 * The set whose template makes claims of this name, `<template>-<set>-<ordinal>`. Both parts may have dashes of their own.
 * @param setOf looks a set up by its name
 */
export function setOfClaim(
  { metadata }: Stored<PersistentVolumeClaim>,
  setOf: (name: string) => Stored<StatefulSet> | undefined,
): Stored<StatefulSet> | undefined {
  const parts = metadata.name.split('-').slice(0, -1)
  for (let dash = 1; dash < parts.length; dash++) {
    const template = parts.slice(0, dash).join('-')
    const set = setOf(parts.slice(dash).join('-'))
    if (set?.spec?.volumeClaimTemplates?.some((each) => each.metadata.name === template)) return set
  }
  return undefined
}
