import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { anything, define, definitionsPath, simpleDefinition } from '../support/custom-resources.ts'
import { eventually } from '../support/eventually.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'

const { api, namespace } = await simulatedServer()

const isGone = async (path: string): Promise<boolean> => (await api.ask('GET', path)).status === 404

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]', async () => {
  const { name } = await define(api)
  const at = `${definitionsPath}/${name}`
  await api.delete(at)
  await eventually(`${name} is gone`, () => isGone(at))
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works [Conformance]', async () => {
  const label = uniqueName('crd')
  const mine = { labelSelector: `case=${label}` }
  const others = await define(api)
  const names: string[] = []
  for (let index = 0; index < 10; index++) {
    const { definition, name } = simpleDefinition({ labels: { case: label } })
    names.push(name)
    await api.create(definitionsPath, definition)
    removeAfterwards(api, `${definitionsPath}/${name}`)
  }
  const list = await api.get(definitionsPath, mine)
  expect(list.items.map(({ metadata }: Wire) => metadata.name).sort()).toEqual(names.sort())
  await api.delete(definitionsPath, undefined, mine)
  await eventually('none is left', async () => (await api.get(definitionsPath, mine)).items.length === 0)
  expect((await api.get(`${definitionsPath}/${others.name}`)).metadata.deletionTimestamp).toBeUndefined()
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]', async () => {
  const { name } = await define(api)
  const at = `${definitionsPath}/${name}/status`
  expect(await api.get(at)).toMatchObject({ kind: 'CustomResourceDefinition', metadata: { name } })
  const condition = (type: string): object => ({
    type,
    status: 'True',
    reason: 'Test',
    message: 'of the test',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  const updated = await api.change(at, ({ status }) => void status.conditions.push(condition('StatusUpdated')))
  expect(updated.status.conditions).toContainEqual(condition('StatusUpdated'))
  expect((await api.get(at)).status.conditions).toContainEqual(condition('StatusUpdated'))
  const conditions = [...updated.status.conditions, condition('StatusPatched')]
  await api.patch(at, { status: { conditions } })
  const read = (await api.get(at)).status.conditions
  expect(read).toContainEqual(condition('StatusPatched'))
  expect(read).toContainEqual(condition('StatusUpdated'))
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents [Conformance]', async () => {
  const version = { groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' }
  const { groups } = await api.get('/apis')
  const group = groups.find(({ name }: Wire) => name === 'apiextensions.k8s.io')
  expect(group.versions).toContainEqual(version)
  expect((await api.get('/apis/apiextensions.k8s.io')).versions).toContainEqual(version)
  const { resources } = await api.get('/apis/apiextensions.k8s.io/v1')
  expect(resources).toContainEqual(
    expect.objectContaining({ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }),
  )
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works [Conformance]', async () => {
  const property = (value?: string): object => ({ type: 'string', ...(value === undefined ? {} : { default: value }) })
  const schema = (defaults: { a?: string; b?: string }): object => ({
    type: 'object',
    properties: { a: property(defaults.a), b: property(defaults.b) },
  })
  const { name, group, plural, kind } = await define(api, { schema: schema({}) })
  const path = `/apis/${group}/v1/namespaces/${await namespace()}/${plural}`
  const make = (name: string): Promise<Wire> =>
    api.create(path, { apiVersion: `${group}/v1`, kind, metadata: { name } })
  const setSchema = (defaults: { a?: string; b?: string }): Promise<Wire> =>
    api.patch(
      `${definitionsPath}/${name}`,
      [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schema(defaults) }],
      'json',
    )
  expect((await make('first')).a).toBeUndefined()

  await setSchema({ a: 'A' })
  await eventually('a is defaulted from storage', async () => (await api.get(`${path}/first`)).a === 'A')
  expect((await make('second')).a).toBe('A')

  await setSchema({ b: 'B' })
  await eventually('b is defaulted from storage', async () => (await api.get(`${path}/second`)).b === 'B')
  // What was written with a default keeps it; what only was read with it has lost it.
  expect(await api.get(`${path}/second`)).toMatchObject({ a: 'A', b: 'B' })
  expect((await api.get(`${path}/first`)).a).toBeUndefined()
  expect(await make('third')).toMatchObject({ b: 'B' })
})

test('[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]', async () => {
  const { group, plural, kind } = await define(api, { scope: 'Cluster', schema: anything })
  const path = `/apis/${group}/v1/${plural}`
  const watchers = { a: await api.watch(path, watching('a')), b: await api.watch(path, watching('b')) }
  for (const [name, watcher] of Object.entries(watchers)) {
    const make = { apiVersion: `${group}/v1`, kind, metadata: { name }, spec: { phase: 'made' } }
    await api.create(path, make)
    expect(await watcher.next()).toMatchObject({ type: 'ADDED', object: make })
    await api.patch(`${path}/${name}`, { spec: { phase: 'changed' } })
    expect(await watcher.next()).toMatchObject({ type: 'MODIFIED', object: { spec: { phase: 'changed' } } })
    await api.delete(`${path}/${name}`)
    expect(await watcher.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name } } })
  }
  expect(watchers.a.events).toHaveLength(3)
})
const watching = (name: string): { fieldSelector: string } => ({ fieldSelector: `metadata.name=${name}` })
