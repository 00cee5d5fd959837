import type { KindDeclaration } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'

/** A resource or subresource as discovery names it. */
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
}

/** What a served resource and its subresources look like to discovery. */
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
  }
  const parts = subresourcesOf(kind).map((subresource): DiscoveredResource => {
    const own = subresourceKinds[`${plural}/${subresource}`] ?? subresourceKinds[subresource]
    return {
      ...main,
      name: `${plural}/${subresource}`,
      singularName: '',
      group: own?.group ?? group,
      version: own?.version ?? version,
      kind: own?.kind ?? kind.kind,
      verbs: own?.verbs ?? ['get', 'patch', 'update'],
      shortNames: [],
      categories: [],
    }
  })
  return [main, ...parts]
}

function subresourcesOf(kind: KindDeclaration): string[] {
  const names = new Set(kind.subresources ?? [])
  if (kind.status) names.add('status')
  if (kind.scale) names.add('scale')
  return [...names].sort()
}

interface SubresourceKind {
  group?: string
  version?: string
  kind?: string
  verbs: readonly string[]
}

const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update']

/** Subresources that speak another kind than their parent, or not all verbs. */
const subresourceKinds: Readonly<Record<string, SubresourceKind>> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  log: { verbs: ['get'] },
  exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
  attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
  'pods/proxy': { kind: 'PodProxyOptions', verbs: proxyVerbs },
  'services/proxy': { kind: 'ServiceProxyOptions', verbs: proxyVerbs },
  'nodes/proxy': { kind: 'NodeProxyOptions', verbs: proxyVerbs },
  finalize: { verbs: ['update'] },
}
