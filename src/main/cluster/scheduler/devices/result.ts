import { randomUUID } from 'node:crypto'
import type {
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NodeSelector,
  NodeSelectorRequirement,
} from '#shared/kube/generated/types.ts'
import type { Consumption } from './capacity.ts'
import type { Candidate } from './pools.ts'
import type { Demand, Wanted } from './requests.ts'

/** A device that a claim gets. */
export interface Grant {
  candidate: Candidate
  demand: Demand
  /** Of a device that claims share. */
  consumption: Consumption | undefined
}

/**
 * The allocation of a claim, for its status.
 * @param chosen the demand of each request that was satisfied
 */
export function allocationOf(
  wanted: Wanted,
  grants: readonly Grant[],
  { chosen, node }: { chosen: readonly Demand[]; node: string },
): AllocationResult {
  const config = configurationOf(wanted, chosen)
  const nodeSelector = nodeSelectorOf(grants, node)
  return {
    devices: { results: grants.map(resultOf), ...(config.length > 0 ? { config } : {}) },
    ...(nodeSelector ? { nodeSelector } : {}),
  }
}

function resultOf({ candidate: { device, slice }, demand, consumption }: Grant): DeviceRequestAllocationResult {
  const { bindingConditions = [], bindingFailureConditions = [] } = device
  return {
    request: demand.name.full,
    driver: slice.spec.driver,
    pool: slice.spec.pool.name,
    device: device.name,
    ...(demand.isAdmin ? { adminAccess: true } : {}),
    ...(demand.tolerations.length > 0 ? { tolerations: [...demand.tolerations] } : {}),
    ...(device.allowMultipleAllocations ? { shareID: randomUUID() } : {}),
    ...(consumption && consumption.amounts.size > 0 ? { consumedCapacity: consumption.quantities } : {}),
    ...(bindingConditions.length > 0 ? { bindingConditions, bindingFailureConditions } : {}),
  }
}

/** Configuration of the classes first, then of the claim, which may override it. */
function configurationOf({ claim, requests }: Wanted, chosen: readonly Demand[]): DeviceAllocationConfiguration[] {
  const ofClasses = new Map<string, { demand: Demand; names: string[] }>()
  for (const demand of chosen) {
    const known = ofClasses.get(demand.class.metadata.name)
    if (known) known.names.push(demand.name.full)
    else ofClasses.set(demand.class.metadata.name, { demand, names: [demand.name.full] })
  }
  const classes = [...ofClasses.values()].flatMap(({ demand, names }) =>
    (demand.class.spec.config ?? []).map((config) => ({ source: 'FromClass', requests: [...names], ...config })),
  )
  const own = (claim.spec.devices?.config ?? []).flatMap((config) => {
    const names = config.requests ?? []
    const isUsed =
      names.length === 0 || chosen.some(({ name }) => names.includes(name.base) || names.includes(name.full))
    return isUsed ? [{ source: 'FromClaim', ...config }] : []
  })
  return [...classes, ...own].map(({ requests: names = [], ...config }) =>
    // An empty list means all requests.
    names.length === 0 || names.length === requests.length ? config : { ...config, requests: names },
  )
}

/** Nodes that reach all the devices; undefined where all nodes do. */
function nodeSelectorOf(grants: readonly Grant[], node: string): NodeSelector | undefined {
  const matchFields: NodeSelectorRequirement[] = []
  const matchExpressions: NodeSelectorRequirement[] = []
  for (const { candidate } of grants) {
    const { device, slice } = candidate
    const { nodeName, nodeSelector } = slice.spec.perDeviceNodeSelection ? device : slice.spec
    if (nodeName || device.bindsToNode) return onlyOn(node)
    // Validation allows a slice a single term.
    const [term] = nodeSelector?.nodeSelectorTerms ?? []
    addMissing(matchFields, term?.matchFields)
    addMissing(matchExpressions, term?.matchExpressions)
  }
  if (matchFields.length === 0 && matchExpressions.length === 0) return undefined
  const term = {
    ...(matchFields.length > 0 ? { matchFields } : {}),
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
  }
  return { nodeSelectorTerms: [term] }
}

const onlyOn = (node: string): NodeSelector => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
})

function addMissing(to: NodeSelectorRequirement[], from: readonly NodeSelectorRequirement[] = []): void {
  const textOf = ({ key, operator, values = [] }: NodeSelectorRequirement): string =>
    JSON.stringify([key, operator, [...values].sort()])
  for (const requirement of from) if (!to.some((known) => textOf(known) === textOf(requirement))) to.push(requirement)
}
