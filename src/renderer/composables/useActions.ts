import { messageOf } from '#shared/base/message-of.ts'
import { refOf, type Client, type Ref } from '#shared/client/client.ts'
import type {
  ControllerRevision,
  CronJob,
  Job,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import {
  controllerRevisions,
  deployments,
  jobs,
  nodes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  type Resource,
} from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { drainPlan, type DrainRow } from './drain-plan.ts'

/**
 * What can be done to objects, in the API's own terms: each is what kubectl does for the same word. Every write carries the
 * object's uid, so that the server refuses it for another object of the same name.
 */
export function useActions(client: () => Client) {
  return {
    /** Deletes the object, and in the background what it owns. One that no longer exists counts as deleted. @throws ApiError */
    remove: (resource: Resource, object: Stored) =>
      client()
        .delete(resource, refOf(object), {
          propagationPolicy: 'Background',
          ...(object.metadata.uid ? { preconditions: { uid: object.metadata.uid } } : {}),
        })
        .catch((error: unknown) => {
          if (!(error instanceof ApiError) || error.code !== 404) throw error
        }),
    scale: (resource: Resource, object: Stored, replicas: number) =>
      client().patch(
        resource,
        refOf(object),
        { type: 'merge', body: { ...onlyThis(object), spec: { replicas } } },
        { subresource: 'scale' },
      ),
    restart: (resource: Resource, object: Stored) => {
      const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() }
      return client().patch(resource, refOf(object), {
        type: 'strategic',
        body: { ...onlyThis(object), spec: { template: { metadata: { annotations } } } },
      })
    },
    /** Sets labels; those of null are removed. */
    label: (resource: Resource, object: Stored, labels: Readonly<Record<string, string | null>>) =>
      client().patch(resource, refOf(object), {
        type: 'merge',
        body: { metadata: { ...(object.metadata.uid ? { uid: object.metadata.uid } : {}), labels } },
      }),
    annotate: (resource: Resource, object: Stored, annotations: Readonly<Record<string, string | null>>) =>
      client().patch(resource, refOf(object), {
        type: 'merge',
        body: { metadata: { ...(object.metadata.uid ? { uid: object.metadata.uid } : {}), annotations } },
      }),
    cordon: (object: Stored, unschedulable: boolean) =>
      client().patch(nodes, refOf(object), { type: 'merge', body: { ...onlyThis(object), spec: { unschedulable } } }),

    /** The ReplicaSets of a Deployment's namespace, which hold its revisions. */
    async replicaSets(object: Stored): Promise<Stored<ReplicaSet>[]> {
      return (await client().list(replicaSets, { namespace: object.metadata.namespace })).items
    },
    /** The ControllerRevisions of a namespace, which hold the revisions of StatefulSets and DaemonSets. */
    async controllerRevisions(object: Stored): Promise<Stored<ControllerRevision>[]> {
      return (await client().list(controllerRevisions, { namespace: object.metadata.namespace })).items
    },
    /** How many objects of a kind there are in a namespace. @throws ApiError */
    async count(resource: Resource, namespace: string): Promise<number> {
      const { items, metadata } = await client().list(resource, { namespace, limit: 1 })
      return items.length + (metadata.remainingItemCount ?? 0)
    },
    /** All objects of a kind in a namespace. @throws ApiError */
    async list(resource: Resource, namespace: string | undefined): Promise<Stored[]> {
      return (await client().list(resource, namespace === undefined ? {} : { namespace })).items
    },
    /** One object. @throws ApiError */
    get: <T extends KubeObject>(resource: Resource<T>, ref: Ref): Promise<Stored<T>> => client().get(resource, ref),
    /** Sets the pod template of a workload to that of a revision. */
    rollBack(resource: Resource, object: Stored, of: PodTemplateSpec | undefined): Promise<unknown> {
      const template: PodTemplateSpec = structuredClone(of ?? {})
      delete template.metadata?.labels?.['pod-template-hash']
      return client().patch(resource, refOf(object), {
        type: 'json',
        body: [
          { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
          { op: 'replace', path: '/spec/template', value: template },
        ],
      })
    },
    /** What a drain of the node would do to its pods. Budgets that may not be read are told by the server later. */
    async planDrain(object: Stored): Promise<DrainRow[]> {
      const [{ items }, budgets] = await Promise.all([
        client().list(pods, { fieldSelector: `spec.nodeName=${object.metadata.name}` }),
        client()
          .list(podDisruptionBudgets)
          .catch(() => ({ items: [] })),
      ])
      return drainPlan(items, budgets.items)
    },
    /**
     * Cordons a node, then evicts the pods all at once. One whose budget allows no eviction is tried again until it does,
     * or until the caller stops.
     * @param onProgress called when the state of a pod, by its uid, changes
     * @throws Error naming the pods that were not evicted
     */
    async drain(object: Stored, leaving: readonly Stored<Pod>[], { onProgress, signal }: DrainRun): Promise<void> {
      await this.cordon(object, true)
      const failures: string[] = []
      await Promise.all(
        leaving.map(async (pod) => {
          try {
            await evict(client(), pod, { onBlocked: () => onProgress(pod.metadata.uid, 'blocked'), signal })
            onProgress(pod.metadata.uid, 'evicted')
          } catch (error) {
            onProgress(pod.metadata.uid, 'failed')
            failures.push(`${pod.metadata.name}: ${messageOf(error)}`)
          }
        }),
      )
      if (failures.length > 0) throw new Error(failures.join('\n'))
    },
    /** Stops or resumes a rollout. */
    pause: (object: Stored, paused: boolean) =>
      client().patch(deployments, refOf(object), { type: 'merge', body: { ...onlyThis(object), spec: { paused } } }),
    /** Suspends or resumes a Job or a CronJob. */
    suspend: (resource: Resource, object: Stored, suspend: boolean) =>
      client().patch(resource, refOf(object), { type: 'merge', body: { ...onlyThis(object), spec: { suspend } } }),
    /** Starts a Job of a CronJob now, as `kubectl create job --from` does. */
    runNow(cronJob: CronJob & Stored, name: string): Promise<Job> {
      const { metadata, spec } = cronJob.spec?.jobTemplate ?? {}
      return client().create(jobs, {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name,
          namespace: cronJob.metadata.namespace,
          ...(metadata?.labels ? { labels: metadata.labels } : {}),
          annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...metadata?.annotations },
          ownerReferences: [
            {
              apiVersion: 'batch/v1',
              kind: 'CronJob',
              name: cronJob.metadata.name,
              uid: cronJob.metadata.uid,
              controller: true,
            },
          ],
        },
        ...(spec ? { spec } : {}),
      })
    },
  }
}

/** How far a drain is with a pod. */
export type EvictionState = 'blocked' | 'evicted' | 'failed'
export interface DrainRun {
  onProgress(uid: string, state: EvictionState): void
  signal: AbortSignal
}

export type ClusterActions = ReturnType<typeof useActions>

/** The uid of a patch is a precondition. */
const onlyThis = ({ metadata: { uid } }: KubeObject): object => (uid ? { metadata: { uid } } : {})

/** Time between two tries to evict a pod whose budget refuses, ms: kubectl's. */
const evictionRetry = 5_000

/** Evicts a pod. A disruption budget may refuse for a while (429): tries again until it allows. @throws when aborted */
async function evict(
  client: Client,
  pod: Stored<Pod>,
  { onBlocked, signal }: { onBlocked(): void; signal: AbortSignal },
): Promise<void> {
  const ref = { namespace: pod.metadata.namespace, name: pod.metadata.name }
  const deleteOptions = { preconditions: { uid: pod.metadata.uid } }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: ref, deleteOptions }
  for (;;) {
    signal.throwIfAborted()
    try {
      await client.post(pods, ref, 'eviction', body)
      return
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return
      if (!(error instanceof ApiError) || error.code !== 429) throw error
      onBlocked()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, evictionRetry)
        const stop = (): void => {
          clearTimeout(timer)
          resolve()
        }
        signal.addEventListener('abort', stop, { once: true })
      })
    }
  }
}
