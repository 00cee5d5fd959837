import { storageProtection } from '#shared/kube/storage-protection.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

/**
 * StorageObjectInUseProtection: adds the finalizers that the protection controllers remove once a claim or volume is
 * unused.
 */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, kind, subresource, object }) {
    if (operation !== 'CREATE' || kind.group !== '' || subresource !== '' || !object) return
    const finalizer = storageProtection.get(kind.plural)
    const { metadata } = object
    if (finalizer === undefined || metadata.finalizers?.includes(finalizer)) return
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
}
