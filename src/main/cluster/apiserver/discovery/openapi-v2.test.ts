import { expect, it } from 'vitest'
import { startApiServer } from '#test/support/api-server.ts'
import { kinds } from '../kinds/index.ts'

it('the OpenAPI v2 document has properties with the names of keywords, by which clients validate definitions', async () => {
  const api = await startApiServer({ kinds })
  try {
    const { definitions } = (await api.client.transport.request({ method: 'GET', path: '/openapi/v2' })) as {
      definitions: Record<string, { properties?: Record<string, unknown>; type?: string }>
    }
    const name = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
    expect(definitions[name]).toMatchObject({ type: 'object' })
    expect(Object.keys(definitions[name]?.properties ?? {})).toEqual(
      expect.arrayContaining(['allOf', 'anyOf', 'oneOf', 'not', '$ref', 'properties']),
    )
    expect(definitions[name]?.properties?.['allOf']).toMatchObject({ items: { $ref: `#/definitions/${name}` } })
    expect(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ type: 'string' })
  } finally {
    await api.stop()
  }
})
