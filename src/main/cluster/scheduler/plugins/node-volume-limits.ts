import type { CSINode, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { resolvable, type Plugin, type PluginContext } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import { claimsOf, usesClaim } from '../pod-claims.ts'
import type { PodInfo } from '../pod-info.ts'
import { driverOfProvisioner, isMigratable, migratedVolume, type AttachedVolume } from '../migrated-volumes.ts'

const tooMany = resolvable('node(s) exceed max volume count')

/** Keeps the number of volumes that a CSI driver attaches to a node within what its CSINode allows. */
export const nodeVolumeLimits = ({ informers }: Pick<PluginContext, 'informers'>): Plugin => {
  const { claims, volumes, storageClasses, csiNodes, volumeAttachments } = informers
  volumeAttachments.addIndex('node', ({ spec }) => spec.nodeName)

  /** Drivers by the volumes that the pods have; a volume that several pods share counts once. */
  function attachedBy(pods: Iterable<PodInfo>, csiNode: CSINode): Map<string, string> {
    const found = new Map<string, string>()
    const add = (volume: AttachedVolume | undefined): void => {
      if (volume) found.set(`${volume.driver}/${volume.handle}`, volume.driver)
    }
    for (const { pod, namespace } of pods) {
      if (!pod.spec?.volumes) continue
      for (const volume of pod.spec.volumes) if (isMigratable(volume)) add(migratedVolume(volume, csiNode))
      for (const { name } of claimsOf(pod)) {
        const claim = claims.get(`${namespace}/${name}`)
        if (claim) add(volumeOf(claim, csiNode))
      }
    }
    return found
  }

  function volumeOf(claim: Stored<PersistentVolumeClaim>, csiNode: CSINode): AttachedVolume | undefined {
    const spec = volumes.get(claim.spec?.volumeName ?? '')?.spec
    if (spec)
      return spec.csi ? { driver: spec.csi.driver, handle: spec.csi.volumeHandle } : migratedVolume(spec, csiNode)
    // Not provisioned yet: it will be a volume of its own, of the class's driver.
    const provisioner = storageClasses.get(claim.spec?.storageClassName ?? '')?.provisioner
    const driver = provisioner && driverOfProvisioner(provisioner, csiNode)
    return driver ? { driver, handle: `claim ${claim.metadata.uid}` } : undefined
  }

  /** Volumes that are still attached to the node, though its pods have gone. */
  function stillAttached({ name }: NodeInfo): Map<string, string> {
    const found = new Map<string, string>()
    for (const { spec } of volumeAttachments.byIndex('node', name)) {
      const csi = volumes.get(spec.source.persistentVolumeName ?? '')?.spec?.csi
      if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
    }
    return found
  }

  function isExceeded(pod: PodInfo, node: NodeInfo): boolean {
    const csiNode = csiNodes.get(node.name)
    if (!csiNode) return false
    const limits = new Map(csiNode.spec.drivers.map(({ name, allocatable }) => [name, allocatable?.count]))
    const wanted = attachedBy([pod], csiNode)
    for (const [id, driver] of wanted) if (limits.get(driver) === undefined) wanted.delete(id)
    if (wanted.size === 0) return false
    const attached = new Map([...stillAttached(node), ...attachedBy(node.pods.values(), csiNode)])
    const counts = new Map<string, number>()
    const added = [...wanted].filter(([id]) => !attached.has(id))
    for (const [, driver] of [...attached, ...added]) counts.set(driver, (counts.get(driver) ?? 0) + 1)
    return added.some(([, driver]) => (counts.get(driver) ?? 0) > (limits.get(driver) ?? Infinity))
  }

  return {
    name: 'NodeVolumeLimits',

    plan(pod) {
      if (!hasVolumes(pod)) return undefined
      return { filter: (node) => (isExceeded(pod, node) ? tooMany : undefined) }
    },

    interests: ['csi-node', 'pod-removed', 'claim', 'volume-attachment'],
    mayHelp(change, { pod }) {
      switch (change.type) {
        case 'csi-node':
          return change.action !== 'deleted'
        case 'pod-removed':
          return hasVolumes(change.pod)
        case 'claim':
          return change.action === 'added' && usesClaim(pod, change.object)
        case 'volume-attachment':
          return change.action === 'deleted'
        default:
          return false
      }
    },
  }
}

const hasVolumes = ({ claims, pod }: PodInfo): boolean =>
  claims.length > 0 || (pod.spec?.volumes?.some(isMigratable) ?? false)
