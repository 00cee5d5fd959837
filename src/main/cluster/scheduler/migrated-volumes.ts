import type { CSINode, PersistentVolumeSpec, Volume } from '#shared/kube/generated/types.ts'

/** A volume as its CSI driver knows it. */
export interface AttachedVolume {
  driver: string
  handle: string
}

type InTreeSource = Pick<Volume, 'awsElasticBlockStore' | 'gcePersistentDisk' | 'azureDisk' | 'cinder'>

/** Drivers that the volumes of in-tree plugins have been moved to (csi-translation-lib). */
const drivers: readonly { plugin: string; driver: string; handle(source: InTreeSource): string | undefined }[] = [
  {
    plugin: 'kubernetes.io/aws-ebs',
    driver: 'ebs.csi.aws.com',
    handle: ({ awsElasticBlockStore }) => awsElasticBlockStore?.volumeID,
  },
  {
    plugin: 'kubernetes.io/gce-pd',
    driver: 'pd.csi.storage.gke.io',
    handle: ({ gcePersistentDisk }) => gcePersistentDisk?.pdName,
  },
  {
    plugin: 'kubernetes.io/azure-disk',
    driver: 'disk.csi.azure.com',
    handle: ({ azureDisk }) => azureDisk?.diskURI,
  },
  {
    plugin: 'kubernetes.io/cinder',
    driver: 'cinder.csi.openstack.org',
    handle: ({ cinder }) => cinder?.volumeID,
  },
]

const migratedPlugins = 'storage.alpha.kubernetes.io/migrated-plugins'

const isMigrated = (csiNode: CSINode | undefined, plugin: string): boolean =>
  csiNode?.metadata.annotations?.[migratedPlugins]?.split(',').includes(plugin) ?? false

export const isMigratable = (volume: Volume): boolean => drivers.some(({ handle }) => handle(volume) !== undefined)

/** A volume of an in-tree plugin, where the node has moved that plugin to a CSI driver. */
export function migratedVolume(
  source: Volume | PersistentVolumeSpec,
  csiNode: CSINode | undefined,
): AttachedVolume | undefined {
  for (const { plugin, driver, handle } of drivers) {
    const id = handle(source)
    if (id !== undefined) return isMigrated(csiNode, plugin) ? { driver, handle: id } : undefined
  }
  return undefined
}

/** The CSI driver of a provisioner; undefined for an in-tree one that the node has not moved. */
export function driverOfProvisioner(provisioner: string, csiNode: CSINode | undefined): string | undefined {
  const inTree = drivers.find(({ plugin }) => plugin === provisioner)
  if (!inTree) return provisioner
  return isMigrated(csiNode, inTree.plugin) ? inTree.driver : undefined
}
