import type { KubeObject } from '#shared/kube/object.ts'
import type { Change, Entry } from '../../store/store.ts'
import type { WatchBatch, WatchFormat, WatchItem } from '../api/request.ts'
import { itemOf } from './context.ts'
import type { ServedResource } from '../api/resources.ts'
import type { Selection } from './selection.ts'

/** Maps changes to events of a selection: an object that enters it is ADDED, one that leaves it DELETED. */
export function eventsOf(
  changes: readonly Change[],
  resource: ServedResource,
  selection: Selection | undefined,
  format: WatchFormat,
): WatchItem[] {
  const items: WatchItem[] = []
  for (const { type, entry, previous } of changes) {
    if (!selection) {
      items.push(eventOf(type === 'delete' ? 'DELETED' : previous ? 'MODIFIED' : 'ADDED', resource, entry, format))
      continue
    }
    const now = type === 'put' && selection.matches(itemOf(resource, entry).object)
    const before = previous !== undefined && selection.matches(itemOf(resource, previous).object)
    if (now) items.push(eventOf(before ? 'MODIFIED' : 'ADDED', resource, entry, format))
    else if (before && type === 'delete') items.push(eventOf('DELETED', resource, entry, format))
    else if (before) items.push(leaving(itemOf(resource, previous).object, entry.revision, format))
  }
  return items
}

export function eventOf(
  type: WatchItem['type'],
  resource: ServedResource,
  entry: Entry,
  format: WatchFormat,
): WatchItem {
  const item = itemOf(resource, entry)
  return format.convert ? { type, object: format.convert(item.object, type) } : new StoredEvent(type, item)
}

/** Reads the bytes on demand: watchers within the process never need them. */
class StoredEvent implements WatchItem {
  readonly type: WatchItem['type']
  readonly #item: { readonly object: KubeObject; readonly json: Uint8Array }

  constructor(type: WatchItem['type'], item: { readonly object: KubeObject; readonly json: Uint8Array }) {
    this.type = type
    this.#item = item
  }

  get object(): KubeObject {
    return this.#item.object
  }

  get json(): Uint8Array {
    return this.#item.json
  }
}

/** As in Kubernetes, an object that leaves a selection is sent in its last matching state, at the new revision. */
function leaving(previous: KubeObject, revision: number, format: WatchFormat): WatchItem {
  const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } }
  return { type: 'DELETED', object: format.convert ? format.convert(object, 'DELETED') : object }
}

/** Builds a BOOKMARK event; `endOfInitialEvents` marks the end of the initial state of a streaming list. */
export function bookmark(
  { kind, apiVersion }: ServedResource,
  revision: number,
  format: WatchFormat,
  endOfInitialEvents: boolean,
): WatchItem {
  const object: KubeObject = {
    kind: kind.kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(endOfInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  }
  return { type: 'BOOKMARK', object: format.convert ? format.convert(object, 'BOOKMARK') : object }
}

const prefixes = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
  ERROR: Buffer.from('{"type":"ERROR","object":'),
}
const lineEnd = Buffer.from('}\n')

/** Events of one flush; see WatchBatch. */
export class EncodedBatch implements WatchBatch {
  readonly items: readonly WatchItem[]
  readonly #encode: WatchFormat['encode']
  #bytes: Buffer | undefined
  #chunk: Buffer | undefined

  constructor(items: readonly WatchItem[], format: WatchFormat) {
    this.items = items
    this.#encode = format.encode
  }

  bytes(): Buffer {
    return (this.#bytes ??= Buffer.concat(this.#parts()))
  }

  chunk(): Buffer {
    if (!this.#chunk) {
      const parts = this.#parts()
      let length = 0
      for (const part of parts) length += part.length
      this.#chunk = Buffer.concat([Buffer.from(`${length.toString(16)}\r\n`), ...parts, chunkEnd])
    }
    return this.#chunk
  }

  #parts(): Uint8Array[] {
    const encode = this.#encode
    if (encode) return this.items.map(({ type, object }) => encode(type, object))
    const parts: Uint8Array[] = []
    for (const item of this.items)
      parts.push(prefixes[item.type], item.json ?? Buffer.from(JSON.stringify(item.object)), lineEnd)
    return parts
  }
}

const chunkEnd = Buffer.from('\r\n')
