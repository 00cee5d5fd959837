import { monitorEventLoopDelay } from 'node:perf_hooks'
import { gzipSync } from 'node:zlib'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KubeList } from '#shared/kube/object.ts'
import type { Status } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from './kinds/index.ts'
import { loadSchema, type OpenApiSchema } from './schema/schema.ts'

const json = 'application/json'
const protobuf = 'application/vnd.kubernetes.protobuf'
const maps = '/api/v1/namespaces/default/configmaps'
const seed = Number(process.env['BAD_INPUT_SEED'] ?? 20261123)
const delay = monitorEventLoopDelay({ resolution: 5 })

let api: TestApiServer
let agent: Agent
let sent = 0
let heapBefore = 0

beforeAll(async () => {
  api = await startApiServer({ kinds })
  agent = new Agent({ connect: { ca: api.ca }, connections: 4, bodyTimeout: 10_000, headersTimeout: 10_000 })
  const kept = { metadata: { name: 'kept', resourceVersion: '' }, data: { a: '1' } }
  expect((await send({ method: 'POST', path: maps, body: kept })).code).toBe(201)
  heapBefore = heapUsed()
  delay.enable()
})

afterAll(async () => {
  await agent.close()
  await api.stop()
})

interface Malformed {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path?: string
  type?: string
  body?: unknown
  headers?: Record<string, string>
  /** Codes that are right; any of 4xx when unset. */
  codes?: readonly number[]
  what?: string
}

async function send({ method = 'POST', path = maps, type = json, body, headers }: Malformed) {
  const bytes = body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body)
  const response = await request(api.url + path, {
    method,
    dispatcher: agent,
    headers: { authorization: `Bearer ${api.token}`, 'content-type': type, ...headers },
    ...(bytes === undefined ? {} : { body: bytes }),
  })
  return { code: response.statusCode, text: await response.body.text() }
}

/** Every one must be refused with a Status; all that were not are told together. */
async function refuses(requests: readonly Malformed[]): Promise<void> {
  const wrong: string[] = []
  for (const malformed of requests) {
    sent++
    const told = `${malformed.what ?? ''} ${malformed.method ?? 'POST'} ${malformed.path ?? maps}`.slice(0, 160)
    try {
      const { code, text } = await send(malformed)
      const right = malformed.codes?.includes(code) ?? (code >= 400 && code < 500)
      if (!right || !isStatus(text, code)) wrong.push(`${told}: ${code} ${text.slice(0, 160)}`)
    } catch (error) {
      wrong.push(`${told}: ${String(error)}`)
    }
  }
  expect(wrong).toEqual([])
}

function isStatus(text: string, code: number): boolean {
  try {
    const status = JSON.parse(text) as Status
    return status.kind === 'Status' && status.code === code && typeof status.reason === 'string'
  } catch {
    return false
  }
}

const heapUsed = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Numbers from 0 up to 1, the same ones for the same seed. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const random = randomFrom(seed)
const upTo = (limit: number): number => Math.floor(random() * limit)

const map = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'bad' },
  ...more,
})

it('refuses a value of the wrong type at every field of every kind', async () => {
  await refuses(kinds.flatMap(wrongTypes))
}, 60_000)

const schema = loadSchema()

function wrongTypes({ group, version, kind, plural, namespaced, schema: name }: (typeof kinds)[number]): Malformed[] {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const path = `${base}${namespaced ? '/namespaces/default' : ''}/${plural}`
  const apiVersion = group === '' ? version : `${group}/${version}`
  return [...fieldsOf({ $ref: `#/${name}` }, [])].map(({ at, value }) => ({
    path,
    what: `${kind}.${at.join('.')}`,
    codes: [400, 403, 405, 422],
    body: { apiVersion, kind, ...(nest(at, value) as object) },
  }))
}

const deepest = 4

function* fieldsOf(part: OpenApiSchema, at: readonly string[]): Generator<{ at: readonly string[]; value: unknown }> {
  const ref = part.$ref ?? (part as { allOf?: OpenApiSchema[] }).allOf?.[0]?.$ref
  const node = ref === undefined ? part : schema.definition(ref.slice(ref.lastIndexOf('/') + 1))
  if (!node?.type) return
  if (at.length > 0) yield { at, value: node.type === 'object' || node.type === 'array' ? 'wrong' : { wrong: [] } }
  if (at.length >= deepest) return
  if (node.type === 'array' && node.items) yield* fieldsOf(node.items, [...at, '[]'])
  for (const [name, child] of Object.entries(node.properties ?? {}))
    if (at.length > 0 || (name !== 'kind' && name !== 'apiVersion')) yield* fieldsOf(child, [...at, name])
}

const nest = ([first, ...rest]: readonly string[], value: unknown): unknown =>
  first === undefined ? value : first === '[]' ? [nest(rest, value)] : { [first]: nest(rest, value) }

it('refuses bodies that are cut short, too big, too deep or in no known encoding', async () => {
  const text = JSON.stringify(map({ data: { key: 'value' }, metadata: { name: 'bad', labels: { a: 'b' } } }))
  const cut = Array.from({ length: text.length - 1 }, (_, at) => text.slice(0, at + 1))
  const flipped = Array.from({ length: 300 }, () => {
    const bytes = Buffer.from(text)
    bytes[upTo(bytes.length)] = [0, 1, 0x0a, 0x80, 0xff][upTo(5)] ?? 0
    return Buffer.concat([bytes, Buffer.from([0])])
  })
  const deep = ['[', '{"a":', '{"metadata":', '[{"a":'].map((open) => open.repeat(10_000))
  const closed = [
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    `{"data":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
  ]
  const yaml = 'application/yaml'
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghij', (at, index) => `${at}: &${at} [${`*${'abcdefghij'[index] ?? ''},`.repeat(9)}]`).join('\n')}\n`
  await refuses([
    ...cut.map((body, at) => ({ body, what: `cut at ${at}`, codes: [400] })),
    ...flipped.map((body, at) => ({ body, what: `flipped ${at}`, codes: [400] })),
    ...[...deep, ...closed].flatMap((body) => [
      { body, what: `deep ${body.slice(0, 12)}`, codes: [400, 422] },
      { body, type: yaml, what: `deep YAML ${body.slice(0, 12)}`, codes: [400, 422] },
    ]),
    { body: bomb, type: yaml, what: 'YAML bomb', codes: [400] },
    { body: 'a: &a\n  <<: *a\n', type: yaml, what: 'merge of itself', codes: [400] },
    { body: '- '.repeat(10_000), type: yaml, what: 'deep YAML sequence', codes: [400] },
    { body: `{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`, what: 'body of 3 MiB', codes: [413] },
    { body: map({ data: { a: 'x'.repeat(1024 * 1024 + 1) } }), what: 'ConfigMap of 1 MiB', codes: [422] },
    {
      path: '/api/v1/namespaces/default/secrets',
      body: { metadata: { name: 'bad' }, stringData: { a: 'x'.repeat(1024 * 1024 + 1) } },
      what: 'Secret of 1 MiB',
      codes: [422],
    },
    { body: gzipSync(text), headers: { 'content-encoding': 'gzip' }, what: 'gzip', codes: [400, 415] },
    { body: text.slice(3), headers: { 'content-encoding': 'gzip' }, what: 'no gzip', codes: [400, 415] },
    ...['text/plain', 'image/png', 'application/x-www-form-urlencoded', '/', ';', 'application/jso'].map((type) => ({
      body: text,
      type,
      what: type,
      codes: [415],
    })),
  ])
}, 60_000)

it('refuses protobuf that is cut, of the wrong wire type or too deep', async () => {
  const magic = Buffer.from('k8s\0')
  const noise = Array.from({ length: 300 }, () =>
    Buffer.concat([
      magic,
      Buffer.from([0x12, 0x80 + upTo(128)]),
      Buffer.from(Array.from({ length: upTo(40) }, () => upTo(256))),
    ]),
  )
  const bodies = [
    Buffer.alloc(0),
    magic,
    Buffer.from('k8s'),
    Buffer.concat([magic, Buffer.alloc(11, 0xff)]),
    Buffer.concat([magic, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])]),
    Buffer.concat([magic, Buffer.alloc(10_000, 0x0b)]),
    Buffer.concat([magic, Buffer.from([0x0f])]),
    ...noise,
  ]
  await refuses(bodies.map((body, at) => ({ body, type: protobuf, what: `protobuf ${at} ${body.toString('hex')}` })))
}, 60_000)

it('refuses paths, parameters and patches that cannot be', async () => {
  const kept = `${maps}/kept`
  const deepJson = '['.repeat(10_000) + ']'.repeat(10_000)
  const names = [
    'Bad',
    '-bad',
    'bad-',
    'a..b',
    'a/b',
    '',
    ' ',
    'ä',
    'a'.repeat(254),
    '.',
    '..',
    '\0',
    '__proto__',
    '\ud800',
  ]
  const keys = ['', ' ', '/a', 'a/', 'a/b/c', '-', 'ä', 'a'.repeat(64), '\ud800', '\0']
  const selectors = ['=', '==a', '!', 'a in', 'a in (', 'a in (b', ',a', 'a,,b', 'a=b=c', '(', 'a=-', '%00', 'ä=b']
  const pointers = [
    '/__proto__/polluted',
    '/constructor/prototype/polluted',
    '/data/__proto__/polluted',
    'x',
    '/data/~2',
    '/metadata/finalizers/99999999999',
  ]
  const patchOf = (type: string, body: unknown): Malformed => ({
    method: 'PATCH',
    path: kept,
    type: `application/${type}`,
    body,
    what: `${type} ${JSON.stringify(body).slice(0, 80)}`,
  })
  await refuses([
    ...names.map((name) => ({ body: map({ metadata: { name } }), what: `name ${JSON.stringify(name)}` })),
    ...keys.map((key) => ({
      body: JSON.stringify(map({ metadata: { name: 'bad', labels: { X: '' } } })).replace('"X"', JSON.stringify(key)),
      what: `label ${JSON.stringify(key)}`,
    })),
    ...selectors.flatMap((text) => [
      { method: 'GET' as const, path: `${maps}?labelSelector=${encodeURIComponent(text)}` },
      { method: 'GET' as const, path: `${maps}?fieldSelector=${encodeURIComponent(`spec.nothing${text}`)}` },
    ]),
    ...[
      'limit=x',
      'limit=-',
      'continue=x',
      'continue=%7B%7D',
      'resourceVersion=x',
      'resourceVersion=-1',
      'watch=1&timeoutSeconds=x',
      'resourceVersionMatch=x',
      'watch=1&resourceVersion=y',
    ].map((text) => ({ method: 'GET' as const, path: `${maps}?${text}` })),
    ...[
      '/api/v9',
      '/apis/__proto__/v1/x',
      '/api/v1/__proto__',
      '/api/v1/constructor',
      '/apis/apps/v1/toString',
      '/api/v1/namespaces/%zz/pods/%',
      '/%00',
      `/api/v1/${'a'.repeat(9000)}`,
    ].map((path) => ({ method: 'GET' as const, path })),
    ...pointers.flatMap((path) => [
      patchOf('json-patch+json', [{ op: 'add', path, value: 1 }]),
      patchOf('json-patch+json', [{ op: 'test', path, value: 1 }]),
      patchOf('json-patch+json', [{ op: 'move', from: path, path: '/data/a' }]),
    ]),
    ...[
      [{ op: 'nothing', path: '/a' }],
      [{ op: 'test', path: '/data/a', value: '2' }],
      [{ path: '/a' }],
      {},
      [1],
      'x',
      7,
    ].map((body) => patchOf('json-patch+json', JSON.stringify(body))),
    ...['merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'].flatMap((type) =>
      [[], 1, 'x', { data: [] }, { data: { a: { b: 1 } } }, { metadata: 'x' }, { metadata: { labels: [1] } }].map(
        (body) => patchOf(type, JSON.stringify(body)),
      ),
    ),
    ...['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'].map((type) =>
      patchOf(type, deepJson),
    ),
    patchOf('nothing+json', '{}'),
  ])
}, 60_000)

it('is as well after all of it as before', async () => {
  const all = await send({ method: 'GET', path: '/api/v1/configmaps', type: json })
  expect(all.code).toBe(200)
  expect((JSON.parse(all.text) as KubeList).items).toMatchObject([{ metadata: { name: 'kept' }, data: { a: '1' } }])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  const grown = (heapUsed() - heapBefore) / 1024 / 1024
  expect(sent).toBeGreaterThan(2000)
  expect(delay.max / 1e6).toBeLessThan(5000)
  console.info(
    `${sent} requests, seed ${seed}: longest delay ${(delay.max / 1e6).toFixed(0)} ms, heap +${grown.toFixed(0)} MB`,
  )
  expect(grown).toBeLessThan(globalThis.gc ? 100 : 250)
})
