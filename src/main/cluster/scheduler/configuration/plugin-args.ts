import type { NodeAffinity, TopologySpreadConstraint } from '#shared/kube/generated/types.ts'

/** Arguments of the plugins of a profile, by plugin: those of `kubescheduler.config.k8s.io/v1`. */
export interface PluginArgs {
  DefaultPreemption: { minCandidateNodesPercentage: number; minCandidateNodesAbsolute: number }
  InterPodAffinity: { hardPodAffinityWeight: number; ignorePreferredTermsOfExistingPods: boolean }
  NodeAffinity: { addedAffinity?: NodeAffinity | undefined }
  NodeResourcesBalancedAllocation: { resources: readonly WeightedResource[] }
  NodeResourcesFit: {
    /** Extended resources that are not filtered by, by name and by group (`example.com` of `example.com/gpu`). */
    ignoredResources: readonly string[]
    ignoredResourceGroups: readonly string[]
    scoringStrategy: ScoringStrategy
  }
  PodTopologySpread: {
    /** Of pods that have none of their own. */
    defaultConstraints: readonly Omit<TopologySpreadConstraint, 'labelSelector'>[]
    /** `System`: Kubernetes' own default constraints. */
    defaultingType: 'System' | 'List'
  }
  VolumeBinding: { bindTimeoutSeconds: number }
}

export interface WeightedResource {
  name: string
  weight: number
}

export interface ScoringStrategy {
  type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio'
  resources: readonly WeightedResource[]
  /** Of RequestedToCapacityRatio: scores (0 … 10) at utilizations (percent), by rising utilization. */
  shape: readonly ShapePoint[]
}

export interface ShapePoint {
  utilization: number
  score: number
}

const cpuAndMemory: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

export const defaultArgs: PluginArgs = {
  DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  NodeAffinity: {},
  NodeResourcesBalancedAllocation: { resources: cpuAndMemory },
  NodeResourcesFit: {
    ignoredResources: [],
    ignoredResourceGroups: [],
    scoringStrategy: { type: 'LeastAllocated', resources: cpuAndMemory, shape: [] },
  },
  PodTopologySpread: { defaultConstraints: [], defaultingType: 'System' },
  VolumeBinding: { bindTimeoutSeconds: 600 },
}
