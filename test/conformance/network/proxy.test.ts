import { expect, test } from 'vitest'
import type { Answer } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { networkServer } from '../support/network.ts'
import { certificateFor } from '../support/pod-server.ts'
import { podsOf } from '../support/pods.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'

/** Pods and Services through the API server: `…/proxy`, with every method, port, scheme and path. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)
const services = `${pods.root}/services`

const echo = await pods.create({ containers: [networkServer({ HTTP_PORT: '80' })] }, { labels: { app: 'echo' } })
await api.create(services, {
  metadata: { name: 'echo' },
  spec: { selector: { app: 'echo' }, ports: [{ port: 80, targetPort: 80 }] },
})
await pods.ready(echo)

/** What has no endpoint yet answers 503. */
const asked = (method: string, path: string): Promise<Answer> =>
  eventually(`${method} ${path}`, async () => {
    const answer = await api.ask(method, path)
    return answer.status === 503 ? undefined : answer
  })
const both = [`${pods.at(echo)}/proxy`, `${services}/echo/proxy`]

test.concurrent(
  '[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service Proxy [Conformance]',
  async () => {
    for (const proxy of both) {
      for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT']) {
        const { status, json } = await asked(method, `${proxy}?method=${method}`)
        expect([status, json]).toEqual([200, { method, path: '/', query: `?method=${method}`, body: '' }])
      }
      // A browser that reads a page needs the slash at the end of its address.
      for (const method of ['GET', 'HEAD']) {
        const { status, headers } = await asked(method, `${proxy}?method=${method}`)
        expect([status, headers.location]).toEqual([301, `${proxy}/?method=${method}`])
      }
    }
  },
)

test.concurrent(
  '[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath [Conformance]',
  async () => {
    for (const proxy of both)
      for (const method of ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']) {
        const { status, headers, json } = await asked(method, `${proxy}/some/path/with/${method}`)
        expect([status, headers['x-asked']]).toEqual([200, `${method} /some/path/with/${method}`])
        if (method !== 'HEAD') expect(json).toMatchObject({ method, path: `/some/path/with/${method}` })
      }
  },
)

test.concurrent('[sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]', async () => {
  const link = '<a href="/rewriteme">test</a>'
  const { cert, key } = await certificateFor('localhost')
  const container = networkServer({
    PAGES: JSON.stringify({ 80: link, 1080: link, 160: 'foo', 162: 'bar' }),
    TLS_PAGES: JSON.stringify({ 443: '<a href="/tlsrewriteme">test</a>', 460: 'tls baz', 462: 'tls qux' }),
    TLS_CERT: cert,
    TLS_KEY: key,
  })
  container.ports = Object.entries({ dest1: 160, dest2: 162, tlsdest1: 460, tlsdest2: 462 }).map(
    ([name, containerPort]) => ({ name, containerPort }),
  )
  const labels = { app: uniqueName('proxied') }
  const pod = await pods.create(
    { containers: [{ ...container, ports: [{ containerPort: 80 }, ...container.ports] }] },
    { labels },
  )
  const service = uniqueName('proxy-service')
  await api.create(services, {
    metadata: { name: service },
    spec: {
      selector: labels,
      ports: [
        { name: 'portname1', port: 80, targetPort: 'dest1' },
        { name: 'portname2', port: 81, targetPort: 162 },
        { name: 'tlsportname1', port: 443, targetPort: 'tlsdest1' },
        { name: 'tlsportname2', port: 444, targetPort: 462 },
      ],
    },
  })
  await pods.ready(pod)

  const proxyOf = (collection: string, name: string, scheme: string, port: string): string =>
    `${collection}/${scheme && `${scheme}:`}${name}${port && `:${port}`}/proxy`
  const ofService = (scheme: string, port: string): string => proxyOf(services, service, scheme, port)
  const ofPod = (scheme: string, port: string): string => proxyOf(`${pods.root}/pods`, pod, scheme, port)
  const texts = new Map<string, string>()
  for (const scheme of ['', 'http'])
    for (const [port, text] of [
      ['portname1', 'foo'],
      ['80', 'foo'],
      ['portname2', 'bar'],
      ['81', 'bar'],
    ] as const)
      texts.set(ofService(scheme, port), text)
  for (const [port, text] of [
    ['tlsportname1', 'tls baz'],
    ['443', 'tls baz'],
    ['tlsportname2', 'tls qux'],
    ['444', 'tls qux'],
  ] as const)
    texts.set(ofService('https', port), text)
  // Links of pages lead through the proxy, too.
  for (const [scheme, port] of [
    ['', ''],
    ['', '1080'],
    ['http', '1080'],
  ] as const)
    texts.set(ofPod(scheme, port), `<a href="${ofPod(scheme, port)}/rewriteme">test</a>`)
  for (const scheme of ['', 'http']) texts.set(ofPod(scheme, '160'), 'foo').set(ofPod(scheme, '162'), 'bar')
  texts.set(ofPod('https', '443'), `<a href="${ofPod('https', '443')}/tlsrewriteme">test</a>`)
  texts.set(ofPod('https', '460'), 'tls baz').set(ofPod('https', '462'), 'tls qux')

  for (const path of texts.keys()) await asked('GET', `${path}/`)
  for (let round = 0; round < 3; round++)
    await Promise.all(
      [...texts].map(async ([path, wanted]) => {
        const { status, text } = await api.ask('GET', `${path}/`)
        expect([path, status, text]).toEqual([path, 200, wanted])
      }),
    )
})
