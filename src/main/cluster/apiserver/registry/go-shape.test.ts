import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Deployment, Job } from '#shared/kube/generated/types.ts'
import { deployments, jobs } from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../kinds/index.ts'

let api: TestApiServer
beforeEach(async () => {
  api = await startApiServer({ kinds })
})
afterEach(() => api.stop())

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } }

it('an explicit zero value is no change: a deployment keeps its generation', async () => {
  const made = await api.client.create<Deployment>(deployments, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, template },
  })
  const zeros = {
    spec: {
      paused: false,
      template: {
        spec: { hostNetwork: false, nodeSelector: {}, containers: [{ name: 'c', tty: false, command: [] }] },
      },
    },
  }
  const patched = await api.client.patch<Deployment>(
    deployments,
    { namespace: 'default', name: 'web' },
    { type: 'strategic', body: zeros },
  )
  expect(patched).toEqual(made)
})

it('an explicit zero value does not change the immutable template of a job', async () => {
  const pod = { ...template.spec, restartPolicy: 'Never' }
  await api.client.create<Job>(jobs, {
    metadata: { name: 'j', namespace: 'default' },
    spec: { template: { spec: pod } },
  })
  const patch = { type: 'merge' as const, body: { spec: { template: { spec: { hostNetwork: false } } } } }
  const patched = await api.client.patch<Job>(jobs, { namespace: 'default', name: 'j' }, patch)
  expect(patched.spec?.template.spec).not.toHaveProperty('hostNetwork')
})
