import { get, type RequestOptions } from 'node:https'
import { connect } from 'node:tls'
import { Agent, request as send } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KubeList, KubeObject } from '#shared/kube/object.ts'
import type { ApiError, Status } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import type { KindDeclaration } from '../api/kind.ts'
import { smallKinds } from '#test/support/small-kinds.ts'
import { createMemoryStore } from '../../store/memory.ts'

let api: TestApiServer
let agent: Agent

beforeAll(async () => {
  api = await startApiServer()
  agent = new Agent({ connect: { ca: api.ca } })
})

afterAll(async () => {
  await agent.close()
  await api.stop()
})

interface Reply<T> {
  code: number
  body: T
  text: string
  header: (name: string) => string | undefined
}

async function call<T = KubeObject>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply<T>> {
  const response = await send(api.url + path, {
    method,
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${api.token}`,
      'user-agent': 'tester/1.0',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.body.text()
  const type = String(response.headers['content-type'])
  return {
    code: response.statusCode,
    text,
    body: (type.startsWith('application/json') ? JSON.parse(text) : text) as T,
    header: (name) => response.headers[name] as string | undefined,
  }
}

let namespace = ''
let counter = 0

beforeEach(() => {
  namespace = `ns-${++counter}`
})

const maps = (name = ''): string => `/api/v1/namespaces/${namespace}/configmaps${name && `/${name}`}`
const podsPath = (name = ''): string => `/api/v1/namespaces/${namespace}/pods${name && `/${name}`}`
const deploymentsPath = (name = ''): string => `/apis/apps/v1/namespaces/${namespace}/deployments${name && `/${name}`}`

type ConfigMap = KubeObject & { data?: Record<string, string> }

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

const pod = (name: string, more: Record<string, unknown> = {}): KubeObject & { spec: Record<string, unknown> } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'a' }], ...more },
})

const deployment = (name: string): KubeObject & { spec: Record<string, unknown> } => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'a' }] } },
  },
})

describe('create', () => {
  it('fills what the server knows', async () => {
    const { code, body } = await call('POST', deploymentsPath(), deployment('web'))
    expect(code).toBe(201)
    expect(body.metadata).toMatchObject({ name: 'web', namespace, generation: 1 })
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
    const response = await send(api.url + maps(), {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/vnd.kubernetes.protobuf' },
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
    const response = await send(api.url + maps(), {
      dispatcher: agent,
      headers: { authorization: `Bearer ${api.token}`, 'accept-encoding': 'gzip' },
    })
    expect(response.headers['content-encoding']).toBe('gzip')
    await response.body.dump()
  })
})

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
    expect(main.body.status).toBeUndefined()
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

describe('subresources', () => {
  it('scale a workload', async () => {
    await call('POST', deploymentsPath(), deployment('web'))
    const { body } = await call<{ kind: string; spec: { replicas: number }; status: { selector: string } }>(
      'GET',
      deploymentsPath('web/scale'),
    )
    expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=web' } })
    await call('PUT', deploymentsPath('web/scale'), { ...body, spec: { replicas: 3 } })
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

interface Event {
  type: string
  object: KubeObject & Partial<Status>
}

/** Reads a watch until `enough`. */
async function watchEvents(
  path: string,
  enough: (events: Event[]) => boolean,
  ready?: () => Promise<void>,
): Promise<Event[]> {
  const stop = new AbortController()
  const response = await send(api.url + path, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${api.token}` },
    signal: stop.signal,
  })
  const events: Event[] = []
  let rest = ''
  const started = ready?.()
  try {
    for await (const chunk of response.body) {
      rest += String(chunk)
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      events.push(...lines.map((line) => JSON.parse(line) as Event))
      if (enough(events)) break
    }
  } finally {
    stop.abort()
    await started
  }
  return events
}

const summary = (events: readonly Event[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`)

describe('watch', () => {
  it('tells the state first, then changes', async () => {
    await call('POST', maps(), configMap('a'))
    const events = await watchEvents(
      `${maps()}?watch=1`,
      (seen) => seen.length === 4,
      async () => {
        await call('POST', maps(), configMap('b'))
        await call('PUT', maps('b'), configMap('b', { x: '1' }))
        await call('DELETE', maps('b'))
      },
    )
    expect(summary(events)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED b', 'DELETED b'])
    const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    expect([...revisions].sort((a, b) => a - b)).toEqual(revisions)
  })

  it('goes on after a revision', async () => {
    const { body } = await call('POST', maps(), configMap('a'))
    await call('POST', maps(), configMap('b'))
    const events = await watchEvents(
      `${maps()}?watch=1&resourceVersion=${body.metadata.resourceVersion ?? ''}`,
      (seen) => seen.length === 1,
    )
    expect(summary(events)).toEqual(['ADDED b'])
  })

  it('tells objects that enter and leave a selection', async () => {
    const labelled = (color: string): unknown => ({ ...configMap('a'), metadata: { name: 'a', labels: { color } } })
    const events = await watchEvents(
      `${maps()}?watch=1&labelSelector=color%3Dred`,
      (seen) => seen.length === 3,
      async () => {
        await call('POST', maps(), labelled('blue'))
        await call('PUT', maps('a'), labelled('red'))
        await call('PUT', maps('a'), { ...(labelled('red') as ConfigMap), data: { x: '1' } })
        await call('PUT', maps('a'), labelled('blue'))
      },
    )
    expect(summary(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
    expect(events[2]?.object.metadata.labels).toEqual({ color: 'red' })
  })

  it('marks the end of the initial events for those who stream lists', async () => {
    await call('POST', maps(), configMap('a'))
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const events = await watchEvents(`${maps()}?${query}`, (seen) => seen.some(({ type }) => type === 'BOOKMARK'))
    expect(summary(events)).toEqual(['ADDED a', 'BOOKMARK '])
    expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    expect((await call('GET', `${maps()}?watch=1&sendInitialEvents=true`)).code).toBe(422)
  })

  it('begins after the answer before it on the same connection', async () => {
    await call('POST', maps(), { metadata: { name: 'first' } })
    const ask = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${api.token}\r\n\r\n`
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(api.url).port), ca: api.ca })
    socket.write(ask(maps('first')) + ask(`${maps()}?watch=1`))
    let text = ''
    for await (const chunk of socket) if ((text += String(chunk)).includes('"type":"ADDED"')) break
    const [, first = '', second = ''] = text.split('HTTP/1.1 ')
    expect(first).toMatch(/^200 OK[^]*"name":"first"/)
    expect(second).toMatch(/^200 OK[^]*\r\n\r\n[0-9a-f]+\r\n\{"type":"ADDED"/)
    expect(text.startsWith('HTTP/1.1 ')).toBe(true)
  })

  it('ends after timeoutSeconds', async () => {
    const events = await watchEvents(`${maps()}?watch=1&timeoutSeconds=1`, () => false)
    expect(events).toEqual([])
  })

  it('fails alone when its events cannot be formed', async () => {
    const broken = {
      ...(smallKinds.find(({ plural }) => plural === 'configmaps') as KindDeclaration),
      columns: [
        {
          name: 'Throws',
          type: 'string' as const,
          description: '',
          value(): string {
            throw new Error('no such value')
          },
        },
      ],
    }
    const server = await startApiServer({ kinds: [broken] })
    const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
    const seen: string[] = []
    server.client.watch(
      configMaps,
      { resourceVersion: '1' },
      {
        events: (batch) => void seen.push(...batch.map(({ type }) => type)),
        closed: () => undefined,
      },
    )
    const closed = new Promise<unknown>((resolve) => {
      server.client.transport.watch(
        {
          path: '/api/v1/configmaps?watch=1&resourceVersion=1',
          accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
        },
        { events: () => undefined, closed: resolve },
      )
    })
    await server.client.get(configMaps, { namespace: 'default', name: 'none' }).catch(() => undefined)
    await server.client.create(configMaps, { ...configMap('a'), metadata: { name: 'a', namespace: 'default' } })
    expect(await closed).toMatchObject({ code: 500 })
    expect(seen).toEqual(['ADDED'])
    await server.stop()
  })

  it('watches one object by name', async () => {
    await call('POST', maps(), configMap('a'))
    await call('POST', maps(), configMap('b'))
    const events = await watchEvents(`${maps('b')}?watch=1`, (seen) => seen.length === 1)
    expect(summary(events)).toEqual(['ADDED b'])
  })
})

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
    const v2 = await send(`${api.url}/openapi/v2`, {
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${api.token}`,
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
    for (const path of ['/nowhere', '/apis/none/v1', '/apis/none/v1/things', '/api/v1/things'])
      expect((await call<Status>('GET', path)).body).toMatchObject({ kind: 'Status', code: 404, reason: 'NotFound' })
    expect((await call('POST', '/api/v1/configmaps', configMap('a'))).code).toBe(405)
    expect((await call('GET', maps(), undefined, { accept: 'text/html' })).code).toBe(406)
  })
})

describe('the in-process client', () => {
  it('shares objects, and obeys the same rules', async () => {
    const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
    const mine = configMap('a', { x: '1' })
    mine.metadata.namespace = namespace
    const created = await api.client.create(configMaps, mine)
    expect(mine.metadata.uid).toBeUndefined()
    expect(await api.client.get(configMaps, { namespace, name: 'a' })).toBe(created)
    await expect(api.client.create(configMaps, mine)).rejects.toMatchObject({ code: 409 })
    const patched = await api.client.patch(
      configMaps,
      { namespace, name: 'a' },
      { type: 'merge', body: { data: { y: '2' } } },
    )
    expect(patched).toMatchObject({ data: { x: '1', y: '2' } })
  })
})

describe('history', () => {
  let small: TestApiServer
  const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
  const named = (name: string): KubeObject => ({ ...configMap(name), metadata: { name, namespace: 'default' } })

  beforeAll(async () => {
    small = await startApiServer({ store: createMemoryStore({ historySize: 8 }) })
  })

  afterAll(async () => {
    await small.stop()
    await small.store.close()
  })

  it('ends: old watches and continues get 410, and a way to go on', async () => {
    const path = '/api/v1/namespaces/default/configmaps'
    for (const name of ['a', 'b', 'c']) await small.client.create(configMaps, named(name))
    const page = (await small.client.transport.request({ method: 'GET', path: `${path}?limit=1` })) as KubeList
    for (let i = 0; i < 40; i++) await small.client.create(configMaps, named(`x${i}`))
    const closed = await new Promise<unknown>((resolve) => {
      small.client.watch(configMaps, { resourceVersion: '1' }, { events: () => undefined, closed: resolve })
    })
    expect(closed).toMatchObject({ code: 410, reason: 'Expired' })
    const token = page.metadata.continue ?? ''
    const expired = await small.client.transport
      .request({ method: 'GET', path: `${path}?limit=1&continue=${token}` })
      .catch((error: unknown) => error as ApiError)
    expect(expired).toMatchObject({ code: 410 })
    const fresh = String((expired as ApiError).status.metadata['continue'])
    const rest = (await small.client.transport.request({
      method: 'GET',
      path: `${path}?continue=${fresh}`,
    })) as KubeList
    expect(rest.items).toHaveLength(42)
  })
})

describe('connections', () => {
  let server: TestApiServer
  const asked: string[] = []

  beforeAll(async () => {
    server = await startApiServer({
      authorizer: {
        authorize(attributes) {
          asked.push(
            attributes.resourceRequest ? `${attributes.verb} ${attributes.resource}/${attributes.subresource}` : '',
          )
          return { allowed: attributes.user.name !== 'system:anonymous', reason: 'nobody is allowed' }
        },
      },
      connectHandlers: [
        {
          group: '',
          resource: 'pods',
          subresource: 'log',
          handle({ response, query, object }) {
            response
              ?.writeHead(200, { 'content-type': 'text/plain' })
              .end(`${object.metadata.name ?? ''} ${query.get('container') ?? ''}`)
          },
        },
        {
          group: '',
          resource: 'pods',
          subresource: 'exec',
          handle({ upgrade, query }) {
            upgrade?.socket.end(
              `HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n${query.getAll('command').join(' ')}`,
            )
          },
        },
      ],
    })
    const object = { ...pod('a'), metadata: { name: 'a', namespace: 'default' } }
    await server.client.create({ group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }, object)
  })

  afterAll(() => server.stop())

  const options = (more: Record<string, string> = {}): RequestOptions => ({
    ca: server.ca,
    headers: { authorization: `Bearer ${server.token}`, ...more },
    agent: false,
  })

  it('go to their handler once the object is found', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      get(`${server.url}/api/v1/namespaces/default/pods/a/log?container=c`, options(), (response) => {
        response.setEncoding('utf8')
        let all = ''
        response.on('data', (chunk: string) => (all += chunk))
        response.on('end', () => resolve(all))
      }).on('error', reject)
    })
    expect(text).toBe('a c')
  })

  it('hand their socket over when they upgrade, to those who may create streams', async () => {
    const path = '/api/v1/namespaces/default/pods/a/exec?command=echo&command=hi'
    const upgrade = { connection: 'Upgrade', upgrade: 'test' }
    const text = await new Promise<string>((resolve, reject) => {
      get(server.url + path, options(upgrade))
        .on('upgrade', (_response, socket, head) => {
          let all = head.toString()
          socket.on('data', (chunk) => (all += String(chunk)))
          socket.on('end', () => resolve(all))
        })
        .on('error', reject)
    })
    expect(text).toBe('echo hi')
    expect(asked).toContain('create pods/exec')
  })

  it('are refused with a Status: no such pod, no credentials, wrong ones', async () => {
    const ask = (path: string, headers: Record<string, string>): Promise<unknown> =>
      send(server.url + path, { dispatcher: new Agent({ connect: { ca: server.ca } }), headers }).then((reply) =>
        reply.body.json(),
      )
    const credentials = { authorization: `Bearer ${server.token}` }
    expect(await ask('/api/v1/namespaces/default/pods/none/log', credentials)).toMatchObject({
      code: 404,
      reason: 'NotFound',
    })
    expect(await ask('/api/v1/namespaces/default/pods/a/log', {})).toMatchObject({
      code: 403,
      message:
        'pods "a" is forbidden: User "system:anonymous" cannot get resource "pods/log" in API group "" in the namespace "default": nobody is allowed',
    })
    expect(await ask('/api', { authorization: 'Bearer wrong' })).toMatchObject({ code: 401, reason: 'Unauthorized' })
  })
})
