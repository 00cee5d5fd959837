import type {
  ControllerRevision,
  EndpointSlice,
  Event,
  IngressClass,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Service,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Tone } from '../components/tone.ts'

/** What a page says of an object before anything else: what is the matter, why, and what to try. */
export interface Explanation {
  tone: Tone
  /** The state in Kubernetes' own word: `CrashLoopBackOff`. */
  state: string
  /** What is the matter, in one sentence. */
  sentence: string
  /** What else is known about it, a line each. */
  why: readonly string[]
  /** Causes that come as a list: the scheduler's, each with the number of nodes that it holds for. */
  reasons?: readonly { count?: number; text: string }[]
  /** What a machine wrote, unaltered: a registry's answer, the server's refusal, a probe's last answer. */
  said?: string | undefined
  /** The container whose last lines tell more. */
  log?: { container: string; previous: boolean } | undefined
  tries: readonly Try[]
}

/** An explanation whose gravity is that of the object's state. */
export type Untoned = Omit<Explanation, 'tone'>

/** One thing to try. At most one of `link` and `action` is set. */
export interface Try {
  text: string
  detail?: string
  /** Where to look. */
  link?: ObjectLink
  /** An action of the object itself, by its id: `edit`, `logs`, `scale`. */
  action?: string
}

/** Names an object that has a page. */
export interface ObjectLink {
  kind: string
  /** Where several groups have such a kind. */
  apiVersion?: string | undefined
  name: string
  namespace?: string | undefined
}

/**
 * What is known around an object. A list that is unset could not be read, or has not been: nothing is concluded from its
 * absence. Namespaced lists are those of the object's namespace.
 */
export interface Surroundings {
  /** ms since the epoch */
  now: number
  /** Lists that the server refused, with its reasons. */
  refused?: ReadonlyMap<string, string>
  /** About the object, newest first. */
  events: readonly Event[]
  pods?: readonly Stored<Pod>[] | undefined
  replicaSets?: readonly Stored<ReplicaSet>[] | undefined
  controllerRevisions?: readonly Stored<ControllerRevision>[] | undefined
  /** About the ReplicaSets, Jobs or pods that the object owns, newest first. */
  ownedEvents?: readonly Event[] | undefined
  services?: readonly Stored<Service>[] | undefined
  endpointSlices?: readonly Stored<EndpointSlice>[] | undefined
  claims?: readonly Stored<PersistentVolumeClaim>[] | undefined
  volumes?: readonly Stored<PersistentVolume>[] | undefined
  storageClasses?: readonly Stored<StorageClass>[] | undefined
  ingressClasses?: readonly Stored<IngressClass>[] | undefined
  nodes?: readonly Stored<Node>[] | undefined
}
