import { describe, expect, it } from 'vitest'
import type { KubeList, KubeObject } from '#shared/kube/object.ts'
import type { Status } from '#shared/kube/status.ts'
import { configMap, pod, useRestApi, type ConfigMap } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, maps, podsPath, send } = rest

describe('read', () => {
  it('lists with the bytes of each object', async () => {
    await call('POST', maps(), configMap('a', { x: '1' }))
    await call('POST', maps(), configMap('b'))
    const { body } = await call<KubeList<ConfigMap>>('GET', maps())
    expect(body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' })
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0)
  })

  it('selects by labels and fields', async () => {
    await call('POST', podsPath(), { ...pod('a', { nodeName: 'n1' }), metadata: { name: 'a', labels: { app: 'x' } } })
    await call('POST', podsPath(), { ...pod('b', { nodeName: 'n2' }), metadata: { name: 'b', labels: { app: 'y' } } })
    const names = async (query: string): Promise<unknown> =>
      (await call<KubeList>('GET', `${podsPath()}?${query}`)).body.items.map(({ metadata }) => metadata.name)
    expect(await names('labelSelector=app%3Dx')).toEqual(['a'])
    expect(await names('labelSelector=app+in+(x,y),app!%3Dx')).toEqual(['b'])
    expect(await names('fieldSelector=spec.nodeName%3Dn2')).toEqual(['b'])
    expect(await names('fieldSelector=metadata.name!%3Db')).toEqual(['a'])
    expect((await call<Status>('GET', `${podsPath()}?fieldSelector=spec.foo%3Dx`)).body.message).toBe(
      'field label not supported: spec.foo',
    )
    expect((await call('GET', `${podsPath()}?labelSelector=a+b`)).code).toBe(400)
  })

  it('pages over one snapshot', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await call('POST', maps(), configMap(name))
    const first = (await call<KubeList>('GET', `${maps()}?limit=2`)).body
    expect(first.metadata.remainingItemCount).toBe(3)
    await call('DELETE', maps('d'))
    await call('POST', maps(), configMap('bb'))
    const rest: string[] = []
    let page = first
    while (page.metadata.continue) {
      page = (await call<KubeList>('GET', `${maps()}?limit=2&continue=${page.metadata.continue}`)).body
      rest.push(...page.items.map(({ metadata }) => metadata.name ?? ''))
      expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    }
    expect(rest).toEqual(['c', 'd', 'e'])
  })

  it('leaves remainingItemCount out when it selects', async () => {
    for (const name of ['a', 'b', 'c'])
      await call('POST', maps(), { ...configMap(name), metadata: { name, labels: { odd: String(name !== 'b') } } })
    const { body } = await call<KubeList>('GET', `${maps()}?limit=1&labelSelector=odd%3Dtrue`)
    expect(body.items).toHaveLength(1)
    expect(body.metadata.remainingItemCount).toBeUndefined()
    const next = await call<KubeList>(
      'GET',
      `${maps()}?limit=1&labelSelector=odd%3Dtrue&continue=${body.metadata.continue ?? ''}`,
    )
    expect(next.body.items.map(({ metadata }) => metadata.name)).toEqual(['c'])
  })

  it('reads past revisions exactly, and refuses what makes no sense', async () => {
    const { body } = await call('POST', maps(), configMap('a'))
    await call('POST', maps(), configMap('b'))
    const rv = body.metadata.resourceVersion ?? ''
    const past = await call<KubeList>('GET', `${maps()}?resourceVersion=${rv}&resourceVersionMatch=Exact`)
    expect(past.body.items).toHaveLength(1)
    const fresh = await call<KubeList>('GET', `${maps()}?resourceVersion=${rv}&resourceVersionMatch=NotOlderThan`)
    expect(fresh.body.items).toHaveLength(2)
    expect((await call('GET', `${maps()}?resourceVersionMatch=Exact`)).code).toBe(422)
    expect((await call('GET', `${maps()}?resourceVersion=x`)).code).toBe(400)
  })

  it('answers 504 for a revision from the future', async () => {
    const { code, body } = await call<Status>('GET', `${maps()}?resourceVersion=99999999`)
    expect(code).toBe(504)
    expect(body.message).toContain('Too large resource version: 99999999')
  })

  it('prints tables', async () => {
    await call('POST', podsPath(), pod('a'))
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
    const { body, header } = await call<{
      kind: string
      columnDefinitions: { name: string }[]
      rows: { cells: unknown[]; object: KubeObject }[]
    }>('GET', podsPath(), undefined, { accept })
    expect(body.kind).toBe('Table')
    expect(header('content-type')).toContain('as=Table')
    expect(body.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Status', 'Age'])
    expect(body.rows[0]?.cells.slice(0, 2)).toEqual(['a', 'Pending'])
    expect(body.rows[0]?.object.kind).toBe('PartialObjectMetadata')
  })

  it('gives metadata alone', async () => {
    await call('POST', maps(), configMap('a', { x: '1' }))
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
    const { body } = await call<KubeList<ConfigMap>>('GET', maps(), undefined, { accept })
    expect(body).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' })
    expect(body.items[0]?.data).toBeUndefined()
  })

  it('compresses big lists for those who ask', async () => {
    for (const name of ['a', 'b']) await call('POST', maps(), configMap(name, { x: 'y'.repeat(100_000) }))
    const response = await send(maps(), {
      headers: { 'accept-encoding': 'gzip' },
    })
    expect(response.headers['content-encoding']).toBe('gzip')
    await response.body.dump()
  })
})
