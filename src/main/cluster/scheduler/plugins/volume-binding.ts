import { keyOf } from '#shared/client/informer.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { matchesTerm } from '#shared/kube/node-selection.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { persistentVolumeClaims, persistentVolumes } from '#shared/kube/resources.ts'
import { unresolvable, type Plan, type Plugin, type PluginContext, type Refusal } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'

const conflict = unresolvable("node(s) didn't match PersistentVolume's node affinity")
const lost = unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)')
const nothingToBind = unresolvable("node(s) didn't find available persistent volumes to bind")

const selectedNode = 'volume.kubernetes.io/selected-node'
const noProvisioner = 'kubernetes.io/no-provisioner'

/**
 * Filters nodes that the pod's volumes cannot reach, by the node affinity of bound ones. Claims that wait for their
 * first consumer are bound to a volume of the chosen node, or get one provisioned there, before the pod is bound.
 */
export const volumeBinding = ({ client, informers }: Pick<PluginContext, 'client' | 'informers'>): Plugin => {
  const { claims, volumes, storageClasses } = informers

  function plan(pod: PodInfo): Plan | undefined {
    const names = claimNames(pod.pod)
    if (names.length === 0) return undefined
    const found: Stored<PersistentVolumeClaim>[] = []
    for (const name of names) {
      const claim = claims.get(`${pod.namespace}/${name}`)
      const problem = problemOf(name, claim)
      if (problem !== undefined) return { impossible: problem }
      if (claim) found.push(claim)
    }
    const bound = found.filter((claim) => claim.spec?.volumeName)
    const waiting = found.filter((claim) => !claim.spec?.volumeName)
    return {
      filter: (node) => refusalOfBound(bound, node) ?? refusalOfWaiting(waiting, node),
      ...(waiting.length > 0 ? { beforeBinding: (node) => bindAll(waiting, node) } : {}),
    }
  }

  function problemOf(name: string, claim: PersistentVolumeClaim | undefined): string | undefined {
    if (!claim) return `persistentvolumeclaim "${name}" not found`
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`
    if (claim.spec?.volumeName || waitsForConsumer(classOf(claim))) return undefined
    return 'pod has unbound immediate PersistentVolumeClaims'
  }

  const classOf = (claim: PersistentVolumeClaim): StorageClass | undefined =>
    storageClasses.get(claim.spec?.storageClassName ?? '')

  function refusalOfBound(bound: readonly PersistentVolumeClaim[], node: NodeInfo): Refusal | undefined {
    for (const claim of bound) {
      const volume = volumes.get(claim.spec?.volumeName ?? '')
      if (!volume) return lost
      if (!isReachable(volume, node)) return conflict
    }
    return undefined
  }

  function refusalOfWaiting(waiting: readonly PersistentVolumeClaim[], node: NodeInfo): Refusal | undefined {
    const taken = new Set<PersistentVolume>()
    for (const claim of waiting) {
      const volume = volumeFor(claim, node, taken)
      if (volume) taken.add(volume)
      else if (!canProvision(classOf(claim), node)) return nothingToBind
    }
    return undefined
  }

  /** The smallest free volume on the node that satisfies the claim. */
  function volumeFor(
    claim: PersistentVolumeClaim,
    node: NodeInfo,
    taken: ReadonlySet<PersistentVolume>,
  ): Stored<PersistentVolume> | undefined {
    const size = (volume: PersistentVolume): string => volume.spec?.capacity?.['storage'] ?? '0'
    return volumes
      .list()
      .filter((volume) => !taken.has(volume) && isMatch(volume, claim) && isReachable(volume, node))
      .sort((a, b) => compareQuantities(size(a), size(b)))[0]
  }

  async function bindAll(waiting: readonly Stored<PersistentVolumeClaim>[], node: NodeInfo): Promise<void> {
    const taken = new Set<PersistentVolume>()
    for (const claim of waiting) {
      const volume = volumeFor(claim, node, taken)
      if (volume) taken.add(volume)
      await (volume ? reserve(volume, claim) : requestProvisioning(claim, node))
    }
    await Promise.all(waiting.map((claim) => claims.until(keyOf(claim), isBound)))
  }

  /** Begins a binding at the volume; the volume controller completes it. */
  const reserve = (volume: Stored<PersistentVolume>, { metadata }: PersistentVolumeClaim): Promise<unknown> =>
    client.patch(
      persistentVolumes,
      { name: volume.metadata.name },
      {
        type: 'merge',
        body: {
          metadata: { resourceVersion: volume.metadata.resourceVersion },
          spec: {
            claimRef: {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              namespace: metadata.namespace,
              name: metadata.name,
              uid: metadata.uid,
            },
          },
        },
      },
    )

  const requestProvisioning = ({ metadata }: Stored<PersistentVolumeClaim>, { name }: NodeInfo): Promise<unknown> =>
    client.patch(
      persistentVolumeClaims,
      { namespace: metadata.namespace, name: metadata.name },
      { type: 'merge', body: { metadata: { uid: metadata.uid, annotations: { [selectedNode]: name } } } },
    )

  return {
    name: 'VolumeBinding',
    plan,
    mayHelp: (change) => ['claim', 'volume', 'storage-class', 'node-added', 'node-labels'].includes(change.type),
  }
}

/** Claims of the pod: named ones, and those of its generic ephemeral volumes. */
function claimNames({ metadata, spec }: Stored<Pod>): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName]
    return ephemeral ? [`${metadata.name}-${name}`] : []
  })
}

/** A deleted claim will never be bound: the pod is scheduled again, which reports the reason. */
const isBound = (claim: PersistentVolumeClaim | undefined): boolean => !claim || claim.status?.phase === 'Bound'

const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer'

function isReachable({ spec }: PersistentVolume, { node }: NodeInfo): boolean {
  const required = spec?.nodeAffinity?.required
  return !required || (node !== undefined && required.nodeSelectorTerms.some((term) => matchesTerm(term, node)))
}

function canProvision(storageClass: StorageClass | undefined, { labels }: NodeInfo): boolean {
  if (!storageClass || storageClass.provisioner === noProvisioner) return false
  const topologies = storageClass.allowedTopologies ?? []
  return (
    topologies.length === 0 ||
    topologies.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
    )
  )
}

function isMatch({ spec, status }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const wanted = claim.spec
  if (status?.phase !== 'Available' || spec?.claimRef || !wanted) return false
  return (
    (spec?.storageClassName ?? '') === (wanted.storageClassName ?? '') &&
    (spec?.volumeMode ?? 'Filesystem') === (wanted.volumeMode ?? 'Filesystem') &&
    (wanted.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode)) &&
    compareQuantities(spec?.capacity?.['storage'] ?? '0', wanted.resources?.requests?.['storage'] ?? '0') >= 0
  )
}
