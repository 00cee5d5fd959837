import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { timestamp as timestampOf } from '#shared/kube/timestamp.ts'
import type { Entry, Store } from '../../store/store.ts'
import type { Item } from '../api/request.ts'
import type { AdmissionPlugin } from '../api/admission.ts'
import type { ObjectReader, ResourceKey } from '../api/reader.ts'
import { keyOf, prefixOf, served, type ResourceTable, type ServedResource } from '../api/resources.ts'

/** Dependencies of every registry operation. */
export interface RegistryContext {
  store: Store
  clock: Clock
  log: Log
  resources: ResourceTable
  reader: ObjectReader
  admission: AdmissionChain
}

/** The plugins of each phase of admission, in their order. */
export interface AdmissionChain {
  mutating: readonly Mutating[]
  validating: readonly Validating[]
}

type Mutating = AdmissionPlugin & Required<Pick<AdmissionPlugin, 'admit'>>
type Validating = AdmissionPlugin & Required<Pick<AdmissionPlugin, 'validate'>>

/** Sorts plugins into the phases in which they act: every write runs through both. */
export const admissionChain = (plugins: readonly AdmissionPlugin[]): AdmissionChain => ({
  mutating: plugins.filter((plugin): plugin is Mutating => plugin.admit !== undefined),
  validating: plugins.filter((plugin): plugin is Validating => plugin.validate !== undefined),
})

/** The object or collection that a request addresses. */
export interface Target {
  resource: ServedResource
  /** '' for cluster-scoped resources and for lists over all namespaces. */
  namespace: string
  /** '' for collections. */
  name: string
  subresource: string
}

/** The current time in Kubernetes' timestamp format: RFC 3339 in whole seconds. */
export const timestamp = (clock: Clock): string => secondsText(Math.floor(clock.now() / 1000))

let lastSecond = -1
let lastText = ''

function secondsText(second: number): string {
  if (second !== lastSecond) {
    lastSecond = second
    lastText = timestampOf(second * 1000)
  }
  return lastText
}

/** An item of the store; those of views are computed and have no uid. */
export interface StoredItem extends Item {
  readonly object: Stored
}

/** Returns an entry in the served version; entries stored in the served shape are returned as they are. */
export function itemOf(resource: ServedResource, entry: Entry): StoredItem {
  if (!resource.converted) return entry
  let byVersion = converted.get(entry)
  if (!byVersion) converted.set(entry, (byVersion = new Map<ServedResource, StoredItem>()))
  let item = byVersion.get(resource)
  if (!item) {
    item = new ConvertedItem(served(resource, entry.object))
    byVersion.set(resource, item)
  }
  return item
}

const converted = new WeakMap<Entry, Map<ServedResource, StoredItem>>()

class ConvertedItem implements StoredItem {
  readonly object: Stored
  #json: Buffer | undefined

  constructor(object: Stored) {
    this.object = object
  }

  get json(): Buffer {
    return (this.#json ??= Buffer.from(JSON.stringify(this.object)))
  }
}

/**
 * Creates the reader of the store for admission, actions and authorizers. The one place that claims the type of a key for
 * what is stored there.
 */
export function createReader(store: Store, resources: ResourceTable): ObjectReader {
  const served = ({ group, plural, inVersion }: ResourceKey): ServedResource | undefined =>
    inVersion === undefined ? resources.findAnyVersion(group, plural) : resources.find(group, inVersion, plural)
  const read = (resource: ServedResource, entry: Entry, { inVersion }: ResourceKey): Stored =>
    resource.custom?.conversion && inVersion === undefined ? entry.object : itemOf(resource, entry).object
  return {
    get<T extends KubeObject>(key: ResourceKey<T>, namespace: string, name: string) {
      const resource = served(key)
      const entry = resource && store.get(keyOf(resource, namespace, name))
      return entry && (read(resource, entry, key) as Stored<T>)
    },
    list<T extends KubeObject>(key: ResourceKey<T>, namespace = '') {
      const resource = served(key)
      if (!resource) return []
      const prefix = prefixOf(resource, namespace)
      // Every write asks for policies, webhooks, quotas and limits, which most clusters lack.
      if (store.count(prefix) === 0) return []
      return store.list(prefix).entries.map((entry) => read(resource, entry, key) as Stored<T>)
    },
  }
}
