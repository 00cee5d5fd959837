import { clusterVolumeProvisioner } from '#shared/kube/cluster-volumes.ts'
import { setCondition, withoutCondition } from '#shared/kube/conditions.ts'
import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { provisionedBy } from '#shared/kube/volume-binding.ts'

export type ModifyDecision =
  { do: 'nothing' } | { do: 'tell'; status: PersistentVolumeClaim['status']; message?: string }

/** Why a class of attributes cannot be had: a folder has no attributes. */
export const attributesProblem = (name: string, attributes: VolumeAttributesClass | undefined): string => {
  if (!attributes) return `VAC ${name} does not exist.`
  const parameters = Object.keys(attributes.parameters ?? {}).sort()
  return `rpc error: code = InvalidArgument desc = volumes of ${clusterVolumeProvisioner} have none of the attributes of class "${name}": ${parameters.join(', ')}`
}

/**
 * What a claim is told that asks for another class of attributes (external-resizer, pkg/modifycontroller): that it waits for
 * the class, or that its volume cannot have it; and nothing more once it asks for what it has.
 */
export function decideModify(
  claim: Stored<PersistentVolumeClaim>,
  volume: Stored<PersistentVolume> | undefined,
  attributes: Stored<VolumeAttributesClass> | undefined,
  now: string,
): ModifyDecision {
  const { spec, status, metadata } = claim
  if (!volume || !status || status.phase !== 'Bound' || metadata.deletionTimestamp) return { do: 'nothing' }
  if (volume.metadata.annotations?.[provisionedBy] !== clusterVolumeProvisioner) return { do: 'nothing' }
  const target = spec?.volumeAttributesClassName ?? ''
  if (target === (status.currentVolumeAttributesClassName ?? '')) {
    if (!status.modifyVolumeStatus) return { do: 'nothing' }
    const { modifyVolumeStatus: _, conditions, ...kept } = status
    const left = withoutCondition(conditions, 'ModifyingVolume')
    return { do: 'tell', status: { ...kept, ...(left.length > 0 ? { conditions: left } : {}) } }
  }
  if (attributes && attributes.driverName !== clusterVolumeProvisioner) return { do: 'nothing' }
  const modifyVolumeStatus = {
    targetVolumeAttributesClassName: target,
    status: attributes ? 'Infeasible' : 'Pending',
  }
  if (jsonEqual(status.modifyVolumeStatus, modifyVolumeStatus)) return { do: 'nothing' }
  const message = attributesProblem(target, attributes)
  const condition = { type: 'ModifyingVolume', status: 'True', message }
  const conditions = attributes
    ? setCondition(status.conditions, condition, now)
    : withoutCondition(status.conditions, 'ModifyingVolume')
  const { conditions: _, ...kept } = status
  return {
    do: 'tell',
    status: { ...kept, modifyVolumeStatus, ...(conditions.length > 0 ? { conditions } : {}) },
    message,
  }
}
