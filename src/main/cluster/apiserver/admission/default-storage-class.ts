import type { PersistentVolumeClaim, StorageClass } from '#shared/kube/generated/types.ts'
import type { AdmissionPlugin, ObjectReader } from '../registry/admission.ts'

const storageClasses = { group: 'storage.k8s.io', plural: 'storageclasses' }
const oldAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** A claim that names no class gets the default one. An empty name is a choice, too: no class. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit({ operation, kind, subresource, object, reader }) {
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'persistentvolumeclaims' || subresource !== '')
      return
    const claim = object as PersistentVolumeClaim
    const named = claim.spec?.storageClassName ?? claim.metadata.annotations?.[oldAnnotation]
    if (named !== undefined || !claim.spec) return
    const name = defaultClass(reader)?.metadata.name
    if (name !== undefined) claim.spec.storageClassName = name
  },
}

/** Of several defaults the newest, then the first by name. */
function defaultClass(reader: ObjectReader): StorageClass | undefined {
  const defaults = (reader.list(storageClasses) as StorageClass[]).filter(
    ({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
  )
  const made = ({ metadata }: StorageClass): string => metadata.creationTimestamp ?? ''
  const name = ({ metadata }: StorageClass): string => metadata.name ?? ''
  return defaults.sort((a, b) => made(b).localeCompare(made(a)) || name(a).localeCompare(name(b)))[0]
}
