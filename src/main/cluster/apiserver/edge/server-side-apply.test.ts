import { describe, expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Status } from '#shared/kube/status.ts'
import { configMap, deployment, useRestApi, type ConfigMap, type Reply } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, deploymentsPath, maps } = rest

describe('server-side apply', () => {
  const apply = <T = ConfigMap>(path: string, manager: string, object: unknown, more = ''): Promise<Reply<T>> =>
    call<T>('PATCH', `${path}?fieldManager=${manager}${more}`, object, {
      'content-type': 'application/apply-patch+yaml',
    })

  it('creates, owns, and removes what is no longer applied', async () => {
    const created = await apply(maps('a'), 'one', configMap('a', { x: '1', y: '2' }))
    expect(created.code).toBe(201)
    expect(created.body.metadata.managedFields).toMatchObject([
      { manager: 'one', operation: 'Apply', fieldsV1: { 'f:data': { 'f:x': {}, 'f:y': {} } } },
    ])
    const second = await apply(maps('a'), 'one', configMap('a', { x: '1' }))
    expect(second.code).toBe(200)
    expect(second.body.data).toEqual({ x: '1' })
  })

  it('does nothing when nothing changes', async () => {
    const first = await apply(maps('a'), 'one', configMap('a', { x: '1' }))
    const second = await apply(maps('a'), 'one', configMap('a', { x: '1' }))
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion)
  })

  it('tells every conflict, and gives way to force', async () => {
    await apply(maps('a'), 'one', configMap('a', { x: '1', y: '1' }))
    const single = await apply<Status>(maps('a'), 'two', configMap('a', { x: '2' }))
    expect(single.code).toBe(409)
    expect(single.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.x' }] },
    })
    const both = await apply<Status>(maps('a'), 'two', configMap('a', { x: '2', y: '2' }))
    expect(both.body.message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y')
    const forced = await apply(maps('a'), 'two', configMap('a', { x: '2' }), '&force=true')
    expect(forced.body.data).toEqual({ x: '2', y: '1' })
    expect(forced.body.metadata.managedFields?.find(({ manager }) => manager === 'one')?.fieldsV1).toEqual({
      'f:data': { 'f:y': {} },
    })
  })

  it('lets two managers own what they agree on, and keeps it until both let go', async () => {
    await apply(maps('a'), 'one', configMap('a', { x: '1' }))
    await apply(maps('a'), 'two', configMap('a', { x: '1' }))
    expect((await apply(maps('a'), 'one', configMap('a'))).body.data).toEqual({ x: '1' })
    expect((await apply(maps('a'), 'two', configMap('a'))).body.data ?? {}).toEqual({})
  })

  it('conflicts with plain updates too', async () => {
    await apply(deploymentsPath('web'), 'one', {
      ...deployment('web'),
      spec: { ...deployment('web').spec, replicas: 1 },
    })
    await call(
      'PATCH',
      `${deploymentsPath('web')}?fieldManager=hpa`,
      { spec: { replicas: 5 } },
      {
        'content-type': 'application/merge-patch+json',
      },
    )
    const back = await apply<Status>(deploymentsPath('web'), 'one', {
      ...deployment('web'),
      spec: { ...deployment('web').spec, replicas: 2 },
    })
    expect(back.body.message).toBe('Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas')
  })

  it('merges lists by key and owns their items', async () => {
    const withContainer = (name: string, image: string): KubeObject =>
      ({
        ...deployment('web'),
        spec: { ...deployment('web').spec, template: { spec: { containers: [{ name, image }] } } },
      }) as KubeObject
    await apply(deploymentsPath('web'), 'one', deployment('web'))
    const { body } = await apply(deploymentsPath('web'), 'two', withContainer('sidecar', 's'))
    const containers = (object: unknown): unknown =>
      (
        object as { spec: { template: { spec: { containers: { name: string }[] } } } }
      ).spec.template.spec.containers.map(({ name }) => name)
    expect(containers(body)).toEqual(['c', 'sidecar'])
    const gone = await apply(deploymentsPath('web'), 'two', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
    })
    expect(containers(gone.body)).toEqual(['c'])
  })

  it('needs a manager, and refuses undeclared fields', async () => {
    const nobody = await call('PATCH', maps('a'), configMap('a'), { 'content-type': 'application/apply-patch+yaml' })
    expect(nobody.code).toBe(422)
    const undeclared = await apply<Status>(maps('a'), 'one', { ...configMap('a'), foo: 1 })
    expect(undeclared.body.message).toContain('.foo: field not declared in schema')
  })

  it('forgets its owners on request', async () => {
    await apply(maps('a'), 'one', configMap('a', { x: '1' }))
    const { body } = await call(
      'PATCH',
      maps('a'),
      { metadata: { managedFields: [{}] } },
      {
        'content-type': 'application/merge-patch+json',
      },
    )
    expect(body.metadata.managedFields).toBeUndefined()
  })
})
