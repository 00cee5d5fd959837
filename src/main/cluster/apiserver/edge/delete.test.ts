import { describe, expect, it } from 'vitest'
import type { KubeList } from '#shared/kube/object.ts'
import type { Status } from '#shared/kube/status.ts'
import { configMap, deployment, pod, useRestApi } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, deploymentsPath, maps, podsPath } = rest

describe('delete', () => {
  it('answers with a Status, or with the object where Kubernetes does', async () => {
    const map = await call('POST', maps(), configMap('a'))
    const status = await call<Status>('DELETE', maps('a'))
    expect(status.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: map.body.metadata.uid },
    })
    await call('POST', podsPath(), pod('a'))
    expect((await call('DELETE', podsPath('a'))).body.kind).toBe('Pod')
    expect((await call('GET', podsPath('a'))).code).toBe(404)
  })

  it('waits for finalizers', async () => {
    await call('POST', maps(), { ...configMap('a'), metadata: { name: 'a', finalizers: ['example.com/x'] } })
    const { code, body } = await call('DELETE', maps('a'))
    expect(code).toBe(200)
    expect(body.metadata.deletionTimestamp).toBeDefined()
    const added = await call<Status>(
      'PATCH',
      maps('a'),
      { metadata: { finalizers: ['example.com/x', 'example.com/y'] } },
      {
        'content-type': 'application/merge-patch+json',
      },
    )
    expect(added.code).toBe(422)
    await call(
      'PATCH',
      maps('a'),
      { metadata: { finalizers: null } },
      { 'content-type': 'application/merge-patch+json' },
    )
    expect((await call('GET', maps('a'))).code).toBe(404)
  })

  it('gives bound pods their grace, which a second delete may only shorten', async () => {
    await call('POST', podsPath(), pod('a', { nodeName: 'n' }))
    const first = await call('DELETE', podsPath('a'), { gracePeriodSeconds: 20 })
    expect(first.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 20, generation: 2 })
    const longer = await call('DELETE', podsPath('a'), { gracePeriodSeconds: 60 })
    expect(longer.body.metadata.deletionGracePeriodSeconds).toBe(20)
    expect((await call('GET', podsPath('a'))).code).toBe(200)
    await call('DELETE', `${podsPath('a')}?gracePeriodSeconds=0`)
    expect((await call('GET', podsPath('a'))).code).toBe(404)
  })

  it('leaves dependents to the garbage collector by policy', async () => {
    await call('POST', deploymentsPath(), deployment('web'))
    const { body } = await call('DELETE', deploymentsPath('web'), { propagationPolicy: 'Foreground' })
    expect(body.metadata.finalizers).toEqual(['foregroundDeletion'])
    await call('POST', deploymentsPath(), deployment('db'))
    const orphan = await call('DELETE', `${deploymentsPath('db')}?propagationPolicy=Orphan`)
    expect(orphan.body.metadata.finalizers).toEqual(['orphan'])
  })

  it('honours preconditions', async () => {
    await call('POST', maps(), configMap('a'))
    const { code } = await call('DELETE', maps('a'), { preconditions: { uid: 'x' } })
    expect(code).toBe(409)
  })

  it('empties collections by selector', async () => {
    for (const name of ['a', 'b'])
      await call('POST', maps(), { ...configMap(name), metadata: { name, labels: { name } } })
    const { body } = await call<KubeList>('DELETE', `${maps()}?labelSelector=name%3Da`)
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['a'])
    expect((await call<KubeList>('GET', maps())).body.items).toHaveLength(1)
  })
})
