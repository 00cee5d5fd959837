import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { ApiError } from '#shared/kube/status.ts'
import { createNodeFetch } from '#test/support/node-fetch.ts'
import { createEventDecoder, createHttpTransport } from './http-transport.ts'
import { createClient } from './kube-client.ts'
import type { Client, Resource } from './client.ts'
import type { WatchEvent } from './transport.ts'

const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
const deployments: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
}

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

it('sends what the API expects: paths, queries, content types, bodies', async () => {
  const seen: string[] = []
  const client = await serve(async (request, response) => {
    const body = await bodyOf(request)
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers['content-type'] ?? '-'} ${body}`)
    respond(response, 200, { metadata: {}, items: [] })
  })
  await client.list(pods, { labelSelector: 'a in (b,c)', limit: 5 })
  await client.list(pods, { namespace: 'ns' })
  await client.create(deployments, { metadata: { name: 'x', namespace: 'ns' } }, { fieldManager: 'me', dryRun: true })
  await client.updateStatus(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'ns' } })
  await client.patch(
    pods,
    { namespace: 'ns', name: 'x' },
    { type: 'strategic', body: { a: 1 } },
    { subresource: 'status' },
  )
  await client.delete(pods, { namespace: 'ns', name: 'x' }, { gracePeriodSeconds: 0 })
  await client.delete(pods, { namespace: 'ns', name: 'x' })
  await client.post(pods, { namespace: 'ns', name: 'x' }, 'binding', { target: {} })
  expect(seen).toEqual([
    'GET /api/v1/pods?labelSelector=a%20in%20(b%2Cc)&limit=5 - ',
    'GET /api/v1/namespaces/ns/pods - ',
    'POST /apis/apps/v1/namespaces/ns/deployments?fieldManager=me&dryRun=All application/json {"metadata":{"name":"x","namespace":"ns"},"apiVersion":"apps/v1","kind":"Deployment"}',
    'PUT /api/v1/namespaces/ns/pods/x/status application/json {"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"ns"}}',
    'PATCH /api/v1/namespaces/ns/pods/x/status application/strategic-merge-patch+json {"a":1}',
    'DELETE /api/v1/namespaces/ns/pods/x application/json {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}',
    'DELETE /api/v1/namespaces/ns/pods/x - ',
    'POST /api/v1/namespaces/ns/pods/x/binding application/json {"target":{}}',
  ])
})

it('throws the Status of the server, or one made from its text', async () => {
  const client = await serve((request, response) => {
    if (request.url?.includes('plain')) {
      response.writeHead(503).end('no upstream')
      return
    }
    respond(response, 404, {
      kind: 'Status',
      status: 'Failure',
      code: 404,
      reason: 'NotFound',
      message: 'pods "x" not found',
    })
  })
  await expect(client.get(pods, { namespace: 'ns', name: 'x' })).rejects.toMatchObject({
    code: 404,
    reason: 'NotFound',
    message: 'pods "x" not found',
  })
  await expect(client.get(pods, { namespace: 'ns', name: 'plain' })).rejects.toMatchObject({
    code: 503,
    message: 'no upstream',
  })
})

it('streams watch events and ends with the error that the server sends', async () => {
  const client = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"MODI')
    response.write('FIED","object":{"metadata":{"name":"b"}}}\n')
    response.end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n')
  })
  const { names, error } = await collect(client)
  expect(names).toEqual(['a', 'b'])
  expect((error as ApiError).code).toBe(410)
})

it('closes a watch with the refusal of its request', async () => {
  const client = await serve((_request, response) =>
    respond(response, 403, { kind: 'Status', code: 403, message: 'no' }),
  )
  const { error } = await collect(client)
  expect((error as ApiError).code).toBe(403)
})

it('ends the connection when a watch is stopped, and says nothing more', async () => {
  let closed: () => void = () => undefined
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const client = await serve((_request, response) => {
    response.on('close', () => closed())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n')
  })
  let told = false
  await new Promise<void>((resolve) => {
    const stop = client.watch(
      pods,
      { resourceVersion: '1' },
      {
        events: () => {
          void stop()
          resolve()
        },
        closed: () => (told = true),
      },
    )
  })
  await gone
  expect(told).toBe(false)
})

it('decodes events however the bytes are cut, in the middle of a character too', () => {
  const bytes = new TextEncoder().encode(
    '{"type":"ADDED","object":{"metadata":{"name":"żółw"}}}\n\n{"type":"DELETED","object":{"metadata":{"name":"b"}}}\n',
  )
  for (let size = 1; size < bytes.length; size += 7) {
    const decoder = createEventDecoder()
    const names: unknown[] = []
    for (let at = 0; at < bytes.length; at += size) {
      names.push(...decoder.push(bytes.subarray(at, at + size)).events.map((event) => event.object.metadata.name))
    }
    expect(names).toEqual(['żółw', 'b'])
  }
})

async function serve(
  handler: (request: http.IncomingMessage, response: http.ServerResponse) => unknown,
): Promise<Client> {
  const server = http.createServer((request, response) => void handler(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const node = createNodeFetch()
  cleanups.push(() => {
    node.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return createClient(createHttpTransport({ server: `http://127.0.0.1:${port}`, fetch: node.fetch }))
}

const respond = (response: http.ServerResponse, code: number, body: unknown): void => {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

function collect(client: Client): Promise<{ names: unknown[]; error: Error | undefined }> {
  const names: unknown[] = []
  return new Promise((resolve) => {
    client.watch(
      pods,
      { resourceVersion: '1' },
      {
        events: (batch: readonly WatchEvent[]) => names.push(...batch.map((event) => event.object.metadata.name)),
        closed: (error) => resolve({ names, error }),
      },
    )
  })
}
