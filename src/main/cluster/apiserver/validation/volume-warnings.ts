import type { PersistentVolume } from '#shared/kube/generated/types.ts'
import type { Wire } from '../api/wire.ts'
import { selectorTermWarnings } from './node-label-warnings.ts'

/** Sources of volumes whose plugins are gone, of pods and of PersistentVolumes. */
export const deprecatedSources = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const

const deprecatedAnnotations = [
  ['volume.beta.kubernetes.io/storage-class', 'deprecated since v1.8; use "storageClassName" attribute instead'],
  ['volume.beta.kubernetes.io/mount-options', 'deprecated since v1.31; use "mountOptions" attribute instead'],
] as const

/** Warnings about a volume that is valid but of yesterday. */
export function persistentVolumeWarnings({ metadata, spec = {} }: Wire<PersistentVolume>): string[] {
  const warnings: string[] = []
  for (const [key, problem] of deprecatedAnnotations)
    if (metadata?.annotations?.[key] !== undefined) warnings.push(`metadata.annotations[${key}]: ${problem}`)
  if (spec.persistentVolumeReclaimPolicy === 'Recycle')
    warnings.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    )
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, i) => {
    warnings.push(...selectorTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`))
  })
  for (const [source, problem] of deprecatedSources)
    if (spec[source] !== undefined) warnings.push(`spec.${source}: ${problem}`)
  return warnings
}
