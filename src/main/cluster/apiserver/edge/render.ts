import type { KubeObject } from '#shared/kube/object.ts'
import { badRequest } from '#shared/kube/status.ts'
import { noForms, objectForms, typedFormOnly, typedForms, type Format, type Forms } from '../codec/negotiate.ts'
import {
  encodeProtobuf,
  encodeProtobufEvent,
  encodeProtobufList,
  hasProtobuf,
  protobufType,
} from '../codec/protobuf-encode.ts'
import { toYaml } from '../codec/body.ts'
import { partialOf, tableOf, type IncludeObject } from '../registry/table.ts'
import type { Answer, ListAnswer, Query, WatchFormat } from '../api/request.ts'
import type { ServedResource } from '../api/resources.ts'
import { defined } from '#shared/kube/json.ts'

/** The form that a request asked for. Answers are rendered as objects within the process and as bytes for HTTP. */
export interface Rendering {
  format: Format
  query: Query
  /** ms since the epoch, for the ages in tables. */
  now: number
}

/** The answer as one object. */
export function renderObject(answer: Extract<Answer, { type: 'object' | 'list' }>, rendering: Rendering): unknown {
  const { as, version } = rendering.format
  if (answer.type === 'list') return renderList(answer, rendering)
  const { resource, object } = answer
  if (as === undefined || !resource) return object
  if (as === 'Table')
    return tableOf(resource, [object as KubeObject], listMetaOf(object as KubeObject), tableOptions(rendering))
  return partialOf(object as KubeObject, version)
}

const listMetaOf = ({ metadata }: KubeObject): { resourceVersion?: string } =>
  metadata?.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }

function renderList({ resource, items, metadata }: ListAnswer, rendering: Rendering): unknown {
  const { as, version } = rendering.format
  const objects = items.map((item) => item.object)
  if (as === 'Table') return tableOf(resource, objects, metadata, tableOptions(rendering))
  if (as !== undefined)
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${version}`,
      metadata,
      items: objects.map((object) => partialOf(object, version)),
    }
  return { kind: `${resource.kind.kind}List`, apiVersion: resource.apiVersion, metadata, items: objects }
}

function tableOptions({ format, query, now }: Rendering): { version: string; include: IncludeObject; now: number } {
  return { version: format.version, include: includeObject(query), now }
}

/** @throws ApiError 400 */
function includeObject(query: Query): IncludeObject {
  const include = query['includeObject'] ?? ''
  if (include === '') return 'Metadata'
  if (include === 'None' || include === 'Metadata' || include === 'Object') return include
  throw badRequest(`unrecognized includeObject value: "${include}"`)
}

/** The answer as bytes. Stored bytes are sent unchanged; only other forms are serialised. */
export function renderBytes(answer: Extract<Answer, { type: 'object' | 'list' }>, rendering: Rendering): Uint8Array {
  const { format } = rendering
  if (format.as === undefined && format.type === 'application/json') {
    if (answer.type === 'list') return concatenateList(answer)
    if (answer.json) return answer.json
  }
  if (format.type === protobufType) return renderProtobuf(answer, rendering)
  const object = renderObject(answer, rendering)
  return Buffer.from(format.type === 'application/yaml' ? toYaml(object) : JSON.stringify(object))
}

function renderProtobuf(answer: Extract<Answer, { type: 'object' | 'list' }>, rendering: Rendering): Uint8Array {
  const object = renderObject(answer, rendering) as TypedList
  return answer.type === 'list' ? encodeProtobufList(object, object.items) : encodeProtobuf(object)
}

interface TypedList {
  apiVersion: string
  kind: string
  metadata: object
  items: { apiVersion: string; kind: string }[]
}

/** The forms that an answer can take: not everything has a protobuf message. */
export function formsOf(answer: Exclude<Answer, { type: 'bytes' }>): Forms {
  if (answer.type === 'object') {
    const { apiVersion = '', kind = '' } = answer.object as Partial<KubeObject>
    // Reviews have no name, and no table form.
    if (!answer.resource && kind.endsWith('Review')) return hasProtobuf(apiVersion, kind) ? typedFormOnly : noForms
    return hasProtobuf(apiVersion, kind) ? typedForms : objectForms
  }
  return hasProtobuf(answer.resource.apiVersion, answer.resource.kind.kind) ? typedForms : objectForms
}

const comma = Buffer.from(',')
const listEnd = Buffer.from(']}\n')

function concatenateList({ resource, items, metadata }: ListAnswer): Buffer {
  const head = `{"kind":"${resource.kind.kind}List","apiVersion":"${resource.apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`
  const parts: Uint8Array[] = new Array<Uint8Array>(items.length * 2 + 1)
  parts[0] = Buffer.from(head)
  let at = 1
  for (const item of items) {
    if (at > 1) parts[at++] = comma
    parts[at++] = item.json
  }
  parts[at++] = listEnd
  parts.length = at
  return Buffer.concat(parts)
}

/** How a watch's events are formed. */
export function watchFormat(rendering: Rendering, resource: ServedResource, now: () => number): WatchFormat {
  const format = jsonWatchFormat(rendering, resource, now)
  if (rendering.format.type !== protobufType) return format
  return {
    ...format,
    key: `protobuf.${format.key}`,
    encode: (type, object) => encodeProtobufEvent(type, object as { apiVersion: string; kind: string }),
  }
}

function jsonWatchFormat({ format, query }: Rendering, resource: ServedResource, now: () => number): WatchFormat {
  const { as, version } = format
  if (as === undefined) return { key: '' }
  if (as === 'Table') {
    const include = includeObject(query)
    return {
      key: `Table.${version}.${include}`,
      convert: (object, type) =>
        // A bookmark has a revision and no cells.
        tableOf(
          resource,
          type === 'BOOKMARK' ? [] : [object],
          defined({ resourceVersion: object.metadata.resourceVersion }),
          { version, include, now: now() },
        ),
    }
  }
  return { key: `Partial.${version}`, convert: (object) => partialOf(object, version) }
}
