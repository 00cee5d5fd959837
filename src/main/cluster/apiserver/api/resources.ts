import { asStored, type KubeObject, type Stored } from '#shared/kube/object.ts'
import { anyType, type TypeNode } from '#shared/kube/patch/type-node.ts'
import { ApiError, internal, type GroupResource } from '#shared/kube/status.ts'
import type { Schema } from '../schema/structural.ts'
import type { KindDeclaration, Verb } from './kind.ts'

/** A declaration with values that are derived from it once. */
export interface ServedResource {
  readonly kind: KindDeclaration
  /** `apps/v1`; `v1` in the core group. */
  readonly apiVersion: string
  readonly groupResource: GroupResource
  readonly type: TypeNode
  /** Storage prefix of all its objects: `/registry/core/pods/`. */
  readonly prefix: string
  readonly verbs: ReadonlySet<Verb>
  /** Whether its objects are stored in another version's shape. */
  readonly converted: boolean
  /** For a custom resource: how its objects are decoded. */
  readonly custom: CustomResource | undefined
}

export interface CustomResource {
  readonly schema: Schema
  /** Set when a webhook converts its objects between versions. */
  readonly conversion: VersionConversion | undefined
}

/**
 * Conversion that is asynchronous, as by a webhook. Reads are synchronous, so the forms in other versions are computed
 * before an object is read.
 */
export interface VersionConversion {
  /** Converts objects that are about to be read to `apiVersion`. @throws ApiError 500 */
  prepare(stored: readonly Stored[], apiVersion: string): Promise<void> | undefined
  /** Reports whether objects are being converted to `apiVersion`. */
  isConverting(apiVersion: string): boolean
  /**
   * Converts an object that is about to be written to the storage version.
   * @returns a function that, called with the metadata that is stored, returns the object to store, whose form it keeps
   */
  written(object: KubeObject): Promise<(metadata: KubeObject['metadata']) => KubeObject>
}

/** An object is read in a version to which it has not been converted: it was written meanwhile in another one. */
export class NotConverted extends ApiError {
  readonly stored: Stored
  readonly apiVersion: string

  constructor(stored: Stored, apiVersion: string) {
    const { kind, metadata } = stored
    super(internal(`${kind ?? ''} ${metadata.name} has changed while it was converted to ${apiVersion}`).status)
    this.stored = stored
    this.apiVersion = apiVersion
  }
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** All served resources, by group, version and plural. */
export class ResourceTable {
  readonly #byPath = new Map<string, ServedResource>()
  readonly #byGroupResource = new Map<string, ServedResource>()
  readonly #changes = new Map<string, number>()
  readonly #listeners = new Set<(resource: ServedResource, served: boolean) => void>()
  #revision = 0

  constructor(kinds: readonly KindDeclaration[], typeOf: (kind: KindDeclaration) => TypeNode | undefined) {
    for (const kind of kinds) this.add(kind, typeOf(kind) ?? anyType)
  }

  add(kind: KindDeclaration, type: TypeNode, custom?: CustomResource): ServedResource {
    const { group, version, plural } = kind
    const storage = kind.storage ?? { group, plural }
    const resource: ServedResource = {
      kind,
      apiVersion: group ? `${group}/${version}` : version,
      groupResource: { group, resource: plural },
      type,
      prefix: `/registry/${storage.group || 'core'}/${storage.plural}/`,
      verbs: new Set(kind.verbs ?? allVerbs),
      converted: kind.fromStorage !== undefined,
      custom,
    }
    this.#byPath.set(`${group}/${version}/${plural}`, resource)
    if (!this.#byGroupResource.has(`${group}/${plural}`)) this.#byGroupResource.set(`${group}/${plural}`, resource)
    this.#changed(resource, true)
    return resource
  }

  /** Removes all versions of a resource. */
  remove(group: string, plural: string): void {
    this.#byGroupResource.delete(`${group}/${plural}`)
    for (const [path, resource] of this.#byPath) {
      if (resource.kind.group !== group || resource.kind.plural !== plural) continue
      this.#byPath.delete(path)
      this.#changed(resource, false)
    }
  }

  /** Removes a verb from all versions of a resource; running watches continue. */
  withdraw(group: string, plural: string, verb: Verb): void {
    for (const resource of this.#byPath.values()) {
      if (resource.kind.group !== group || resource.kind.plural !== plural) continue
      ;(resource.verbs as Set<Verb>).delete(verb)
      this.#changes.set(resource.apiVersion, ++this.#revision)
    }
  }

  /** Calls `listener` for every resource added or removed from now on. @returns a function that unsubscribes */
  onChange(listener: (resource: ServedResource, served: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Counts the changes to all served resources, or to those of one API version. */
  revision(apiVersion?: string): number {
    return apiVersion === undefined ? this.#revision : (this.#changes.get(apiVersion) ?? 0)
  }

  #changed(resource: ServedResource, served: boolean): void {
    this.#changes.set(resource.apiVersion, ++this.#revision)
    for (const listener of this.#listeners) listener(resource, served)
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`)
  }

  /** Returns the first listed version of a resource. */
  findAnyVersion(group: string, plural: string): ServedResource | undefined {
    return this.#byGroupResource.get(`${group}/${plural}`)
  }

  /** Whether any resource of a group is served. */
  hasGroup(group: string): boolean {
    return this.all().some(({ kind }) => kind.group === group)
  }

  all(): ServedResource[] {
    return [...this.#byPath.values()]
  }
}

/** Storage key of one object. */
export const keyOf = (resource: ServedResource, namespace: string, name: string): string =>
  resource.kind.namespaced ? `${resource.prefix}${namespace}/${name}` : resource.prefix + name

/** Storage prefix of a list: of one namespace, or of all. */
export const prefixOf = (resource: ServedResource, namespace: string): string =>
  resource.kind.namespaced && namespace ? `${resource.prefix}${namespace}/` : resource.prefix

/** Returns the object in the served version. */
export const served = (resource: ServedResource, stored: Stored): Stored =>
  resource.kind.fromStorage ? asStored(resource.kind.fromStorage(stored), false) : stored
