import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EndpointSlice, Ingress, Service } from '#shared/kube/generated/types.ts'
import { endpointSlices, ingressClasses, ingresses, nodes, secrets, services } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { testAuthority } from '#test/support/test-authority.ts'
import { createConnectionSlots } from '../connection-slots.ts'
import { addressesOf, startIngresses, type IngressController } from './index.ts'

let plane: TestControlPlane
let controller: IngressController
const backends: Server[] = []

beforeEach(async () => {
  plane = await startControlPlane()
  const { issue, ca } = await testAuthority()
  expect(ca).toContain('CERTIFICATE')
  let starting: Promise<IngressController> | undefined
  plane.start((context) => {
    starting = startIngresses(context, { dial, slots: createConnectionSlots(100), port: 0, issueCertificate: issue })
    return async () => (await starting)?.stop()
  })
  if (!starting) throw new Error('not started')
  controller = await starting
})
afterEach(async () => {
  await plane.stop()
  for (const server of backends.splice(0)) server.close()
})

/** Pods are servers on this machine: the port of an endpoint is theirs. */
const dial = async (_node: string, authority: string): Promise<Duplex> => {
  const socket = connect({ port: Number(authority.split(':')[1]), host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}
async function backend(word: string): Promise<number> {
  const server = createServer((_message, response) => response.end(word)).listen(0, '127.0.0.1')
  backends.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
async function ask(host: string, path = '/'): Promise<string> {
  const outgoing = request({ port: controller.port, host: '127.0.0.1', path, headers: { host } })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return `${answer.statusCode} ${await text(answer)}`
}
const service = (name: string): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80, name: 'http' }] },
})
const slice = (name: string, port: number): EndpointSlice => ({
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints: [{ addresses: ['10.244.0.7'], nodeName: 'w1', conditions: { ready: true } }],
})
const ingress = (host: string, name: string, more: object = {}): Ingress => ({
  metadata: { name, namespace: 'default' },
  spec: {
    ingressClassName: 'slipway',
    rules: [
      {
        host,
        http: { paths: [{ pathType: 'Prefix', path: '/', backend: { service: { name, port: { number: 80 } } } }] },
      },
    ],
    ...more,
  },
})
const addNode = () => plane.client.create(nodes, { metadata: { name: 'w1' } })

it('routes a host to its Service from the moment there is an endpoint, and follows changes', async () => {
  const { client } = plane
  await addNode()
  expect(await ask('shop.localhost')).toBe('404 no Ingress or HTTPRoute has a rule for shop.localhost/')
  await client.create(ingresses, ingress('shop.localhost', 'shop'))
  await expect.poll(() => ask('shop.localhost')).toBe('503 there is no Service default/shop')
  await client.create(services, service('shop'))
  await expect.poll(() => ask('shop.localhost')).toBe('503 Service default/shop has no ready endpoints')
  const made = await client.create(endpointSlices, slice('shop', await backend('one')))
  await expect.poll(() => ask('shop.localhost')).toBe('200 one')
  await client.update(endpointSlices, {
    ...made,
    ports: [{ name: 'http', port: await backend('two'), protocol: 'TCP' }],
  })
  await expect.poll(() => ask('shop.localhost')).toBe('200 two')
  backends.splice(0).forEach((server) => server.close())
  await expect.poll(() => ask('shop.localhost')).toMatch(/^503 no endpoint of Service default\/shop can be reached/)
  await client.delete(ingresses, { namespace: 'default', name: 'shop' })
  await expect.poll(() => ask('shop.localhost')).toMatch(/^404 /)
})

it('has a class, the default one, and writes its address into the status', async () => {
  const { client } = plane
  await client.create(ingresses, ingress('shop.localhost', 'shop'))
  expect(await client.list(ingressClasses)).toMatchObject({ items: [] })
  await addNode()
  const found = await plane.untilOne(ingresses, 'shop', ({ status }) => status?.loadBalancer?.ingress !== undefined)
  expect(found.status?.loadBalancer?.ingress).toEqual([
    { ip: '127.0.0.1', hostname: 'localhost', ports: [{ port: controller.port, protocol: 'TCP' }] },
  ])
  const own = await client.get(ingressClasses, { name: 'slipway' })
  expect(own.metadata.annotations).toEqual({ 'ingressclass.kubernetes.io/is-default-class': 'true' })
  expect(own.spec?.controller).toBe('slipway.dev/ingress')

  await client.create(ingressClasses, { metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } })
  const ref = { namespace: 'default', name: 'shop' }
  await client.patch(ingresses, ref, { type: 'merge', body: { spec: { ingressClassName: 'nginx' } } })
  await plane.untilOne(ingresses, 'shop', ({ status }) => status?.loadBalancer?.ingress === undefined)
  expect(await ask('shop.localhost')).toMatch(/^404 /)
})

it("uses a Secret's certificate, the new one after it is replaced, and the cluster's authority without one", async () => {
  const { client } = plane
  const { issue, ca } = await testAuthority()
  const names = async (servername: string): Promise<string | undefined> => {
    const socket = connectTls({ port: controller.port, host: '127.0.0.1', ca, servername })
    await once(socket, 'secureConnect')
    const { subjectaltname } = socket.getPeerCertificate()
    socket.destroy()
    return subjectaltname
  }
  const data = async (hosts: string[]) => {
    const { cert, key } = await issue(hosts)
    return { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') }
  }
  await addNode()
  await client.create(
    ingresses,
    ingress('shop.localhost', 'shop', { tls: [{ hosts: ['shop.localhost'], secretName: 'cert' }] }),
  )
  await client.create(ingresses, ingress('blog.localhost', 'blog'))
  await expect.poll(() => names('shop.localhost').catch(String)).toBe('DNS:shop.localhost')
  const secret = await client.create(secrets, {
    metadata: { name: 'cert', namespace: 'default' },
    type: 'kubernetes.io/tls',
    data: await data(['shop.localhost', 'first.localhost']),
  })
  await expect.poll(() => names('shop.localhost')).toBe('DNS:shop.localhost, DNS:first.localhost')
  await client.update(secrets, { ...secret, data: await data(['shop.localhost', 'second.localhost']) })
  await expect.poll(() => names('shop.localhost')).toBe('DNS:shop.localhost, DNS:second.localhost')
  await expect.poll(() => names('blog.localhost').catch(() => '')).toBe('DNS:blog.localhost')
})

it('tells the addresses of an Ingress', () => {
  expect(addressesOf(ingress('a.localhost', 'a'), 8_080)).toEqual(['http://a.localhost:8080'])
  expect(addressesOf(ingress('a.localhost', 'a', { tls: [{ hosts: ['a.localhost'] }] }), 8_080)).toEqual([
    'https://a.localhost:8080',
  ])
  expect(addressesOf(ingress('a.localhost', 'a', { rules: [] }), 8_080)).toEqual(['http://localhost:8080'])
})
