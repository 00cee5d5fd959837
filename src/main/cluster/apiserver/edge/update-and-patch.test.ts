import { describe, expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Status } from '#shared/kube/status.ts'
import { configMap, deployment, pod, useRestApi, type ConfigMap } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, deploymentsPath, maps, podsPath } = rest

describe('update', () => {
  it('refuses a stale state in the words of Kubernetes', async () => {
    const { body } = await call<ConfigMap>('POST', maps(), configMap('a'))
    await call('PUT', maps('a'), { ...body, data: { x: '1' } })
    const stale = await call<Status>('PUT', maps('a'), { ...body, data: { x: '2' } })
    expect(stale.code).toBe(409)
    expect(stale.body.message).toBe(
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    )
  })

  it('keeps the revision when nothing changes', async () => {
    const { body } = await call('POST', maps(), configMap('a', { x: '1' }))
    const again = await call('PUT', maps('a'), configMap('a', { x: '1' }))
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion)
  })

  it('counts generations of the spec only, and keeps status out', async () => {
    const { body } = await call('POST', deploymentsPath(), deployment('web'))
    const withStatus = { ...body, status: { replicas: 5 } }
    const main = await call<{ status?: unknown } & KubeObject>('PUT', deploymentsPath('web'), withStatus)
    expect(main.body.status).toEqual({})
    const status = await call<{ status?: unknown; spec: Record<string, unknown> } & KubeObject>(
      'PUT',
      deploymentsPath('web/status'),
      { ...withStatus, spec: { ...deployment('x').spec, replicas: 7 } },
    )
    expect(status.body).toMatchObject({ status: { replicas: 5 }, spec: { replicas: 1 }, metadata: { generation: 1 } })
    const scaled = await call('PUT', deploymentsPath('web'), {
      ...status.body,
      spec: { ...status.body.spec, replicas: 2 },
    })
    expect(scaled.body).toMatchObject({ status: { replicas: 5 }, metadata: { generation: 2 } })
  })

  it('refuses another name or uid', async () => {
    const { body } = await call('POST', maps(), configMap('a'))
    expect((await call('PUT', maps('b'), configMap('a'))).code).toBe(400)
    const other = { ...body, metadata: { ...body.metadata, uid: 'x' } }
    expect((await call<Status>('PUT', maps('a'), other)).body.message).toContain('Precondition failed: UID')
    expect((await call('PUT', maps('none'), configMap('none'))).code).toBe(404)
  })
})

describe('patch', () => {
  const types = {
    json: 'application/json-patch+json',
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
  }

  it('knows JSON patches', async () => {
    await call('POST', maps(), configMap('a', { x: '1' }))
    const operations = [
      { op: 'test', path: '/data/x', value: '1' },
      { op: 'add', path: '/data/y', value: '2' },
    ]
    const { body } = await call<ConfigMap>('PATCH', maps('a'), operations, { 'content-type': types.json })
    expect(body.data).toEqual({ x: '1', y: '2' })
    const failing = [{ op: 'test', path: '/data/x', value: '9' }]
    expect((await call('PATCH', maps('a'), failing, { 'content-type': types.json })).code).toBe(422)
    const evil = [{ op: 'add', path: '/__proto__/polluted', value: '1' }]
    expect((await call('PATCH', maps('a'), evil, { 'content-type': types.json })).code).toBe(422)
  })

  it('knows merge patches', async () => {
    await call('POST', maps(), configMap('a', { x: '1', y: '2' }))
    const patch = { data: { x: null, z: '3' } }
    const { body } = await call<ConfigMap>('PATCH', maps('a'), patch, { 'content-type': types.merge })
    expect(body.data).toEqual({ y: '2', z: '3' })
  })

  it('knows strategic merge patches', async () => {
    await call('POST', podsPath(), pod('a'))
    const patch = {
      spec: {
        containers: [
          { name: 'c', image: 'b' },
          { name: 'd', image: 'x' },
        ],
      },
    }
    const { body } = await call('PATCH', podsPath('a'), patch, { 'content-type': types.strategic })
    const { containers } = (body as unknown as { spec: { containers: { name: string; image: string }[] } }).spec
    expect(containers).toHaveLength(2)
    expect(containers.find(({ name }) => name === 'c')).toMatchObject({ image: 'b' })
  })

  it('patches status alone through its subresource', async () => {
    await call('POST', podsPath(), pod('a'))
    const patch = { status: { phase: 'Running' }, spec: { nodeName: 'n' } }
    const { body } = await call('PATCH', podsPath('a/status'), patch, { 'content-type': types.merge })
    expect(body).toMatchObject({ status: { phase: 'Running' }, spec: { containers: [{ name: 'c' }] } })
    expect((body as unknown as { spec: { nodeName?: string } }).spec.nodeName).toBeUndefined()
  })

  it('refuses a stale revision and unknown types', async () => {
    await call('POST', maps(), configMap('a'))
    const stale = { metadata: { resourceVersion: '1' }, data: { x: '1' } }
    expect((await call('PATCH', maps('a'), stale, { 'content-type': types.merge })).code).toBe(409)
    expect((await call('PATCH', maps('a'), {}, { 'content-type': 'application/json' })).code).toBe(415)
  })

  it('does not lose concurrent patches', async () => {
    await call('POST', maps(), configMap('a'))
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    await Promise.all(
      keys.map((key) => call('PATCH', maps('a'), { data: { [key]: 'x' } }, { 'content-type': types.merge })),
    )
    const { body } = await call<ConfigMap>('GET', maps('a'))
    expect(Object.keys(body.data ?? {}).sort()).toEqual([...keys].sort())
  })
})
