import { isLatest } from '#shared/kube/image-reference.ts'
import type { DownwardAPIVolumeFile, Volume } from '#shared/kube/generated/types.ts'
import { canonicalQuantity } from '#shared/kube/quantity.ts'
import type { Wire } from '../api/wire.ts'

/** Mode bits of projected files: `-rw-r--r--`. */
const fileMode = 0o644

/** Sets the defaults of a volume; one without a source is an emptyDir. */
export function setVolumeDefaults(volume: Wire<Volume>): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume.emptyDir = {}
  const { emptyDir, secret, configMap, downwardAPI, projected, ephemeral, image } = volume
  if (emptyDir?.sizeLimit) emptyDir.sizeLimit = canonicalQuantity(emptyDir.sizeLimit)
  if (secret) secret.defaultMode ??= fileMode
  if (configMap) configMap.defaultMode ??= fileMode
  if (downwardAPI) {
    downwardAPI.defaultMode ??= fileMode
    setItemDefaults(downwardAPI.items)
  }
  if (projected) {
    projected.defaultMode ??= fileMode
    for (const source of projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600
      setItemDefaults(source.downwardAPI?.items)
    }
  }
  if (ephemeral?.volumeClaimTemplate?.spec) ephemeral.volumeClaimTemplate.spec.volumeMode ??= 'Filesystem'
  if (image) image.pullPolicy ||= isLatest(image.reference ?? '') ? 'Always' : 'IfNotPresent'
  setSourceDefaults(volume)
}

type Sources = Pick<Wire<Volume>, 'azureDisk' | 'hostPath' | 'iscsi' | 'rbd' | 'scaleIO'>

/** Sets the defaults of the sources that PersistentVolumes have too. */
export function setSourceDefaults({ azureDisk, hostPath, iscsi, rbd, scaleIO }: Sources): void {
  if (hostPath) hostPath.type ??= ''
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.kind ??= 'Shared'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
  }
}

function setItemDefaults(items: Wire<DownwardAPIVolumeFile>[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1'
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0'
  }
}
