import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { withType } from '#shared/client/kube-client.ts'
import { changesOf } from '../panels/manifest/three-way.ts'
import { writeFieldPath } from '../panels/manifest/fields.ts'
import { keyOf, type Item } from './choose.ts'
import type { Planned } from './lacks.ts'
import { inPromoteOrder } from '#shared/kube/transfer/order.ts'
import { stripped, type Route } from '#shared/kube/transfer/strip.ts'

/** As whom objects are applied, so that the target knows which fields are from here. */
export const manager = 'slipway-promote'

export interface PlanOptions {
  items: readonly Item[]
  chosen: ReadonlySet<string>
  route: Route
  /** The source's namespace, whose labels the new one gets; unset where the target has its own. */
  newNamespace?: Pick<KubeObject, 'metadata'> | undefined
}

/** What is applied to the target, in this order. */
export function planOf({ items, chosen, route, newNamespace }: PlanOptions): Planned[] {
  const scaled = new Set([...(route.scaled ?? []), ...scaledBy(items.map(({ object }) => object))])
  const planned = items
    .filter(({ key }) => chosen.has(key))
    .map(({ key, resource, object }): Planned => ({
      ...{ key, resource, source: object },
      body: stripped(withType(resource, object), { ...route, scaled }),
    }))
  return inPromoteOrder(newNamespace ? [namespaceOf(newNamespace, route.to), ...planned] : planned)
}

/** The workloads whose replicas autoscalers set: `Deployment/web`. */
export const scaledBy = (objects: readonly KubeObject[]): Set<string> =>
  new Set(
    objects.flatMap((object) => {
      const { kind, name } = (object as { spec?: { scaleTargetRef?: Target } }).spec?.scaleTargetRef ?? {}
      return kind && name ? [`${kind}/${name}`] : []
    }),
  )
interface Target {
  kind?: string
  name?: string
}

function namespaceOf({ metadata }: Pick<KubeObject, 'metadata'>, name: string): Planned {
  // The server labels every namespace with its name.
  const { 'kubernetes.io/metadata.name': _name, ...labels } = metadata.labels ?? {}
  const body = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(Object.keys(labels).length > 0 ? { labels } : {}) },
  }
  return { key: keyOf(namespaces, name), resource: namespaces, body }
}

/** What applying an object does to the target. */
export interface Effect {
  is: 'created' | 'changed' | 'same'
  /** Fields that change: `spec.template.spec.containers[web].image`. */
  fields: readonly string[]
}

/** Compares what is there with what the server would make of it. */
export function effectOf(before: KubeObject | undefined, after: KubeObject): Effect {
  if (!before) return { is: 'created', fields: [] }
  const fields = changesOf(contentOf(before), contentOf(after)).map(({ path }) => writeFieldPath(path))
  return { is: fields.length > 0 ? 'changed' : 'same', fields }
}

/** Whether an object was changed in the target after it was promoted, by somebody else than its controllers. */
export const isTouched = (promoted: KubeObject, now: KubeObject): boolean => effectOf(promoted, now).is !== 'same'

/**
 * What users write of an object. What controllers add is left out: they do so while objects are compared, and it would
 * look like a change.
 */
export const contentOf = (object: KubeObject): KubeObject => {
  const { namespace = '' } = object.metadata
  return stripped(object, { from: namespace, to: namespace })
}

/** What was written to the target, with what was there before. */
export interface Written extends Planned {
  before: Stored | undefined
  after: Stored
}
