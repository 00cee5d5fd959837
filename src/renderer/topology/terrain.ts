import type { Condition, NetworkPolicy, Pod, PodSpec, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { matchesLabels, selects, type Labels } from '#shared/kube/selectors.ts'
import { ingressBackends, type Backend } from '../explain/service.ts'
import { eachOnce, usesOf, type UsedObject } from '../kinds/uses.ts'
import { neighbourhoodOf, type Lists, type Neighbourhood, type Owner } from '../overview/snapshot.ts'

/** An HTTPRoute of gateway.networking.k8s.io, as far as the map reads it. */
export interface HttpRoute extends KubeObject {
  spec?: {
    hostnames?: string[]
    rules?: {
      matches?: { path?: { value?: string } }[]
      backendRefs?: { group?: string; kind?: string; name: string; namespace?: string; port?: number }[]
    }[]
  }
  status?: { parents?: { conditions?: RouteCondition[] }[] }
}

export type RouteCondition = Pick<Condition, 'type' | 'status'> & Partial<Pick<Condition, 'reason' | 'message'>>

/** The lists that a map is made of; namespaced ones are those of its namespace. */
export interface TopologyLists extends Pick<
  Lists,
  | 'pods'
  | 'nodes'
  | 'deployments'
  | 'statefulSets'
  | 'daemonSets'
  | 'replicaSets'
  | 'services'
  | 'endpointSlices'
  | 'ingresses'
  | 'ingressClasses'
  | 'claims'
  | 'storageClasses'
> {
  httpRoutes: readonly Stored<HttpRoute>[]
  networkPolicies: readonly Stored<NetworkPolicy>[]
  /** No more than their metadata. */
  configMaps: readonly Stored[]
  secrets: readonly Stored[]
}

/** What is known at one moment. A list that is unset is not there yet, or may not be read: nothing follows from it. */
export interface TopologySnapshot extends Partial<TopologyLists> {
  /** ms since the epoch */
  now: number
}

/** What is looked at: the way of traffic, or what workloads use. */
export type Lens = 'traffic' | 'config'

/** What leads traffic in: an Ingress or an HTTPRoute. */
export interface Route {
  id: string
  kind: 'Ingress' | 'HTTPRoute'
  object: Stored
  hosts: string[]
  isTls: boolean
  backends: Backend[]
  /** What its Gateways say of it. */
  conditions: RouteCondition[]
}

/** Pods that belong together: those of a workload, or one that nobody manages. */
export interface PodGroup {
  /** The node of the map that traffic enters: the workload, or the pod. */
  id: string
  owner: Owner
  isBare: boolean
  /** How many there should be; unset where nobody says. */
  wanted: number | undefined
  ready: number
  pods: readonly Stored<Pod>[]
  /** Labels of its pods, told by the template where there are none. */
  labels: Labels | undefined
  /** What its pods, or the template, name: each once. */
  uses: readonly UsedObject[]
}

/** What stands around a workload. Of Secrets, no more than their names is read. */
export const satelliteKinds = ['ConfigMap', 'Secret', 'PersistentVolumeClaim'] as const

/** Whether what a pod names is there; undefined where it is not known. */
export function isThere({ configMaps, secrets, claims }: TopologySnapshot, { kind, name }: UsedObject) {
  const all = { ConfigMap: configMaps, Secret: secrets, PersistentVolumeClaim: claims }[kind]
  return all?.some(({ metadata }) => metadata.name === name)
}

/** A namespace, indexed for what is drawn and for the rules that find problems. */
export interface Terrain {
  snapshot: TopologySnapshot
  namespace: string
  around: Neighbourhood
  routes: readonly Route[]
  services: readonly Stored<Service>[]
  groups: readonly PodGroup[]
  /** Groups behind a Service: those whose pods it selects. */
  behind(service: Stored<Service>): readonly PodGroup[]
  /** Policies that limit what comes in to the pods of these labels. */
  policiesOf(labels: Labels | undefined): readonly Stored<NetworkPolicy>[]
}

export const nodeId = (kind: string, name: string): string => `${kind}/${name}`
export const edgeId = (from: string, to: string): string => `${from}>${to}`

export function terrainOf(snapshot: TopologySnapshot, namespace: string): Terrain {
  const around = neighbourhoodOf(snapshot)
  const groups = groupsOf(snapshot, around)
  const behind = new Map(
    (snapshot.services ?? []).map((service) => [
      service.metadata.uid,
      groups.filter(({ labels }) => isSelected(service, labels)),
    ]),
  )
  return {
    snapshot,
    namespace,
    around,
    routes: routesOf(snapshot),
    services: byName(snapshot.services ?? []),
    groups,
    behind: ({ metadata }) => behind.get(metadata.uid) ?? [],
    policiesOf: (labels) =>
      (snapshot.networkPolicies ?? []).filter(
        ({ spec }) => isForIngress(spec?.policyTypes) && selects(spec?.podSelector ?? {}, labels),
      ),
  }
}

/** Without types, a policy is about what comes in. */
const isForIngress = (types: readonly string[] = []): boolean => types.length === 0 || types.includes('Ingress')

/** A Service without a selector selects nothing. */
function isSelected({ spec }: Service, labels: Labels | undefined): boolean {
  const selector = Object.entries(spec?.selector ?? {})
  if (selector.length === 0 || spec?.type === 'ExternalName') return false
  return matchesLabels(
    selector.map(([key, value]) => ({ key, operator: 'in' as const, values: [value] })),
    labels,
  )
}

export const byName = <T extends Stored>(objects: readonly T[]): T[] =>
  objects.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name, undefined, { numeric: true }))

function routesOf({ ingresses = [], httpRoutes = [] }: TopologySnapshot): Route[] {
  return [
    ...byName(ingresses).map((object): Route => ({
      id: nodeId('Ingress', object.metadata.name),
      kind: 'Ingress',
      object,
      hosts: unique((object.spec?.rules ?? []).map(({ host = '*' }) => host)),
      isTls: (object.spec?.tls ?? []).length > 0,
      backends: ingressBackends(object),
      conditions: [],
    })),
    ...byName(httpRoutes).map((object): Route => ({
      id: nodeId('HTTPRoute', object.metadata.name),
      kind: 'HTTPRoute',
      object,
      hosts: unique(object.spec?.hostnames ?? ['*']),
      isTls: false,
      backends: httpBackends(object),
      conditions: (object.status?.parents ?? []).flatMap(({ conditions = [] }) => conditions),
    })),
  ]
}

const unique = (names: readonly string[]): string[] => [...new Set(names)]

/** Services of other namespaces are not on this map. */
function httpBackends({ metadata, spec }: Stored<HttpRoute>): Backend[] {
  const [host = '*'] = spec?.hostnames ?? []
  return (spec?.rules ?? []).flatMap(({ matches = [], backendRefs = [] }) =>
    backendRefs
      .filter(
        ({ group = '', kind = 'Service', namespace = metadata.namespace }) =>
          group === '' && kind === 'Service' && namespace === metadata.namespace,
      )
      .map(({ name, port }) => ({ where: `${host}${matches[0]?.path?.value ?? '/'}`, name, port })),
  )
}

/** Workloads, with or without pods, by name; after them other owners of pods, and pods that nobody manages. */
function groupsOf(snapshot: TopologySnapshot, around: Neighbourhood): PodGroup[] {
  const { deployments = [], statefulSets = [], daemonSets = [], pods = [] } = snapshot
  const alive = byName(pods.filter((pod) => !isPodTerminal(pod)))
  const byOwner = Map.groupBy(alive, (pod) => around.workloadOf(pod).uid)
  const declared = [
    ...deployments.map((object) => ({
      ...{ kind: 'Deployment', object, template: object.spec?.template },
      ...{ wanted: object.spec?.replicas ?? 1, ready: object.status?.readyReplicas ?? 0 },
    })),
    ...statefulSets.map((object) => ({
      ...{ kind: 'StatefulSet', object, template: object.spec?.template },
      ...{ wanted: object.spec?.replicas ?? 1, ready: object.status?.readyReplicas ?? 0 },
    })),
    ...daemonSets.map((object) => ({
      ...{ kind: 'DaemonSet', object, template: object.spec?.template },
      ...{ wanted: object.status?.desiredNumberScheduled ?? 0, ready: object.status?.numberReady ?? 0 },
    })),
  ].map(({ kind, object: { metadata }, template, wanted, ready }): PodGroup => {
    const own = byOwner.get(metadata.uid) ?? []
    return {
      id: nodeId(kind, metadata.name),
      owner: { kind, name: metadata.name, uid: metadata.uid },
      ...{ isBare: false, wanted, ready, pods: own },
      labels: own[0]?.metadata.labels ?? template?.metadata?.labels,
      uses: satellitesOf(own.length > 0 ? own.map(({ spec }) => spec) : [template?.spec]),
    }
  })
  const known = new Set(declared.map(({ owner }) => owner.uid))
  const others = [...byOwner].filter(([uid]) => !known.has(uid)).flatMap(([, own]) => otherGroup(own, around))
  return [...declared, ...others].sort(
    (a, b) =>
      Number(a.isBare) - Number(b.isBare) ||
      a.owner.name.localeCompare(b.owner.name, undefined, { numeric: true }) ||
      a.id.localeCompare(b.id),
  )
}

/** Pods of a Job, of a ReplicaSet alone, of a custom resource; each for itself where no workload owns them. */
function otherGroup(pods: readonly Stored<Pod>[], around: Neighbourhood): PodGroup[] {
  const [first] = pods
  if (!first) return []
  const owner = around.workloadOf(first)
  const ready = pods.filter(isPodReady).length
  // The kubelet's own pods belong to their node.
  if (owner.kind !== 'Pod' && owner.kind !== 'Node')
    return [
      {
        ...{ id: nodeId(owner.kind, owner.name), owner, isBare: false, wanted: undefined, ready, pods },
        ...{ labels: first.metadata.labels, uses: satellitesOf(pods.map(({ spec }) => spec)) },
      },
    ]
  return pods.map((pod) => ({
    id: nodeId('Pod', pod.metadata.name),
    owner: { kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
    ...{ isBare: true, wanted: undefined, ready: isPodReady(pod) ? 1 : 0, pods: [pod] },
    ...{ labels: pod.metadata.labels, uses: satellitesOf([pod.spec]) },
  }))
}

/** Without the certificate of the API server, which every pod gets. */
function satellitesOf(specs: readonly (PodSpec | undefined)[]): UsedObject[] {
  const all = specs
    .flatMap((spec) => (spec ? usesOf(spec) : []))
    .filter(({ kind, name }) => satelliteKinds.some((each) => each === kind) && name !== 'kube-root-ca.crt')
  return eachOnce(all)
}
