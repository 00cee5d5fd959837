import type { KubeObject } from '#shared/kube/object.ts'
import { notFound } from '#shared/kube/status.ts'
import type { Answer, Item, Query } from '../api/request.ts'
import type { Target } from './context.ts'
import { parseRevisionDemand } from './list-options.ts'
import { parseSelection } from './selection.ts'

/** Objects of a kind without storage, computed when they are read. */
export interface View {
  group: string
  resource: string
  /** @param namespace '' for all */
  objects(namespace: string): KubeObject[] | Promise<KubeObject[]>
  /** One of them; searched for in `objects` when unset. @throws ApiError 404 */
  object?(namespace: string, name: string): KubeObject
}

/** `GET` of one computed object. @throws ApiError 404 */
export async function getFromView(view: View, { resource, namespace, name }: Target): Promise<Answer> {
  const object =
    view.object?.(namespace, name) ?? (await view.objects(namespace)).find(({ metadata }) => metadata.name === name)
  if (!object) throw notFound(resource.groupResource, name)
  return { type: 'object', code: 200, resource, object }
}

/** `GET` of all computed objects, or of those that the selectors match; they have no revision. @throws ApiError 400, 422 */
export async function listView(view: View, target: Target, query: Query): Promise<Answer> {
  parseRevisionDemand(query, false)
  const selection = parseSelection(target, query)
  const objects = (await view.objects(target.namespace)).filter((object) => selection?.matches(object) ?? true)
  return {
    type: 'list',
    resource: target.resource,
    items: objects.map((object): Item => ({ object, json: Buffer.from(JSON.stringify(object)) })),
    metadata: {},
  }
}
