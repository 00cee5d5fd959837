import type { Resource } from '#shared/client/client.ts'
import type { KindDeclaration } from './kind.ts'
import type { ResourceTable, ServedResource } from './resources.ts'

/** Returns the stored resources as clients name them. Events have two groups and one store: listed once. */
export function storedResources(kinds: readonly KindDeclaration[]): Resource[] {
  return kinds
    .filter(({ verbs, storage }) => storage === undefined && (verbs === undefined || verbs.includes('watch')))
    .map(resourceOf)
}

/** The custom resources served now, each in its preferred version. */
export interface CustomResources {
  all(): Resource[]
  /**
   * Calls `listener` for every current one at once, and for each added or removed later. @returns a function that
   * unsubscribes
   */
  onChange(listener: (resource: Resource, served: boolean) => void): () => void
}

export function customResources(table: ResourceTable): CustomResources {
  const isPreferred = ({ kind, custom }: ServedResource): boolean =>
    custom !== undefined && table.findAnyVersion(kind.group, kind.plural)?.kind === kind
  const all = (): Resource[] =>
    table
      .all()
      .filter(isPreferred)
      .map(({ kind }) => resourceOf(kind))
  return {
    all,
    onChange(listener) {
      for (const resource of all()) listener(resource, true)
      return table.onChange((changed, isServed) => {
        if (!changed.custom) return
        if (!isServed) listener(resourceOf(changed.kind), false)
        else if (isPreferred(changed)) listener(resourceOf(changed.kind), true)
      })
    },
  }
}

const resourceOf = ({ group, version, plural, kind, namespaced }: KindDeclaration): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
})
