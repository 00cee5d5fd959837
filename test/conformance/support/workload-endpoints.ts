import { expect } from 'vitest'
import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'

/**
 * What the API of every workload is asked for alike: its scale, its status, its collection. A workload is named by the
 * path of its object.
 */

/** Waits until the workload has this many pods, all ready. @returns the workload */
export const readyReplicas = (api: Api, at: string, count: number): Promise<Wire> =>
  eventually(`${count} ready replicas of ${at}`, async () => {
    const workload = await api.get(at)
    const { replicas = 0, readyReplicas = 0, observedGeneration = 0 } = workload.status ?? {}
    const isObserved = observedGeneration >= workload.metadata.generation
    return isObserved && replicas === count && readyReplicas === count ? workload : undefined
  })

/** Reads the scale of a workload of one replica, then sets it to two by an update and to four by a patch. */
export async function expectScale(api: Api, at: string): Promise<void> {
  await readyReplicas(api, at, 1)
  const scaleAt = `${at}/scale`
  const scale = await api.get(scaleAt)
  expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { replicas: 1 } })
  // Without a resourceVersion an update holds whatever came between.
  delete scale.metadata.resourceVersion
  scale.spec.replicas = 2
  expect((await api.update(scaleAt, scale)).spec.replicas).toBe(2)
  expect((await api.get(at)).spec.replicas).toBe(2)
  await readyReplicas(api, at, 2)
  expect((await api.patch(scaleAt, { spec: { replicas: 4 } })).spec.replicas).toBe(4)
  expect((await api.get(at)).spec.replicas).toBe(4)
  await readyReplicas(api, at, 4)
}

/** Reads, updates and patches the status by its own endpoint; a watch sees both changes. */
export async function expectStatusEndpoint(api: Api, at: string): Promise<void> {
  const collection = at.slice(0, at.lastIndexOf('/'))
  const before = await api.get(`${at}/status`)
  expect(before.status).toBeDefined()
  const watching = await api.watch(collection, { resourceVersion: before.metadata.resourceVersion })
  const conditionOf = ({ status }: Wire, type: string): Wire =>
    (status.conditions ?? []).find((each: Wire) => each.type === type)
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' }
  const updated = await api.change(`${at}/status`, ({ status }) => (status.conditions ??= []).push(condition))
  expect(conditionOf(updated, 'StatusUpdate')).toMatchObject(condition)
  await watching.until(({ object }) => conditionOf(object, 'StatusUpdate')?.message === 'Set from e2e test')
  expect(conditionOf(await api.get(at), 'StatusUpdate')).toMatchObject(condition)

  const patched = await api.patch(`${at}/status`, {
    metadata: { annotations: { patched: 'true' } },
    status: { conditions: [{ type: 'StatusPatched', status: 'True' }] },
  })
  expect(patched.status.conditions).toMatchObject([{ type: 'StatusPatched', status: 'True' }])
  const { object } = await watching.until(({ object }) => conditionOf(object, 'StatusPatched') !== undefined)
  expect(object.metadata.annotations).toMatchObject({ patched: 'true' })
  expect(conditionOf(object, 'StatusUpdate')).toBeUndefined()
  // The controller keeps conditions that it does not know.
  expect(conditionOf(await api.get(at), 'StatusPatched')).toMatchObject({ status: 'True' })
}

/** Lists the workload among those of all namespaces, deletes the collection, and waits until its pods are gone. */
export async function expectListedAndDeleted(api: Api, at: string, label: string): Promise<void> {
  const [, group = '', namespace = '', resource = ''] =
    /^(.+)\/namespaces\/([^/]+)\/([^/]+)\//.exec(at) ?? expect.fail(at)
  const mine = { labelSelector: label }
  const { items } = await api.get(`${group}/${resource}`, mine)
  expect(items.map(({ metadata }: Wire) => metadata.namespace)).toEqual([namespace])
  await api.delete(`${group}/namespaces/${namespace}/${resource}`, { propagationPolicy: 'Background' }, mine)
  expect((await api.get(`${group}/${resource}`, mine)).items).toEqual([])
  const pods = `/api/v1/namespaces/${namespace}/pods`
  await eventually('its pods go with it', async () => (await api.get(pods)).items.length === 0)
}
