import { createHash } from 'node:crypto'
import type { HandledSubresource, KindDeclaration } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'

/** A resource or subresource in a discovery document. */
export interface DiscoveredResource {
  /** `pods` or `pods/status`. */
  name: string
  singularName: string
  namespaced: boolean
  group: string
  version: string
  kind: string
  verbs: readonly string[]
  shortNames: readonly string[]
  categories: readonly string[]
  /** Digest of the version that objects are stored in, which changes with it; unset where nothing is stored. */
  storageVersionHash?: string | undefined
}

/** Returns the discovery entries of a served resource and its subresources. */
export function discoveredResources({ kind, verbs }: ServedResource): DiscoveredResource[] {
  const { group, version, plural, singular, namespaced } = kind
  const main: DiscoveredResource = {
    name: plural,
    singularName: singular,
    namespaced,
    group,
    version,
    kind: kind.kind,
    verbs: [...verbs].sort(),
    shortNames: kind.shortNames ?? [],
    categories: kind.categories ?? [],
    ...(verbs.has('watch') ? { storageVersionHash: versionHash(kind) } : {}),
  }
  const parts = Object.entries(subresourcesOf(kind)).map(
    ([subresource, { verbs: own = partVerbs, kind: other }]): DiscoveredResource => ({
      ...main,
      storageVersionHash: undefined,
      ...other,
      name: `${plural}/${subresource}`,
      singularName: '',
      verbs: own,
      shortNames: [],
      categories: [],
    }),
  )
  return [main, ...parts]
}

/** The digest of Kubernetes (discovery.StorageVersionHash). */
const versionHash = ({ group, version, kind, storage, storedVersion }: KindDeclaration): string =>
  createHash('sha256')
    .update(`${storage?.group ?? group}/${storedVersion ?? version}/${kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64')

const partVerbs = ['get', 'patch', 'update']

/** Sorted by name. */
function subresourcesOf(kind: KindDeclaration): Record<string, Partial<HandledSubresource>> {
  const all: Record<string, Partial<HandledSubresource>> = {}
  for (const [name, subresource] of Object.entries(kind.subresources ?? {}))
    all[name] =
      'create' in subresource
        ? { verbs: ['create'], ...(subresource.body ? { kind: subresource.body } : {}) }
        : {
            ...(subresource.verbs ? { verbs: subresource.verbs } : {}),
            ...('part' in subresource ? {} : kindOf(subresource)),
          }
  if (kind.status) all['status'] = {}
  if (kind.scale) all['scale'] = { kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const kindOf = ({ kind }: HandledSubresource): Partial<HandledSubresource> => (kind ? { kind } : {})
