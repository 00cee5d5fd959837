import { expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { startProxy, type ProxyOptions } from './index.ts'

const informer = <T extends KubeObject>(list: () => Stored<T>[] = () => []): Informer<T> =>
  ({
    synced: Promise.resolve(),
    list,
    get: () => undefined,
    byIndex: list,
    addIndex: () => undefined,
    onChange: () => () => undefined,
  }) as unknown as Informer<T>

test('a kernel that refuses rules of IPv6 gets those of IPv4, their jumps, and loses flows whose endpoint is gone', async () => {
  const dns = stored<Service>({
    metadata: { name: 'dns', namespace: 'shop' },
    spec: { clusterIP: '10.96.3.4', ports: [{ port: 53, protocol: 'UDP' }] },
  })
  let endpoint = '10.244.1.5'
  const slices = () => [
    stored<EndpointSlice>({
      metadata: { name: 'dns-1', namespace: 'shop' },
      ...{ addressType: 'IPv4', ports: [{ port: 53, protocol: 'UDP' }], endpoints: [{ addresses: [endpoint] }] },
    }),
  ]
  const ran: string[] = []
  let changed: () => void = () => undefined
  const options: ProxyOptions = {
    services: informer(() => [dns]),
    slices: informer(slices),
    nodes: informer(),
    network: {
      hostPorts: () => [],
      onHostPortsChange(listener) {
        changed = listener
        return () => undefined
      },
    },
    async run(program, args) {
      ran.push([program, ...args].join(' '))
      if (program === 'ip6tables-restore' || args.includes('-C')) throw new Error('no')
      return ''
    },
    clock: { ...systemClock, after: (ms, task) => systemClock.after(ms / 10, task) },
    log: silentLog,
    settings: {
      ...{ nodeName: 'w1', nodeIp: '127.0.0.1', apiPort: 6443, localIps: new Set<string>() },
      ...{ podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16' },
    },
    ipv6: { podCidr: 'fd00:1::/56', serviceCidr: 'fd00:2::/112' },
    ports: { healthz: 0, status: 0 },
  }
  const stop = await startProxy(options)
  expect(ran).toContainEqual(expect.stringMatching(/^iptables -t nat .*-I PREROUTING 1 -j SLIPWAY-SERVICES$/))
  endpoint = '10.244.2.6'
  changed()
  await expect.poll(() => ran).toContainEqual(expect.stringMatching(/^conntrack --delete .*--dst-nat 10\.244\.1\.5$/))
  await stop()
})
