import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createInformer } from '#shared/client/informer.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { Transport } from '#shared/client/transport.ts'
import type { NetworkPolicy } from '#shared/kube/generated/types.ts'
import type { IpFamily } from '#shared/kube/ip.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { networkPolicies, namespaces, nodes, pods } from '#shared/kube/resources.ts'
import { createRecordingClient } from '#test/support/recording-client.ts'
import { createPodNetwork } from '../pod-network.ts'
import { enforcePolicies, type PolicyEnforcement } from './index.ts'

const deny: NetworkPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny', namespace: 'shop' },
  spec: { podSelector: {} },
}
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'web' },
  spec: { containers: [] },
}
/** Answers once; then waits, as the control plane does. */
const transport = (): Transport => {
  let answered = false
  return {
    async request() {
      if (answered) return new Promise(() => undefined)
      answered = true
      return { epoch: 'e', version: 1, keys: [], changed: {} }
    },
    watch: () => () => undefined,
  }
}

let stop: () => void = () => undefined
afterEach(() => stop())

function start(
  objects: KubeObject[],
  run: (program: string, args: readonly string[], input?: string) => Promise<string>,
  families: readonly IpFamily[] = ['IPv4'],
) {
  const { client } = createRecordingClient(objects, systemClock)
  const informers = createSharedInformers({ client, clock: systemClock, log: silentLog })
  const podInformer = createInformer({ client, resource: pods, clock: systemClock, log: silentLog })
  podInformer.start()
  const policies: PolicyEnforcement = enforcePolicies({
    client,
    transport: transport(),
    policies: informers.share(networkPolicies),
    namespaces: informers.share(namespaces),
    pods: podInformer,
    addresses: { loaded: () => Promise.resolve(), addressesOf: () => ['10.244.1.5', 'fd00::5'] },
    families,
    clusterDns: '10.96.0.10',
    run,
    clock: systemClock,
    log: silentLog,
  })
  stop = () => {
    void policies.stop()
    podInformer.stop()
    informers.stop()
  }
  return { client, policies, informers }
}

it('a pod waits until its rules are in the kernel, also for a policy that the watch has not told yet', async () => {
  let accept: () => void = () => undefined
  const accepted = new Promise<void>((resolve) => (accept = resolve))
  const scripts: string[] = []
  const { client, policies } = start([pod], async (_, __, script = '') => {
    scripts.push(script)
    if (script.includes('drop')) await accepted
    return ''
  })
  await policies.inPlace('shop')
  expect(scripts.join('')).not.toContain('drop')
  await client.create(networkPolicies, deny)
  let ready = false
  const second = policies.inPlace('shop').then(() => (ready = true))
  await expect.poll(() => scripts.at(-1)).toMatch(/add rule .* drop/)
  expect(ready).toBe(false)
  accept()
  await second
})

it('rules that the kernel refuses keep a pod from starting, and are tried again as a whole', async () => {
  let refuses = true
  const scripts: string[] = []
  const { policies } = start([pod, deny], (_, __, script = '') => {
    scripts.push(script)
    return refuses ? Promise.reject(new Error('no such file')) : Promise.resolve('')
  })
  await expect(policies.inPlace('shop')).rejects.toThrow('no such file')
  refuses = false
  await policies.inPlace('shop')
  expect(scripts.at(-1)).toMatch(/^add table ip slipway-policy\ndelete table/)
})

it('a policy of a dual-stack cluster is in place for both families with one transaction', async () => {
  const scripts: string[] = []
  const { policies } = start([pod, deny], (_, __, script = '') => Promise.resolve(String(scripts.push(script))), [
    'IPv4',
    'IPv6',
  ])
  await policies.inPlace('shop')
  const [script = ''] = scripts
  expect(script).toMatch(/add element ip slipway-policy ingress-pods \{ 10\.244\.1\.5 : jump/)
  expect(script).toMatch(/add element ip6 slipway-policy ingress-pods \{ fd00::5 : jump/)
})

it('a kernel without nftables runs pods while there are no policies', async () => {
  const { policies } = start([pod], () => Promise.reject(new Error('nft: not supported')))
  await policies.inPlace('shop')
})

it('an interface is made after the rules are in place, those of sources first', async () => {
  const order: string[] = []
  const folder = await mkdtemp(join(tmpdir(), 'leases-'))
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' }, spec: { podCIDR: '10.244.1.0/24' } }
  const { informers } = start([node], () => Promise.resolve(''))
  const network = createPodNetwork({
    nodeName: 'w1',
    podCidr: '10.244.0.0/16',
    nodes: informers.share(nodes),
    run: (program) => Promise.resolve(order.push(program)).then(() => ''),
    leases: join(folder, 'leases.json'),
    reservedPorts: new Set(),
    policies: {
      async inPlace(namespace) {
        await Promise.resolve()
        order.push(`rules of ${namespace} for ${network.addressesOf('web').join()}`)
      },
      changed: () => void order.push('released'),
    },
    log: silentLog,
  })
  // This process has an eth0 or not: only what comes first matters.
  await network.attach({ uid: 'web', namespace: 'shop', name: 'web', pid: process.pid, hostPorts: [] })
  expect(order.slice(0, 2)).toEqual(['nft', 'rules of shop for 10.244.1.2'])
  await network.detach('web')
  expect(order.at(-1)).toBe('released')
  network.stop()
  await rm(folder, { recursive: true })
})

it('a pod of a dual-stack cluster has the same number in both ranges of its node, and its host ports at both addresses', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leases-'))
  const podCIDRs = ['10.244.1.0/24', 'fd00:10:244:1::/64']
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' }, spec: { podCIDR: podCIDRs[0], podCIDRs } }
  const { informers } = start([node], () => Promise.resolve(''))
  const network = createPodNetwork({
    nodeName: 'w1',
    podCidr: '10.244.0.0/16',
    podCidr6: 'fd00:10:244::/56',
    nodes: informers.share(nodes),
    run: () => Promise.resolve(''),
    leases: join(folder, 'leases.json'),
    reservedPorts: new Set(),
    policies: { inPlace: () => Promise.resolve(), changed: () => undefined },
    log: silentLog,
  })
  const port = { hostIp: '', hostPort: 8000, containerPort: 80, protocol: 'TCP' as const }
  const given = { uid: 'web', namespace: 'shop', name: 'web', pid: process.pid, hostPorts: [port] }
  expect(await network.attach(given)).toEqual({ ip: '10.244.1.2', ip6: 'fd00:10:244:1::2' })
  expect(network.addressesOf('web')).toEqual(['10.244.1.2', 'fd00:10:244:1::2'])
  expect(network.hostPorts().map(({ ip }) => ip)).toEqual(['10.244.1.2', 'fd00:10:244:1::2'])
  network.stop()
  await rm(folder, { recursive: true })
})
