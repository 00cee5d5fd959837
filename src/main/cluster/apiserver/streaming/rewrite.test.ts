import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { rewriteFor, rewriteUrl } from './rewrite.ts'

const place = {
  prefix: '/api/v1/namespaces/default/pods/web:80/proxy',
  host: '10.244.0.3:80',
  requestHost: '127.0.0.1:6443',
}

describe('a URL', () => {
  it.each([
    ['/login', '/api/v1/namespaces/default/pods/web:80/proxy/login'],
    ['/', '/api/v1/namespaces/default/pods/web:80/proxy/'],
    ['/a/?next=/b#c', '/api/v1/namespaces/default/pods/web:80/proxy/a/?next=/b#c'],
    ['http://10.244.0.3:80/in', '/api/v1/namespaces/default/pods/web:80/proxy/in'],
    ['https://127.0.0.1:6443/in', '/api/v1/namespaces/default/pods/web:80/proxy/in'],
  ])('of the target, %s, gets the path of the proxy', (from, to) => expect(rewriteUrl(from, place)).toBe(to))

  it.each([
    'https://elsewhere.example/login',
    '//elsewhere.example/login',
    'login',
    '../up',
    '?page=2',
    '#top',
    'mailto:someone@example.com',
    'data:text/plain,x',
    '/api/v1/namespaces/default/pods/web:80/proxy/there',
    '',
  ])('that leads elsewhere, is relative or there already, %s, stays', (url) => expect(rewriteUrl(url, place)).toBe(url))

  it('is only recognized as a whole', () =>
    expect(rewriteUrl(`${place.prefix}2/x`, place)).toBe(`${place.prefix}${place.prefix}2/x`))
})

describe('an answer', () => {
  let server: Server
  afterEach(() => void server.close())

  async function answer(headers: OutgoingHttpHeaders, body: string | Buffer): Promise<IncomingMessage> {
    server = createServer((_, response) => response.writeHead(200, headers).end(body))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false })
    const [message] = (await once(request, 'response')) as [IncomingMessage]
    return message
  }
  const page = '<!doctype html>\r\n<a class=x href="/in">é &amp;</a><img src=pic.png><p title="/no">/no</p>'
  const rewritten =
    '<!doctype html>\r\n<a class="x" href="/api/v1/namespaces/default/pods/web:80/proxy/in">é &amp;</a><img src=pic.png><p title="/no">/no</p>'

  it('in HTML has its links rewritten and nothing else', async () => {
    const from = await answer(
      { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(page) },
      page,
    )
    const { headers, body } = rewriteFor(place)(from)
    expect(headers).not.toHaveProperty('content-length')
    expect(await text(body ?? from)).toBe(rewritten)
  })

  it('in compressed HTML has its links rewritten', async () => {
    const from = await answer({ 'content-type': 'text/html', 'content-encoding': 'gzip' }, gzipSync(page))
    const { headers, body } = rewriteFor(place)(from)
    expect(headers['content-encoding']).toBe('gzip')
    const chunks: Buffer[] = []
    for await (const chunk of body ?? from) chunks.push(chunk as Buffer)
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe(rewritten)
  })

  it.each([
    [{ 'content-type': 'application/json' }],
    [{ 'content-type': 'text/html; charset=iso-8859-1' }],
    [{ 'content-type': 'text/html', 'content-encoding': 'br' }],
  ])('of %j passes untouched', async (headers) => {
    const from = await answer(headers, page)
    expect(rewriteFor(place)(from).body).toBeUndefined()
    expect(await text(from)).toBe(page)
  })

  it('redirects into the proxy, and loses its CORS headers', async () => {
    const from = await answer({ location: '/login', 'access-control-allow-origin': '*' }, '')
    const { headers } = rewriteFor(place)(from)
    expect(headers).toMatchObject({ location: `${place.prefix}/login` })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    from.resume()
  })

  it('that breaks off is not delivered as complete', async () => {
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': 1000 })
      response.write('<a href="/in">')
      setImmediate(() => response.destroy())
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false })
    const [from] = (await once(request, 'response')) as [IncomingMessage]
    await expect(text(rewriteFor(place)(from).body ?? from)).rejects.toThrow()
  })
})
