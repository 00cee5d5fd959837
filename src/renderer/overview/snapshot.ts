import type {
  DaemonSet,
  Deployment,
  EndpointSlice,
  Event,
  Ingress,
  IngressClass,
  Job,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ResourceQuota,
  Service,
  StatefulSet,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import { newestFirst } from '../explain/events.ts'
import type { Surroundings } from '../explain/index.ts'

/** The lists that an overview is made of, of a cluster or of some of its namespaces. */
export interface Lists {
  pods: readonly Stored<Pod>[]
  nodes: readonly Stored<Node>[]
  deployments: readonly Stored<Deployment>[]
  statefulSets: readonly Stored<StatefulSet>[]
  daemonSets: readonly Stored<DaemonSet>[]
  replicaSets: readonly Stored<ReplicaSet>[]
  jobs: readonly Stored<Job>[]
  services: readonly Stored<Service>[]
  endpointSlices: readonly Stored<EndpointSlice>[]
  ingresses: readonly Stored<Ingress>[]
  ingressClasses: readonly Stored<IngressClass>[]
  claims: readonly Stored<PersistentVolumeClaim>[]
  storageClasses: readonly Stored<StorageClass>[]
  quotas: readonly Stored<ResourceQuota>[]
  events: readonly Stored<Event>[]
  certificates: readonly TlsCertificate[]
}
export type ListName = keyof Lists

/** The certificate of a Secret of type kubernetes.io/tls: of its chain, the one that ends first. */
export interface TlsCertificate {
  name: string
  namespace: string
  /** ms since the epoch */
  notAfter: number
}

/** What is known at one moment. A list that is unset is not there yet, or may not be read: nothing follows from it. */
export interface Snapshot extends Partial<Lists> {
  /** ms since the epoch */
  now: number
}

/** The kinds of workloads whose pods a rule may group. */
export type Workload = Stored<Deployment> | Stored<StatefulSet> | Stored<DaemonSet>

/** What an explanation needs to know around an object, looked up instead of searched for. */
export interface Neighbourhood {
  /** @param about the object, whose events are given */
  near(about: { kind: string; namespace?: string | undefined; name: string }, uid?: string): Surroundings
  podsOf(ownerUid: string): readonly Stored<Pod>[]
  setsOf(ownerUid: string): readonly Stored<ReplicaSet>[]
  /** What a pod belongs to for a user: its Deployment before its ReplicaSet, its Job, itself. */
  workloadOf(pod: Stored<Pod>): Owner
}
export interface Owner {
  kind: string
  name: string
  uid: string
}

/** Indexes a snapshot once, for all rules. */
export function neighbourhoodOf(snapshot: Snapshot): Neighbourhood {
  const byNamespace = namespacesOf(snapshot)
  const events = Map.groupBy(snapshot.events ?? [], ({ involvedObject: { kind = '', namespace = '', name = '' } }) =>
    eventKey(kind, namespace, name),
  )
  const podsByOwner = ownedBy(snapshot.pods ?? [])
  const setsByOwner = ownedBy(snapshot.replicaSets ?? [])
  const podsOf = (uid: string): readonly Stored<Pod>[] => podsByOwner.get(uid) ?? []
  const setsOf = (uid: string): readonly Stored<ReplicaSet>[] => setsByOwner.get(uid) ?? []
  const eventsOf = (kind: string, namespace: string | undefined, name: string): readonly Event[] =>
    events.get(eventKey(kind, namespace ?? '', name))?.toSorted(newestFirst) ?? []
  function ownedEvents(uid: string, namespace: string | undefined): readonly Event[] {
    const sets = setsOf(uid)
    const pods = [podsOf(uid), ...sets.map(({ metadata }) => podsOf(metadata.uid))].flat()
    return [
      ...sets.flatMap(({ metadata: { name } }) => eventsOf('ReplicaSet', namespace, name)),
      ...pods.flatMap(({ metadata: { name } }) => eventsOf('Pod', namespace, name)),
    ].sort(newestFirst)
  }
  const sets = new Map(snapshot.replicaSets?.map((set) => [set.metadata.uid, set]))
  return {
    podsOf,
    setsOf,
    workloadOf(pod) {
      const owner = controllerOf(pod)
      if (!owner) return { kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid }
      const set = sets.get(owner.uid)
      return (set && controllerOf(set)) ?? owner
    },
    near: ({ kind, namespace, name }, uid) => ({
      now: snapshot.now,
      nodes: snapshot.nodes,
      storageClasses: snapshot.storageClasses,
      ingressClasses: snapshot.ingressClasses,
      ...(namespace === undefined ? {} : byNamespace(namespace)),
      events: eventsOf(kind, namespace, name),
      ...(uid === undefined ? {} : { ownedEvents: ownedEvents(uid, namespace) }),
    }),
  }
}

/** Nodes' events are written into a namespace of their writer's choice. */
const eventKey = (kind: string, namespace: string, name: string): string =>
  kind === 'Node' ? `Node//${name}` : `${kind}/${namespace}/${name}`

type Own = Pick<Surroundings, 'pods' | 'services' | 'endpointSlices' | 'claims' | 'replicaSets'>

/** A lookup of the namespaced lists by namespace; what is unset stays unset. */
function namespacesOf(snapshot: Snapshot): (namespace: string) => Own {
  const group = <T extends KubeObject>(list: readonly T[] | undefined): ((namespace: string) => T[] | undefined) => {
    if (!list) return () => undefined
    const groups = Map.groupBy(list, ({ metadata }) => metadata.namespace ?? '')
    return (namespace) => groups.get(namespace) ?? []
  }
  const pods = group(snapshot.pods)
  const services = group(snapshot.services)
  const endpointSlices = group(snapshot.endpointSlices)
  const claims = group(snapshot.claims)
  const replicaSets = group(snapshot.replicaSets)
  return (namespace) => ({
    pods: pods(namespace),
    services: services(namespace),
    endpointSlices: endpointSlices(namespace),
    claims: claims(namespace),
    replicaSets: replicaSets(namespace),
  })
}

/** Objects by the uid of their controller. */
const ownedBy = <T extends KubeObject>(objects: readonly T[]): Map<string, T[]> =>
  Map.groupBy(objects, (object) => controllerOf(object)?.uid ?? '')
