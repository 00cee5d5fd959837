import { afterEach, beforeEach, expect, it } from 'vitest'
import { flowSchemas, priorityLevelConfigurations } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startDanglingFlowSchemas } from './dangling-flow-schemas.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startDanglingFlowSchemas)
})
afterEach(() => plane.stop())

it('tells whether the priority level of a flow schema is there, also when that changes', async () => {
  const dangling = (status: string) =>
    plane.untilOne(flowSchemas, 'mine', (schema) => schema.status?.conditions?.[0]?.status === status)
  await plane.client.create(flowSchemas, {
    metadata: { name: 'mine' },
    spec: { priorityLevelConfiguration: { name: 'level' }, matchingPrecedence: 500 },
  })
  expect((await dangling('True')).status?.conditions?.[0]).toMatchObject({
    type: 'Dangling',
    reason: 'NotFound',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "level" but there is no such object',
  })
  await plane.client.create(priorityLevelConfigurations, {
    metadata: { name: 'level' },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } },
  })
  expect((await dangling('False')).status?.conditions?.[0]?.reason).toBe('Found')
  await plane.client.delete(priorityLevelConfigurations, { name: 'level' })
  await dangling('True')
})
