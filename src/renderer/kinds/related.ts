import type { EndpointSlice, Job, Pod, ReplicaSet, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject, Named, Stored } from '#shared/kube/object.ts'
import { summarizePod } from '#shared/kube/pod.ts'
import { matchesLabels, parseLabelSelector } from '#shared/kube/selectors.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import { t } from '../texts/index.ts'
import type { Tone } from '../components/tone.ts'
import type { KindDescriptor } from './descriptor.ts'
import { podTone } from './core/pod.ts'
import { isOwned } from './owned.ts'
import { podSpecOf, usesOf } from './uses.ts'

/** An object that is related to the shown one. */
export interface RelatedObject {
  kind: string
  name: string
  namespace?: string
  state?: { text: string; tone: Tone }
  /** What owns it, where that is not the shown object itself: the ReplicaSet between a Deployment and its pods. */
  owner?: { kind: string; name: string }
}
export interface RelatedGroup {
  id: 'owners' | 'node' | 'uses' | 'replicaSets' | 'jobs' | 'endpointSlices' | 'pods' | 'services' | 'users'
  title: string
  items: RelatedObject[]
}

/** The objects among which related ones are looked for. */
export interface Neighbours {
  pods: readonly Stored<Pod>[]
  replicaSets: readonly Stored<ReplicaSet>[]
  jobs: readonly Stored<Job>[]
  services: readonly Stored<Service>[]
  endpointSlices: readonly Stored<EndpointSlice>[]
}

/** The objects that an object is owned by, runs on, uses, owns and selects, and those that select or use it. */
export function relatedOf(kind: KindDescriptor, object: Stored, neighbours: Neighbours): RelatedGroup[] {
  const { namespace } = object.metadata
  const near = <T extends KubeObject>(objects: readonly T[]): T[] =>
    objects.filter(({ metadata }) => metadata.namespace === namespace)
  const owned = <T extends KubeObject>(objects: readonly T[]): T[] =>
    near(objects).filter((each) => isOwned(each, object.metadata.uid))
  const jobs = owned(neighbours.jobs)
  const ownedPods = near(neighbours.pods).filter((pod) =>
    [object, ...jobs].some(({ metadata }) => isOwned(pod, metadata.uid)),
  )
  const spec = podSpecOf({ kind: kind.resource.kind, spec: (object as KubeObject & { spec?: unknown }).spec })
  const node = kind.resource.kind === 'Pod' ? spec?.nodeName : undefined
  const groups: RelatedGroup[] = [
    {
      id: 'owners',
      title: t('pages.related.owners'),
      items: (object.metadata.ownerReferences ?? []).map((owner) => item(owner.kind, owner.name, namespace)),
    },
    { id: 'node', title: t('pages.related.node'), items: node ? [item('Node', node)] : [] },
    {
      id: 'uses',
      title: t('pages.related.uses'),
      items: spec ? usesOf(spec).map(({ kind: used, name }) => item(used, name, namespace)) : [],
    },
    { id: 'replicaSets', title: 'ReplicaSets', items: owned(neighbours.replicaSets).map(itemOf('ReplicaSet')) },
    { id: 'jobs', title: 'Jobs', items: jobs.map(itemOf('Job')) },
    {
      id: 'endpointSlices',
      title: 'EndpointSlices',
      items: owned(neighbours.endpointSlices).map(itemOf('EndpointSlice')),
    },
    {
      id: 'pods',
      title: 'Pods',
      items: podsOf(kind, object, neighbours.pods, ownedPods).map((pod) => ({
        ...podItem(pod),
        ...between(pod, object),
      })),
    },
    {
      id: 'services',
      title: 'Services',
      items: (kind.resource.kind === 'Pod' ? near(neighbours.services) : [])
        .filter(({ spec: { selector } = {} }) => selector && includes(object.metadata.labels, selector))
        .map(itemOf('Service')),
    },
    {
      id: 'users',
      title: t('pages.related.users'),
      items: near(neighbours.pods).filter(usersOf(kind, object)).map(podItem),
    },
  ]
  return groups.filter(({ items }) => items.length > 0)
}

function podsOf(
  kind: KindDescriptor,
  object: Stored,
  all: Neighbours['pods'],
  owned: Neighbours['pods'],
): Neighbours['pods'] {
  if (kind.resource.kind === 'Node') return all.filter(({ spec }) => spec?.nodeName === object.metadata.name)
  const source = kind.logs?.(object)
  if (!source || !('selector' in source) || source.selector === '') return owned
  const wanted = parseLabelSelector(source.selector)
  return all.filter(
    ({ metadata }) => metadata.namespace === object.metadata.namespace && matchesLabels(wanted, metadata.labels),
  )
}

/** Pods whose spec names this ConfigMap, Secret, claim or service account. */
const usersOf =
  (kind: KindDescriptor, object: Stored) =>
  ({ spec }: Pod): boolean =>
    spec !== undefined &&
    usesOf(spec).some((used) => used.kind === kind.resource.kind && used.name === object.metadata.name)

/** What owns a pod that the object does not own itself. */
function between({ metadata }: Stored<Pod>, { metadata: { uid } }: Stored): Pick<RelatedObject, 'owner'> {
  const owner = controllerOf({ metadata })
  return owner && owner.uid !== uid ? { owner: { kind: owner.kind, name: owner.name } } : {}
}

const includes = (labels: Record<string, string> = {}, selector: Record<string, string>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value)

const item = (kind: string, name: string, namespace?: string): RelatedObject => ({
  kind,
  name,
  ...(namespace ? { namespace } : {}),
})
const itemOf =
  (kind: string) =>
  ({ metadata }: Named): RelatedObject =>
    item(kind, metadata.name, metadata.namespace)
const podItem = (pod: Stored<Pod>): RelatedObject => ({
  ...itemOf('Pod')(pod),
  state: { text: summarizePod(pod).status, tone: podTone(pod) },
})
