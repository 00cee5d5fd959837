import { storageProtection } from '#shared/kube/storage-protection.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

const groups = new Set(['', 'storage.k8s.io'])

/**
 * StorageObjectInUseProtection: adds the finalizers that the protection controllers remove once a claim, a volume or a class of
 * attributes is unused.
 */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, kind, subresource, object }) {
    if (operation !== 'CREATE' || !groups.has(kind.group) || subresource !== '' || !object) return
    const finalizer = storageProtection.get(kind.plural)
    const { metadata } = object
    if (finalizer === undefined || metadata.finalizers?.includes(finalizer)) return
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
}
