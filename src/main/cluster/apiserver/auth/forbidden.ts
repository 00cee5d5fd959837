import { failure, forbidden, type ApiError } from '#shared/kube/status.ts'
import type { AuthorizationAttributes } from '../api/access.ts'

/** The 403 response to a request that no rule allows, in Kubernetes' wording. */
export function forbiddenRequest(attributes: AuthorizationAttributes, reason = ''): ApiError {
  const ending = reason === '' ? '' : `: ${reason}`
  const user = `User "${attributes.user.name}" cannot ${attributes.verb}`
  if (!attributes.resourceRequest) {
    const message = `forbidden: ${user} path "${attributes.path}"${ending}`
    return failure(403, 'Forbidden', message, {})
  }
  const { group, resource, subresource, namespace, name } = attributes
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return forbidden({ group, resource }, name, `${user} resource "${full}" in API group "${group}" ${scope}${ending}`)
}
