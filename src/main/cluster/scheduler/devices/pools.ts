import { matchesTerm } from '#shared/kube/node-selection.ts'
import type { CounterSet, Device, Node, NodeSelector, ResourceSlice } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'

/** A device that a node can reach. */
export interface Candidate {
  /** `driver/pool/device` */
  readonly id: string
  readonly device: Device
  readonly slice: ResourceSlice
  readonly pool: Pool
}

/** The newest generation of a pool, as one node sees it. */
export interface Pool {
  /** `driver/pool` */
  readonly id: string
  /** Not all of its slices are there: its driver is replacing them. */
  readonly isIncomplete: boolean
  /** Why none of its devices can be allocated: `duplicate device name x`. */
  readonly invalid: string | undefined
  /** Those that the node reaches. */
  readonly candidates: readonly Candidate[]
  /** All its slices, for what other nodes' devices take of its counters. */
  readonly slices: readonly ResourceSlice[]
  readonly counterSets: readonly CounterSet[]
}

/** What a node reaches. */
export interface Reachable {
  /** In a fixed order: those whose devices are ready at once come first. */
  readonly pools: readonly Pool[]
  /** Of the pools that can be used. */
  readonly candidates: readonly Candidate[]
}

export const poolId = (driver: string, pool: string): string => `${driver}/${pool}`

const poolOf = ({ spec }: ResourceSlice): string => poolId(spec.driver, spec.pool.name)

/** The slices of the cluster, by node and pool. */
export class SliceIndex {
  readonly #byName = new Map<string, ResourceSlice>()
  readonly #byNode = new Map<string, Map<string, ResourceSlice>>()
  /** Those that are not of one node alone. */
  readonly #shared = new Map<string, ResourceSlice>()
  readonly #byPool = new Map<string, Map<string, ResourceSlice>>()
  /** Pools by node, with the version of the node that they were computed for. */
  readonly #cache = new Map<string, Reachable & { node: Node }>()

  set(slice: Stored<ResourceSlice>): void {
    this.delete(slice.metadata.name)
    const { name } = slice.metadata
    this.#byName.set(name, slice)
    entry(this.#byPool, poolOf(slice)).set(name, slice)
    const node = slice.spec.nodeName
    if (node) entry(this.#byNode, node).set(name, slice)
    else this.#shared.set(name, slice)
    this.#forget(slice)
  }

  delete(name: string): void {
    const slice = this.#byName.get(name)
    if (!slice) return
    this.#byName.delete(name)
    removeFrom(this.#byPool, poolOf(slice), name)
    if (slice.spec.nodeName) removeFrom(this.#byNode, slice.spec.nodeName, name)
    else this.#shared.delete(name)
    this.#forget(slice)
  }

  /** The pools that have devices for the node. */
  reachable(node: Stored<Node>): Reachable {
    const { name } = node.metadata
    const known = this.#cache.get(name)
    // Which slices of one node it reaches does not depend on its labels.
    if (known && (known.node === node || this.#shared.size === 0)) return known
    const pools = this.#gather(node)
    const usable = pools.filter(({ isIncomplete, invalid }) => !isIncomplete && invalid === undefined)
    const reachable = { node, pools, candidates: usable.flatMap(({ candidates }) => candidates) }
    this.#cache.set(name, reachable)
    return reachable
  }

  #gather(node: Stored<Node>): Pool[] {
    const ids = new Set<string>()
    for (const slice of this.#byNode.get(node.metadata.name)?.values() ?? []) ids.add(poolOf(slice))
    for (const slice of this.#shared.values()) if (isReachable(slice, node)) ids.add(poolOf(slice))
    const pools = [...ids].sort().flatMap((id) => this.#pool(id, node) ?? [])
    const waits = ({ candidates }: Pool): boolean =>
      candidates.some(({ device }) => (device.bindingConditions?.length ?? 0) > 0)
    return [...pools.filter((pool) => !waits(pool)), ...pools.filter(waits)]
  }

  #pool(id: string, node: Stored<Node>): Pool | undefined {
    const all = [...(this.#byPool.get(id)?.entries() ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, slice]) => slice)
    const newest = all.reduce((generation, { spec }) => Math.max(generation, spec.pool.generation), 0)
    const slices = all.filter(({ spec }) => spec.pool.generation === newest)
    const reachable = slices.filter((slice) => isReachable(slice, node))
    const [first] = reachable
    // The driver is replacing the pool, and its newest slices have nothing for this node.
    if (!first) return undefined
    const counterSets = slices.flatMap(({ spec }) => spec.sharedCounters ?? [])
    const candidates: Candidate[] = []
    const pool: Pool = {
      id,
      isIncomplete: slices.length !== first.spec.pool.resourceSliceCount,
      invalid: invalidity(slices, counterSets),
      candidates,
      slices,
      counterSets,
    }
    for (const slice of reachable)
      for (const device of slice.spec.devices ?? [])
        if (!slice.spec.perDeviceNodeSelection || reaches(device, node))
          candidates.push({ id: `${id}/${device.name}`, device, slice, pool })
    return pool
  }

  #forget({ spec }: ResourceSlice): void {
    if (spec.nodeName) this.#cache.delete(spec.nodeName)
    else this.#cache.clear()
  }
}

function entry<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let map = maps.get(key)
  if (!map) maps.set(key, (map = new Map<string, T>()))
  return map
}

function removeFrom<T>(maps: Map<string, Map<string, T>>, key: string, name: string): void {
  const map = maps.get(key)
  map?.delete(name)
  if (map?.size === 0) maps.delete(key)
}

interface NodeChoice {
  nodeName?: string
  allNodes?: boolean
  nodeSelector?: NodeSelector
}

function reaches({ nodeName, allNodes, nodeSelector }: NodeChoice, node: Stored<Node>): boolean {
  if (nodeName) return nodeName === node.metadata.name
  return allNodes === true || (nodeSelector?.nodeSelectorTerms.some((term) => matchesTerm(term, node)) ?? false)
}

const isReachable = ({ spec }: ResourceSlice, node: Stored<Node>): boolean =>
  spec.perDeviceNodeSelection ? (spec.devices ?? []).some((device) => reaches(device, node)) : reaches(spec, node)

function invalidity(slices: readonly ResourceSlice[], counterSets: readonly CounterSet[]): string | undefined {
  const devices = new Set<string>()
  const sets = new Map<string, CounterSet>()
  for (const set of counterSets) {
    if (sets.has(set.name)) return `duplicate counter set name ${set.name}`
    sets.set(set.name, set)
  }
  for (const { spec } of slices)
    for (const { name, consumesCounters = [] } of spec.devices ?? []) {
      if (devices.has(name)) return `duplicate device name ${name}`
      devices.add(name)
      for (const { counterSet, counters } of consumesCounters) {
        const set = sets.get(counterSet)
        if (!set) return `counter set ${counterSet} not found`
        for (const counter of Object.keys(counters))
          if (!Object.hasOwn(set.counters, counter)) return `counter ${counter} not found in counter set ${counterSet}`
      }
    }
  return undefined
}
