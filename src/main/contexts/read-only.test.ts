import { expect, test } from 'vitest'
import type { KubeContext, RawRequest } from './kube-context.ts'
import { readOnly } from './read-only.ts'

/** A context that answers everything, and what reached it. */
function fake(locked: boolean): { context: KubeContext; reached: string[] } {
  const reached: string[] = []
  const inner = {
    info: { id: 'kubeconfig:prod', name: 'prod', kind: 'kubeconfig', server: '', simulated: false },
    request: ({ method, path }: RawRequest) => {
      reached.push(`${method} ${path}`)
      return Promise.resolve({ status: 200, body: '', warnings: [] })
    },
    exec: () => Promise.resolve(void reached.push('exec')),
    attach: () => Promise.resolve(void reached.push('attach')),
  } as unknown as KubeContext
  return { context: readOnly(inner, () => Promise.resolve(locked)), reached }
}

test.each([
  ['DELETE', '/api/v1/namespaces/a/pods/b'],
  ['POST', '/api/v1/namespaces/a/pods'],
  ['PATCH', '/apis/apps/v1/namespaces/a/deployments/b'],
  ['PUT', '/api/v1/namespaces/a/pods/b/status'],
  ['POST', '/api/v1/namespaces/a/services/b/proxy/x?dryRun=All'],
  ['POST', '/api/v1/namespaces/a/pods/b?dryRun=None'],
  ['POST', '/apis/example.com/v1/reviews'],
])('a locked context refuses %s %s', async (method, path) => {
  const { context, reached } = fake(true)
  await expect(context.request({ method, path })).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining('prod is read-only in Slipway') as string,
  })
  expect(reached).toEqual([])
})

test.each([
  ['GET', '/api/v1/pods'],
  ['POST', '/api/v1/namespaces/a/pods?dryRun=All'],
  ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
  ['POST', '/apis/authorization.k8s.io/v1/namespaces/a/localsubjectaccessreviews'],
])('a locked context lets %s %s through', async (method, path) => {
  const { context, reached } = fake(true)
  await context.request({ method, path })
  expect(reached).toEqual([`${method} ${path}`])
})

test('programs in containers are refused while it is locked, and only then', async () => {
  const options = {} as never
  const locked = fake(true)
  await expect(locked.context.exec(options, options, options)).rejects.toThrow('read-only')
  await expect(locked.context.attach(options, options, options)).rejects.toThrow('read-only')
  expect(locked.reached).toEqual([])
  const open = fake(false)
  await open.context.exec(options, options, options)
  await open.context.request({ method: 'DELETE', path: '/api/v1/pods' })
  expect(open.reached).toEqual(['exec', 'DELETE /api/v1/pods'])
})
