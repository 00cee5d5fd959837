import { expect } from 'vitest'
import type { Api, Wire } from './api.ts'
import { uniqueName } from './server.ts'

export interface ResourceCase {
  group: string
  version: string
  resource: string
  kind: string
  /** Of a cluster-wide resource when left out. */
  namespace?: string
  /** Subresources that discovery must name. */
  subresources?: string[]
  /** A fresh object, without metadata. */
  object: () => object
  /** Changes the object's spec in a way that is allowed. */
  change: (object: Wire) => void
}

/** The group, the version, the resource and its subresources are where clients look for them. */
export async function expectDiscovered(api: Api, one: ResourceCase): Promise<void> {
  const { group, version, resource, subresources = [] } = one
  const groupVersion = `${group}/${version}`
  const { groups } = await api.get('/apis')
  const listed = groups.find(({ name }: { name: string }) => name === group)
  expect(listed?.versions).toContainEqual({ groupVersion, version })
  expect((await api.get(`/apis/${group}`)).versions).toContainEqual({ groupVersion, version })
  const { resources } = await api.get(`/apis/${groupVersion}`)
  const names = resources.map(({ name }: { name: string }) => name)
  for (const name of [resource, ...subresources.map((sub) => `${resource}/${sub}`)]) expect(names).toContain(name)
  expect(resources.find(({ name }: { name: string }) => name === resource)).toMatchObject({ kind: one.kind })
}

/** Creates, gets, lists, watches, patches, updates, deletes one and deletes a collection; each is seen by the watch. */
export async function expectOperations(api: Api, one: ResourceCase): Promise<void> {
  const label = uniqueName('case')
  const path = collectionPath(one)
  const mine = { labelSelector: `conformance-case=${label}` }
  const make = async (): Promise<Wire> =>
    api.create(path, {
      ...one.object(),
      metadata: { generateName: 'conformance-', labels: { 'conformance-case': label } },
    })
  const first = await make()
  await make()
  await make()
  expect(first.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
  const at = `${path}/${first.metadata.name}`
  expect((await api.get(at)).metadata.uid).toBe(first.metadata.uid)

  const list = await api.get(path, mine)
  expect(list.kind).toBe(`${one.kind}List`)
  expect(list.items).toHaveLength(3)
  const watching = await api.watch(path, { ...mine, resourceVersion: list.metadata.resourceVersion })

  const patched = await api.patch(at, { metadata: { annotations: { patched: 'true' } } })
  expect(patched.metadata.annotations).toMatchObject({ patched: 'true' })
  const updated = await api.change(at, (object) => {
    object.metadata.annotations.updated = 'true'
    one.change(object)
  })
  expect(updated.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' })
  // Whoever keeps the status may write it before.
  await watching.until(({ object }) => object.metadata.annotations?.patched === 'true')
  const seen = await watching.until(({ object }) => object.metadata.annotations?.updated === 'true')
  expect(seen.type).toBe('MODIFIED')

  await api.delete(at)
  await watching.until(({ type, object }) => type === 'DELETED' && object.metadata.name === first.metadata.name)
  await expect(api.get(at)).rejects.toMatchObject({ code: 404 })
  expect((await api.get(path, mine)).items).toHaveLength(2)
  await api.delete(path, undefined, mine)
  for (let left = 2; left > 0; left--) await watching.until(({ type }) => type === 'DELETED')
  expect((await api.get(path, mine)).items).toHaveLength(0)
}

/** The status is read, patched and updated by its own subresource, and the object shows it. */
export async function expectStatusOperations(
  api: Api,
  one: ResourceCase,
  { patch, update, shown }: { patch: object; update: (object: Wire) => void; shown: (object: Wire) => void },
): Promise<void> {
  const path = collectionPath(one)
  const made = await api.create(path, { ...one.object(), metadata: { generateName: 'conformance-' } })
  const at = `${path}/${made.metadata.name}`
  try {
    await api.patch(`${at}/status`, { ...patch, metadata: { annotations: { patchedstatus: 'true' } } })
    expect((await api.get(`${at}/status`)).metadata.annotations).toMatchObject({ patchedstatus: 'true' })
    await api.change(`${at}/status`, update)
    shown(await api.get(`${at}/status`))
    shown(await api.get(at))
  } finally {
    await api.ask('DELETE', at)
  }
}

export const collectionPath = ({ group, version, namespace, resource }: ResourceCase): string =>
  `/apis/${group}/${version}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${resource}`
