import type { Node, PersistentVolume, Pod, VolumeAttachment } from '#shared/kube/generated/types.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import type { Stored } from '#shared/kube/object.ts'

type Attachment = Stored<VolumeAttachment>

export interface AttachView {
  /** Undefined when it is gone, or its driver's volumes are not attached. */
  volume: Stored<PersistentVolume> | undefined
  attachments: readonly Attachment[]
  /** Pods that use the volume, by their node. */
  wanted: ReadonlyMap<string, readonly Stored<Pod>[]>
  /** How long a node has been without the pods of its attachment, ms. */
  unwantedMs(attachment: Attachment): number
  node(name: string): Stored<Node> | undefined
  /** Name of the volume in a node's status. */
  uniqueName: string
}

export type AttachStep =
  | { do: 'attach'; node: string }
  | { do: 'detach'; attachment: Attachment }
  /** A node uses the volume still. */
  | { do: 'wait'; node: string }
  /** The volume is on another node, and may not be on two. */
  | { do: 'refuse'; node: string; message: string }

/** How long an unhealthy node may hold a volume that no pod of it has, ms (maxWaitForUnmountDuration). */
export const forceDetachMs = 360_000
const outOfService = 'node.kubernetes.io/out-of-service'

/** What is attached and detached of one volume (attachdetach: reconciler.go). */
export function decideAttachments(view: AttachView): AttachStep[] {
  const { attachments, wanted } = view
  const steps = attachments
    .filter(({ metadata, spec }) => !metadata.deletionTimestamp && !wanted.has(spec.nodeName))
    .map((attachment): AttachStep =>
      mayDetach(attachment, view) ? { do: 'detach', attachment } : { do: 'wait', node: attachment.spec.nodeName },
    )
  if (!view.volume) return steps
  const nodesWith = new Set(attachments.map(({ spec }) => spec.nodeName))
  for (const node of [...wanted.keys()].sort()) {
    if (nodesWith.has(node)) continue
    if (nodesWith.size > 0 && !isShareable(view.volume)) {
      steps.push({ do: 'refuse', node, message: multiAttach(view.volume.metadata.name, wanted, nodesWith, node) })
      continue
    }
    nodesWith.add(node)
    steps.push({ do: 'attach', node })
  }
  return steps
}

function mayDetach(attachment: Attachment, { node: find, uniqueName, unwantedMs }: AttachView): boolean {
  const node = find(attachment.spec.nodeName)
  if (!node?.status?.volumesInUse?.includes(uniqueName)) return true
  if (node.spec?.taints?.some(({ key }) => key === outOfService)) return true
  return !isNodeReady(node) && unwantedMs(attachment) > forceDetachMs
}

const isShareable = ({ spec }: PersistentVolume): boolean =>
  !spec?.accessModes?.length || spec.accessModes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')

/** Pods of other namespaces are counted, not named (reportMultiAttachError). */
function multiAttach(
  volume: string,
  wanted: AttachView['wanted'],
  nodesWith: ReadonlySet<string>,
  node: string,
): string {
  const own = wanted.get(node)?.[0]?.metadata.namespace
  const users = [...nodesWith].flatMap((other) => wanted.get(other) ?? [])
  const named = users.filter(({ metadata }) => metadata.namespace === own).map(({ metadata }) => metadata.name)
  const others = users.length - named.length
  const begin = `Multi-Attach error for volume "${volume}" Volume is already`
  if (users.length === 0) return `${begin} exclusively attached to one node and can't be attached to another`
  if (named.length === 0) return `${begin} used by ${others} pod(s) in different namespaces`
  const rest = others > 0 ? ` and ${others} pod(s) in different namespaces` : ''
  return `${begin} used by pod(s) ${named.sort().join(', ')}${rest}`
}
