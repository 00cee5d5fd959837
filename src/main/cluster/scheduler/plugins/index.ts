import type { ExtensionPoint, PluginFactory } from '../framework.ts'
import { dynamicResources } from './dynamic-resources/index.ts'
import { imageLocality } from './image-locality.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeName } from './node-name.ts'
import { nodePorts } from './node-ports.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'
import { nodeVolumeLimits } from './node-volume-limits.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { schedulingGates } from './scheduling-gates.ts'
import { taintToleration } from './taint-toleration.ts'
import { volumeBinding } from './volume-binding.ts'
import { volumeRestrictions } from './volume-restrictions.ts'
import { volumeZone } from './volume-zone.ts'

export interface PluginRegistration {
  name: string
  /** Points that it has something to do at. */
  points: readonly ExtensionPoint[]
  /** Weight of its scores in the default profile; 1 when unset. */
  weight?: number
  /** Unset for what the scheduler itself does: order, preemption, binding. */
  create?: PluginFactory
}

/** Kubernetes' default profile, in the order of its filters; the first that rejects a node ends its evaluation. */
export const registeredPlugins: readonly PluginRegistration[] = [
  { name: 'SchedulingGates', points: ['preEnqueue'], create: schedulingGates },
  { name: 'PrioritySort', points: ['queueSort'] },
  { name: 'NodeUnschedulable', points: ['filter'], create: nodeUnschedulable },
  { name: 'NodeName', points: ['filter'], create: nodeName },
  { name: 'TaintToleration', points: ['filter', 'score'], weight: 3, create: taintToleration },
  { name: 'NodeAffinity', points: ['filter', 'score'], weight: 2, create: nodeAffinity },
  { name: 'NodePorts', points: ['filter'], create: nodePorts },
  { name: 'NodeResourcesFit', points: ['filter', 'score'], create: nodeResourcesFit },
  { name: 'VolumeRestrictions', points: ['filter'], create: volumeRestrictions },
  { name: 'NodeVolumeLimits', points: ['filter'], create: nodeVolumeLimits },
  { name: 'VolumeBinding', points: ['filter', 'reserve'], create: volumeBinding },
  { name: 'VolumeZone', points: ['filter'], create: volumeZone },
  { name: 'PodTopologySpread', points: ['filter', 'score'], weight: 2, create: podTopologySpread },
  { name: 'InterPodAffinity', points: ['filter', 'score'], weight: 2, create: interPodAffinity },
  {
    name: 'DynamicResources',
    points: ['preEnqueue', 'filter', 'postFilter', 'score', 'reserve'],
    weight: 2,
    create: dynamicResources,
  },
  { name: 'DefaultPreemption', points: ['postFilter'] },
  { name: 'NodeResourcesBalancedAllocation', points: ['score'], create: nodeResourcesBalancedAllocation },
  { name: 'ImageLocality', points: ['score'], create: imageLocality },
  { name: 'DefaultBinder', points: ['bind'] },
]
