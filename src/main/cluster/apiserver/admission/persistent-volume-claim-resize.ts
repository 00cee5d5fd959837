import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { storageClasses } from '#shared/kube/resources.ts'
import { refusal, type AdmissionPlugin } from '../api/admission.ts'

/** PersistentVolumeClaimResize: only bound claims whose class allows volume expansion may request more storage. */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  validate(attributes) {
    const { operation, kind, subresource, object, oldObject, reader } = attributes
    if (operation !== 'UPDATE' || kind.group !== '' || kind.plural !== 'persistentvolumeclaims' || subresource !== '')
      return
    const claim = object as PersistentVolumeClaim
    const before = oldObject as PersistentVolumeClaim
    if (compareQuantities(sizeOf(claim), sizeOf(before)) <= 0) return
    if (before.status?.phase !== 'Bound')
      throw refusal(attributes, 'Only bound persistent volume claims can be expanded')
    const name = before.spec?.storageClassName ?? ''
    const found = name === '' ? undefined : reader.get(storageClasses, '', name)
    if (!found?.allowVolumeExpansion)
      throw refusal(
        attributes,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      )
  },
}

const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.['storage'] ?? '0'
