import { afterAll, beforeAll, expect, it } from 'vitest'
import { events, nodes } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startGateways } from './index.ts'
import { gatewayClasses, gateways, httpRoutes } from './types.ts'

let plane: TestControlPlane
beforeAll(async () => {
  plane = await startControlPlane({ customResources: true })
  plane.start((context) => {
    const controller = startGateways(context)
    controller.servedAt('nowhere')
    return () => controller.stop()
  })
  await plane.client.create(nodes, { metadata: { name: 'simulated-1' } })
})
afterAll(() => plane.stop())

it('a Gateway of simulated workers is accepted, and its status says why it is not served', async () => {
  await plane.untilOne(gatewayClasses, 'slipway', ({ status }) => status?.conditions?.[0]?.status === 'True')
  const parentRefs = [{ name: 'web' }]
  await plane.client.create(httpRoutes, { metadata: { name: 'web', namespace: 'default' }, spec: { parentRefs } })
  await plane.client.create(gateways, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { gatewayClassName: 'slipway', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  })
  const { status } = await plane.untilOne(gateways, 'web', (one) =>
    (one.status?.conditions ?? []).some(({ reason }) => reason === 'NoResources'),
  )
  expect(status?.conditions).toMatchObject([
    { type: 'Accepted', status: 'True' },
    {
      type: 'Programmed',
      status: 'False',
      reason: 'NoResources',
      message: 'Workers are simulated: nothing listens on 127.0.0.1 for it',
    },
  ])
  expect(status?.addresses).toEqual([])
  await plane.untilOne(httpRoutes, 'web', (one) => one.status?.parents[0]?.conditions[0]?.status === 'True')
  const told = await plane.until(events, (all) => all.some(({ reason }) => reason === 'NotProgrammed'))
  expect(told.find(({ reason }) => reason === 'NotProgrammed')?.message).toContain('Workers are simulated')
})
