import { messageOf } from '#shared/base/message-of.ts'
import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { ApiError, badRequest, failure } from '#shared/kube/status.ts'
import type { NodeConnector, NodeRequest, NodeResponse } from '../egress/node-connector.ts'

/** The container of a request: named, annotated as the default, or the only one. @throws ApiError 400 */
export function chooseContainer(object: KubeObject, asked: string | null): string {
  const pod: Pod = object
  const { name: podName = '', annotations } = pod.metadata
  const containers = names(pod.spec?.containers)
  const initContainers = names(pod.spec?.initContainers)
  const ephemeral = names(pod.spec?.ephemeralContainers)
  const all = [...containers, ...initContainers, ...ephemeral]
  if (asked) {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${podName}`)
    return asked
  }
  const annotated = annotations?.['kubectl.kubernetes.io/default-container']
  if (annotated !== undefined && all.includes(annotated)) return annotated
  const [only] = containers
  if (only !== undefined && containers.length === 1) return only
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`)
  const more = [
    initContainers.length > 0 ? ` or one of the init containers: [${initContainers.join(' ')}]` : '',
    ephemeral.length > 0 ? ` or one of the ephemeral containers: [${ephemeral.join(' ')}]` : '',
  ].join('')
  throw badRequest(
    `a container name must be specified for pod ${podName}, choose one of: [${containers.join(' ')}]${more}`,
  )
}

const names = (containers: readonly Pick<Container, 'name'>[] = []): string[] => containers.map(({ name }) => name)

/** The node that a pod runs on. @throws ApiError 400 before the pod is scheduled */
export function nodeOf(object: Stored): string {
  const { spec }: Pod = object
  if (!spec?.nodeName) throw badRequest(`pod ${object.metadata.name} does not have a host assigned`)
  return spec.nodeName
}

/** Sends a request to a node, and maps failures to the errors of Kubernetes. @throws ApiError */
export async function askNode(connector: NodeConnector, node: string, request: NodeRequest): Promise<NodeResponse> {
  let response: NodeResponse
  try {
    response = await connector.request(node, request)
  } catch (error) {
    throw error instanceof ApiError
      ? error
      : failure(500, 'InternalError', `error dialing backend: ${messageOf(error)}`)
  }
  if (response.status === 200) return response
  throw await refusalOf(response)
}

const reasons = new Map([
  [400, 'BadRequest'],
  [404, 'NotFound'],
])

/** The kubelet's errors are plain text. */
async function refusalOf({ status, stream }: NodeResponse): Promise<ApiError> {
  const chunks: Buffer[] = []
  stream.end()
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString().trim()
  return failure(status, reasons.get(status) ?? 'InternalError', text || `the node responded with status ${status}`)
}

/** Query string of the defined parameters, with a leading question mark. */
export function queryOf(parameters: Iterable<readonly [string, string]>): string {
  const text = new URLSearchParams([...parameters].map(([name, value]): [string, string] => [name, value])).toString()
  return text === '' ? '' : `?${text}`
}
