import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configMaps, limitRanges, namespaces, pods, resourceQuotas } from '#shared/kube/resources.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../kinds/index.ts'
import { limitRanger } from './limit-ranger.ts'
import { resourceQuota } from './resource-quota.ts'

let api: TestApiServer
beforeEach(async () => {
  api = await startApiServer({
    kinds,
    admission: [limitRanger, resourceQuota({ writeStatus: (quota) => api.client.updateStatus(resourceQuotas, quota) })],
  })
  await api.client.create(namespaces, { metadata: { name: 'team' } })
})
afterEach(() => api.stop())

const pod = (name: string, resources?: Record<string, Record<string, string>>): Promise<Pod> =>
  api.client.create(pods, {
    metadata: { name, namespace: 'team' },
    spec: { containers: [{ name: 'c', image: 'busybox', ...(resources ? { resources } : {}) }] },
  })

async function quota(hard: Record<string, string>, scopes?: string[]): Promise<void> {
  const made = await api.client.create(resourceQuotas, {
    metadata: { name: 'share', namespace: 'team' },
    spec: { hard, ...(scopes ? { scopes } : {}) },
  })
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']))
  await api.client.updateStatus(resourceQuotas, { ...made, status: { hard, used } })
}
const used = async () => (await api.client.get(resourceQuotas, { namespace: 'team', name: 'share' })).status?.used

describe('a quota', () => {
  it('allows what fits and adds it to the usage, and refuses the rest', async () => {
    await quota({ pods: '2', 'requests.cpu': '1' })
    await pod('a', { requests: { cpu: '600m' } })
    expect(await used()).toEqual({ pods: '1', 'requests.cpu': '600m' })
    await expect(pod('b', { requests: { cpu: '500m' } })).rejects.toMatchObject({
      code: 403,
      message:
        'pods "b" is forbidden: exceeded quota: share, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    })
    await expect(pod('c')).rejects.toMatchObject({
      message: 'pods "c" is forbidden: failed quota: share: must specify requests.cpu for: c',
    })
  })

  it('admits only one of many concurrent requests for the last unit', async () => {
    await quota({ 'count/configmaps': '3' })
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        api.client.create(configMaps, { metadata: { name: `m-${i}`, namespace: 'team' } }),
      ),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(await used()).toEqual({ 'count/configmaps': '3' })
  })

  it('with scopes counts matching pods only', async () => {
    await quota({ pods: '0' }, ['BestEffort'])
    await pod('burstable', { requests: { cpu: '1m' } })
    await expect(pod('best-effort')).rejects.toMatchObject({ code: 403 })
  })

  it('is not used up by dry runs', async () => {
    await quota({ pods: '1' })
    await api.client.create(
      pods,
      { metadata: { name: 'dry', namespace: 'team' }, spec: { containers: [{ name: 'c', image: 'b' }] } },
      { dryRun: true },
    )
    expect(await used()).toEqual({ pods: '0' })
  })
})

describe('limits', () => {
  it('set a container’s defaults and record them in an annotation', async () => {
    await api.client.create(limitRanges, {
      metadata: { name: 'l', namespace: 'team' },
      spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' } }] },
    })
    const { spec, metadata } = await pod('a')
    expect(spec?.containers[0]?.resources).toEqual({ requests: { cpu: '100m' }, limits: { cpu: '500m' } })
    expect(metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    )
  })

  it('refuse values below the minimum or above the maximum', async () => {
    await api.client.create(limitRanges, {
      metadata: { name: 'l', namespace: 'team' },
      spec: { limits: [{ type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' } }] },
    })
    await expect(pod('a', { requests: { cpu: '50m' }, limits: { cpu: '2' } })).rejects.toMatchObject({
      message:
        'pods "a" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2]',
    })
  })
})
