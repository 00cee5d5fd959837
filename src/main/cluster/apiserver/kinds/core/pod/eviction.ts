import { setCondition } from '#shared/kube/conditions.ts'
import type { Eviction, Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { podDisruptionBudgets, pods } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { badRequest, failure, type ApiError } from '#shared/kube/status.ts'
import { success, type Action, type ActionRequest, type Deletion, type ObjectKey } from '../../../api/action.ts'
import { draftOf } from '../../../registry/patch.ts'

/**
 * `POST pods/x/eviction`: a delete that admission or the pod's disruption budget may refuse (EvictionREST of
 * Kubernetes).
 */
export const evictPod: Action = {
  body: { group: 'policy', version: 'v1', kind: 'Eviction' },
  check({ name, body }) {
    if (body.metadata.name && body.metadata.name !== name)
      throw badRequest('name in URL does not match name in Eviction object')
  },
  async create(request) {
    const { namespace, name, body, writes } = request
    await decrementBudget(request)
    const pod = { ...pods, namespace, name, subresource: '' }
    const deletion = writes.deletion(pod, (body as Eviction).deleteOptions)
    const dryRun = deletion.dryRun || request.dryRun
    const resourceVersion = dryRun ? deletion.resourceVersion : await markDisrupted(request, pod, deletion)
    await deletion.run({ dryRun, resourceVersion })
    return success(201)
  },
}

/**
 * Sets the condition DisruptionTarget before the pod is deleted, by which Jobs distinguish a disruption from a failure
 * of the pod.
 * @returns the resourceVersion precondition for the deletion, if the eviction has one
 */
async function markDisrupted(
  { writes }: ActionRequest,
  key: ObjectKey,
  deletion: Deletion,
): Promise<string | undefined> {
  const disrupted = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const written = await writes.update<Pod>({ ...key, subresource: 'status' }, (current) => {
    deletion.checkPreconditions(current)
    const pod = draftOf(current)
    return {
      ...pod,
      status: { ...pod.status, conditions: setCondition(pod.status?.conditions, disrupted, writes.now()) },
    }
  })
  return deletion.resourceVersion === undefined ? undefined : written.metadata.resourceVersion
}

/** Decrements the disruption budget of the pod. @throws ApiError 429 when it is exhausted */
async function decrementBudget({ namespace, name, object, reader, writes }: ActionRequest): Promise<void> {
  const pod: Pod | undefined = object
  // Pods that are not running or already terminating need no budget.
  if (!pod || pod.metadata.deletionTimestamp || pod.status?.phase !== 'Running') return
  const [budget, another] = reader
    .list(podDisruptionBudgets, namespace)
    .filter(({ spec }) => selects(spec?.selector, pod.metadata.labels))
  if (!budget) return
  if (another)
    throw failure(
      500,
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  if (!isPodReady(pod) && needsNoBudget(budget)) return
  const key = { ...podDisruptionBudgets, namespace, name: budget.metadata.name, subresource: 'status' }
  await writes.update<PodDisruptionBudget>(key, (current) => decremented(current, name, writes.now()))
}

/** Pods that are not ready do not use the budget: evicted while enough others are healthy, or always, by policy. */
function needsNoBudget({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

/** @throws ApiError 429 */
function decremented(budget: Stored<PodDisruptionBudget>, pod: string, now: string): PodDisruptionBudget {
  const { metadata, status } = budget
  const { name } = metadata
  if (!status || (status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw budgetRefusal(`The disruption budget ${name} is still being processed by the server.`)
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status
  if (disruptionsAllowed <= 0)
    throw budgetRefusal(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    )
  const next = draftOf(budget)
  next.status = {
    ...status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...status.disruptedPods, [pod]: now },
  }
  return next
}

const budgetRefusal = (message: string): ApiError =>
  failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
  })
