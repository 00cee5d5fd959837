import { expect, it } from 'vitest'
import { createClient } from '#shared/client/kube-client.ts'
import type { ApiRequest, Transport } from '#shared/client/transport.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { configMaps } from '#shared/kube/resources.ts'
import { failure } from '#shared/kube/status.ts'
import { stored } from '#test/support/stored.ts'
import type { Written } from './plan.ts'
import { rollBack, touchedSince } from './roll-back.ts'

const settings = (value: string, uid = 'u'): Stored =>
  stored({
    metadata: {
      name: 'settings',
      namespace: 'shop',
      uid,
      resourceVersion: '1',
      managedFields: [{ manager: 'kubectl' }],
    },
    data: { x: value },
  } as KubeObject)
const written = (before: Stored | undefined, after: Stored): Written => ({
  ...{ key: 'configmaps/settings', resource: configMaps, before, after },
  body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } },
})

/** A cluster that holds one object, and refuses so many updates of it. */
function cluster(held: Stored | undefined, refusals = 0) {
  const asked: ApiRequest[] = []
  const transport: Transport = {
    async request(request) {
      asked.push(request)
      if (!held) throw failure(404, 'NotFound', 'not found')
      if (request.method === 'PUT' && refusals-- > 0) throw failure(409, 'Conflict', 'the object has been modified')
      return held
    },
    watch: () => () => undefined,
  }
  return { client: createClient(transport), asked }
}

it('puts back what was there with the owners of its fields, though a controller writes meanwhile', async () => {
  const { client, asked } = cluster(settings('new'), 2)
  await rollBack(client, written(settings('old'), settings('new')))
  expect(asked.map(({ method }) => method)).toEqual(['GET', 'PUT', 'GET', 'PUT', 'GET', 'PUT', 'PATCH'])
  expect(asked.at(-2)?.body).toMatchObject({ data: { x: 'old' }, metadata: { resourceVersion: '1' } })
  expect(asked.at(-1)?.body).toEqual({ metadata: { managedFields: [{ manager: 'kubectl' }] } })
})

it('gives up when it is refused again and again', async () => {
  const { client } = cluster(settings('new'), 100)
  await expect(rollBack(client, written(settings('old'), settings('new')))).rejects.toThrow('has been modified')
})

it('deletes what was created, and only that; what is gone already is no failure', async () => {
  const { client, asked } = cluster(settings('new'))
  await rollBack(client, written(undefined, settings('new')))
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({ method: 'DELETE', body: { preconditions: { uid: 'u' } } })
  await rollBack(cluster(undefined).client, written(undefined, settings('new')))
})

it('knows what somebody has changed or replaced since', async () => {
  const one = [written(undefined, settings('new'))]
  expect(await touchedSince(cluster(settings('new')).client, one)).toEqual([])
  expect(await touchedSince(cluster(settings('other')).client, one)).toEqual(one)
  expect(await touchedSince(cluster(settings('new', 'another')).client, one)).toEqual(one)
  expect(await touchedSince(cluster(undefined).client, one)).toEqual(one)
})
