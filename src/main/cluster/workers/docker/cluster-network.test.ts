import type Docker from 'dockerode'
import { expect, test } from 'vitest'
import { requireIpv6 } from './cluster-network.ts'

/** An engine that answers to the making of a network, with the names of those that are removed. */
function engine(create: () => Promise<unknown>): { docker: Docker; removed: string[] } {
  const removed: string[] = []
  const networkOf = (name: string) => ({ remove: () => Promise.resolve(void removed.push(name)) })
  const docker = {
    createNetwork: ({ Name }: { Name: string }) => create().then(() => networkOf(Name)),
    getNetwork: networkOf,
  } as unknown as Docker
  return { docker, removed }
}
const tried = { name: 'slipway-dev-ipv6', labels: {} }

test('the network that shows that the engine has IPv6 goes again, also one that a killed process has left', async () => {
  const made = engine(() => Promise.resolve())
  await requireIpv6(made.docker, tried)
  const left = engine(() => Promise.reject(Object.assign(new Error('it exists'), { statusCode: 409 })))
  await requireIpv6(left.docker, tried)
  expect([made.removed, left.removed]).toEqual([['slipway-dev-ipv6'], ['slipway-dev-ipv6']])
})

test('an engine without IPv6 is told of', async () => {
  const { docker } = engine(() => Promise.reject(new Error('ip6tables is missing')))
  await expect(requireIpv6(docker, tried)).rejects.toThrow('the engine makes no network with it: ip6tables is missing')
})
