import { afterEach, beforeEach, expect, it } from 'vitest'
import type { IPAddress, ServiceCIDR } from '#shared/kube/generated/types.ts'
import { ipAddresses, serviceCidrs } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startServiceCidrs } from './service-cidr.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

const finalizer = 'networking.k8s.io/service-cidr-finalizer'
const range = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } })
const address = (name: string): IPAddress => ({
  metadata: { name },
  spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
})
const readyOf = ({ status }: ServiceCIDR) => status?.conditions?.find(({ type }) => type === 'Ready')
const isReady = (object: ServiceCIDR): boolean => readyOf(object)?.status === 'True'
const isTerminating = (object: ServiceCIDR): boolean => readyOf(object)?.reason === 'Terminating'
const gone = (name: string) => plane.until(serviceCidrs, (all) => all.every(({ metadata }) => metadata.name !== name))

it('holds a range and calls it ready', async () => {
  plane.start(startServiceCidrs)
  await plane.client.create(serviceCidrs, range('more', '10.97.0.0/16'))
  const held = await plane.untilOne(serviceCidrs, 'more', isReady)
  expect(held.metadata.finalizers).toEqual([finalizer])
  expect(readyOf(held)).toMatchObject({ reason: '', message: 'Kubernetes Service CIDR is ready' })
})

it('leaves the words of a range that was born ready', async () => {
  const { client } = plane
  const made = await client.create(serviceCidrs, {
    ...range('kubernetes', '10.96.0.0/16'),
    metadata: { name: 'kubernetes', finalizers: [finalizer] },
  })
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  const born = { type: 'Ready', status: 'True', reason: '', message: 'born ready', lastTransitionTime }
  const before = await client.updateStatus(serviceCidrs, { ...made, status: { conditions: [born] } })
  plane.start(startServiceCidrs)
  await client.create(serviceCidrs, range('more', '10.97.0.0/16'))
  await plane.untilOne(serviceCidrs, 'more', isReady)
  expect(await client.get(serviceCidrs, { name: 'kubernetes' })).toEqual(before)
})

it('lets a deleted range go at once when no address is in it', async () => {
  const { client } = plane
  plane.start(startServiceCidrs)
  await client.create(ipAddresses, address('10.96.0.9'))
  await client.create(serviceCidrs, range('more', '10.97.0.0/16'))
  await plane.untilOne(serviceCidrs, 'more', isReady)
  await client.delete(serviceCidrs, { name: 'more' })
  await gone('more')
})

it.each([
  ['IPv4', '10.97.0.0/16', '10.97.0.9'],
  ['IPv6', 'fd00:97::/112', 'fd00:97::9'],
])('keeps a deleted range of %s until the last address in it is gone', async (_, cidr, ip) => {
  const { client } = plane
  plane.start(startServiceCidrs)
  await client.create(serviceCidrs, range('more', cidr))
  await plane.untilOne(serviceCidrs, 'more', isReady)
  await client.create(ipAddresses, address(ip))
  await plane.until(ipAddresses, (all) => all.length === 1)
  await client.delete(serviceCidrs, { name: 'more' })
  const going = await plane.untilOne(serviceCidrs, 'more', isTerminating)
  expect(going.metadata.finalizers).toEqual([finalizer])
  expect(readyOf(going)?.status).toBe('False')
  await client.delete(ipAddresses, { name: ip })
  await gone('more')
})

it('lets a deleted range go when another one comes to have its addresses', async () => {
  const { client } = plane
  plane.start(startServiceCidrs)
  await client.create(serviceCidrs, range('old', '10.97.0.0/16'))
  await plane.untilOne(serviceCidrs, 'old', isReady)
  await client.create(ipAddresses, address('10.97.0.9'))
  await client.delete(serviceCidrs, { name: 'old' })
  await plane.untilOne(serviceCidrs, 'old', isTerminating)
  await client.create(serviceCidrs, range('wider', '10.96.0.0/15'))
  await gone('old')
})
