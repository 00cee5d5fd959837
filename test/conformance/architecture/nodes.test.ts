import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { serverWithWorkers } from '../support/server.ts'
import { isReady } from '../support/workloads.ts'

const { api } = await serverWithWorkers()

test('[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]', async () => {
  const { items } = await api.get('/api/v1/nodes')
  const fit = items.filter((node: Wire) => {
    const keepsPodsOff = (node.spec.taints ?? []).some(({ effect }: Wire) => effect !== 'PreferNoSchedule')
    return isReady(node) && !keepsPodsOff && !node.spec.unschedulable
  })
  expect(fit.length).toBeGreaterThanOrEqual(2)
})
