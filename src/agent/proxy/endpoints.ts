import type { Endpoint, EndpointSlice } from '#shared/kube/generated/types.ts'

/** An address and port that a connection to a Service is sent to. */
export interface Target {
  ip: string
  port: number
  /** On this node. */
  local: boolean
}

/** The endpoints of one port of a Service that take traffic at this node, for either traffic policy. */
export interface Targets {
  cluster: Target[]
  local: Target[]
  /** Addresses on this node that are ready, for health checks. */
  readyHere: string[]
}

/** One endpoint of an EndpointSlice with its parsed address and port. */
export interface Candidate extends Target {
  endpoint: Pick<Endpoint, 'conditions' | 'hints'>
}

/**
 * Picks endpoints by kube-proxy's rules: ready ones, for policy Cluster those that hints keep near; where none is ready,
 * those that serve while they terminate (KEP-1669). Policy Local looks at endpoints of this node alone.
 */
export function pickTargets(candidates: readonly Candidate[], place: { nodeName: string; zone?: string }): Targets {
  const own = candidates.filter(({ local }) => local)
  const readyHere = own.filter(isReady)
  return {
    cluster: usable(near(candidates, place), candidates),
    local: usable(readyHere, own),
    readyHere: readyHere.map(({ ip }) => ip),
  }
}

const isReady = ({ endpoint }: Candidate): boolean => endpoint.conditions?.ready !== false
const isServing = ({ endpoint: { conditions } }: Candidate): boolean =>
  conditions?.serving !== false && conditions?.terminating === true

const usable = (ready: readonly Candidate[], all: readonly Candidate[]): Target[] =>
  unique(ready.length > 0 ? ready : all.filter(isServing))

/**
 * Ready endpoints that hints assign to this node, else to its zone. Hints count only when every ready endpoint has one
 * and one is for here, so that traffic never lacks an endpoint because of them (KEP-3015, KEP-4444).
 */
function near(candidates: readonly Candidate[], { nodeName, zone }: { nodeName: string; zone?: string }): Candidate[] {
  const ready = candidates.filter(isReady)
  const hinted = (names: (candidate: Candidate) => readonly { name: string }[], here: string): Candidate[] => {
    if (!ready.every((candidate) => names(candidate).length > 0)) return []
    return ready.filter((candidate) => names(candidate).some(({ name }) => name === here))
  }
  const onNode = hinted(({ endpoint }) => endpoint.hints?.forNodes ?? [], nodeName)
  if (onNode.length > 0) return onNode
  const inZone = zone ? hinted(({ endpoint }) => endpoint.hints?.forZones ?? [], zone) : []
  return inZone.length > 0 ? inZone : ready
}

const unique = (targets: readonly Target[]): Target[] =>
  [...new Map(targets.map(({ ip, port, local }) => [`${ip}:${port}`, { ip, port, local }])).values()].sort((a, b) =>
    a.ip.localeCompare(b.ip),
  )

/** Objects with one of these labels are another proxy's, or no proxy's. */
const notOurs = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']

export const isProxied = ({ metadata }: Pick<EndpointSlice, 'metadata'>): boolean =>
  !notOurs.some((label) => metadata.labels?.[label] !== undefined)
