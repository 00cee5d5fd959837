import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

/**
 * Sets the requester of a CertificateSigningRequest to the requesting user, whatever the object says
 * (certificates.k8s.io/v1).
 */
export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  admit({ kind, operation, subresource, object, user }) {
    if (kind.group !== 'certificates.k8s.io' || operation !== 'CREATE' || subresource !== '' || !object) return
    const { spec } = object as CertificateSigningRequest
    spec.username = user.name
    spec.groups = [...user.groups]
    if (user.uid) spec.uid = user.uid
    else delete spec.uid
    if (user.extra)
      spec.extra = Object.fromEntries(Object.entries(user.extra).map(([name, values]) => [name, [...values]]))
    else delete spec.extra
  },
}
