import { describe, expect, it } from 'vitest'
import type { Status } from '#shared/kube/status.ts'
import { configMap, useRestApi } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, maps, send } = rest

describe('documents', () => {
  it('tell what is served', async () => {
    expect((await call('GET', '/version')).body).toMatchObject({
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.0+slipway',
    })
    expect((await call<{ versions: string[] }>('GET', '/api')).body.versions).toEqual(['v1'])
    const { body } = await call<{ resources: { name: string; verbs: string[] }[] }>('GET', '/apis/apps/v1')
    expect(body.resources.map(({ name }) => name)).toEqual(['deployments', 'deployments/scale', 'deployments/status'])
  })

  it('come aggregated, with a tag to cache them by', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
    const { body, header } = await call<{ kind: string; items: { metadata: { name: string } }[] }>(
      'GET',
      '/apis',
      undefined,
      { accept },
    )
    expect(body.kind).toBe('APIGroupDiscoveryList')
    expect(header('content-type')).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
    const again = await call('GET', '/apis', undefined, { accept, 'if-none-match': header('etag') ?? '' })
    expect(again.code).toBe(304)
  })

  it('describe the types, for kubectl explain and validation', async () => {
    const { body } = await call<{ paths: Record<string, { serverRelativeURL: string }> }>('GET', '/openapi/v3')
    const document = await call<{
      paths: Record<string, { patch?: { parameters: { name: string }[] } }>
      components: { schemas: Record<string, unknown> }
    }>('GET', body.paths['apis/apps/v1']?.serverRelativeURL ?? '')
    const patch = document.body.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch
    expect(patch?.parameters.map(({ name }) => name)).toContain('fieldValidation')
    const { schemas } = document.body.components
    const references = [...JSON.stringify(schemas).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name ?? '',
    )
    expect(references.filter((name) => !(name in schemas))).toEqual([])
    const v2 = await send('/openapi/v2', {
      headers: {
        accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
      },
    })
    expect(
      Buffer.from(await v2.body.arrayBuffer())
        .subarray(2, 5)
        .toString(),
    ).toBe('2.0')
  })

  it('say whether the server is well', async () => {
    expect((await call<string>('GET', '/readyz')).body).toBe('ok')
    expect((await call<string>('GET', '/readyz?verbose')).body).toContain('[+]ping ok')
    expect((await call<string>('GET', '/livez/ping')).body).toBe('ok')
    expect((await call<string>('GET', '/metrics')).body).toContain('apiserver_request_total')
  })

  it('do not exist elsewhere', async () => {
    for (const path of ['/nowhere', '/apis/none/v1', '/apis/none/v1/things'])
      expect(await call<string>('GET', path)).toMatchObject({ code: 404, body: '404 page not found\n' })
    for (const path of ['/api/v1/things', '/api/v2'])
      expect((await call<Status>('GET', path)).body).toMatchObject({ kind: 'Status', code: 404, reason: 'NotFound' })
    expect((await call('POST', '/api/v1/configmaps', configMap('a'))).code).toBe(405)
    expect((await call('GET', maps(), undefined, { accept: 'text/html' })).code).toBe(406)
  })
})
