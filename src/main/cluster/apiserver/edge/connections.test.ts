import { get, type RequestOptions } from 'node:https'
import { Agent, request as send } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { pod } from '#test/support/rest-api.ts'

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
