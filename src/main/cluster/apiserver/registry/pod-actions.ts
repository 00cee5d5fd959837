import { setCondition } from '#shared/kube/conditions.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { selects } from '#shared/kube/selectors.ts'
import { badRequest, conflict, failure, fieldRequired, invalid, type ApiError } from '#shared/kube/status.ts'
import { parseBody } from '../codec/body.ts'
import type { Answer, Call } from '../api/request.ts'
import { admit, attributesOf, validateAdmission } from './admit.ts'
import { timestamp, type RegistryContext, type Target } from './context.ts'
import { checkPreconditions, deleteObject } from './delete.ts'
import { draftOf } from './patch.ts'
import { keyOf } from '../api/resources.ts'
import { maxAttempts, updateObject } from './write.ts'
import { deleteOptions, writeOptions, type DeleteOptions, type WriteOptions } from './write-options.ts'

interface PodShape extends KubeObject {
  spec: { nodeName?: string; schedulingGates?: unknown[] }
  status?: { conditions?: PodCondition[] }
}

interface PodCondition {
  type: string
  status: string
  lastProbeTime?: null
  lastTransitionTime?: string
  reason?: string
  message?: string
}

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string }
}

/** `POST pods/x/binding`: puts the pod on a node and says so in its conditions, in one write. */
export async function bindPod(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const options = writeOptions(call, 'CreateOptions')
  const binding = parseBody(call.body) as Binding
  const { name = target.name, namespace = target.namespace } = binding.metadata ?? {}
  if (namespace !== '' && namespace !== target.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (name !== '' && name !== target.name) throw badRequest('name in URL does not match name in Binding object')
  const node = binding.target?.name ?? ''
  if (binding.target?.kind && binding.target.kind !== 'Node')
    throw badRequest(`target.kind: Unsupported value: "${binding.target.kind}": supported values: "Node", "<empty>"`)
  if (node === '') throw invalid('Binding', '', target.name, [fieldRequired('target.name')])
  await runAdmission(context, target, call, binding, options)
  await updateObject(context, { ...target, subresource: 'binding' }, call, options, {
    attempts: maxAttempts,
    // Binding counts as no change of the spec: it leaves the generation alone.
    trusted: true,
    next: (current) => boundPod(context, target, current as PodShape, binding, node),
  })
  return success(201)
}

/** `POST bindings`: as `pods/x/binding`, of the pod that the body names. */
export function bindNamedPod(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const pods = context.resources.find('', 'v1', 'pods')
  const { metadata } = parseBody(call.body) as Partial<Binding>
  const name: unknown = metadata?.name
  if (!pods || typeof name !== 'string' || name === '')
    throw invalid('Binding', '', '', [fieldRequired('metadata.name', 'name of the pod to be bound')])
  return bindPod(context, { resource: pods, namespace: target.namespace, name, subresource: 'binding' }, call)
}

function boundPod(
  { clock }: RegistryContext,
  { name }: Target,
  current: PodShape,
  binding: Binding,
  node: string,
): KubeObject {
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why)
  const { uid, resourceVersion, annotations, labels } = binding.metadata ?? {}
  if (uid && uid !== current.metadata.uid)
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid ?? ''}`)
  if (current.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  if (current.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${current.spec.nodeName}"`)
  if (current.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`)
  const next = draftOf(current) as PodShape
  if (resourceVersion) next.metadata.resourceVersion = resourceVersion
  if (annotations) next.metadata.annotations = { ...next.metadata.annotations, ...annotations }
  // A binding adds labels, and overwrites none (copyLabelsWithoutOverwriting of Kubernetes).
  if (labels) next.metadata.labels = { ...labels, ...next.metadata.labels }
  next.spec.nodeName = node
  const update = { type: 'PodScheduled', status: 'True', lastProbeTime: null }
  next.status = { ...next.status, conditions: setCondition(next.status?.conditions, update, timestamp(clock)) }
  return next
}

interface Eviction extends KubeObject {
  deleteOptions?: Record<string, unknown>
}

/** `POST pods/x/eviction`: a delete that admission or the pod's disruption budget may refuse. */
export async function evictPod(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const options = writeOptions(call, 'CreateOptions')
  const eviction = parseBody(call.body) as Eviction
  const name = eviction.metadata?.name
  if (name !== undefined && name !== '' && name !== target.name)
    throw badRequest(`name in URL does not match name in Eviction object`)
  await runAdmission(context, target, call, eviction, options)
  await spendBudget(context, target, call, options)
  const deletion = deleteOptions(call, eviction.deleteOptions)
  const dryRun = deletion.dryRun || options.dryRun
  const resourceVersion = dryRun
    ? deletion.resourceVersion
    : await markDisrupted(context, target, call, deletion, options)
  await deleteObject(context, { ...target, subresource: '' }, call, { ...deletion, dryRun, resourceVersion })
  return success(201)
}

/**
 * Says in the pod's conditions why it will fail, before it is deleted: Jobs tell a disruption from a failure of the
 * pod's own by this condition.
 * @returns the resourceVersion precondition for the deletion, where the eviction has one
 */
async function markDisrupted(
  context: RegistryContext,
  target: Target,
  call: Call,
  deletion: DeleteOptions,
  options: WriteOptions,
): Promise<string | undefined> {
  const update = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const written = await updateObject(context, { ...target, subresource: 'status' }, call, options, {
    attempts: maxAttempts,
    trusted: true,
    next(current) {
      checkPreconditions(target.resource, deletion, current)
      const pod = draftOf(current) as PodShape
      const conditions = setCondition(pod.status?.conditions, update, timestamp(context.clock))
      return { ...pod, status: { ...pod.status, conditions } }
    },
  })
  if (deletion.resourceVersion === undefined || written.type !== 'object') return deletion.resourceVersion
  return (written.object as KubeObject).metadata.resourceVersion
}

const budgets = { group: 'policy', plural: 'poddisruptionbudgets' }

/** Takes an eviction from the budget of the pod. @throws ApiError 429 when nothing is left */
async function spendBudget(
  context: RegistryContext,
  { resource, namespace, name }: Target,
  call: Call,
  options: ReturnType<typeof writeOptions>,
): Promise<void> {
  const pod: Pod | undefined = context.store.head(keyOf(resource, namespace, name))?.object
  // What does not run, or goes already, disrupts nobody.
  if (!pod || pod.metadata.deletionTimestamp || pod.status?.phase !== 'Running') return
  const matching = (context.reader.list(budgets, namespace) as PodDisruptionBudget[]).filter(({ spec }) =>
    selects(spec?.selector, pod.metadata.labels),
  )
  const [budget, another] = matching
  if (!budget) return
  if (another)
    throw failure(
      500,
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  if (!isPodReady(pod) && maySkip(budget)) return
  const resourceOfBudgets = context.resources.findAnyVersion(budgets.group, budgets.plural)
  if (!resourceOfBudgets) return
  const target = { resource: resourceOfBudgets, namespace, name: budget.metadata.name ?? '', subresource: 'status' }
  await updateObject(context, target, call, options, {
    attempts: maxAttempts,
    trusted: true,
    next: (current) => spent(current, name, timestamp(context.clock)),
  })
}

/** Pods that are not ready count for nothing: they may go as long as enough others are healthy, or always. */
function maySkip({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

/** @throws ApiError 429 */
function spent(budget: PodDisruptionBudget, pod: string, now: string): PodDisruptionBudget {
  const { metadata, status } = budget
  const name = metadata.name ?? ''
  if (!status || (status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw overspent(`The disruption budget ${name} is still being processed by the server.`)
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status
  if (disruptionsAllowed <= 0)
    throw overspent(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    )
  const next = draftOf(budget) as PodDisruptionBudget
  next.status = {
    ...status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...status.disruptedPods, [pod]: now },
  }
  return next
}

const overspent = (message: string): ApiError =>
  failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
  })

async function runAdmission(
  context: RegistryContext,
  target: Target,
  call: Call,
  body: KubeObject,
  options: ReturnType<typeof writeOptions>,
): Promise<void> {
  const attributes = attributesOf(context, target, call, 'CREATE', {
    object: body,
    dryRun: options.dryRun,
    options: options.raw,
  })
  await admit(context, attributes)
  await validateAdmission(context, attributes)
}

const success = (code: number): Answer => ({
  type: 'object',
  code,
  object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code },
})
