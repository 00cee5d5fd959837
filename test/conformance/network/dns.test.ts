import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { clientIn, networkServer } from '../support/network.ts'
import { podsOf, shell } from '../support/pods.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'

/** Names as a pod resolves them: by the cluster's DNS over UDP and TCP, and by its own files. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)
const domain = `${pods.namespace}.svc.cluster.local`

const selector = { 'dns-test': 'true' }
const [client, web] = await Promise.all([
  pods.create({ containers: [networkServer()] }),
  pods.create({ containers: [networkServer()] }, { labels: selector }),
])
await pods.ready(client)
const webIp: string = (await pods.ready(web)).status.podIP
const { resolves, resolve, lookup } = clientIn(api, pods, client)

const create = (spec: object, name = uniqueName('service')): Promise<Wire> =>
  api.create(`${pods.root}/services`, { metadata: { name }, spec })
const ports = [{ name: 'http', port: 80, targetPort: 8080 }]
const headless = { clusterIP: 'None', selector, ports }

test.concurrent('[sig-network] DNS should provide DNS for the cluster [Conformance]', async () => {
  const { spec } = await api.get('/api/v1/namespaces/default/services/kubernetes')
  await resolves('kubernetes.default.svc.cluster.local', [spec.clusterIP])
  await resolves('kubernetes.default', [spec.clusterIP])
})

test.concurrent('[sig-network] DNS should provide DNS for services [Conformance]', async () => {
  const [heads, normal] = [await create(headless), await create({ selector, ports })]
  const headsName = `${heads.metadata.name as string}.${domain}`
  const normalName = `${normal.metadata.name as string}.${domain}`
  const { clusterIP } = normal.spec
  await resolves(headsName, [webIp])
  await resolves(normalName, [clusterIP])
  // A headless port is that of the pod, under a name of the pod's own.
  const [record = ''] = await eventually('a record of the headless port', async () => {
    const records = await resolve(`_http._tcp.${headsName}`, 'SRV')
    return records.length > 0 ? records : undefined
  })
  const [port, host = ''] = record.split(' ')
  expect([port, host.endsWith(`.${headsName}`)]).toEqual(['8080', true])
  await resolves(host, [webIp])
  await resolves(`_http._tcp.${normalName}`, [`80 ${normalName}`], 'SRV')
  const reversed = `${(clusterIP as string).split('.').reverse().join('.')}.in-addr.arpa.`
  await resolves(reversed, [normalName], 'PTR')
})

test.concurrent(
  '[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]',
  async () => {
    const [heads, normal] = [await create(headless), await create({ selector, ports })]
    for (const [{ metadata }, address] of [
      [heads, webIp],
      [normal, normal.spec.clusterIP],
    ])
      for (const suffix of ['', `.${pods.namespace}`, `.${pods.namespace}.svc`]) {
        await resolves(`${metadata.name}${suffix}`, [address])
        expect(await lookup(`${metadata.name}${suffix}`)).toEqual([address])
      }
    for (const [{ metadata }, port] of [
      [heads, '8080'],
      [normal, '80'],
    ])
      for (const suffix of [`.${pods.namespace}`, `.${pods.namespace}.svc`]) {
        const records = await resolve(`_http._tcp.${metadata.name}${suffix}`, 'SRV')
        expect(records).toHaveLength(1)
        expect(records[0]).toMatch(new RegExp(`^${port} (\\S+\\.)?${metadata.name}\\.${domain}$`))
      }
  },
)

/** A pod with a name and a subdomain of its own. @returns the Service's name and the pod */
async function named(hostname: string): Promise<{ subdomain: string; full: string; pod: string; ip: string }> {
  const labels = { named: uniqueName('pod') }
  const service = await create({ ...headless, selector: labels })
  const subdomain = service.metadata.name as string
  const pod = await pods.create({ hostname, subdomain, containers: [networkServer()] }, { labels })
  const { status } = await pods.ready(pod)
  return { subdomain, full: `${hostname}.${subdomain}.${domain}`, pod, ip: status.podIP }
}

test.concurrent('[sig-network] DNS should provide DNS for pods for Hostname [Conformance]', async () => {
  const { full, pod, ip } = await named('dns-querier-2')
  await resolves(full, [ip])
  // In the pod itself both of its names lead to it.
  const inside = clientIn(api, pods, pod)
  expect(await inside.dial({ host: 'dns-querier-2', port: 8080 })).toEqual(['dns-querier-2'])
  for (const name of ['dns-querier-2', full]) expect(await inside.lookup(name)).toEqual([ip])
})

test.concurrent('[sig-network] DNS should provide DNS for pods for Subdomain [Conformance]', async () => {
  const { subdomain, full, ip } = await named('dns-querier-3')
  await resolves(full, [ip])
  await resolves(`${subdomain}.${domain}`, [ip])
})

test.concurrent('[sig-network] DNS should provide /etc/hosts entries for the cluster [Conformance]', async () => {
  const hostname = 'dns-querier-1'
  const { metadata } = await create({ ...headless, selector: { nobody: 'true' } })
  const subdomain = metadata.name as string
  const full = `${hostname}.${subdomain}.${domain}`
  const log = await pods.run({ hostname, subdomain, containers: [shell('cat /etc/hosts; hostname -i; hostname -f')] })
  const lines = log.trim().split('\n')
  const [address = '', fullName] = lines.slice(-2)
  const entries = lines.map((line) => line.split(/\s+/))
  expect(entries.find(([ip]) => ip === address)).toEqual([address, full, hostname])
  expect(fullName).toBe(full)
  expect(entries).toContainEqual(['127.0.0.1', 'localhost'])
})

test.concurrent('[sig-network] DNS should provide DNS for ExternalName services [Conformance]', async () => {
  const service = await create({ type: 'ExternalName', externalName: 'foo.example.com' })
  const at = `${pods.root}/services/${service.metadata.name as string}`
  const name = `${service.metadata.name as string}.${domain}`
  await resolves(name, ['foo.example.com'], 'CNAME')
  await api.change(at, ({ spec }) => (spec.externalName = 'bar.example.com'))
  await resolves(name, ['bar.example.com'], 'CNAME')
  const { spec } = await api.change(at, (object) => {
    delete object.spec.externalName
    Object.assign(object.spec, { type: 'ClusterIP', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] })
  })
  await resolves(name, [spec.clusterIP])
  await resolves(name, [], 'CNAME')
})

test.concurrent('[sig-network] DNS should support configurable pod DNS nameservers [Conformance]', async () => {
  const log = await pods.run({
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] },
    containers: [shell('cat /etc/resolv.conf')],
  })
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  expect(lines.sort()).toEqual(['nameserver 1.1.1.1', 'search resolv.conf.local'])
})
