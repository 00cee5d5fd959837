import type { Namespace } from '#shared/kube/generated/types.ts'
import { failure, notFound, type ApiError } from '#shared/kube/status.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

const namespaces = { group: '', plural: 'namespaces' }
const undeletable = ['default', 'kube-system', 'kube-public']

/** Nothing is created in a namespace that is not there or is going, and the system's own namespaces stay. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit(attributes) {
    const { operation, kind, name, namespace, subresource } = attributes
    if (kind.group === '' && kind.plural === 'namespaces') {
      if (operation === 'DELETE' && subresource === '' && undeletable.includes(name))
        throw refusal(attributes, 'this namespace may not be deleted')
      return
    }
    // Asking who may do what in a namespace that is yet to come is allowed.
    if (operation !== 'CREATE' || namespace === '' || kind.group === 'authorization.k8s.io') return
    const found: Namespace | undefined = attributes.reader.get(namespaces, '', namespace)
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    if (found.metadata.deletionTimestamp !== undefined || found.status?.phase === 'Terminating')
      throw terminating(attributes)
  },
}

/** The refusal that controllers know by its cause: they stop trying instead of trying again. */
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
