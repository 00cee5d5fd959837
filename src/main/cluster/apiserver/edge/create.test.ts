import { describe, expect, it } from 'vitest'
import type { Status } from '#shared/kube/status.ts'
import { configMap, deployment, pod, useRestApi, type ConfigMap } from '#test/support/rest-api.ts'

const rest = useRestApi()
const { call, deploymentsPath, maps, podsPath, send } = rest

describe('create', () => {
  it('fills what the server knows', async () => {
    const { code, body } = await call('POST', deploymentsPath(), deployment('web'))
    expect(code).toBe(201)
    expect(body.metadata).toMatchObject({ name: 'web', namespace: rest.namespace, generation: 1 })
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(body.metadata.managedFields?.[0]).toMatchObject({ manager: 'tester', operation: 'Update' })
    expect((body as unknown as { spec: { replicas: number } }).spec.replicas).toBe(1)
  })

  it('refuses a taken name with 409', async () => {
    await call('POST', maps(), configMap('a'))
    const { code, body } = await call<Status>('POST', maps(), configMap('a'))
    expect(code).toBe(409)
    expect(body).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
      details: { name: 'a', kind: 'configmaps' },
    })
  })

  it('makes up names', async () => {
    const object = { ...configMap(''), metadata: { generateName: 'web-' } }
    const { body } = await call('POST', maps(), object)
    expect(body.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  })

  it('names every invalid field as a cause', async () => {
    const { code, body } = await call<Status>('POST', podsPath(), { metadata: { name: 'Not_Good' }, spec: {} })
    expect(code).toBe(422)
    expect(body.reason).toBe('Invalid')
    expect(body.details?.causes?.map(({ field, reason }) => [field, reason])).toEqual([
      ['metadata.name', 'FieldValueInvalid'],
      ['spec.containers', 'FieldValueRequired'],
    ])
  })

  it('refuses a body for another namespace or kind', async () => {
    const elsewhere = { ...configMap('a'), metadata: { name: 'a', namespace: 'other' } }
    expect((await call<Status>('POST', maps(), elsewhere)).body.message).toBe(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
    expect((await call('POST', maps(), pod('a'))).code).toBe(400)
  })

  it('changes nothing on a dry run', async () => {
    const { code, body } = await call('POST', `${maps()}?dryRun=All`, configMap('a'))
    expect(code).toBe(201)
    expect(body.metadata.uid).toBeDefined()
    expect((await call('GET', maps('a'))).code).toBe(404)
  })

  it.each([
    ['Strict', 400, undefined],
    ['Warn', 201, '299 - "unknown field \\"foo\\""'],
    ['Ignore', 201, undefined],
  ])('treats unknown fields as told: %s', async (validation, code, warning) => {
    const reply = await call<Status>('POST', `${maps()}?fieldValidation=${validation}`, { ...configMap('a'), foo: 1 })
    expect(reply.code).toBe(code)
    expect(reply.header('warning')).toBe(warning)
    if (code === 400)
      expect(reply.body.message).toBe(
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
      )
  })

  it('warns in characters that a header may have', async () => {
    const { code, header } = await call('POST', maps(), { ...configMap('a'), 'o\nö': 1 })
    expect(code).toBe(201)
    expect(header('warning')).toBe('299 - "unknown field \\"o??\\""')
  })

  it('finds duplicate fields', async () => {
    const text = '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'
    const { code, body } = await call<Status>('POST', `${maps()}?fieldValidation=Strict`, text)
    expect(code).toBe(400)
    expect(body.message).toContain('strict decoding error: duplicate field "data.x"')
    const yaml = 'metadata:\n  name: a\ndata:\n  x: "1"\n  x: "2"\n'
    const strict = await call<Status>('POST', `${maps()}?fieldValidation=Strict`, yaml, {
      'content-type': 'application/yaml',
    })
    expect(strict.body.message).toContain(
      'strict decoding error: yaml: unmarshal errors:\n  line 5: key "x" already set in map',
    )
    expect((await call('POST', maps(), yaml, { 'content-type': 'application/yaml' })).code).toBe(201)
  })

  it('takes YAML', async () => {
    const yaml = 'metadata:\n  name: a\ndata:\n  x: "1"\n'
    const { body } = await call<ConfigMap>('POST', maps(), yaml, { 'content-type': 'application/yaml' })
    expect(body.data).toEqual({ x: '1' })
  })

  it('takes protobuf, as typed Go clients send it', async () => {
    // k8s\0, Unknown{typeMeta{v1 ConfigMap}, raw: ConfigMap{metadata{name a}, data{x: 1}}}
    const raw = Buffer.from('0a030a016112060a017812013 1'.replaceAll(' ', ''), 'hex')
    const typeMeta = Buffer.concat([
      Buffer.from([0x0a, 2]),
      Buffer.from('v1'),
      Buffer.from([0x12, 9]),
      Buffer.from('ConfigMap'),
    ])
    const bytes = Buffer.concat([
      Buffer.from('k8s\0'),
      Buffer.from([0x0a, typeMeta.length]),
      typeMeta,
      Buffer.from([0x12, raw.length]),
      raw,
    ])
    const response = await send(maps(), {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      body: bytes,
    })
    expect(response.statusCode).toBe(201)
    expect(await response.body.json()).toMatchObject({ metadata: { name: 'a' }, data: { x: '1' } })
  })

  it('refuses what it cannot read: 415, 413, 400', async () => {
    expect((await call('POST', maps(), 'x', { 'content-type': 'text/plain' })).code).toBe(415)
    expect((await call('POST', maps(), `{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`)).code).toBe(413)
    expect((await call('POST', maps(), '{')).code).toBe(400)
  })
})
