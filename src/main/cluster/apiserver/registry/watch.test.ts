import { expect, it } from 'vitest'
import type { WatchEvent } from '#shared/client/transport.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { startApiServer } from '#test/support/api-server.ts'

it('sends bookmarks once a minute to watches that allow them', async () => {
  const clock = createFakeClock()
  const api = await startApiServer({ clock })
  const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
  const seen: WatchEvent[] = []
  const others: WatchEvent[] = []
  const options = { resourceVersion: '1' }
  const sink = (into: WatchEvent[]) => ({
    events: (batch: readonly WatchEvent[]) => void into.push(...batch),
    closed: () => undefined,
  })
  const stop = api.client.watch(configMaps, { ...options, allowWatchBookmarks: true }, sink(seen))
  const stopOther = api.client.watch(configMaps, options, sink(others))
  const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }
  const created: KubeObject = await api.client.create(namespaces, { metadata: { name: 'elsewhere' } })
  await clock.advance(60_000)
  expect(seen.map(({ type }) => type)).toEqual(['BOOKMARK'])
  expect(seen[0]?.object.metadata.resourceVersion).toBe(created.metadata.resourceVersion)
  expect(others).toEqual([])
  await stop()
  await stopOther()
  await api.stop()
})
