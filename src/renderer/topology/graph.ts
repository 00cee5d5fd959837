import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { summarizePod } from '#shared/kube/pod.ts'
import type { Tone } from '../components/tone.ts'
import { explain, type ObjectLink } from '../explain/index.ts'
import { podTone } from '../kinds/core/pod.ts'
import type { UsedObject } from '../kinds/uses.ts'
import { numberText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import { problemsOf, type Problem } from './problems.ts'
import {
  byName,
  edgeId,
  isThere,
  nodeId,
  satelliteKinds,
  terrainOf,
  type Lens,
  type PodGroup,
  type Terrain,
  type TopologySnapshot,
} from './terrain.ts'

/** The columns of the map, in the order of traffic; what workloads use stands at the right of them. */
export const lanes = ['routes', 'services', 'workloads', 'pods', 'workers', 'config'] as const
export type Lane = (typeof lanes)[number]

export interface TopologyNode {
  id: string
  lane: Lane
  kind: string
  name: string
  /** Its name where the node before it tells the rest: `6kxw8`. */
  shortName?: string
  /** Its page; unset for pods that are folded into one node. */
  link?: ObjectLink | undefined
  /** Its state; unset where it has none. */
  tone?: Tone | undefined
  /** Kubernetes' own word for the state of a pod. */
  status?: string
  /** What stands under its name. */
  text: string
  /** Named by another object, but not there. */
  isMissing?: boolean
  /** Named by another object, which does without it. */
  isAbsent?: boolean
  /** Pods in one node, and whether they are shown beside it too. */
  folds?: { group: string; unfolded: boolean }
  /** How many ConfigMaps, Secrets and claims it uses. */
  uses?: Readonly<Record<string, number>>
  /** NetworkPolicies that limit what comes in. */
  policies?: readonly string[]
  problems: readonly Problem[]
}
/** `flow`: traffic can; `dead`: nothing answers now; `broken`: it cannot; `place`: where a pod runs; `use`: what it reads. */
export interface TopologyEdge {
  id: string
  from: string
  to: string
  look: 'flow' | 'dead' | 'broken' | 'place' | 'use'
  problem?: Problem | undefined
}
export interface Topology {
  /** In the order of traffic: by lanes, and within them as the lane before leads to them. */
  nodes: readonly TopologyNode[]
  edges: readonly TopologyEdge[]
  problems: readonly Problem[]
  counts: { workloads: number; pods: number }
  /** Nothing is in the namespace, whatever is looked at. */
  isEmpty: boolean
}
export interface TopologyOptions {
  lens: Lens
  /** Workloads, by node, whose pods are shown one by one though they are many. */
  unfolded: ReadonlySet<string>
}

/** So many pods of a workload are shown one by one. */
const few = 6
/** From so many pods in a namespace on, those of a workload are one node from the second on. */
const crowd = 150

/** The map of a namespace. */
export function topologyOf(snapshot: TopologySnapshot, namespace: string, options: TopologyOptions): Topology {
  const terrain = terrainOf(snapshot, namespace)
  const problems = problemsOf(terrain)
  const drawn = options.lens === 'traffic' ? traffic(terrain, options.unfolded) : configuration(terrain)
  const ids = new Set(drawn.nodes.map(({ id }) => id))
  const edges = uniqueById(drawn.edges).filter(({ from, to }) => ids.has(from) && ids.has(to))
  const workloads = terrain.groups.filter(({ isBare }) => !isBare).length
  return {
    nodes: uniqueById(drawn.nodes).map((node) => ({
      ...node,
      problems: problems.filter((problem) => problem.node === node.id),
    })),
    edges: edges.map((edge) => withProblem(edge, problems)),
    problems,
    isEmpty: terrain.routes.length + terrain.services.length + terrain.groups.length === 0,
    counts: { workloads, pods: terrain.groups.reduce((sum, { pods }) => sum + pods.length, 0) },
  }
}

type DraftNode = Omit<TopologyNode, 'problems'>
interface Draft {
  nodes: DraftNode[]
  edges: TopologyEdge[]
}

function withProblem(edge: TopologyEdge, problems: readonly Problem[]): TopologyEdge {
  const problem = problems.find(({ at }) => at === edge.id)
  const isTraffic = edge.look === 'flow' || edge.look === 'dead'
  // What is closed is broken from wherever traffic comes.
  const isClosed = problems.some(({ rule, at, tone }) => rule === 'policies' && at === edge.to && tone === 'bad')
  if (isTraffic && isClosed) return { ...edge, problem, look: 'broken' }
  return problem ? { ...edge, problem, look: lookOf(problem, edge) } : edge
}
/** Pods that are not ready may be soon, and a port that is not declared may be open. */
function lookOf({ rule, state, tone }: Problem, { look }: TopologyEdge): TopologyEdge['look'] {
  if (rule === 'uses' && tone === 'warn') return 'dead'
  if (state === 'NoReadyEndpoints') return 'dead'
  return state === 'PortNotDeclared' ? look : 'broken'
}

const uniqueById = <T extends { id: string }>(all: readonly T[]): T[] => [
  ...new Map(all.map((each) => [each.id, each])).values(),
]
const edge = (from: string, to: string, look: TopologyEdge['look']): TopologyEdge => ({
  ...{ id: edgeId(from, to), from, to, look },
})

function traffic(terrain: Terrain, unfolded: ReadonlySet<string>): Draft {
  const services = servicesInOrder(terrain)
  const groups = groupsInOrder(terrain)
  const total = groups.reduce((sum, { pods }) => sum + pods.length, 0)
  const most = total > crowd ? 1 : few
  const ofPods = groups.map((group) => podsOf(group, most, unfolded.has(group.id), terrain.namespace))
  const workers = workersOf(terrain, groups)
  return {
    nodes: [
      ...terrain.routes.map(routeNode),
      ...services,
      ...groups.filter(({ isBare }) => !isBare).map((group) => workloadNode(group, terrain)),
      ...ofPods.flatMap(({ nodes }) => nodes),
      ...workers,
    ],
    edges: [
      ...terrain.routes.flatMap(({ id, backends }) =>
        backends.map(({ name }) => edge(id, nodeId('Service', name), 'flow')),
      ),
      ...terrain.services.flatMap((service) =>
        terrain
          .behind(service)
          .map((group) => edge(nodeId('Service', service.metadata.name), group.id, group.ready > 0 ? 'flow' : 'dead')),
      ),
      ...ofPods.flatMap(({ edges }) => edges),
    ],
  }
}

/** As the routes name them, then the others by name. */
function servicesInOrder({ routes, services, snapshot, namespace }: Terrain): DraftNode[] {
  const known = new Map(services.map((service) => [service.metadata.name, service]))
  const named = routes.flatMap(({ backends }) => backends.map(({ name }) => name))
  return [...new Set([...named, ...known.keys()])].flatMap((name): DraftNode[] => {
    const service = known.get(name)
    if (!service && !snapshot.services) return []
    const base = { id: nodeId('Service', name), lane: 'services' as const, kind: 'Service', name }
    if (!service) return [{ ...base, text: t('topology.missing'), isMissing: true, tone: 'bad' }]
    const ports = (service.spec?.ports ?? []).map(({ port, targetPort = port }) =>
      String(port) === String(targetPort) ? String(port) : `${port} → ${targetPort}`,
    )
    const text = service.spec?.type === 'ExternalName' ? `→ ${service.spec.externalName ?? ''}` : ports.join(', ')
    return [{ ...base, link: { kind: 'Service', name, namespace }, text }]
  })
}

/** As the Services lead to them, then the others. */
function groupsInOrder(terrain: Terrain): PodGroup[] {
  const order = servicesInOrder(terrain).flatMap(({ name }) => {
    const service = terrain.services.find(({ metadata }) => metadata.name === name)
    return service ? terrain.behind(service) : []
  })
  return [...new Set([...order, ...terrain.groups])]
}

function routeNode({ id, kind, object, hosts, isTls, backends }: Terrain['routes'][number]): DraftNode {
  const { name, namespace } = object.metadata
  const [host = '*'] = hosts
  const paths = t('topology.paths', { n: backends.length })
  const first = hosts.length > 1 ? t('topology.hosts', { host, n: hosts.length - 1 }) : host
  return {
    ...{ id, lane: 'routes', kind, name, link: { kind, name, namespace } },
    text: [first, paths, ...(isTls ? ['TLS'] : [])].join(' · '),
  }
}

function workloadNode(group: PodGroup, terrain: Terrain): DraftNode {
  const { kind, name } = group.owner
  const { wanted = group.pods.length, ready } = group
  const uses = Map.groupBy(group.uses, (used) => used.kind)
  return {
    ...{ id: group.id, lane: 'workloads', kind, name },
    link: { kind, name, namespace: terrain.namespace },
    tone: wanted === 0 ? 'stopped' : ready >= wanted ? 'good' : ready > 0 ? 'warn' : 'bad',
    text: t('topology.ready', { ready: numberText(ready), wanted: numberText(wanted) }),
    uses: Object.fromEntries(satelliteKinds.map((each) => [each, uses.get(each)?.length ?? 0])),
    policies: terrain.policiesOf(group.labels).map(({ metadata }) => metadata.name),
  }
}

/** A workload's pods one by one; as one node where they are many, with its pods after it when they are unfolded. */
function podsOf(group: PodGroup, most: number, isUnfolded: boolean, namespace: string): Draft {
  const { id, isBare, pods, owner } = group
  const isFolded = pods.length > most && !isUnfolded
  const single = pods.map((pod) => podNode(pod, namespace))
  const toSingle = isBare ? [] : single.map((node) => edge(id, node.id, podEdge(node)))
  const toWorkers = pods.flatMap((pod) => placeEdge(nodeId('Pod', pod.metadata.name), pod))
  if (pods.length <= most) return { nodes: single, edges: [...toSingle, ...toWorkers] }
  const states = Map.groupBy(pods, (pod) => summarizePod(pod).status)
  const counts = [...states].sort(([, a], [, b]) => b.length - a.length)
  const fold: DraftNode = {
    ...{ id: `Pods/${id}`, lane: 'pods', kind: 'Pods', name: t('topology.pods', { n: pods.length }) },
    tone: worstOf(pods.map(podTone)),
    text: counts.map(([status, these]) => `${numberText(these.length)} ${status}`).join(', '),
    folds: { group: owner.name, unfolded: isUnfolded },
  }
  const toFold = edge(id, fold.id, group.ready > 0 ? 'flow' : 'dead')
  if (isFolded) return { nodes: [fold], edges: [toFold, ...pods.flatMap((pod) => placeEdge(fold.id, pod))] }
  return { nodes: [fold, ...single], edges: [toFold, ...toSingle, ...toWorkers] }
}

const podEdge = ({ tone }: DraftNode): TopologyEdge['look'] => (tone === 'good' ? 'flow' : 'dead')
const placeEdge = (from: string, { spec }: Stored<Pod>): TopologyEdge[] =>
  spec?.nodeName ? [edge(from, nodeId('Node', spec.nodeName), 'place')] : []

function podNode(pod: Stored<Pod>, namespace: string): DraftNode {
  const { name, labels } = pod.metadata
  const { nodeName } = pod.spec ?? {}
  const hash = labels?.['pod-template-hash']
  const { status } = summarizePod(pod)
  return {
    ...{ id: nodeId('Pod', name), lane: 'pods', kind: 'Pod', name, tone: podTone(pod), status },
    shortName: hash && name.includes(`-${hash}-`) ? name.slice(name.indexOf(`-${hash}-`) + hash.length + 2) : name,
    link: { kind: 'Pod', name, namespace },
    text: nodeName ? t('topology.onWorker', { status, worker: nodeName }) : t('topology.onNone', { status }),
  }
}

const tones: readonly Tone[] = ['bad', 'warn', 'busy', 'good', 'done']
const worstOf = (all: readonly Tone[]): Tone => tones.find((tone) => all.includes(tone)) ?? 'quiet'

/** The workers that have pods of the namespace; a worker that may not be read is known by its pods. */
function workersOf({ snapshot, around }: Terrain, groups: readonly PodGroup[]): DraftNode[] {
  const here = Map.groupBy(
    groups.flatMap(({ pods }) => pods),
    ({ spec }) => spec?.nodeName ?? '',
  )
  here.delete('')
  const known = new Map(byName(snapshot.nodes ?? []).map((node) => [node.metadata.name, node]))
  return [...here.keys()]
    .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
    .map((name) => {
      const node = known.get(name)
      const link = { kind: 'Node', name }
      const tone = node ? (explain('Node', node, around.near(link))?.tone ?? 'good') : undefined
      const text = t('topology.podsHere', { n: here.get(name)?.length ?? 0 })
      return { id: nodeId('Node', name), lane: 'workers', kind: 'Node', name, link, tone, text }
    })
}

/** A workload, or a pod that nobody manages, where workloads stand. */
function userNode(group: PodGroup, terrain: Terrain): DraftNode {
  const [pod] = group.pods
  const node = workloadNode(group, terrain)
  return group.isBare && pod ? { ...node, tone: podTone(pod), text: summarizePod(pod).status } : node
}

function configuration(terrain: Terrain): Draft {
  const { groups, snapshot, namespace } = terrain
  const claims = new Map(snapshot.claims?.map((claim) => [claim.metadata.name, claim]))
  const needed = new Set(
    groups.flatMap(({ uses }) =>
      uses.filter(({ need }) => need !== 'optional').map((used) => nodeId(used.kind, used.name)),
    ),
  )
  const satellite = (used: UsedObject): DraftNode => {
    const { kind, name } = used
    const id = nodeId(kind, name)
    const base = { id, lane: 'config' as const, kind, name }
    if (isThere(snapshot, used) === false)
      return needed.has(id)
        ? { ...base, isMissing: true, text: kind }
        : { ...base, isAbsent: true, text: t('topology.absent', { kind }) }
    const claim = kind === 'PersistentVolumeClaim' ? claims.get(name) : undefined
    const size = claim?.status?.capacity?.['storage'] ?? claim?.spec?.resources?.requests?.['storage'] ?? ''
    return { ...base, link: { kind, name, namespace }, text: [kind, size].filter(Boolean).join(' ') }
  }
  return {
    nodes: [
      ...groups.map((group) => ({ ...userNode(group, terrain), uses: {} })),
      ...groups.flatMap(({ uses }) => uses.map(satellite)),
    ],
    edges: groups.flatMap(({ id, uses }) => uses.map(({ kind, name }) => edge(id, nodeId(kind, name), 'use'))),
  }
}
