import type { ComponentStatus } from '#shared/kube/generated/types.ts'
import type { HealthCheck, HealthChecks } from './health.ts'
import type { View } from '../registry/view.ts'

/** `kubectl get componentstatuses`: the health checks of the control plane's components. */
export const componentStatuses = (components: HealthChecks): View => ({
  group: '',
  resource: 'componentstatuses',
  objects: () => Promise.all(Object.entries(components).map(([name, check]) => statusOf(name, check))),
})

async function statusOf(name: string, check: HealthCheck): Promise<ComponentStatus> {
  const problem = await check()
  return {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [
      problem === undefined
        ? { type: 'Healthy', status: 'True', message: 'ok' }
        : { type: 'Healthy', status: 'False', error: problem },
    ],
  }
}
