import type { Amounts } from '../amounts.ts'
import type { PluginArgs, WeightedResource } from '../configuration/plugin-args.ts'
import { backedBy, resourcesOf, type BackedResources } from '../devices/extended-resources.ts'
import { resolvable, type Plugin, type PluginContext, type Refusal } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { freeShare, sharesOf, strategyScore } from '../resource-scoring.ts'

/**
 * Filters nodes that have too little left of what the pod's containers request; prefers those with the most left
 * (Kubernetes' LeastAllocated strategy) or as the profile says.
 *
 * The exemplar of a plugin: `plan` reads the pod once and returns the functions that judge each node. Reasons are
 * worded as in Kubernetes, since users and tools search for them.
 */
export const nodeResourcesFit = ({ args, informers }: FitContext): Plugin => {
  const { scoringStrategy } = args.NodeResourcesFit
  const { resources } = scoringStrategy
  const scoreOf = strategyScore(scoringStrategy)
  const isUsual = scoringStrategy.type === 'LeastAllocated' && isEvenCpuAndMemory(resources)
  const filtered = (pod: PodInfo): Amounts => withoutIgnored(pod.requests, args.NodeResourcesFit)
  /** Whether the resources are there; those of device classes are given by DynamicResources where the node has none. */
  function shortagesOf(pod: PodInfo): { filter: (node: NodeInfo) => Refusal | undefined; readsNodeOnly: boolean } {
    const wanted = filtered(pod)
    const backed = backedBy(wanted.others, informers.deviceClasses)
    return backed.size === 0
      ? { filter: (node) => shortages(wanted, node), readsNodeOnly: true }
      : { filter: (node) => shortages(withoutBacked(wanted, backed, node), node), readsNodeOnly: false }
  }

  return {
    name: 'NodeResourcesFit',

    plan(pod) {
      return {
        ...shortagesOf(pod),
        score: {
          score: isUsual
            ? (node) => leastAllocated(pod, node)
            : (node) => scoreOf(sharesOf(pod, node, resources, { assumed: true })),
        },
      }
    },

    interests: ['node-added', 'node-allocatable', 'pod-removed', 'device-class'],
    mayHelp(change, pod) {
      switch (change.type) {
        case 'node-added':
        case 'node-allocatable':
        case 'pod-removed':
          return shortagesOf(pod).filter(change.node) === undefined
        case 'device-class':
          return (
            change.action !== 'deleted' && resourcesOf(change.object).some((name) => pod.requests.others?.has(name))
          )
        default:
          return false
      }
    },
  }
}

type FitContext = Pick<PluginContext, 'args'> & { informers: Pick<PluginContext['informers'], 'deviceClasses'> }

const isEvenCpuAndMemory = (resources: readonly WeightedResource[]): boolean =>
  resources.length === 2 &&
  resources.every(({ name, weight }) => (name === 'cpu' || name === 'memory') && weight === resources[0]?.weight)

/** Extended resources that others than the scheduler look after are not filtered by. */
function withoutIgnored(requests: Amounts, args: PluginArgs['NodeResourcesFit']): Amounts {
  if (!requests.others || args.ignoredResources.length + args.ignoredResourceGroups.length === 0) return requests
  const isIgnored = (name: string): boolean =>
    isExtended(name) &&
    (args.ignoredResources.includes(name) || args.ignoredResourceGroups.includes(name.split('/', 1)[0] ?? ''))
  return { ...requests, others: new Map([...requests.others].filter(([name]) => !isIgnored(name))) }
}

const withoutBacked = (wanted: Amounts, backed: BackedResources, { allocatable }: NodeInfo): Amounts => ({
  ...wanted,
  others: new Map([...(wanted.others ?? [])].filter(([name]) => !backed.has(name) || allocatable.others?.get(name))),
})

/** Names with a prefix of their own (v1helper.IsExtendedResourceName). */
const isExtended = (name: string): boolean =>
  name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.')

const tooManyPods = resolvable('Too many pods')
const insufficientCpu = resolvable('Insufficient cpu')
const insufficientMemory = resolvable('Insufficient memory')

/**
 * The resources that the node has too little of. What exceeds the whole node, no removal of pods can help: Kubernetes
 * calls the node unresolvable.
 */
function shortages(wanted: Amounts, node: NodeInfo): Refusal | undefined {
  const { allocatable, requested } = node
  const full = node.pods.size >= node.podLimit
  const cpu = wanted.cpu > 0 && wanted.cpu > allocatable.cpu - requested.cpu
  const memory = wanted.memory > 0 && wanted.memory > allocatable.memory - requested.memory
  const storage =
    wanted.ephemeralStorage > 0 && wanted.ephemeralStorage > allocatable.ephemeralStorage - requested.ephemeralStorage
  const others = wanted.others ? missingOthers(wanted.others, node) : none
  if (!full && !cpu && !memory && !storage && others.length === 0) return undefined
  const resolvable = canHold(allocatable, wanted)
  // The most frequent results of a full cluster, shared instead of built for each node.
  if (resolvable && others.length === 0 && !storage) {
    if (full && !cpu && !memory) return tooManyPods
    if (cpu && !full && !memory) return insufficientCpu
    if (memory && !full && !cpu) return insufficientMemory
  }
  const reasons: string[] = []
  if (full) reasons.push('Too many pods')
  if (cpu) reasons.push('Insufficient cpu')
  if (memory) reasons.push('Insufficient memory')
  if (storage) reasons.push('Insufficient ephemeral-storage')
  return { reasons: [...reasons, ...others], resolvable }
}

const none: readonly string[] = []

function canHold(allocatable: Amounts, wanted: Amounts): boolean {
  if (wanted.cpu > allocatable.cpu || wanted.memory > allocatable.memory) return false
  if (wanted.ephemeralStorage > allocatable.ephemeralStorage) return false
  for (const [name, amount] of wanted.others ?? []) if (amount > (allocatable.others?.get(name) ?? 0)) return false
  return true
}

function missingOthers(wanted: ReadonlyMap<string, number>, { allocatable, requested }: NodeInfo): string[] {
  const missing: string[] = []
  for (const [name, amount] of wanted) {
    const free = (allocatable.others?.get(name) ?? 0) - (requested.others?.get(name) ?? 0)
    if (amount > 0 && amount > free) missing.push(`Insufficient ${name}`)
  }
  return missing
}

/** The mean of the shares of CPU and memory that stay free with the pod on the node. */
function leastAllocated({ assumedUse }: PodInfo, { allocatable, assumedUse: used }: NodeInfo): number {
  let sum = 0
  let resources = 0
  if (allocatable.cpu > 0) {
    sum += freeShare(allocatable.cpu, used.cpu + assumedUse.cpu)
    resources++
  }
  if (allocatable.memory > 0) {
    sum += freeShare(allocatable.memory, used.memory + assumedUse.memory)
    resources++
  }
  return resources === 0 ? 0 : Math.floor(sum / resources)
}
