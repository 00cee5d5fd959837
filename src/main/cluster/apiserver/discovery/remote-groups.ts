import type { APIService } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { RemoteSchemas } from './remote-schemas.ts'
import type { DiscoveredResource } from './resources.ts'

/** A version of an API group that an aggregated server serves. */
export interface RemoteVersion {
  group: string
  version: string
  /** Order of groups and of versions within a group; higher numbers come first. */
  groupPriority: number
  versionPriority: number
  /** Each resource followed by its subresources. */
  resources: readonly (readonly DiscoveredResource[])[]
}

/** The latest discovery documents of aggregated API servers. */
export class RemoteGroups {
  readonly #versions = new Map<string, RemoteVersion>()
  readonly #schemas = new Map<string, RemoteSchemas>()
  readonly #claimed = new Set<string>()
  #schemasRevision = 0

  /** @param document the APIResourceList of the group version. @throws Error when it is not one */
  put({ metadata, spec }: Stored<APIService>, document: unknown): void {
    const { resources } = document as { resources?: unknown }
    if (!Array.isArray(resources)) throw new Error('the discovery document has no resources')
    const { group = '', version = '' } = spec ?? {}
    this.#versions.set(metadata.name, {
      group,
      version,
      groupPriority: spec?.groupPriorityMinimum ?? 0,
      versionPriority: spec?.versionPriority ?? 0,
      resources: withParts(resources as Partial<DiscoveredResource>[], group, version),
    })
  }

  /**
   * Marks a group version as one of another server, whether it answers or not: what this server has of it is served no
   * more.
   */
  claim({ metadata: { name } }: Stored<APIService>): void {
    if (this.#claimed.has(name)) return
    this.#claimed.add(name)
    this.#schemasRevision++
  }

  /** Undoes `claim`, and forgets the documents. */
  release(name: string): void {
    this.remove(name)
    if (this.#claimed.delete(name)) this.#schemasRevision++
  }

  isClaimed({ group, version }: { group: string; version: string }): boolean {
    return this.#claimed.has(`${version}.${group}`)
  }

  /** @param schemas the aggregated server's schemas of the APIService's group version */
  putSchemas({ metadata: { name } }: Stored<APIService>, schemas: RemoteSchemas): void {
    if (jsonEqual(this.#schemas.get(name), schemas)) return
    this.#schemas.set(name, schemas)
    this.#schemasRevision++
  }

  remove(name: string): void {
    this.#versions.delete(name)
    if (this.#schemas.delete(name)) this.#schemasRevision++
  }

  schemas(): RemoteSchemas[] {
    return [...this.#schemas.values()]
  }

  /** Incremented by every change of the schemas and of who serves what. */
  get schemasRevision(): number {
    return this.#schemasRevision
  }

  /** In order of preference. */
  all(): RemoteVersion[] {
    return [...this.#versions.values()].sort(
      (a, b) =>
        b.groupPriority - a.groupPriority ||
        (a.group < b.group ? -1 : a.group > b.group ? 1 : 0) ||
        b.versionPriority - a.versionPriority,
    )
  }
}

function withParts(list: Partial<DiscoveredResource>[], group: string, version: string): DiscoveredResource[][] {
  const whole = list.map((one): DiscoveredResource => ({
    name: one.name ?? '',
    singularName: one.singularName ?? '',
    namespaced: one.namespaced ?? false,
    group: one.group ?? group,
    version: one.version ?? version,
    kind: one.kind ?? '',
    verbs: one.verbs ?? [],
    shortNames: one.shortNames ?? [],
    categories: one.categories ?? [],
  }))
  return whole
    .filter(({ name }) => !name.includes('/'))
    .map((main) => [main, ...whole.filter(({ name }) => name.startsWith(`${main.name}/`))])
}
