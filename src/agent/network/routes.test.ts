import { expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { routesOf } from './routes.ts'

const node = (
  name: string,
  podCIDR: string | undefined,
  address = `172.18.0.${name.slice(1)}`,
  age = name,
): Stored<Node> =>
  stored<Node>({
    metadata: { name, creationTimestamp: age },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  })
const routes = (...nodes: Stored<Node>[]) => {
  const found = routesOf([node('w1', '10.244.1.0/24'), ...nodes], { nodeName: 'w1', podCidr: '10.244.0.0/16' })
  return { ...found, routes: Object.fromEntries(found.routes) }
}

test('every other node is reached by its address', () => {
  expect(routes(node('w2', '10.244.2.0/24'), node('w3', '10.244.3.7/24'), node('w4', undefined))).toEqual({
    routes: { '10.244.2.0/24': '172.18.0.2', '10.244.3.0/24': '172.18.0.3' },
    refused: [],
  })
})

test.each([
  '10.0.0.0/8',
  '0.0.0.0/0',
  '10.96.0.0/16',
  '172.18.0.0/16',
  '10.244.0.0/15',
  '10.244.1.0/24',
  '10.244.1.128/25',
  '10.244.0.0/16',
  'default',
  '10.244.2.0/24 dev eth0',
  '10.244.2.0',
  'fd00::/64',
  '',
])('a node that claims %j gets no route', (claimed) => {
  const found = routes(node('w2', claimed))
  expect(found.routes).toEqual({})
  expect(found.refused).toHaveLength(1)
})

test('of two that claim the same addresses the older one wins, whatever their order', () => {
  const [old, young] = [node('w2', '10.244.2.0/24', undefined, '1'), node('w3', '10.244.2.0/25', undefined, '2')]
  for (const both of [
    [old, young],
    [young, old],
  ])
    expect(routes(...both).routes).toEqual({ '10.244.2.0/24': '172.18.0.2' })
})

test.each(['172.18.0.2 dev lo', '::1', 'w2', '', '172.18.0.2\n'])('no route uses %j as gateway', (address) => {
  expect(routes(node('w2', '10.244.2.0/24', address)).routes).toEqual({})
})

test('of a dual-stack cluster lead to every other node by its address of the family', () => {
  const dual = (name: string): Stored<Node> =>
    stored<Node>({
      metadata: { name },
      spec: {
        podCIDR: `10.244.${name.slice(1)}.0/24`,
        podCIDRs: [`10.244.${name.slice(1)}.0/24`, `fd00:10:244:${name.slice(1)}::/64`],
      },
      status: {
        addresses: [`172.18.0.${name.slice(1)}`, `fd21::${name.slice(1)}`].map((address) => ({
          type: 'InternalIP',
          address,
        })),
      },
    })
  const nodes = [dual('w1'), dual('w2')]
  const routesTo = (podCidr: string) => Object.fromEntries(routesOf(nodes, { nodeName: 'w1', podCidr }).routes)
  expect(routesTo('10.244.0.0/16')).toEqual({ '10.244.2.0/24': '172.18.0.2' })
  expect(routesTo('fd00:10:244::/56')).toEqual({ 'fd00:10:244:2::/64': 'fd21::2' })
})
