import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { policyPeersPath, type PolicyPeers } from '#shared/kube/network-policy.ts'
import { namespaces, networkPolicies, nodes, pods } from '#shared/kube/resources.ts'
import { admin, startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../kinds/index.ts'
import { policyPeersPage } from './index.ts'

let api: TestApiServer
let stop: () => void | Promise<void> = () => undefined
const client = () => createClient(api.server.transportFor(admin))

beforeAll(async () => {
  api = await startApiServer({
    kinds,
    around: ({ reader }) => {
      const peers = policyPeersPage({ client, reader, clock: systemClock, log: silentLog })
      stop = peers.stop
      return { pages: peers.page }
    },
  })
  const { create } = client()
  await create(namespaces, { metadata: { name: 'shop' } })
  await create(nodes, { metadata: { name: 'w1' }, spec: { podCIDR: '10.244.1.0/24' } })
  await create(networkPolicies, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchLabels: { role: 'client' } } }] }],
      egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'ops' } } }], ports: [{ port: 'metrics' }] }],
    },
  })
})
afterAll(async () => {
  await stop()
  await api.stop()
})

const ask = async (after?: PolicyPeers): Promise<PolicyPeers> => {
  const query = after ? `?epoch=${after.epoch}&version=${after.version}` : ''
  const transport = api.server.transportFor(admin)
  const answer = await transport.request({ method: 'GET', path: policyPeersPath + query })
  return (typeof answer === 'string' ? JSON.parse(answer) : answer) as PolicyPeers
}
const clients = '["shop",{"matchLabels":{"role":"client"}}]'
const ops = '[{"matchLabels":{"team":"ops"}},{}]'

async function run(name: string, podIP: string, spec: { hostNetwork?: boolean } = {}): Promise<void> {
  const created = await client().create(pods, {
    metadata: { name, namespace: 'shop', labels: { role: 'client' } },
    spec: {
      nodeName: 'w1',
      containers: [
        {
          name: 'main',
          image: 'app',
          ports: [
            { name: 'metrics', containerPort: 9100 },
            { name: 'other', containerPort: 80 },
          ],
        },
      ],
      ...spec,
    },
  })
  await client().updateStatus(pods, { ...created, status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } })
}

it('tells addresses of selected pods, and the ports that policies name, as they change', async () => {
  let seen = await ask()
  expect(seen.keys.sort()).toEqual([clients, ops].sort())
  expect(seen.changed).toEqual({ [clients]: [], [ops]: [] })

  const next = ask(seen)
  await run('one', '10.244.1.7')
  seen = await next
  expect(seen.changed).toEqual({ [clients]: [['10.244.1.7', [['metrics', 'TCP', 9100]]]] })

  const labelled = ask(seen)
  await client().patch(namespaces, { name: 'shop' }, { type: 'merge', body: { metadata: { labels: { team: 'ops' } } } })
  seen = await labelled
  expect(Object.keys(seen.changed)).toEqual([ops])
  expect(seen.changed[ops]).toHaveLength(1)

  const gone = ask(seen)
  await client().delete(pods, { name: 'one', namespace: 'shop' }, { gracePeriodSeconds: 0 })
  expect((await gone).changed).toEqual({ [clients]: [], [ops]: [] })
})

it('leaves out pods of the host network, and addresses outside the range of the pod’s node', async () => {
  await run('host', '10.244.1.8', { hostNetwork: true })
  await run('liar', '10.244.2.9')
  const seen = await ask()
  const next = ask(seen)
  await run('honest', '10.244.1.9')
  await next
  expect((await ask()).changed[clients]?.map(([ip]) => ip)).toEqual(['10.244.1.9'])
})
