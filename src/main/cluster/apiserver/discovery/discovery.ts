import { createHash } from 'node:crypto'
import { negotiate, plainJson, type Format } from '../codec/negotiate.ts'
import type { ResourceTable, ServedResource } from '../registry/resources.ts'
import type { Answer, Call } from '../request.ts'
import { discoveredResources } from './resources.ts'

const aggregated = 'APIGroupDiscoveryList'
const discoveryForms = new Set([`${aggregated}.v2.apidiscovery.k8s.io`, `${aggregated}.v2beta1.apidiscovery.k8s.io`])

/** `/api`, `/apis` and what is directly beneath them: which groups, versions and resources are served. */
export function discoveryPage(resources: ResourceTable, call: Call): Answer | undefined {
  const { path } = call
  const clean = path.endsWith('/') ? path.slice(0, -1) : path
  if (clean === '/api' || clean === '/apis') return listing(resources, clean, call)
  const parts = clean.split('/').slice(1)
  if (parts[0] === 'api' && parts.length === 2) return versionDocument(resources, '', parts[1] ?? '', call)
  if (parts[0] !== 'apis') return undefined
  if (parts.length === 2) return groupDocument(resources, parts[1] ?? '')
  return parts.length === 3 ? versionDocument(resources, parts[1] ?? '', parts[2] ?? '', call) : undefined
}

function listing(resources: ResourceTable, path: '/api' | '/apis', call: Call): Answer {
  const format = negotiate(call.accept, discoveryForms)
  const groups = groupsOf(resources).filter(({ name }) => (name === '') === (path === '/api'))
  if (format.as === aggregated) return document(format, aggregatedListing(groups, format.version))
  if (path === '/apis') return document(format, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) })
  return document(format, {
    kind: 'APIVersions',
    versions: groups.flatMap(({ versions }) => [...versions.keys()]),
    serverAddressByClientCIDRs: [],
  })
}

interface Group {
  name: string
  /** In order of preference. */
  versions: Map<string, ServedResource[]>
}

/** Groups in the order in which kinds are listed, versions too: the first is preferred. */
function groupsOf(resources: ResourceTable): Group[] {
  const groups = new Map<string, Group>()
  for (const resource of resources.all()) {
    const { group, version } = resource.kind
    let found = groups.get(group)
    if (!found) groups.set(group, (found = { name: group, versions: new Map() }))
    const list = found.versions.get(version)
    if (list) list.push(resource)
    else found.versions.set(version, [resource])
  }
  return [...groups.values()]
}

function groupOf({ name, versions }: Group): Record<string, unknown> {
  const list = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: list, preferredVersion: list[0] }
}

function groupDocument(resources: ResourceTable, name: string): Answer | undefined {
  const group = groupsOf(resources).find((candidate) => candidate.name === name)
  return group && name !== ''
    ? document(plainJson, { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) })
    : undefined
}

function versionDocument(resources: ResourceTable, group: string, version: string, call: Call): Answer | undefined {
  const list = groupsOf(resources)
    .find(({ name }) => name === group)
    ?.versions.get(version)
  if (!list) return undefined
  return document(negotiate(call.accept, discoveryForms), {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group ? `${group}/${version}` : version,
    resources: list.flatMap(discoveredResources).map((resource) => ({
      name: resource.name,
      singularName: resource.singularName,
      namespaced: resource.namespaced,
      ...(resource.group !== group || resource.version !== version
        ? { group: resource.group, version: resource.version }
        : {}),
      kind: resource.kind,
      verbs: resource.verbs,
      ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
      ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    })),
  })
}

function aggregatedListing(groups: readonly Group[], version: string): Record<string, unknown> {
  return {
    kind: aggregated,
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { ...(name ? { name } : {}), creationTimestamp: null },
      versions: [...versions].map(([versionName, list]) => ({
        version: versionName,
        resources: list.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  }
}

function aggregatedResource(served: ServedResource): Record<string, unknown> {
  const [main, ...parts] = discoveredResources(served)
  if (!main) return {}
  const kindOf = (resource: typeof main): Record<string, string> => ({
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
  })
  return {
    resource: main.name,
    responseKind: kindOf(main),
    scope: main.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: main.singularName,
    verbs: main.verbs,
    ...(main.shortNames.length > 0 ? { shortNames: main.shortNames } : {}),
    ...(main.categories.length > 0 ? { categories: main.categories } : {}),
    ...(parts.length > 0
      ? {
          subresources: parts.map((part) => ({
            subresource: part.name.slice(main.name.length + 1),
            responseKind: kindOf(part),
            verbs: part.verbs,
          })),
        }
      : {}),
  }
}

function document(format: Format, value: unknown): Answer {
  const body = JSON.stringify(value)
  const contentType =
    format.as === undefined
      ? 'application/json'
      : `application/json;g=${format.group};v=${format.version};as=${format.as}`
  return {
    type: 'bytes',
    code: 200,
    contentType,
    body,
    headers: { ETag: etagOf(body), Vary: 'Accept' },
  }
}

/** Quoted digest of a document, by which clients cache it. */
export const etagOf = (body: string | Uint8Array): string =>
  `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
