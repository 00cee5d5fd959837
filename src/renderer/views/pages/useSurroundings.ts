import { computed, type ComputedRef, type Ref } from 'vue'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import {
  controllerRevisions,
  endpointSlices,
  events,
  ingressClasses,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  replicaSets,
  services,
  storageClasses,
  type Resource,
} from '#shared/kube/resources.ts'
import { useLiveObjects } from '../../composables/useLiveObjects.ts'
import { newestFirst } from '../../explain/events.ts'
import type { Surroundings } from '../../explain/index.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { isOwned } from '../../kinds/owned.ts'
import { kindId } from './page.ts'

interface Subject {
  context: string
  kind: KindDescriptor
  object: Stored
}

type Near = Exclude<keyof Surroundings, 'now' | 'refused' | 'events' | 'ownedEvents'>

/** What a kind's page and its explanation look at, besides events. */
const needs: Readonly<Record<string, readonly Near[]>> = {
  Pod: ['nodes', 'claims', 'storageClasses', 'services', 'replicaSets'],
  'apps/Deployment': ['pods', 'replicaSets', 'services', 'nodes', 'claims'],
  'apps/ReplicaSet': ['pods', 'services', 'nodes', 'claims'],
  'apps/StatefulSet': ['pods', 'controllerRevisions', 'services', 'nodes', 'claims'],
  'apps/DaemonSet': ['pods', 'controllerRevisions', 'services', 'nodes', 'claims'],
  ReplicationController: ['pods', 'services'],
  'batch/Job': ['pods', 'nodes', 'claims'],
  'batch/CronJob': [],
  Service: ['pods', 'endpointSlices'],
  'networking.k8s.io/Ingress': ['services', 'pods', 'endpointSlices', 'ingressClasses'],
  'networking.k8s.io/NetworkPolicy': ['pods'],
  'policy/PodDisruptionBudget': ['pods'],
  'scheduling.k8s.io/PriorityClass': ['pods'],
  PersistentVolumeClaim: ['pods', 'storageClasses', 'volumes'],
  PersistentVolume: ['claims'],
  Node: ['pods'],
  ConfigMap: ['pods'],
  Secret: ['pods'],
  ServiceAccount: ['pods'],
}

/** What lies around an object, followed while the caller lives. @param now ms since the epoch */
export function useSurroundings(subject: () => Subject, now: Ref<number>): ComputedRef<Surroundings> {
  const wanted = computed(() => needs[kindId(subject().kind)] ?? [])
  const namespace = computed(() => subject().object.metadata.namespace)
  const context = (): string => subject().context
  const scope = (): string[] => (namespace.value ? [namespace.value] : [])

  /** Why lists could not be read. */
  const reasons = new Map<Near, Ref<string>>()

  /** A list of the object's namespace; undefined until it is whole, and where it may not be read. */
  function list<T extends KubeObject>(
    name: Near,
    resource: Resource<T>,
  ): ComputedRef<readonly Stored<T>[] | undefined> {
    const live = useLiveObjects<T>(
      context,
      () => (wanted.value.includes(name) ? resource : undefined),
      () => (resource.namespaced ? scope() : []),
    )
    reasons.set(name, live.reason)
    return computed(() => {
      if (!live.complete.value) return undefined
      const own = namespace.value
      if (!resource.namespaced || own === undefined) return live.objects.value
      return live.objects.value.filter(({ metadata }) => metadata.namespace === own)
    })
  }

  const lists = {
    pods: list('pods', pods),
    replicaSets: list('replicaSets', replicaSets),
    controllerRevisions: list('controllerRevisions', controllerRevisions),
    services: list('services', services),
    endpointSlices: list('endpointSlices', endpointSlices),
    claims: list('claims', persistentVolumeClaims),
    volumes: list('volumes', persistentVolumes),
    storageClasses: list('storageClasses', storageClasses),
    ingressClasses: list('ingressClasses', ingressClasses),
    nodes: list('nodes', nodes),
  }
  const live = useLiveObjects(context, () => events, scope)
  const own = computed(() => {
    const { kind, object } = subject()
    const { uid, name, namespace: where } = object.metadata
    return live.objects.value
      .filter(
        ({ involvedObject: about }) =>
          // Nodes' agents write the name in place of the uid.
          about.uid === uid || (about.kind === kind.resource.kind && about.name === name && about.namespace === where),
      )
      .sort(newestFirst)
  })
  const owned = computed(() => {
    const { uid } = subject().object.metadata
    const sets = lists.replicaSets.value?.filter((each) => isOwned(each, uid)) ?? []
    const uids = new Set([uid, ...sets.map(({ metadata }) => metadata.uid)])
    const below = new Set(sets.map(({ metadata }) => metadata.uid))
    for (const { metadata } of lists.pods.value ?? [])
      if (metadata.ownerReferences?.some((owner) => uids.has(owner.uid))) below.add(metadata.uid)
    if (below.size === 0) return []
    return live.objects.value.filter(({ involvedObject: about }) => below.has(about.uid ?? '')).sort(newestFirst)
  })
  const refused = computed(
    () => new Map([...reasons].flatMap(([name, { value }]) => (value === '' ? [] : [[name, value]]))),
  )
  return computed(() => ({
    now: now.value,
    refused: refused.value,
    events: own.value,
    ownedEvents: owned.value,
    pods: lists.pods.value,
    replicaSets: lists.replicaSets.value,
    controllerRevisions: lists.controllerRevisions.value,
    services: lists.services.value,
    endpointSlices: lists.endpointSlices.value,
    claims: lists.claims.value,
    volumes: lists.volumes.value,
    storageClasses: lists.storageClasses.value,
    ingressClasses: lists.ingressClasses.value,
    nodes: lists.nodes.value,
  }))
}
