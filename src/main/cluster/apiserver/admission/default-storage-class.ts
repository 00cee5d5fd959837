import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { storageClasses } from '#shared/kube/resources.ts'
import { newestDefault } from '#shared/kube/default-class.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

const oldAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** DefaultStorageClass: sets the default class on claims that name none. An empty name explicitly means no class. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit({ operation, kind, subresource, object, reader }) {
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'persistentvolumeclaims' || subresource !== '')
      return
    const claim = object as PersistentVolumeClaim
    const named = claim.spec?.storageClassName ?? claim.metadata.annotations?.[oldAnnotation]
    if (named !== undefined || !claim.spec) return
    const classes = reader.list(storageClasses)
    const name = newestDefault(classes, 'storageclass.kubernetes.io/is-default-class')?.metadata.name
    if (name !== undefined) claim.spec.storageClassName = name
  },
}
