import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import { quantityNumber } from '#shared/kube/quantity.ts'
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  storageClasses,
} from '#shared/kube/resources.ts'
import {
  clustered,
  conditionSamples,
  created,
  deleted,
  each,
  info,
  namespaced,
  owner,
  resourceVersion,
  states,
  value,
  type KindMetrics,
} from './family.ts'

export const persistentVolumeMetrics: KindMetrics<PersistentVolume> = {
  resource: persistentVolumes,
  prefix: 'kube_persistentvolume',
  identity: clustered('persistentvolume'),
  families: [
    info('Where the data of a volume is.', ({ spec }) => ({
      storageclass: spec?.storageClassName,
      gce_persistent_disk_name: spec?.gcePersistentDisk?.pdName,
      ebs_volume_id: spec?.awsElasticBlockStore?.volumeID,
      azure_disk_name: spec?.azureDisk?.diskName,
      fc_wwids: spec?.fc?.wwids?.join(','),
      fc_lun: spec?.fc?.lun,
      fc_target_wwns: spec?.fc?.targetWWNs?.join(','),
      iscsi_target_portal: spec?.iscsi?.targetPortal,
      iscsi_iqn: spec?.iscsi?.iqn,
      iscsi_lun: spec?.iscsi?.lun,
      iscsi_initiator_name: spec?.iscsi?.initiatorName,
      nfs_server: spec?.nfs?.server,
      nfs_path: spec?.nfs?.path,
      csi_driver: spec?.csi?.driver,
      csi_volume_handle: spec?.csi?.volumeHandle,
      local_path: spec?.local?.path,
      local_fs: spec?.local?.fsType,
      host_path: spec?.hostPath?.path,
      host_path_type: spec?.hostPath?.type,
      reclaim_policy: spec?.persistentVolumeReclaimPolicy,
    })),
    created(),
    deleted(),
    value('capacity_bytes', 'Size of a volume.', ({ spec }) => bytes(spec?.capacity?.['storage'])),
    each('status_phase', 'Phase of a volume.', ({ status }) =>
      states('phase', ['Pending', 'Available', 'Bound', 'Released', 'Failed'], status?.phase),
    ),
    info(
      'Claim to which a volume is bound.',
      ({ spec }) => spec?.claimRef && { name: spec.claimRef.name, claim_namespace: spec.claimRef.namespace },
      'claim_ref',
    ),
    info('Filesystem or block device.', ({ spec }) => ({ volumemode: spec?.volumeMode }), 'volume_mode'),
    each('access_mode', 'Access modes of a volume.', ({ spec }) =>
      (spec?.accessModes ?? []).map((mode) => [{ access_mode: mode }, 1]),
    ),
  ],
}

export const persistentVolumeClaimMetrics: KindMetrics<PersistentVolumeClaim> = {
  resource: persistentVolumeClaims,
  prefix: 'kube_persistentvolumeclaim',
  identity: namespaced('persistentvolumeclaim'),
  families: [
    info('Class and volume of a claim.', ({ metadata, spec }) => ({
      storageclass: spec?.storageClassName ?? metadata.annotations?.['volume.beta.kubernetes.io/storage-class'],
      volumename: spec?.volumeName,
      volumemode: spec?.volumeMode,
    })),
    created(),
    deleted(),
    value('resource_requests_storage_bytes', 'Requested size.', ({ spec }) =>
      bytes(spec?.resources?.requests?.['storage']),
    ),
    each('access_mode', 'Access modes of a claim.', ({ spec }) =>
      (spec?.accessModes ?? []).map((mode) => [{ access_mode: mode }, 1]),
    ),
    each('status_phase', 'Phase of a claim.', ({ status }) =>
      states('phase', ['Lost', 'Bound', 'Pending'], status?.phase),
    ),
    each('status_condition', 'Conditions of a claim.', ({ status }) =>
      conditionSamples(status?.conditions, ({ type }) => ({ condition: type })),
    ),
  ],
}

const bytes = (quantity: string | undefined): number | undefined =>
  quantity === undefined ? undefined : quantityNumber(quantity)

export const storageClassMetrics: KindMetrics<StorageClass> = {
  resource: storageClasses,
  prefix: 'kube_storageclass',
  identity: clustered('storageclass'),
  families: [
    info('What a storage class provides.', ({ provisioner, reclaimPolicy, volumeBindingMode }) => ({
      provisioner,
      reclaim_policy: reclaimPolicy ?? 'Delete',
      volume_binding_mode: volumeBindingMode ?? 'Immediate',
    })),
    created(),
  ],
}

export const configMapMetrics: KindMetrics<ConfigMap> = {
  resource: configMaps,
  prefix: 'kube_configmap',
  identity: namespaced('configmap'),
  families: [info('A ConfigMap.'), created(), resourceVersion()],
}

/** Names and types alone: no data of a Secret is read. */
export const secretMetrics: KindMetrics<Secret> = {
  resource: secrets,
  prefix: 'kube_secret',
  identity: namespaced('secret'),
  families: [
    info('A Secret.'),
    info('Type of a Secret.', ({ type }) => ({ type }), 'type'),
    created(),
    owner(),
    resourceVersion(),
  ],
}
