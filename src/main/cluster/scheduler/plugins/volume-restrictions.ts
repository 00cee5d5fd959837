import type { PersistentVolumeClaim, Pod, Volume } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { resolvable, type Plugin, type PluginContext } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import { claimsOf, usesClaim } from '../pod-claims.ts'
import type { PodInfo } from '../pod-info.ts'

const diskTaken = resolvable('node(s) had no available disk')
const claimInUse = resolvable(
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
)

/**
 * Keeps pods apart that cannot share a volume: those of one ReadWriteOncePod claim in the whole cluster, and on one node
 * those of one disk (GCE, EBS, iSCSI, RBD), unless all of them only read it.
 */
export const volumeRestrictions = ({ informers }: Pick<PluginContext, 'informers'>): Plugin => {
  const claimOf = (pod: PodInfo, name: string): Stored<PersistentVolumeClaim> | undefined =>
    informers.claims.get(`${pod.namespace}/${name}`)

  /** Keys of the pod's claims that one pod alone may use. */
  const exclusiveClaims = (pod: PodInfo): string[] =>
    claimsOf(pod.pod)
      .filter(({ name }) => claimOf(pod, name)?.spec?.accessModes?.includes('ReadWriteOncePod'))
      .map(({ name }) => `${pod.namespace}/${name}`)

  return {
    name: 'VolumeRestrictions',

    plan(pod, cluster) {
      if (!pod.pod.spec?.volumes) return undefined
      const missing = claimsOf(pod.pod).find(({ name, ephemeral }) => !ephemeral && !claimOf(pod, name))
      if (missing) return { impossible: `persistentvolumeclaim "${missing.name}" not found` }
      const exclusive = exclusiveClaims(pod)
      const disks = disksOf(pod.pod)
      if (exclusive.length === 0 && disks.length === 0) return undefined
      // Other pods are counted in the cluster state, which follows trials by itself.
      const isInUse = (): boolean => exclusive.some((key) => cluster.claimUsers(key) > 0)
      return {
        filter(node) {
          if (disks.length > 0 && isDiskTaken(disks, node)) return diskTaken
          return exclusive.length > 0 && isInUse() ? claimInUse : undefined
        },
      }
    },

    interests: ['pod-removed', 'claim'],
    mayHelp(change, pod) {
      if (change.type === 'claim') return change.action !== 'deleted' && usesClaim(pod.pod, change.object)
      if (change.type !== 'pod-removed') return false
      const disks = disksOf(pod.pod)
      if (disks.some((disk) => disksOf(change.pod.pod).some((other) => conflict(disk, other)))) return true
      return exclusiveClaims(pod).some((key) => change.pod.claims.includes(key))
    },
  }
}

function disksOf({ spec }: Pod): readonly Volume[] {
  const disks = spec?.volumes?.filter(
    ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }) =>
      gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd,
  )
  return disks ?? []
}

function isDiskTaken(disks: readonly Volume[], { pods }: NodeInfo): boolean {
  for (const { pod } of pods.values())
    for (const other of disksOf(pod)) if (disks.some((disk) => conflict(disk, other))) return true
  return false
}

interface Mount {
  readOnly?: boolean
}

const onlyRead = (a: Mount, b: Mount): boolean => a.readOnly === true && b.readOnly === true

function conflict(a: Volume, b: Volume): boolean {
  const { gcePersistentDisk: gce, awsElasticBlockStore: ebs, iscsi, rbd } = a
  if (gce && gce.pdName === b.gcePersistentDisk?.pdName) return !onlyRead(gce, b.gcePersistentDisk)
  if (ebs && ebs.volumeID === b.awsElasticBlockStore?.volumeID) return true
  if (iscsi && iscsi.iqn === b.iscsi?.iqn) return !onlyRead(iscsi, b.iscsi)
  if (!rbd || !b.rbd) return false
  const { monitors, pool = 'rbd', image } = b.rbd
  const isSame =
    rbd.image === image && (rbd.pool ?? 'rbd') === pool && rbd.monitors.some((one) => monitors.includes(one))
  return isSame && !onlyRead(rbd, b.rbd)
}
