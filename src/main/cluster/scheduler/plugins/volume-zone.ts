import { jsonEqual } from '#shared/kube/json.ts'
import type { PersistentVolume } from '#shared/kube/generated/types.ts'
import { unresolvable, type Plugin, type PluginContext } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import { claimsOf, usesClaim } from '../pod-claims.ts'
import type { PodInfo } from '../pod-info.ts'

const elsewhere = unresolvable('node(s) had no available volume zone')

/** Zone and region labels of volumes and nodes, with the names that the old ones have now. */
const zoneLabels = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
])

/** Filters nodes outside of the zones and regions that the labels of the pod's bound volumes name. */
export const volumeZone = ({ informers }: Pick<PluginContext, 'informers'>): Plugin => {
  /** Zones of the pod's volumes, or why there is one that no node can have. */
  function zonesOf(pod: PodInfo): Zones[] | string {
    const zones: Zones[] = []
    for (const { name, ephemeral } of claimsOf(pod.pod)) {
      const volumeName = ephemeral ? undefined : informers.claims.get(`${pod.namespace}/${name}`)?.spec?.volumeName
      if (!volumeName) continue
      const volume = informers.volumes.get(volumeName)
      if (!volume) return `persistentvolume "${volumeName}" not found`
      zones.push(...zonesOfVolume(volume))
    }
    return zones
  }

  return {
    name: 'VolumeZone',

    plan(pod) {
      if (pod.claims.length === 0) return undefined
      const zones = zonesOf(pod)
      if (typeof zones === 'string') return { impossible: zones }
      if (zones.length === 0) return undefined
      return { filter: (node) => (isWithin(zones, node) ? undefined : elsewhere) }
    },

    interests: ['node-added', 'node-labels', 'claim', 'volume', 'storage-class'],
    mayHelp(change, { pod }) {
      switch (change.type) {
        case 'claim':
          return change.action !== 'deleted' && usesClaim(pod, change.object)
        case 'volume':
          if (change.action !== 'updated') return change.action === 'added'
          return !jsonEqual(change.previous?.metadata.labels, change.object.metadata.labels)
        case 'storage-class':
          return change.action === 'added' && change.object.volumeBindingMode === 'WaitForFirstConsumer'
        default:
          return change.type === 'node-added' || change.type === 'node-labels'
      }
    },
  }
}

interface Zones {
  label: string
  values: ReadonlySet<string>
}

/** A label names several zones with `__` between them; one with an empty zone is ignored. */
function zonesOfVolume({ metadata }: PersistentVolume): Zones[] {
  return [...zoneLabels.keys()].flatMap((label) => {
    const values = metadata.labels?.[label]?.split('__').map((zone) => zone.trim())
    return values && !values.includes('') ? [{ label, values: new Set(values) }] : []
  })
}

/** A node without any such label is in a cluster of one zone. */
function isWithin(zones: readonly Zones[], { labels }: NodeInfo): boolean {
  if (![...zoneLabels.keys()].some((label) => labels[label] !== undefined)) return true
  return zones.every(({ label, values }) => {
    const value = labels[label] ?? labels[zoneLabels.get(label) ?? label]
    return value !== undefined && values.has(value)
  })
}
