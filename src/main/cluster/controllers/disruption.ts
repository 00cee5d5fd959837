import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Ref, Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { objectPath, withType } from '#shared/client/kube-client.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  Condition,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
  Scale,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, OwnerReference, Stored } from '#shared/kube/object.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { podDisruptionBudgets, pods, replicaSets } from '#shared/kube/resources.ts'
import { goSelectorText, selects } from '#shared/kube/selectors.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** An approved eviction whose pod is still there after this long counts as failed, ms. */
const evictionMs = 120_000

export interface DisruptionOptions {
  /** All resources that may control pods, custom ones among them. */
  resources(): readonly Resource[]
}

/** Counts for every disruption budget how many of its pods may be evicted now. Evictions subtract from that number. */
export function startDisruption(context: ControllerContext, { resources }: DisruptionOptions): Stop {
  const { client, clock } = context
  // Kubernetes' controller names its whole program as the source.
  const recorder = recorderOf(context, 'disruption', 'controllermanager')
  const budgets = context.informers.share(podDisruptionBudgets)
  const podInformer = context.informers.share(pods)
  budgets.addIndex('namespace', ({ metadata }) => metadata.namespace)
  podInformer.addIndex('namespace', ({ metadata }) => metadata.namespace)

  async function reconcile(key: string): Promise<Outcome> {
    const budget = budgets.get(key)
    if (!budget || budget.metadata.deletionTimestamp) return undefined
    const matching = podInformer
      .byIndex('namespace', budget.metadata.namespace)
      .filter((pod) => selects(budget.spec?.selector, pod.metadata.labels))
    if (matching.length === 0) record(budget, 'Normal', 'NoPods', 'No matching pods found')
    try {
      return await count(
        budget,
        matching.filter((pod) => !isPodTerminal(pod)),
      )
    } catch (error) {
      if (!isConflict(error)) await forbid(budget, messageOf(error))
      throw error
    }
  }

  async function count(budget: Stored<PodDisruptionBudget>, selected: readonly Stored<Pod>[]): Promise<Outcome> {
    const expected = await expectedOf(budget, selected)
    const desired = desiredOf(budget, expected)
    const going = stillGoing(budget.status?.disruptedPods ?? {}, selected, clock.now())
    const healthy = selected.filter(
      (pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp && going[pod.metadata.name] === undefined,
    ).length
    const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0
    await writeStatus(budget, {
      observedGeneration: budget.metadata.generation ?? 0,
      ...(Object.keys(going).length > 0 ? { disruptedPods: going } : {}),
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      expectedPods: expected,
      conditions: [
        conditionOf(
          budget,
          allowed > 0 ? { status: 'True', reason: 'SufficientPods' } : { status: 'False', reason: 'InsufficientPods' },
        ),
      ],
    })
    return Object.keys(going).length > 0 ? { requeueAfter: evictionMs } : undefined
  }

  /** Allows no eviction while the pods cannot be counted. */
  async function forbid(budget: Stored<PodDisruptionBudget>, message: string): Promise<void> {
    const counted = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...budget.status }
    await writeStatus(budget, {
      ...counted,
      disruptionsAllowed: 0,
      conditions: [conditionOf(budget, { status: 'False', reason: 'SyncFailed', message })],
    })
  }

  async function writeStatus(budget: Stored<PodDisruptionBudget>, status: PodDisruptionBudgetStatus): Promise<void> {
    if (jsonEqual(status, budget.status)) return
    await budgets.caughtUp(await client.updateStatus(podDisruptionBudgets, { ...budget, status }))
  }

  /**
   * How many pods are expected: the sum of their controllers' replicas, or the present pods for a plain number. A budget
   * without an amount expects none, and so allows no disruption (Kubernetes' getExpectedPodCount).
   */
  async function expectedOf(budget: Stored<PodDisruptionBudget>, selected: readonly Stored<Pod>[]): Promise<number> {
    const { minAvailable, maxUnavailable } = budget.spec ?? {}
    if (maxUnavailable === undefined && minAvailable === undefined) return 0
    if (maxUnavailable === undefined && typeof minAvailable === 'number') return selected.length
    if (selected.some((pod) => !controllerOf(pod))) record(budget, 'Warning', 'UnmanagedPods', unmanagedMessage(budget))
    try {
      return await scaleOf(selected)
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`
      record(budget, 'Warning', 'CalculateExpectedPodCountFailed', message)
      throw error
    }
  }

  /** @throws Error when a pod has a controller that does not say how many it wants; pods without one do not count */
  async function scaleOf(selected: readonly Stored<Pod>[]): Promise<number> {
    const seen = new Map<string, number>()
    for (const pod of selected) {
      const owner = controllerOf(pod)
      if (!owner || seen.has(owner.uid)) continue
      const replicas = await replicasOf(pod, owner)
      if (replicas === undefined) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`)
      seen.set(owner.uid, replicas)
    }
    return [...seen.values()].reduce((sum, replicas) => sum + replicas, 0)
  }

  /** The replicas of a controller, or of the Deployment above it; undefined where it is gone. */
  async function replicasOf(of: KubeObject, owner: OwnerReference): Promise<number | undefined> {
    const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
    const resource = resources().find((each) => each.kind === owner.kind && each.group === group)
    if (!resource) throw new Error(`no matches for kind ${JSON.stringify(owner.kind)} in version "${owner.apiVersion}"`)
    const ref = { name: owner.name, namespace: of.metadata.namespace }
    if (owner.kind === 'ReplicaSet' && group === 'apps') {
      const set = await orUndefined(client.get(replicaSets, ref))
      const above = set && controllerOf(set)
      if (above?.kind === 'Deployment' && set?.metadata.uid === owner.uid) return replicasOf(set, above)
    }
    const scale = await readScale(resource, ref)
    return scale?.metadata.uid === owner.uid ? (scale.spec?.replicas ?? 0) : undefined
  }

  async function readScale(resource: Resource, ref: Ref): Promise<Scale | undefined> {
    const path = objectPath(resource, ref, 'scale')
    const scale = await orUndefined(client.transport.request({ method: 'GET', path }))
    if (!scale && !(await hasScale(resource)))
      throw new Error(
        `${resource.plural}${resource.group && `.${resource.group}`} does not implement the scale subresource`,
      )
    return scale as Scale | undefined
  }

  async function hasScale({ group, version, plural }: Resource): Promise<boolean> {
    const path = group ? `/apis/${group}/${version}` : `/api/${version}`
    const { resources: served = [] } = (await client.transport.request({ method: 'GET', path })) as ApiResources
    return served.some(({ name }) => name === `${plural}/scale`)
  }

  function conditionOf(
    { status, metadata }: PodDisruptionBudget,
    judgement: { status: 'True' | 'False'; reason: string; message?: string },
  ): Condition {
    const update = {
      type: 'DisruptionAllowed',
      observedGeneration: metadata.generation ?? 0,
      message: '',
      ...judgement,
    }
    return withTransitionTime<Condition>(status?.conditions, update, timestamp(clock.now()))
  }

  const record = (
    budget: Stored<PodDisruptionBudget>,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void => recorder.event(withType(podDisruptionBudgets, budget), type, reason, message)

  const controller = runController({
    ...context,
    name: 'disruption',
    reconcile,
    shares: [budgets, podInformer],
    workers: 2,
    watches: [
      watch(budgets, keyOf),
      watch(podInformer, (pod) =>
        budgets
          .byIndex('namespace', pod.metadata.namespace)
          .filter(({ spec }) => selects(spec?.selector, pod.metadata.labels))
          .map(keyOf),
      ),
    ],
  })
  return () => controller.stop()
}

/** Discovery of one version of a group. */
interface ApiResources {
  resources?: { name: string }[]
}

/** Undefined where what is asked for does not exist. */
async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** How many of the expected pods must stay healthy; percentages round up, as in Kubernetes. */
function desiredOf({ spec }: PodDisruptionBudget, expected: number): number {
  const { minAvailable, maxUnavailable } = spec ?? {}
  if (maxUnavailable !== undefined) return Math.max(0, expected - amountOf(maxUnavailable, expected))
  return minAvailable === undefined ? 0 : amountOf(minAvailable, expected)
}

const amountOf = (value: number | string, of: number): number =>
  typeof value === 'number' ? value : Math.ceil((parseInt(value, 10) * of) / 100)

const unmanagedMessage = ({ spec }: PodDisruptionBudget): string =>
  `Pods selected by this PodDisruptionBudget (selector: ${goSelectorText(spec?.selector)}) were found to be unmanaged. As a ` +
  'result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account ' +
  'for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'

function stillGoing(
  disrupted: Readonly<Record<string, string>>,
  selected: readonly Pod[],
  now: number,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(disrupted).filter(([name, since]) => {
      const pod = selected.find(({ metadata }) => metadata.name === name)
      return pod !== undefined && !pod.metadata.deletionTimestamp && Date.parse(since) + evictionMs > now
    }),
  )
}
