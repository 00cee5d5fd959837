import { setCondition } from '#shared/kube/conditions.ts'
import type { Binding, Pod, PodCondition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { badRequest, conflict, fieldRequired, invalid } from '#shared/kube/status.ts'
import { success, type Action, type ActionRequest } from '../../../api/action.ts'
import { draftOf } from '../../../registry/patch.ts'

/** `POST pods/x/binding`: assigns the pod to a node and sets PodScheduled, in one write (BindingREST of Kubernetes). */
export const bindPod: Action = {
  body: { group: '', version: 'v1', kind: 'Binding' },
  check: ({ namespace, name, body }) => checkBinding(body as Binding, namespace, name),
  create: (request) => bind(request, request.name),
}

/** `POST bindings`: the same for the pod that the body names. */
export const bindNamedPod: Action = {
  check({ namespace, body }) {
    const name: unknown = body.metadata.name
    if (typeof name !== 'string' || name === '')
      throw invalid('Binding', '', '', [fieldRequired('metadata.name', 'name of the pod to be bound')])
    checkBinding(body as Binding, namespace, name)
  },
  create: (request) => bind(request, request.body.metadata.name ?? ''),
}

/** @throws ApiError 400 or 422 */
function checkBinding({ metadata, target }: Binding, namespace: string, pod: string): void {
  if (metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (metadata.name && metadata.name !== pod) throw badRequest('name in URL does not match name in Binding object')
  if (target?.kind && target.kind !== 'Node')
    throw badRequest(`target.kind: Unsupported value: "${target.kind}": supported values: "Node", "<empty>"`)
  if (!target?.name) throw invalid('Binding', '', pod, [fieldRequired('target.name')])
}

async function bind({ namespace, body, writes }: ActionRequest, name: string): Promise<ReturnType<typeof success>> {
  const key = { group: '', plural: 'pods', namespace, name, subresource: 'binding' }
  await writes.update<Pod>(key, (current) => boundPod(current, body as Binding, writes.now()))
  return success(201)
}

/** @throws ApiError 409 */
function boundPod(current: Stored<Pod>, { metadata, target }: Binding, now: string): Pod {
  const { name } = current.metadata
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why)
  const { uid, resourceVersion, annotations, labels } = metadata
  if (uid && uid !== current.metadata.uid)
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`)
  if (current.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  if (current.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node "${current.spec.nodeName}"`)
  if (current.spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`)
  const next = draftOf(current)
  if (resourceVersion) next.metadata.resourceVersion = resourceVersion
  if (annotations) next.metadata.annotations = { ...next.metadata.annotations, ...annotations }
  // Labels of the binding are added and overwrite none (copyLabelsWithoutOverwriting of BindingREST).
  if (labels) next.metadata.labels = { ...labels, ...next.metadata.labels }
  next.spec = { ...next.spec, containers: next.spec?.containers ?? [], nodeName: target.name ?? '' }
  // In Go lastProbeTime is not a pointer: it is serialized as null.
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null }
  const conditions = setCondition<WrittenCondition>(next.status?.conditions, scheduled, now)
  // A nomination has served its purpose (ClearingNominatedNodeNameAfterBinding of Kubernetes).
  const { nominatedNodeName: _, ...status } = next.status ?? {}
  return Object.assign(next, { status: { ...status, conditions } })
}

type WrittenCondition = Omit<PodCondition, 'lastProbeTime'> & { lastProbeTime?: string | null }
