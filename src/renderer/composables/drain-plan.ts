import type { Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { selects } from '#shared/kube/selectors.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/**
 * What a drain does to a pod, as `kubectl drain` judges it: what a controller starts again moves; a bare pod is gone, and
 * data in an emptyDir are lost, both only if the user says so; what has ended is deleted; pods of DaemonSets and of files stay.
 */
export type Fate = 'moves' | 'bare' | 'emptyDir' | 'bareEmptyDir' | 'ended' | 'stays'

export interface DrainRow {
  pod: Stored<Pod>
  fate: Fate
  /** `ReplicaSet web-1`; '' when nothing owns it. */
  owner: string
  /** A budget that allows no eviction now: the drain waits for it. */
  budget?: string
}

export interface DrainChoice {
  /** `--force`: delete pods that nothing starts again. */
  force: boolean
  /** `--delete-emptydir-data`. */
  deleteEmptyDirData: boolean
}

/** What a drain of a node would do to each of its pods; those that are leaving anyway are left out. */
export function drainPlan(pods: readonly Stored<Pod>[], budgets: readonly PodDisruptionBudget[]): DrainRow[] {
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((pod) => {
      const controller = controllerOf(pod)
      const fate = fateOf(pod, controller?.kind)
      const budget = fate === 'stays' ? undefined : budgets.find((each) => blocks(each, pod))
      return {
        pod,
        fate,
        owner: controller ? `${controller.kind} ${controller.name}` : '',
        ...(budget?.metadata.name ? { budget: budget.metadata.name } : {}),
      }
    })
    .sort((a, b) => order[a.fate] - order[b.fate] || a.pod.metadata.name.localeCompare(b.pod.metadata.name))
}

const order: Record<Fate, number> = { bareEmptyDir: 0, bare: 1, emptyDir: 2, moves: 3, ended: 4, stays: 5 }

function fateOf(pod: Pod, controller: string | undefined): Fate {
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined || controller === 'DaemonSet')
    return 'stays'
  // What has ended loses nothing any more.
  if (isPodTerminal(pod)) return 'ended'
  const hasData = pod.spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) ?? false
  if (controller === undefined) return hasData ? 'bareEmptyDir' : 'bare'
  return hasData ? 'emptyDir' : 'moves'
}

const blocks = ({ metadata, spec, status }: PodDisruptionBudget, pod: Stored<Pod>): boolean =>
  metadata.namespace === pod.metadata.namespace &&
  (status?.disruptionsAllowed ?? 0) === 0 &&
  selects(spec?.selector, pod.metadata.labels)

/** The pods that a drain does not evict unless the user says so. */
export const refusedPods = (plan: readonly DrainRow[], { force, deleteEmptyDirData }: DrainChoice): DrainRow[] =>
  plan.filter(
    ({ fate }) =>
      (!force && (fate === 'bare' || fate === 'bareEmptyDir')) ||
      (!deleteEmptyDirData && (fate === 'emptyDir' || fate === 'bareEmptyDir')),
  )

export const evictedPods = (plan: readonly DrainRow[]): DrainRow[] => plan.filter(({ fate }) => fate !== 'stays')
