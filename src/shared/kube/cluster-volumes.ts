import type { Node, PersistentVolume, VolumeNodeAffinity } from './generated/types.ts'

/** Volumes of the default class: folders on a Docker volume that all workers of a cluster have mounted. */

/** The provisioner of the class `standard`. */
export const clusterVolumeProvisioner = 'slipway.dev/cluster-volume'

/** Where workers have the cluster's volume mounted; each PersistentVolume is a folder in it. */
export const clusterVolumesRoot = '/var/lib/slipway/volumes'

/** Where a worker without the cluster's volume keeps such folders: on the volume of its kubelet. */
export const nodeVolumesRoot = '/var/lib/kubelet/cluster-volumes'

/** Label of a node whose worker was made before there was a cluster's volume; its value is `node`. */
export const storageLabel = 'slipway.dev/storage'

/** The folders of volumes, through a worker that has them. Every call may be repeated. */
export interface VolumeData {
  /** Removes the folder of a volume; nothing happens when there is none. @throws Error when it may still be there */
  remove(node: string, volume: string): Promise<void>
  /** Copies the folder of the volume `from` to that of `to`. @throws Error when it is not complete */
  copy(node: string, from: string, to: string): Promise<void>
}

const hostname = 'kubernetes.io/hostname'

export const hasClusterVolume = (node: Node): boolean => node.metadata.labels?.[storageLabel] !== 'node'

/** Where a new volume is, and which nodes reach it. @param node the one it is provisioned for, if any */
export function placeOf(name: string, node: Node | undefined): { path: string; nodeAffinity: VolumeNodeAffinity } {
  if (node && !hasClusterVolume(node))
    return { path: `${nodeVolumesRoot}/${name}`, nodeAffinity: affinity(hostname, 'In', node.metadata.name ?? '') }
  return { path: `${clusterVolumesRoot}/${name}`, nodeAffinity: affinity(storageLabel, 'NotIn', 'node') }
}

const affinity = (key: string, operator: 'In' | 'NotIn', value: string): VolumeNodeAffinity => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values: [value] }] }] },
})

/** The one node that has the volume's data; undefined when it is on the cluster's volume. */
export const onlyNodeOf = ({ spec }: PersistentVolume): string | undefined =>
  spec?.nodeAffinity?.required?.nodeSelectorTerms
    .flatMap(({ matchExpressions = [] }) => matchExpressions)
    .find(({ key, operator }) => key === hostname && operator === 'In')?.values?.[0]

/** Name of the folder that a path is; undefined for any other path of a node. */
export function volumeFolderOf(path: string): { root: string; name: string } | undefined {
  for (const root of [clusterVolumesRoot, nodeVolumesRoot]) {
    const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : ''
    if (isVolumeName(name)) return { root, name }
  }
  return undefined
}

/** Whether a text is the name of a PersistentVolume, and so no path beyond one folder. */
export const isVolumeName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name)
