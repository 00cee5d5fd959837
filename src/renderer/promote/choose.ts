import type { PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { selects, type LabelSelectorShape } from '#shared/kube/selectors.ts'
import { kindKey } from '../kinds/index.ts'
import { podSpecOf, usesOf } from '../kinds/uses.ts'
import { staysBehind } from '#shared/kube/transfer/stays.ts'

/** An object of the source that can be promoted. */
export interface Item {
  /** `deployments/web`, `widgets.example.com/one`. */
  key: string
  resource: Resource
  object: Stored
}

export const keyOf = (resource: Resource, name: string): string => `${kindKey(resource)}/${name}`
export const isSecret = ({ resource: { group, kind } }: Pick<Item, 'resource'>): boolean =>
  group === '' && kind === 'Secret'

/** What of a namespace can be promoted: neither what controllers make there too, nor the claims that StatefulSets make. */
export function promotable(items: readonly Item[]): Item[] {
  const made = items.flatMap(claimsOf)
  return items.filter(
    ({ resource, object }) =>
      !staysBehind(object, resource) &&
      !(resource.kind === 'PersistentVolumeClaim' && made.some((pattern) => pattern.test(object.metadata.name))),
  )
}

/**
 * What is ticked at first: what was asked for with all it needs, or else everything. Secrets stay where they are until the
 * user ticks them.
 */
export function chosenAtFirst(items: readonly Item[], asked: ReadonlySet<string>): Set<string> {
  const taken = items.filter((item) => !isSecret(item)).map(({ key }) => key)
  if (asked.size === 0) return new Set(taken)
  const needed = neededWith(items, asked)
  return new Set(taken.filter((key) => asked.has(key) || needed.has(key)))
}

/** What workloads need, directly or not: what their pods name, what leads to them, what scales, guards and allows them. */
export function neededWith(items: readonly Item[], asked: ReadonlySet<string>): Set<string> {
  const found = new Set(asked)
  for (let before = -1; before < found.size;) {
    before = found.size
    const taken = items.filter(({ key }) => found.has(key))
    for (const item of items)
      if (!found.has(item.key) && taken.some((each) => isNeeded(item, each))) found.add(item.key)
  }
  return new Set([...found].filter((key) => !asked.has(key)))
}

function isNeeded(item: Item, by: Item): boolean {
  const { kind } = item.resource
  const [own, its] = [shapeOf(item), shapeOf(by)]
  const { name } = own.metadata
  const pods = podSpecOf(its)
  if (pods && usesOf(pods).some((used) => used.kind === kind && used.name === name)) return true
  const labels = pods && labelsOf(its)
  if (kind === 'Service') return labels !== undefined && leadsTo(own.spec?.selector, labels)
  if (kind === 'PodDisruptionBudget') return labels !== undefined && selects(own.spec?.selector, labels)
  if (kind === 'HorizontalPodAutoscaler')
    return own.spec?.scaleTargetRef?.kind === its.kind && own.spec?.scaleTargetRef?.name === its.metadata.name
  if (kind === 'Ingress') return its.kind === 'Service' && backendsOf(own).includes(its.metadata.name)
  if (kind === 'RoleBinding')
    return its.kind === 'ServiceAccount' && (own.subjects ?? []).some((each) => each.name === its.metadata.name)
  if (kind === 'Role') return its.kind === 'RoleBinding' && its.roleRef?.kind === 'Role' && its.roleRef?.name === name
  return false
}

/** The names of the claims that a StatefulSet makes from its templates: `data-postgres-0`. */
function claimsOf(item: Item): RegExp[] {
  if (item.resource.kind !== 'StatefulSet') return []
  const { metadata, spec } = shapeOf(item)
  return (spec?.volumeClaimTemplates ?? []).map(
    (claim) => new RegExp(`^${escaped(`${claim.metadata?.name ?? ''}-${metadata.name}`)}-\\d+$`),
  )
}
const escaped = (text: string): string => text.replaceAll('.', '\\.')

/** The selector of a Service is a plain map; one without entries leads nowhere. */
const leadsTo = (selector: object = {}, labels: Labels): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([key, value]) => labels[key] === value)

/** The labels of the pods that an object makes, or is. */
const labelsOf = ({ kind, metadata, spec }: Shape): Labels =>
  (kind === 'Pod' ? metadata.labels : (spec?.jobTemplate?.spec ?? spec)?.template?.metadata?.labels) ?? {}

/** The Services that an Ingress leads to. */
function backendsOf({ spec }: Shape): string[] {
  const backends = [
    spec?.defaultBackend,
    ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend)),
  ]
  return backends.flatMap((backend) => backend?.service?.name ?? [])
}

type Labels = Readonly<Record<string, string>>
interface Backend {
  service?: { name?: string }
}
/** The fields of several kinds that lead from one object to another. */
interface Shape {
  kind?: string | undefined
  metadata: { name: string; labels?: Labels }
  spec?: PodSpec & {
    /** Of a Service, a plain map. */
    selector?: LabelSelectorShape
    template?: { metadata?: { labels?: Labels }; spec?: PodSpec }
    jobTemplate?: { spec?: { template?: { metadata?: { labels?: Labels }; spec?: PodSpec } } }
    volumeClaimTemplates?: { metadata?: { name?: string } }[]
    scaleTargetRef?: { kind?: string; name?: string }
    defaultBackend?: Backend
    rules?: { http?: { paths?: { backend?: Backend }[] } }[]
  }
  subjects?: { name?: string }[]
  roleRef?: { kind?: string; name?: string }
}
const shapeOf = ({ resource, object }: Item): Shape => ({ ...(object as unknown as Shape), kind: resource.kind })
