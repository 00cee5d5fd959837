import { readImageReference, taggedImage } from '#shared/kube/image-reference.ts'
import { maxScore, type Plugin } from '../framework.ts'
import type { ClusterState } from '../cluster-state.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'

const megabyte = 2 ** 20
/** Less than this is pulled in no time; more than that (per container) makes no further difference. */
const leastBytes = 23 * megabyte
const mostBytes = 1000 * megabyte

/** Prefers nodes that have the pod's images, the more so the larger they are and the more nodes have them. */
export const imageLocality = (): Plugin => ({
  name: 'ImageLocality',

  plan(pod, cluster) {
    const { names, containers } = imagesOf(pod)
    const known = names.filter((name) => cluster.imageHolders(name) > 0)
    if (known.length === 0) return undefined
    return { score: { score: (node) => scoreOf(bytesOn(node, known, cluster), containers) } }
  },
})

function imagesOf({ pod }: PodInfo): { names: string[]; containers: number } {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return { names: containers.map(({ image = '' }) => fullName(image)), containers: containers.length }
}

/** An image without tag or digest means its `latest`; a name that is none is on no node. */
const fullName = (image: string): string => (readImageReference(image) ? taggedImage(image) : image)

/** Scaled by how many nodes have an image, so that one node that has it does not draw all pods. */
function bytesOn(node: NodeInfo, names: readonly string[], cluster: ClusterState): number {
  let sum = 0
  for (const name of names) {
    const size = node.images.get(name)
    if (size !== undefined) sum += Math.floor((size * cluster.imageHolders(name)) / cluster.nodes.length)
  }
  return sum
}

function scoreOf(bytes: number, containers: number): number {
  const most = mostBytes * Math.max(1, containers)
  const clamped = Math.min(Math.max(bytes, leastBytes), most)
  return Math.floor((maxScore * (clamped - leastBytes)) / (most - leastBytes))
}
