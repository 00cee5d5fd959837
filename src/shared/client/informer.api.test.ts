import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { configMaps } from '#shared/kube/resources.ts'
import type { ConfigMap } from '#shared/kube/generated/types.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { createNodeFetch } from '#test/support/node-fetch.ts'
import type { Client } from './client.ts'
import { createHttpTransport } from './http-transport.ts'
import { createInformer, type Informer } from './informer.ts'
import { createClient } from './kube-client.ts'

let api: TestApiServer
let client: Client
let informer: Informer<ConfigMap>
let close: () => void
beforeEach(async () => {
  api = await startApiServer()
  await api.client.create(
    { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
    {
      metadata: { name: 'default' },
    },
  )
  const node = createNodeFetch({ ca: api.ca })
  close = () => node.close()
  const headers = (): Record<string, string> => ({ authorization: `Bearer ${api.token}` })
  client = createClient(createHttpTransport({ server: api.url, fetch: node.fetch, headers }))
  informer = createInformer({ client, resource: configMaps, clock: systemClock, log: silentLog })
})
afterEach(async () => {
  informer.stop()
  close()
  await api.stop()
})

it('follows a real API server over TLS', async () => {
  await client.create(configMaps, map('before'))
  informer.start()
  await informer.synced
  expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['before'])
  const written = await client.create(configMaps, map('after'))
  await informer.caughtUp(written)
  expect(informer.get('default/after')?.metadata.uid).toBe(written.metadata.uid)
  await client.delete(configMaps, { namespace: 'default', name: 'before' })
  await informer.until('default/before', (object) => object === undefined)
})

it('misses nothing under a storm of writes', async () => {
  informer.start()
  await informer.synced
  const versions: number[] = []
  informer.onChange({
    added: ({ metadata }) => versions.push(Number(metadata.resourceVersion)),
    updated: (_, { metadata }) => versions.push(Number(metadata.resourceVersion)),
  })
  await Promise.all(Array.from({ length: 20 }, (_, index) => client.create(configMaps, map(`map-${index}`))))
  const last = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      client.patch(
        configMaps,
        { namespace: 'default', name: `map-${index % 20}` },
        { type: 'merge', body: { data: { n: String(index) } } },
      ),
    ),
  )
  await informer.caughtUp(...last)
  expect(versions).toHaveLength(220)
  expect([...versions].sort((a, b) => a - b)).toEqual(versions)
})

const map = (name: string): ConfigMap => ({ metadata: { name, namespace: 'default' } })
