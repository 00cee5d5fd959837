import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { decodeProtobuf } from '../codec/protobuf.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.stop())

const protobuf = 'application/vnd.kubernetes.protobuf'
const maps = '/api/v1/namespaces/default/configmaps'

async function send(method: string, path: string, accept: string, body?: unknown): Promise<IncomingMessage> {
  const outgoing: ReturnType<typeof request> = secureRequest(api.url + path, {
    method,
    ca: api.ca,
    agent: false,
    headers: { authorization: `Bearer ${api.token}`, accept, 'content-type': 'application/json' },
  })
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

async function read(method: string, path: string, accept = protobuf, body?: unknown) {
  const response = await send(method, path, accept, body)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { code: response.statusCode, type: response.headers['content-type'], bytes: Buffer.concat(chunks) }
}

it('objects, lists and errors come as protobuf to those who ask for it', async () => {
  const map = { metadata: { name: 'pb' }, data: { a: '1' } }
  const created = await read('POST', maps, protobuf, map)
  expect(created).toMatchObject({ code: 201, type: protobuf })
  expect(decodeProtobuf(created.bytes)).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', ...map })
  const got = await read('GET', `${maps}/pb`)
  expect(got.bytes).toEqual(created.bytes)
  const list = await read('GET', maps)
  expect(decodeProtobuf(list.bytes)).toMatchObject({
    kind: 'ConfigMapList',
    metadata: { resourceVersion: expect.stringMatching(/^\d+$/) as string },
    items: [map],
  })
  const missing = await read('GET', `${maps}/nobody`)
  expect(missing).toMatchObject({ code: 404, type: protobuf })
  expect(decodeProtobuf(missing.bytes)).toMatchObject({ kind: 'Status', reason: 'NotFound', code: 404 })
})

it('metadata alone comes as protobuf, a table as the JSON named second', async () => {
  await read('POST', maps, protobuf, { metadata: { name: 'partial', labels: { l: 'v' } }, data: { a: '1' } })
  const as = `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
  const partial = await read('GET', `${maps}/partial`, as)
  expect(partial.type).toBe(`${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`)
  const object = decodeProtobuf(partial.bytes)
  expect(object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { labels: { l: 'v' } } })
  expect(object).not.toHaveProperty('data')
  const table = await read(
    'GET',
    maps,
    `${protobuf};as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1`,
  )
  expect(table.type).toContain('application/json;as=Table')
})

it('a watch is a stream of frames', async () => {
  await read('POST', maps, protobuf, { metadata: { name: 'seen' } })
  const stream = await send('GET', `${maps}?watch=1&fieldSelector=metadata.name%3Dseen`, protobuf)
  expect(stream.headers['content-type']).toBe(`${protobuf};stream=watch`)
  const [frame] = (await once(stream, 'data')) as [Buffer]
  stream.destroy()
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
  expect(frame.toString('latin1')).toContain('ADDED')
  expect(decodeProtobuf(frame.subarray(frame.indexOf('k8s\0')))).toMatchObject({
    kind: 'ConfigMap',
    metadata: { name: 'seen' },
  })
  expect(await read('GET', `${maps}?watch=1`, 'application/yaml')).toMatchObject({ code: 406 })
})
