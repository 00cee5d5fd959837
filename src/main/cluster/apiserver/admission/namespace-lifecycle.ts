import { namespaces } from '#shared/kube/resources.ts'
import { failure, notFound, type ApiError } from '#shared/kube/status.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

const undeletable = ['default', 'kube-system', 'kube-public']

/** NamespaceLifecycle: no new objects in missing or terminating namespaces, and no deletion of system namespaces. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit(attributes) {
    const { operation, kind, name, namespace, subresource } = attributes
    if (kind.group === '' && kind.plural === 'namespaces') {
      if (operation === 'DELETE' && subresource === '' && undeletable.includes(name))
        throw refusal(attributes, 'this namespace may not be deleted')
      return
    }
    // Access reviews for a namespace that does not exist yet are allowed.
    if (operation !== 'CREATE' || namespace === '' || kind.group === 'authorization.k8s.io') return
    const found = attributes.reader.get(namespaces, '', namespace)
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    if (found.metadata.deletionTimestamp !== undefined || found.status?.phase === 'Terminating')
      throw terminating(attributes)
  },
}

/** The refusal whose cause tells controllers not to retry. */
function terminating(attributes: AdmissionAttributes): ApiError {
  const { namespace } = attributes
  const { message, status } = refusal(
    attributes,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  )
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  return failure(403, 'Forbidden', message, { ...status.details, causes: [cause] })
}
