import type { Resource } from '#shared/kube/resources.ts'
import type { Group, KindDescriptor } from './descriptor.ts'
import { kinds } from './index.ts'

/** Aggregated discovery (`apidiscovery.k8s.io/v2`), as far as it is used here. */
export interface GroupDiscovery {
  metadata?: { name?: string }
  versions?: { version: string; resources?: ResourceDiscovery[] }[]
}
export interface ResourceDiscovery {
  resource: string
  responseKind?: { kind?: string }
  scope?: string
  shortNames?: string[]
  verbs?: string[]
}

/**
 * Every kind of a cluster that can be listed: those that have a room here in their order, then the rest by group and
 * name. A group's first version is its preferred one.
 * @param before the catalogue so far: kinds that are as they were are the same objects, so that their lists go on
 */
export function catalogueOf(
  served: readonly GroupDiscovery[],
  before: readonly KindDescriptor[] = [],
): KindDescriptor[] {
  const found = served.flatMap(kindsOf)
  const known = kinds.flatMap((kind): KindDescriptor[] => {
    const same = found.filter((each) => isSame(each.resource, kind.resource))
    const exact = same.find(({ resource }) => resource.version === kind.resource.version) ?? same[0]
    if (!exact) return []
    const { shortNames = [], resource } = exact
    const isOwnVersion = resource.version === kind.resource.version
    return [
      { ...kind, shortNames, resource: isOwnVersion ? kind.resource : { ...kind.resource, version: resource.version } },
    ]
  })
  const others = found.filter(
    ({ resource }, at) =>
      !kinds.some((kind) => isSame(kind.resource, resource)) &&
      // Events of `events.k8s.io` are those of the core group once more.
      !(resource.group === 'events.k8s.io' && resource.plural === 'events') &&
      found.findIndex((each) => isSame(each.resource, resource)) === at,
  )
  others.sort((a, b) => textOf(a.resource).localeCompare(textOf(b.resource)))
  return [...known, ...others].map((kind) => before.find((each) => isUnchanged(each, kind)) ?? kind)
}

const isUnchanged = (a: KindDescriptor, b: KindDescriptor): boolean =>
  isSame(a.resource, b.resource) &&
  JSON.stringify([a.resource, a.shortNames]) === JSON.stringify([b.resource, b.shortNames])

const isSame = (a: Resource, b: Resource): boolean => a.group === b.group && a.plural === b.plural
const textOf = ({ group, plural }: Resource): string => `${group} ${plural}`

function kindsOf({ metadata, versions = [] }: GroupDiscovery): KindDescriptor[] {
  const group = metadata?.name ?? ''
  return versions.flatMap(({ version, resources = [] }) =>
    resources.flatMap((resource): KindDescriptor[] => {
      const { resource: plural, responseKind, scope, verbs = [], shortNames = [] } = resource
      const kind = responseKind?.kind
      if (!kind || !verbs.includes('list')) return []
      return [
        {
          resource: { group, version, plural, kind, namespaced: scope === 'Namespaced' },
          title: titleOf(kind, plural),
          group: groupOf(group),
          columns: [],
          printed: true,
          shortNames,
        },
      ]
    }),
  )
}

/** `Widgets`: the kind's capitals with the plural's ending, where the one begins with the other. */
export function titleOf(kind: string, plural: string): string {
  const lower = kind.toLowerCase()
  let stem = 0
  while (stem < lower.length && lower[stem] === plural[stem]) stem++
  if (stem === lower.length) return kind + plural.slice(kind.length)
  return stem > 2 && stem >= kind.length - 2 ? kind.slice(0, stem) + plural.slice(stem) : kind
}

/** Where kinds of Kubernetes' own groups stand that have no room here. */
const groupsOfApis: Record<string, Group> = {
  '': 'cluster',
  apps: 'workloads',
  batch: 'workloads',
  autoscaling: 'workloads',
  policy: 'workloads',
  'networking.k8s.io': 'network',
  'discovery.k8s.io': 'network',
  'storage.k8s.io': 'storage',
  'storagemigration.k8s.io': 'storage',
  'rbac.authorization.k8s.io': 'access',
  'certificates.k8s.io': 'access',
  'admissionregistration.k8s.io': 'admission',
  'scheduling.k8s.io': 'scheduling',
  'resource.k8s.io': 'scheduling',
  'node.k8s.io': 'scheduling',
  'coordination.k8s.io': 'cluster',
  'events.k8s.io': 'cluster',
  'internal.apiserver.k8s.io': 'api',
  'apiextensions.k8s.io': 'api',
  'apiregistration.k8s.io': 'api',
  'flowcontrol.apiserver.k8s.io': 'api',
}
const groupOf = (group: string): Group => groupsOfApis[group] ?? 'custom'
/** Whether a group of the API is Kubernetes' own: its kinds mean the same in every cluster. */
export const isOfKubernetes = (group: string): boolean =>
  Object.hasOwn(groupsOfApis, group) || group === 'metrics.k8s.io'

/** What a SelfSubjectRulesReview says of lists. Rules that the server could not complete forbid nothing. */
export interface ListRules {
  incomplete: boolean
  resourceRules: { verbs: string[]; apiGroups?: string[]; resources?: string[]; resourceNames?: string[] }[]
}

/** Whether objects of this kind may be listed in the namespace that the review was about. */
export const mayList = ({ incomplete, resourceRules }: ListRules, { group, plural }: Resource): boolean =>
  incomplete ||
  resourceRules.some(
    ({ verbs, apiGroups = [], resources = [], resourceNames = [] }) =>
      has(verbs, 'list') && has(apiGroups, group) && has(resources, plural) && resourceNames.length === 0,
  )
const has = (values: readonly string[], wanted: string): boolean => values.includes('*') || values.includes(wanted)
