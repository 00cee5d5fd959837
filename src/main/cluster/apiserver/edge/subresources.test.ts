import { describe, expect, it } from 'vitest'
import type { Status } from '#shared/kube/status.ts'
import { deployment, pod, useRestApi } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, deploymentsPath, podsPath } = rest

describe('subresources', () => {
  it('scale a workload', async () => {
    await call('POST', deploymentsPath(), deployment('web'))
    const { body } = await call<{ kind: string; spec: { replicas: number }; status: { selector: string } }>(
      'GET',
      deploymentsPath('web/scale'),
    )
    expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=web' } })
    await call('PUT', deploymentsPath('web/scale'), { ...body, spec: { replicas: 3 } })
    const other = { ...body, metadata: { name: 'other' } }
    expect((await call('PUT', deploymentsPath('web/scale'), other)).code).toBe(400)
    await call(
      'PATCH',
      deploymentsPath('web/scale'),
      { spec: { replicas: 4 } },
      { 'content-type': 'application/merge-patch+json' },
    )
    const scaled = await call('GET', deploymentsPath('web'))
    expect(scaled.body).toMatchObject({ spec: { replicas: 4 }, metadata: { generation: 3 } })
  })

  it('bind a pod once', async () => {
    await call('POST', podsPath(), pod('a'))
    const binding = { kind: 'Binding', apiVersion: 'v1', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n1' } }
    expect((await call('POST', podsPath('a/binding'), binding)).code).toBe(201)
    const bound = await call('GET', podsPath('a'))
    expect(bound.body).toMatchObject({
      metadata: { generation: 1 },
      spec: { nodeName: 'n1' },
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
    })
    const again = await call<Status>('POST', podsPath('a/binding'), binding)
    expect(again.code).toBe(409)
    expect(again.body.message).toContain('pod a is already assigned to node "n1"')
  })

  it('evict a pod', async () => {
    await call('POST', podsPath(), pod('a'))
    const eviction = { kind: 'Eviction', apiVersion: 'policy/v1', metadata: { name: 'a' } }
    expect((await call('POST', podsPath('a/eviction'), eviction)).code).toBe(201)
    expect((await call('GET', podsPath('a'))).code).toBe(404)
  })
})
