import { describe, expect, it } from 'vitest'
import { configMap, useRestApi } from '#test/support/rest-api.ts'

const rest = useRestApi()

describe('the in-process client', () => {
  it('shares objects, and obeys the same rules', async () => {
    const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
    const mine = configMap('a', { x: '1' })
    mine.metadata.namespace = rest.namespace
    const created = await rest.api.client.create(configMaps, mine)
    expect(mine.metadata.uid).toBeUndefined()
    expect(await rest.api.client.get(configMaps, { namespace: rest.namespace, name: 'a' })).toBe(created)
    await expect(rest.api.client.create(configMaps, mine)).rejects.toMatchObject({ code: 409 })
    const patched = await rest.api.client.patch(
      configMaps,
      { namespace: rest.namespace, name: 'a' },
      { type: 'merge', body: { data: { y: '2' } } },
    )
    expect(patched).toMatchObject({ data: { x: '1', y: '2' } })
  })
})
