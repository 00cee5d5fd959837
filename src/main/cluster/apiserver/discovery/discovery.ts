import { createHash } from 'node:crypto'
import { negotiate, plainJson, type Format } from '../codec/negotiate.ts'
import type { RemoteGroups } from './remote-groups.ts'
import type { ResourceTable } from '../api/resources.ts'
import type { Answer, Call } from '../api/request.ts'
import { discoveredResources, type DiscoveredResource } from './resources.ts'

const aggregated = 'APIGroupDiscoveryList'
const discoveryForms = new Set([`${aggregated}.v2.apidiscovery.k8s.io`, `${aggregated}.v2beta1.apidiscovery.k8s.io`])

/** Sources of served resources: this server and aggregated servers. */
export interface DiscoverySources {
  resources: ResourceTable
  remote?: RemoteGroups | undefined
}

/** Answers `/api`, `/apis` and the group and version documents beneath them. */
export function discoveryPage(sources: DiscoverySources, call: Call): Answer | undefined {
  const { path } = call
  const clean = path.endsWith('/') ? path.slice(0, -1) : path
  if (clean === '/api' || clean === '/apis') return listing(sources, clean, call)
  const parts = clean.split('/').slice(1)
  if (parts[0] === 'api' && parts.length === 2) return versionDocument(sources, '', parts[1] ?? '', call)
  if (parts[0] !== 'apis') return undefined
  if (parts.length === 2) return groupDocument(sources, parts[1] ?? '')
  return parts.length === 3 ? versionDocument(sources, parts[1] ?? '', parts[2] ?? '', call) : undefined
}

function listing(sources: DiscoverySources, path: '/api' | '/apis', call: Call): Answer {
  const format = negotiate(call.accept, discoveryForms)
  const groups = groupsOf(sources).filter(({ name }) => (name === '') === (path === '/api'))
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
  /** In order of preference; each resource is followed by its subresources. */
  versions: Map<string, (readonly DiscoveredResource[])[]>
}

/** Groups and versions in the order of the kinds; the first version is preferred. Remote groups come last. */
function groupsOf({ resources, remote }: DiscoverySources): Group[] {
  const groups = new Map<string, Group>()
  const listOf = (group: string, version: string): (readonly DiscoveredResource[])[] => {
    let found = groups.get(group)
    if (!found) groups.set(group, (found = { name: group, versions: new Map() }))
    let list = found.versions.get(version)
    if (!list) found.versions.set(version, (list = []))
    return list
  }
  for (const resource of resources.all())
    if (!remote?.isClaimed(resource.kind))
      listOf(resource.kind.group, resource.kind.version).push(discoveredResources(resource))
  for (const version of remote?.all() ?? []) listOf(version.group, version.version).push(...version.resources)
  return [...groups.values()]
}

function groupOf({ name, versions }: Group): Record<string, unknown> {
  const list = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: list, preferredVersion: list[0] }
}

function groupDocument(sources: DiscoverySources, name: string): Answer | undefined {
  const group = groupsOf(sources).find((candidate) => candidate.name === name)
  return group && name !== ''
    ? document(plainJson, { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) })
    : undefined
}

function versionDocument(sources: DiscoverySources, group: string, version: string, call: Call): Answer | undefined {
  const list = groupsOf(sources)
    .find(({ name }) => name === group)
    ?.versions.get(version)
  if (!list) return undefined
  return document(negotiate(call.accept, discoveryForms), {
    kind: 'APIResourceList',
    // The list of the core group is from before lists had a version.
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: group ? `${group}/${version}` : version,
    resources: list.flat().map((resource) => ({
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
      ...(resource.storageVersionHash === undefined ? {} : { storageVersionHash: resource.storageVersionHash }),
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

function aggregatedResource([main, ...parts]: readonly DiscoveredResource[]): Record<string, unknown> {
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

/** Quoted digest of a document, which clients cache it by. */
export const etagOf = (body: string | Uint8Array): string =>
  `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
