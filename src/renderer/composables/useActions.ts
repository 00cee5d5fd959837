import { refOf, type Client } from '#shared/client/client.ts'
import type { Deployment, Pod, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { deployments, nodes, pods, replicaSets, type Resource } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'

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
    cordon: (object: Stored, unschedulable: boolean) =>
      client().patch(nodes, refOf(object), { type: 'merge', body: { ...onlyThis(object), spec: { unschedulable } } }),

    /** Revisions of a Deployment, newest first. */
    async revisions(object: Stored): Promise<{ revision: number; set: ReplicaSet }[]> {
      const { items } = await client().list(replicaSets, { namespace: object.metadata.namespace })
      return items
        .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid))
        .map((set) => ({ revision: Number(set.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0), set }))
        .sort((a, b) => b.revision - a.revision)
    },
    /** Sets a Deployment's pod template to that of a revision. */
    rollBack(object: Stored, set: ReplicaSet): Promise<Deployment> {
      const template = structuredClone(set.spec?.template ?? {}) as { metadata?: { labels?: Record<string, string> } }
      delete template.metadata?.labels?.['pod-template-hash']
      return client().patch(deployments, refOf(object), {
        type: 'json',
        body: [
          { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
          { op: 'replace', path: '/spec/template', value: template },
        ],
      })
    },
    /** Cordons a node, then evicts its pods except those of DaemonSets. @param onProgress called after each eviction */
    async drain(object: Stored, onProgress: (done: number, of: number) => void): Promise<void> {
      await this.cordon(object, true)
      const { items } = await client().list(pods, { fieldSelector: `spec.nodeName=${object.metadata.name}` })
      const leaving = items.filter(
        (pod) => !ownedByDaemonSet(pod) && !isMirror(pod) && pod.metadata.deletionTimestamp === undefined,
      )
      let done = 0
      for (const pod of leaving) {
        await evict(client(), pod)
        onProgress(++done, leaving.length)
      }
    },
  }
}

export type ClusterActions = ReturnType<typeof useActions>

/** The uid of a patch is a precondition. */
const onlyThis = ({ metadata: { uid } }: KubeObject): object => (uid ? { metadata: { uid } } : {})

const ownedByDaemonSet = ({ metadata }: Pod): boolean =>
  metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'DaemonSet') ?? false
const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined

/** Evicts a pod. A disruption budget may refuse for a while (429): tries again until it allows. */
async function evict(client: Client, pod: Stored<Pod>): Promise<void> {
  const ref = { namespace: pod.metadata.namespace, name: pod.metadata.name }
  const deleteOptions = { preconditions: { uid: pod.metadata.uid } }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: ref, deleteOptions }
  for (let tries = 0; ; tries++) {
    try {
      await client.post(pods, ref, 'eviction', body)
      return
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return
      if (!(error instanceof ApiError) || error.code !== 429 || tries > 60) throw error
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }
}
