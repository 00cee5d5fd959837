import { createHash } from 'node:crypto'
import { parseDocument } from 'yaml'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { mirrorAnnotation } from '#shared/kube/pod.ts'
import { sourceAnnotation } from '../pod/critical.ts'

export const hashAnnotation = 'kubernetes.io/config.hash'
const seenAnnotation = 'kubernetes.io/config.seen'

/** A pod of a file on this node. Its uid is made from the file: another content is another pod. */
export interface StaticPod {
  uid: string
  name: string
  namespace: string
  pod: Pod
}

/**
 * The pod of a manifest, as the kubelet completes it (pkg/kubelet/config: applyDefaults).
 * @throws Error for the user, where it is not the manifest of a pod
 */
export function readManifest(text: string, { path, nodeName }: { path: string; nodeName: string }): StaticPod {
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem) throw new Error(problem.message.split('\n')[0])
  const given = document.toJS({ maxAliasCount: 100 }) as Pod | null
  if (given?.kind !== 'Pod' || given.apiVersion !== 'v1') throw new Error('not a manifest of kind Pod, apiVersion v1')
  if (!given.metadata?.name) throw new Error('metadata.name: Required value')
  if (!given.spec?.containers?.length) throw new Error('spec.containers: Required value')
  const uid = given.metadata.uid ?? uidOf(text, path, nodeName)
  const name = `${given.metadata.name}-${nodeName.toLowerCase()}`
  const namespace = given.metadata.namespace ?? 'default'
  const { labels, annotations } = given.metadata
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [hashAnnotation]: uid, [sourceAnnotation]: 'file' },
    },
    spec: {
      ...given.spec,
      nodeName,
      // It runs whatever becomes of its node.
      tolerations: [...(given.spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
  }
  return { uid, name, namespace, pod }
}

const uidOf = (text: string, path: string, nodeName: string): string =>
  createHash('md5').update(text).update(`host:${nodeName}`).update(`file:${path}`).digest('hex')

/** The object that shows the pod to users of the API. It goes with the node, and is nobody's to change. */
export function mirrorOf({ pod, uid }: StaticPod, node: Stored<Node>, seenAt: string): Pod {
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, [seenAnnotation]: seenAt, [mirrorAnnotation]: uid },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid, controller: true },
      ],
    },
  }
}

/**
 * What the node runs: the pod of the file, with the API server's defaults, and the status that its mirror has. Containers,
 * volumes and events are those of the static pod's own uid.
 */
export function runnableOf({ uid }: Pick<StaticPod, 'uid'>, mirror: Stored<Pod>): Stored<Pod> {
  const { [mirrorAnnotation]: _mirror, ...annotations } = mirror.metadata.annotations ?? {}
  const { deletionTimestamp: _at, deletionGracePeriodSeconds: _grace, ...metadata } = mirror.metadata
  return { ...mirror, metadata: { ...metadata, uid, annotations } }
}
